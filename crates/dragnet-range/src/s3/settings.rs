//! The operations on buckets that return their properties.
//!
//! Source: S3 API, `ListBuckets`, `HeadBucket`, `GetBucketLocation`, `GetBucketLogging`,
//! `GetBucketPolicy`.

use bytes::Bytes;

use super::access::find_bucket;
use crate::call::Call;
use crate::wire::{AwsError, Reply, RestReply, Xml};
use crate::world::{AccessLogDates, Bucket};
use dragnet_model::time::rfc3339_ms;

fn named_bucket<'a>(call: &'a Call<'_>) -> Result<&'a Bucket, AwsError> {
    let name = call.input.rest()?.bucket.as_deref();
    find_bucket(call.world, name.unwrap_or_default())
}

/// Lists the buckets of the caller's account in all Regions.
pub(super) fn list_buckets(call: &Call<'_>) -> Reply {
    let owner = call.caller.account;
    let buckets = call
        .world
        .buckets
        .values()
        .filter(|bucket| bucket.owner == owner);
    Reply::Rest(RestReply::xml("ListAllMyBucketsResult", |xml| {
        xml.element("Owner", |xml| {
            xml.text("ID", format!("{:0>64}", owner.to_string()));
        });
        xml.items_named("Buckets", "Bucket", buckets, |xml, bucket| {
            xml.text("Name", &bucket.name)
                .text("CreationDate", rfc3339_ms(bucket.created))
                .text("BucketRegion", &bucket.region);
        });
    }))
}

pub(super) fn head_bucket(call: &Call<'_>) -> Result<Reply, AwsError> {
    let bucket = named_bucket(call)?;
    Ok(Reply::Rest(RestReply {
        status: 200,
        content_type: "application/xml",
        headers: vec![("x-amz-bucket-region", bucket.region.to_string())],
        body: Bytes::new(),
    }))
}

/// The location is empty for us-east-1.
pub(super) fn location(call: &Call<'_>) -> Result<Reply, AwsError> {
    let bucket = named_bucket(call)?;
    let region = bucket.region.as_str();
    Ok(Reply::Rest(RestReply::xml("LocationConstraint", |xml| {
        if region != "us-east-1" {
            xml.push(region);
        }
    })))
}

pub(super) fn logging(call: &Call<'_>) -> Result<Reply, AwsError> {
    let bucket = named_bucket(call)?;
    let write_target = |xml: &mut Xml| {
        if let Some((target, prefix)) = &bucket.access_logs {
            xml.element("LoggingEnabled", |xml| {
                xml.text("TargetBucket", target)
                    .text("TargetPrefix", prefix);
                if let Some(dates) = bucket.access_log_dates {
                    write_partitions(xml, dates);
                }
            });
        }
    };
    Ok(Reply::Rest(RestReply::xml(
        "BucketLoggingStatus",
        write_target,
    )))
}

/// Source: S3 API, `GetBucketLogging`, "Response Syntax" (`TargetObjectKeyFormat`).
fn write_partitions(xml: &mut Xml, dates: AccessLogDates) {
    xml.element("TargetObjectKeyFormat", |xml| {
        xml.element("PartitionedPrefix", |xml| {
            xml.text("PartitionDateSource", dates.as_str());
        });
    });
}

pub(super) fn policy(call: &Call<'_>) -> Result<Reply, AwsError> {
    let bucket = named_bucket(call)?;
    let Some(policy) = &bucket.policy else {
        return Err(
            AwsError::new("NoSuchBucketPolicy", "The bucket policy does not exist")
                .with_status(404)
                .with_element("BucketName", &bucket.name),
        );
    };
    Ok(Reply::Rest(RestReply {
        status: 200,
        content_type: "application/json",
        headers: Vec::new(),
        body: policy.text.clone().into(),
    }))
}
