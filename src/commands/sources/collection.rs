//! Names how CloudWatch collects, rewrites, copies and sends on logs: telemetry rules, pipelines,
//! centralization rules, deliveries of AWS services, and subscription filters. All of these lookups are
//! optional.

use std::sync::Arc;

use futures::future::join_all;

use super::lookup_lines::describe_each;
use crate::aws::{
    Aws, CallError, CentralizationRule, LogDelivery, Session, TelemetryPipeline, TelemetryRule,
};
use dragnet_model::format::plural;
use dragnet_model::{LogGroupArn, Target};

/// How many log groups are asked for their subscription filters.
const MOST_GROUPS: usize = 20;

/// The beginning of the names of Security Lake's buckets.
///
/// Source: the example policies in the Security Lake user guide.
const SECURITY_LAKE_BUCKET: &str = "aws-security-data-lake-";

/// Returns a line for each telemetry rule and pipeline of these account-Regions, and one line for each
/// of both lists if some account-Regions could not be asked.
pub(super) async fn describe_telemetry(
    aws: &Aws,
    entered: &[(Target, Arc<Session>)],
) -> Vec<String> {
    let rules = describe_each(
        entered,
        "telemetry rules were",
        |target, session| async move {
            let rules = aws.telemetry_rules(session, &target.region).await?;
            let owner = target.to_string();
            Ok(rules
                .iter()
                .map(|rule| describe_rule(&owner, rule))
                .collect())
        },
    );
    let pipelines = describe_each(entered, "pipelines were", |target, session| async move {
        let pipelines = aws.telemetry_pipelines(session, &target.region).await?;
        Ok(pipelines
            .iter()
            .map(|pipeline| describe_pipeline(target, pipeline))
            .collect())
    });
    let (mut lines, pipelines) = tokio::join!(rules, pipelines);
    lines.extend(pipelines);
    lines
}

fn describe_rule(owner: &str, rule: &TelemetryRule) -> String {
    let TelemetryRule {
        name,
        resource_type,
    } = rule;
    let effect = match resource_type.as_str() {
        "AWS::CloudTrail" => {
            "CloudTrail delivers to aws/cloudtrail/managementevents and aws/cloudtrail/dataevents"
        }
        _ => "resources of this kind deliver to log groups, which are searched",
    };
    format!("telemetry rule {name} of {owner} for {resource_type}: {effect}")
}

fn describe_pipeline(target: &Target, pipeline: &TelemetryPipeline) -> String {
    let TelemetryPipeline {
        name,
        data_sources,
        processors,
        sinks,
    } = pipeline;
    let list = |texts: &[String]| match texts {
        [] => "unknown".to_owned(),
        texts => texts.join(", "),
    };
    format!(
        "pipeline {name} in {target} can rewrite or drop events before they are stored (from {}, by {}, to {}): log groups with \
         rewritten records of CloudTrail are partial",
        list(data_sources),
        list(processors),
        list(sinks)
    )
}

/// Returns a line for each telemetry rule and centralization rule of the organization, and one line for
/// each of both lists if it could not be read.
pub(super) async fn describe_organization_rules(aws: &Aws, session: &Session) -> Vec<String> {
    let (telemetry, centralization) = tokio::join!(
        aws.organization_telemetry_rules(session),
        aws.centralization_rules(session)
    );
    let mut lines = lines_or_failure(telemetry, "telemetry rules", |rule| {
        describe_rule("the organization", rule)
    });
    lines.extend(lines_or_failure(
        centralization,
        "centralization rules",
        describe_centralization,
    ));
    lines
}

fn lines_or_failure<T>(
    listed: Result<Vec<T>, CallError>,
    what: &str,
    describe: impl Fn(&T) -> String,
) -> Vec<String> {
    match listed {
        Ok(items) => items.iter().map(describe).collect(),
        Err(error) => vec![format!(
            "{what} of the organization were not looked up: {error}"
        )],
    }
}

fn describe_centralization(rule: &CentralizationRule) -> String {
    let CentralizationRule {
        name,
        destination,
        health,
    } = rule;
    let destination = match destination {
        Some(target) => target.to_string(),
        None => "an unknown account-Region".to_owned(),
    };
    let state = match health.as_str() {
        "" | "Healthy" => String::new(),
        health => format!(" ({health})"),
    };
    format!(
        "centralization rule {name}{state} copies log groups of the organization to {destination}: a sweep that is limited \
         to accounts reads the copies whose originals are gone"
    )
}

/// Returns a line for each delivery of an AWS service that does not go to a log group, and one line if some
/// account-Regions could not be asked.
pub(super) async fn describe_deliveries(
    aws: &Aws,
    entered: &[(Target, Arc<Session>)],
) -> Vec<String> {
    describe_each(entered, "deliveries were", |target, session| async move {
        let deliveries = aws.log_deliveries(session, &target.region).await?;
        Ok(deliveries
            .iter()
            .filter_map(|delivery| describe_delivery(target, delivery))
            .collect())
    })
    .await
}

fn describe_delivery(target: &Target, delivery: &LogDelivery) -> Option<String> {
    let LogDelivery {
        source,
        destination,
    } = delivery;
    let reader = describe_reader(destination)?;
    Some(format!(
        "logs that {source} in {target} delivers to {destination} are not searched: {reader}"
    ))
}

/// Returns a line for each subscription filter of the log groups of log sources. They are copies: the log
/// groups are searched.
pub(super) async fn describe_subscriptions(
    aws: &Aws,
    groups: &[(LogGroupArn, Arc<Session>)],
) -> Vec<String> {
    let asked = groups.iter().take(MOST_GROUPS);
    let lookups = asked.map(|(group, session)| async move {
        (group, aws.subscription_filters(session, group).await)
    });
    let mut lines = Vec::new();
    let mut first_failure = None;
    for (group, filters) in join_all(lookups).await {
        match filters {
            Ok(filters) => {
                lines.extend(filters.iter().map(|filter| describe_filter(group, filter)));
            }
            Err(error) => {
                first_failure.get_or_insert((group, error));
            }
        }
    }
    if let Some((group, error)) = first_failure {
        lines.push(format!(
            "subscription filters were not looked up, first of {group}: {error}"
        ));
    }
    let not_asked = groups.len().saturating_sub(MOST_GROUPS);
    if not_asked > 0 {
        let number = plural(not_asked as u64, "more log group");
        lines.push(format!(
            "subscription filters of {number} were not looked up"
        ));
    }
    lines
}

fn describe_filter(group: &LogGroupArn, filter: &LogDelivery) -> String {
    let LogDelivery {
        source,
        destination,
    } = filter;
    let reader = describe_reader(destination)
        .unwrap_or_else(|| "it belongs to the account in the ARN".to_owned());
    format!("subscription filter {source} copies events of {group} to {destination}: {reader}")
}

/// Returns what could read the destination with this ARN; `None` for a log group, which is searched like
/// every other, and for a destination in another account.
fn describe_reader(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.last().unwrap_or_default();
    let text = match service {
        "logs" => return None,
        "s3" if resource.starts_with(SECURITY_LAKE_BUCKET) => {
            "it is a bucket of Security Lake; query it with Athena"
        }
        "s3" => {
            "query the bucket with Athena, or download its objects and search them with --files"
        }
        "firehose" => "the delivery stream names where it stores them",
        "kinesis" | "lambda" => "only its consumer knows where they are stored",
        _ => "it is not known what could read them",
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_destination_has_a_reader() {
        let reader = |arn: &str| describe_reader(arn).unwrap_or_default();
        assert!(
            reader("arn:aws:s3:::aws-security-data-lake-us-east-1-x").contains("Security Lake")
        );
        assert!(reader("arn:aws:s3:::logs/prefix").contains("--files"));
        assert!(
            reader("arn:aws:firehose:us-east-1:111111111111:deliverystream/s").contains("stream")
        );
        assert!(reader("arn:aws:lambda:us-east-1:111111111111:function:f").contains("consumer"));
        assert_eq!(
            reader("arn:aws:logs:us-east-1:111111111111:log-group:x:*"),
            ""
        );
        assert!(reader("").contains("not known"));
    }
}
