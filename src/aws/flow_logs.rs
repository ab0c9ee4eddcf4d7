//! VPC flow logs from EC2: which traffic of an account-Region is recorded.

use aws_sdk_ec2::types;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::session::Session;
use dragnet_model::{
    Arn, Delivery, DeliveryBucket, Destination, LogGroupArn, LogSource, Operation, Selection,
    SourceKind, SourceState, Target,
};

impl Aws {
    /// Returns one page of the flow logs of `target`, for which the session is valid, and the token
    /// of the next page.
    ///
    /// Source: EC2 API, `DescribeFlowLogs`.
    ///
    /// # Errors
    /// The call fails, or the destination of a flow log cannot be parsed.
    pub async fn flow_logs(
        &self,
        session: &Session,
        target: &Target,
        token: Option<String>,
    ) -> Result<(Vec<LogSource>, Option<String>), CallError> {
        let context = CallContext {
            session,
            region: &target.region,
            operation: Operation::DescribeFlowLogs,
        };
        let request = self.clients.ec2.describe_flow_logs().set_next_token(token);
        let output = send!(self, context, request)?;
        let flow_logs = output.flow_logs().iter();
        let flow_logs = flow_logs.map(|flow_log| {
            parse_flow_log(flow_log, target).ok_or_else(|| {
                context.unreadable("a flow log in the response has no id or no destination")
            })
        });
        Ok((
            flow_logs.collect::<Result<_, _>>()?,
            output.next_token.filter(|token| !token.is_empty()),
        ))
    }
}

fn parse_flow_log(flow_log: &types::FlowLog, home: &Target) -> Option<LogSource> {
    let id = flow_log.flow_log_id()?;
    let arn = format!(
        "arn:{}:ec2:{}:{}:vpc-flow-log/{id}",
        home.region.partition(),
        home.region,
        home.account
    );
    let resource = flow_log
        .resource_id()
        .map(|id| format!(" ({id})"))
        .unwrap_or_default();
    Some(LogSource {
        kind: SourceKind::VpcFlow,
        via: format!("{arn}{resource}"),
        home: home.clone(),
        destination: parse_destination(flow_log, home)?,
        bucket: parse_bucket(flow_log),
        multi_region: false,
        is_organization_trail: false,
        state: SourceState::Known(
            Delivery {
                logging: flow_log.flow_log_status() == Some("ACTIVE"),
                started_ms: flow_log
                    .creation_time()
                    .and_then(|time| time.to_millis().ok()),
                stopped_ms: None,
                last_ms: None,
                error: flow_log
                    .deliver_logs_error_message()
                    .unwrap_or_default()
                    .to_owned(),
                bucket_last_ms: None,
                bucket_error: flow_log
                    .deliver_logs_error_message()
                    .unwrap_or_default()
                    .to_owned(),
            },
            Selection::Traffic {
                kept: flow_log
                    .traffic_type()
                    .map_or("ALL", types::TrafficType::as_str)
                    .to_owned(),
                format: flow_log.log_format().unwrap_or_default().to_owned(),
            },
        ),
    })
}

/// Returns the destination of a flow log. A log group may be in another account; a bucket or a
/// delivery stream is outside of CloudWatch Logs.
fn parse_destination(flow_log: &types::FlowLog, home: &Target) -> Option<Destination> {
    let address = flow_log
        .log_destination()
        .filter(|address| !address.is_empty());
    if let Some(address) = address {
        return Some(match (address.parse(), address.parse::<Arn>()) {
            (Ok(arn), _) => Destination::LogGroup(arn),
            (Err(_), Ok(arn)) if arn.service() == "s3" => {
                Destination::Other(format!("s3://{}", arn.resource()))
            }
            (Err(_), _) => Destination::Other(address.to_owned()),
        });
    }
    let name = flow_log.log_group_name()?;
    Some(Destination::LogGroup(LogGroupArn::new(home.clone(), name)))
}

/// Returns the bucket of a flow log that delivers to one.
///
/// Source: EC2 API, `FlowLog` (`LogDestination`: `bucket_ARN/subfolder_name/`) and
/// `DestinationOptionsResponse`.
fn parse_bucket(flow_log: &types::FlowLog) -> Option<DeliveryBucket> {
    let arn: Arn = flow_log.log_destination()?.parse().ok()?;
    if arn.service() != "s3" {
        return None;
    }
    let (name, prefix) = arn
        .resource()
        .split_once('/')
        .unwrap_or((arn.resource(), ""));
    let options = flow_log.destination_options();
    let format = options.and_then(types::DestinationOptionsResponse::file_format);
    Some(DeliveryBucket {
        is_hive: options
            .and_then(types::DestinationOptionsResponse::hive_compatible_partitions)
            .unwrap_or(false),
        is_parquet: format == Some(&types::DestinationFileFormat::Parquet),
        ..DeliveryBucket::new(name, prefix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destination_is_own_group_other_accounts_group_or_bucket() {
        let home = Target {
            account: "111111111111".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        let parse = |log: types::builders::FlowLogBuilder| {
            parse_flow_log(&log.flow_log_id("fl-1").build(), &home).unwrap()
        };
        let log = types::FlowLog::builder;
        assert_eq!(
            parse(log().log_group_name("/flows"))
                .log_group()
                .unwrap()
                .target,
            home
        );
        let other_account = "arn:aws:logs:eu-west-1:222222222222:log-group:/flows:*";
        assert_eq!(
            parse(log().log_destination(other_account))
                .log_group()
                .unwrap()
                .target
                .account
                .to_string(),
            "222222222222"
        );
        let bucket = parse(
            log()
                .log_destination("arn:aws:s3:::bucket/prefix/")
                .resource_id("vpc-1"),
        );
        assert_eq!(
            bucket.destination,
            Destination::Other("s3://bucket/prefix/".to_owned())
        );
        let mut expected = DeliveryBucket::new("bucket", "prefix");
        assert_eq!(bucket.bucket.as_ref(), Some(&expected));
        let options = types::DestinationOptionsResponse::builder()
            .file_format(types::DestinationFileFormat::Parquet)
            .hive_compatible_partitions(true);
        let parquet = parse(
            log()
                .log_destination("arn:aws:s3:::bucket/prefix/")
                .destination_options(options.build()),
        );
        expected.is_hive = true;
        expected.is_parquet = true;
        assert_eq!(parquet.bucket, Some(expected));
        assert_eq!(
            bucket.via,
            "arn:aws:ec2:eu-west-1:111111111111:vpc-flow-log/fl-1 (vpc-1)"
        );
    }
}
