//! Which bucket a request reaches, and whether the caller may use it.
//!
//! Sources: S3 API, "Error responses" (codes and statuses), `HeadBucket` and `GetBucketLocation`;
//! S3 user guide, "Request redirection and the REST API", "Troubleshoot access denied (403
//! Forbidden) errors" (who learns the reason), "Using Requester Pays buckets", "Verifying bucket
//! ownership with bucket owner condition".

use crate::access::{Denial, ResourceAccess, authorize, authorize_on_resource};
use crate::call::Call;
use crate::policy::{AccessRequest, Decision, RequestContext};
use crate::quotas::Partition;
use crate::wire::{AwsError, CommonError, Endpoint, Input, RestInput, Service};
use crate::world::{Account, Bucket, World};

const ACCESS_DENIED: &str = "Access Denied";
/// The Region of the global endpoint, which also answers for the location of any bucket.
const GLOBAL_REGION: &str = "us-east-1";

/// Checks that the bucket of a call exists, that the request was sent to its Region, and that all
/// policies allow the call.
///
/// # Errors
/// The errors that S3 returns, in S3's order.
pub(crate) fn authorize_call(call: &Call<'_>) -> Result<(), AwsError> {
    let input = call.input.rest()?;
    let Some(name) = &input.bucket else {
        return authorize_account(call);
    };
    let bucket = find_bucket(call.world, name)?;
    check_region(call, input, bucket)?;
    let expected_owner = input.header("x-amz-expected-bucket-owner");
    if expected_owner.is_some_and(|owner| owner != bucket.owner.to_string()) {
        return Err(access_denied(ACCESS_DENIED.to_owned()));
    }
    let pays = input.header("x-amz-request-payer") == Some("requester");
    if bucket.requester_pays && !pays && bucket.owner != call.caller.account {
        return Err(access_denied(ACCESS_DENIED.to_owned()));
    }
    authorize_action(
        call,
        bucket,
        &iam_action(call.operation),
        input.key.as_deref(),
    )
    .map_err(|error| {
        // Callers without permission learn the Region nevertheless.
        if call.operation == "HeadBucket" {
            error.with_header("x-amz-bucket-region", bucket.region.to_string())
        } else {
            error
        }
    })
}

pub(super) fn find_bucket<'a>(world: &'a World, name: &str) -> Result<&'a Bucket, AwsError> {
    world.buckets.get(name).ok_or_else(|| {
        AwsError::new("NoSuchBucket", "The specified bucket does not exist")
            .with_status(404)
            .with_element("BucketName", name)
    })
}

/// The action that policies name for an operation.
///
/// Source: S3 API, "Permissions" of each operation.
fn iam_action(operation: &str) -> String {
    match operation {
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "s3:ListBucket".to_owned(),
        "HeadObject" => "s3:GetObject".to_owned(),
        other => format!("s3:{other}"),
    }
}

/// Authorizes `ListBuckets`, which has no bucket.
fn authorize_account(call: &Call<'_>) -> Result<(), AwsError> {
    let context = call.caller.request_context(call.world, call.now);
    let request = AccessRequest {
        action: "s3:ListAllMyBuckets",
        resource: "*",
        context: &context,
    };
    authorize(call.world, call.caller, &request)
        .map_err(|denial| access_denied(denial.message(&call.caller.arn(call.world), &request)))
}

/// Authorizes an action on a bucket or, with a key, on an object.
pub(super) fn authorize_action(
    call: &Call<'_>,
    bucket: &Bucket,
    action: &str,
    key: Option<&str>,
) -> Result<(), AwsError> {
    let mut resource = format!("arn:{}:s3:::{}", call.world.partition, bucket.name);
    if let Some(key) = key {
        resource.extend(["/", key]);
    }
    let context = request_context(call, bucket);
    let request = AccessRequest {
        action,
        resource: &resource,
        context: &context,
    };
    let access = ResourceAccess {
        owner: bucket.owner,
        policy: bucket.policy.as_ref().map(|policy| &*policy.document),
    };
    authorize_on_resource(call.world, call.caller, &request, access)
        .map_err(|denial| explain_denial(call, bucket, &denial, &request))
}

/// The context of a request, with the condition keys of S3.
///
/// Source: Service authorization reference, "Condition keys for Amazon S3".
fn request_context(call: &Call<'_>, bucket: &Bucket) -> RequestContext {
    let mut context = call.caller.request_context(call.world, call.now);
    let owner = bucket.owner.to_string();
    context
        .request_keys
        .push(("s3:resourceaccount", owner.clone()));
    context.request_keys.push(("aws:resourceaccount", owner));
    for (key, parameter) in [
        ("s3:prefix", "prefix"),
        ("s3:delimiter", "delimiter"),
        ("s3:max-keys", "max-keys"),
    ] {
        if let Some(value) = call.input.text(parameter) {
            context.request_keys.push((key, value.to_owned()));
        }
    }
    context
}

/// The error for a denial. S3 gives the reason only within an account or organization.
fn explain_denial(
    call: &Call<'_>,
    bucket: &Bucket,
    denial: &Denial,
    request: &AccessRequest<'_>,
) -> AwsError {
    let world = &call.world;
    let in_organization = |id| world.account(id).is_some_and(Account::is_in_organization);
    let is_informed = bucket.owner == call.caller.account
        || (in_organization(bucket.owner) && in_organization(call.caller.account));
    if !is_informed {
        return access_denied(ACCESS_DENIED.to_owned());
    }
    // S3 writes the resource in quotation marks.
    let quoted = format!("\"{}\"", request.resource);
    let request = AccessRequest {
        action: request.action,
        resource: &quoted,
        context: request.context,
    };
    access_denied(denial.message(&call.caller.arn(world), &request))
}

fn access_denied(message: String) -> AwsError {
    CommonError::Denied(message).for_service(Service::S3)
}

/// Checks that the caller may decrypt with a key.
///
/// Source: KMS developer guide, "Default key policy", "Allowing users in other accounts to use a
/// KMS key": the key policy must allow it, or let the policies of the account decide.
pub(super) fn authorize_decryption(
    call: &Call<'_>,
    bucket: &Bucket,
    key_arn: &str,
) -> Result<(), AwsError> {
    let key = call.world.kms_keys.get(key_arn);
    let policy = key.and_then(|key| key.policy.as_ref());
    let policy = policy.map(|policy| &*policy.document);
    let mut context = request_context(call, bucket);
    // Source: KMS developer guide, "Condition keys for AWS KMS", `kms:ViaService`.
    let service = format!("s3.{}.amazonaws.com", bucket.region);
    context.request_keys.push(("kms:viaservice", service));
    let request = AccessRequest {
        action: "kms:Decrypt",
        resource: key_arn,
        context: &context,
    };
    let access = ResourceAccess {
        owner: key.map_or(bucket.owner, |key| key.owner),
        policy,
    };
    let outcome = authorize_on_resource(call.world, call.caller, &request, access);
    let is_unlisted = policy.is_some_and(|policy| policy.evaluate(&request) != Decision::Allow);
    let outcome = match outcome {
        Ok(()) if is_unlisted => Err(Denial::ResourceImplicit),
        outcome => outcome,
    };
    outcome.map_err(|denial| access_denied(denial.message(&call.caller.arn(call.world), &request)))
}

/// Checks that a request was signed for its endpoint, and that this is in the Region of the bucket.
fn check_region(call: &Call<'_>, input: &RestInput, bucket: &Bucket) -> Result<(), AwsError> {
    let signed = call.caller.region.as_str();
    let wanted = bucket.region.as_str();
    if bucket.is_redirected && input.endpoint != Endpoint::Regional(wanted.to_owned()) {
        return Err(temporary_redirect(bucket));
    }
    let endpoint = match &input.endpoint {
        // DNS resolves the bucket to its Region.
        Endpoint::Global => wanted,
        Endpoint::Regional(region) => region.as_str(),
        Endpoint::Custom => signed,
    };
    if signed != endpoint {
        return Err(wrong_region(signed, endpoint, bucket));
    }
    let asks_for_location = call.operation == "GetBucketLocation" && endpoint == GLOBAL_REGION;
    if endpoint == wanted || asks_for_location {
        return Ok(());
    }
    if endpoint == GLOBAL_REGION {
        return Err(wrong_region(signed, wanted, bucket));
    }
    let message = "The bucket you are attempting to access must be addressed using the specified \
                   endpoint. Please send all future requests to this endpoint.";
    Err(AwsError::new("PermanentRedirect", message)
        .with_status(301)
        .with_element("Endpoint", endpoint_of(bucket))
        .with_element("Bucket", &bucket.name)
        .with_header("x-amz-bucket-region", wanted))
}

fn wrong_region(signed: &str, expected: &str, bucket: &Bucket) -> AwsError {
    let message = format!(
        "The authorization header is malformed; the region '{signed}' is wrong; expecting '{expected}'"
    );
    AwsError::new("AuthorizationHeaderMalformed", message)
        .with_element("Region", expected)
        .with_header("x-amz-bucket-region", bucket.region.as_str())
}

fn temporary_redirect(bucket: &Bucket) -> AwsError {
    let message = "Please re-send this request to the specified temporary endpoint. Continue to \
                   use the original request endpoint for future requests.";
    let endpoint = endpoint_of(bucket);
    AwsError::new("TemporaryRedirect", message)
        .with_status(307)
        .with_header("location", format!("https://{endpoint}/"))
        .with_header("x-amz-bucket-region", bucket.region.as_str())
        .with_element("Endpoint", endpoint)
        .with_element("Bucket", &bucket.name)
}

fn endpoint_of(bucket: &Bucket) -> String {
    let suffix = if bucket.region.as_str().starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("{}.s3.{}.{suffix}", bucket.name, bucket.region)
}

/// The part of a bucket that a call reads, if it is subject to a request rate.
pub(crate) fn requested_partition(
    world: &World,
    operation: &str,
    input: &Input,
) -> Option<Partition> {
    let Input::Rest(input) = input else {
        return None;
    };
    let bucket = world.buckets.get(input.bucket.as_ref()?)?;
    let key = match operation {
        "GetObject" | "HeadObject" | "PutObject" => input.key.as_deref()?,
        "ListObjects" | "ListObjectsV2" => input.params.get("prefix").unwrap_or_default(),
        _ => return None,
    };
    Some(Partition {
        name: bucket.partition_of(key),
        rate: bucket.requests_a_second,
    })
}
