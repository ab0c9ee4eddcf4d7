//! VPC flow logs from EC2: which traffic of an account-Region is recorded.

use aws_sdk_ec2::types;

use super::call::{CallContext, placed};
use super::connect::Aws;
use super::error::CallError;
use super::session::Session;
use crate::model::{
    Arn, Delivery, Destination, LogGroupArn, LogSource, Operation, Selection, SourceKind,
    SourceState, Target,
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
        let site = CallContext {
            session,
            region: &target.region,
            operation: Operation::DescribeFlowLogs,
        };
        let request = self.clients.ec2.describe_flow_logs().set_next_token(token);
        let answer = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_ec2, site, credentials))
                    .send()
            })
            .await?;
        let flow_logs = answer.flow_logs().iter();
        let flow_logs = flow_logs.map(|told| {
            flow_log(told, target).ok_or_else(|| site.unreadable("a flow log without an address"))
        });
        Ok((
            flow_logs.collect::<Result<_, _>>()?,
            answer.next_token.filter(|token| !token.is_empty()),
        ))
    }
}

fn flow_log(told: &types::FlowLog, home: &Target) -> Option<LogSource> {
    let id = told.flow_log_id()?;
    let arn = format!(
        "arn:{}:ec2:{}:{}:vpc-flow-log/{id}",
        home.region.partition(),
        home.region,
        home.account
    );
    let watched = told
        .resource_id()
        .map(|resource| format!(" ({resource})"))
        .unwrap_or_default();
    Some(LogSource {
        kind: SourceKind::VpcFlow,
        via: format!("{arn}{watched}"),
        home: home.clone(),
        destination: destination(told, home)?,
        multi_region: false,
        told: SourceState::Known(
            Delivery {
                logging: told.flow_log_status() == Some("ACTIVE"),
                started_ms: told.creation_time().and_then(|time| time.to_millis().ok()),
                stopped_ms: None,
                last_ms: None,
                error: told
                    .deliver_logs_error_message()
                    .unwrap_or_default()
                    .to_owned(),
            },
            Selection::Traffic {
                kept: told
                    .traffic_type()
                    .map_or("ALL", types::TrafficType::as_str)
                    .to_owned(),
                format: told.log_format().unwrap_or_default().to_owned(),
            },
        ),
    })
}

/// Returns the destination of a flow log. A log group may be in another account; a bucket or a
/// delivery stream is outside of CloudWatch Logs.
fn destination(told: &types::FlowLog, home: &Target) -> Option<Destination> {
    let address = told.log_destination().filter(|address| !address.is_empty());
    if let Some(address) = address {
        return Some(match (address.parse(), address.parse::<Arn>()) {
            (Ok(arn), _) => Destination::LogGroup(arn),
            (Err(_), Ok(arn)) if arn.service() == "s3" => {
                Destination::Elsewhere(format!("s3://{}", arn.resource()))
            }
            (Err(_), _) => Destination::Elsewhere(address.to_owned()),
        });
    }
    let name = told.log_group_name()?;
    Some(Destination::LogGroup(LogGroupArn::new(home.clone(), name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_destination_is_a_group_here_or_there_or_a_bucket() {
        let home = Target {
            account: "111111111111".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        let of = |log: types::builders::FlowLogBuilder| {
            flow_log(&log.flow_log_id("fl-1").build(), &home).unwrap()
        };
        let log = types::FlowLog::builder;
        assert_eq!(
            of(log().log_group_name("/flows"))
                .log_group()
                .unwrap()
                .target,
            home
        );
        let there = "arn:aws:logs:eu-west-1:222222222222:log-group:/flows:*";
        assert_eq!(
            of(log().log_destination(there))
                .log_group()
                .unwrap()
                .target
                .account
                .to_string(),
            "222222222222"
        );
        let bucket = of(log()
            .log_destination("arn:aws:s3:::bucket/prefix/")
            .resource_id("vpc-1"));
        assert_eq!(
            bucket.destination,
            Destination::Elsewhere("s3://bucket/prefix/".to_owned())
        );
        assert_eq!(
            bucket.via,
            "arn:aws:ec2:eu-west-1:111111111111:vpc-flow-log/fl-1 (vpc-1)"
        );
    }
}
