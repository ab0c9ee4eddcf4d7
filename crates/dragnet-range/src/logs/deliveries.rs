//! What leaves CloudWatch Logs: deliveries of AWS services, and subscription filters.
//!
//! Source: CloudWatch Logs API, `DescribeDeliveries`, `DescribeDeliveryDestinations`,
//! `DescribeSubscriptionFilters`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{group, invalid, page_size};
use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};
use crate::world::{DeliveryKind, LogDelivery};

const PAGE_SIZE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    next_token: Option<String>,
    limit: Option<usize>,
}

/// The deliveries of this kind in the caller's account-Region.
fn own<'a>(call: &'a Call<'_>, kind: DeliveryKind) -> impl Iterator<Item = &'a LogDelivery> {
    let caller = call.caller;
    call.world.log_deliveries.iter().filter(move |delivery| {
        delivery.kind == kind
            && delivery.account == caller.account
            && delivery.region == caller.region
    })
}

/// The type of a destination with this ARN.
fn destination_type(arn: &str) -> &'static str {
    match arn.split(':').nth(2) {
        Some("s3") => "S3",
        Some("firehose") => "FH",
        Some("xray") => "XRAY",
        _ => "CWL",
    }
}

fn destination_arn(call: &Call<'_>, delivery: &LogDelivery) -> String {
    let resource = format!("delivery-destination:{}", delivery.name);
    let region = delivery.region.as_str();
    call.world.arn("logs", region, delivery.account, &resource)
}

pub(super) fn describe_deliveries(call: &Call<'_>) -> Result<Reply, AwsError> {
    let rows = own(call, DeliveryKind::Service).map(|delivery| {
        let region = delivery.region.as_str();
        let resource = format!("delivery:{}", delivery.name);
        let arn = call.world.arn("logs", region, delivery.account, &resource);
        let row = json!({
            "id": delivery.name,
            "arn": arn,
            "deliverySourceName": delivery.source,
            "deliveryDestinationArn": destination_arn(call, delivery),
            "deliveryDestinationType": destination_type(&delivery.destination),
        });
        (delivery.name.clone(), row)
    });
    list_rows(call, "deliveries", rows.collect())
}

pub(super) fn describe_destinations(call: &Call<'_>) -> Result<Reply, AwsError> {
    let rows = own(call, DeliveryKind::Service).map(|delivery| {
        let row = json!({
            "name": delivery.name,
            "arn": destination_arn(call, delivery),
            "deliveryDestinationType": destination_type(&delivery.destination),
            "deliveryDestinationConfiguration": {
                "destinationResourceArn": delivery.destination,
            },
        });
        (delivery.name.clone(), row)
    });
    list_rows(call, "deliveryDestinations", rows.collect())
}

pub(super) fn describe_subscription_filters(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = call
        .input
        .text("logGroupName")
        .ok_or_else(|| invalid("1 validation error detected: 'logGroupName' must not be null"))?
        .to_owned();
    group(call, &name)?;
    let rows = own(call, DeliveryKind::Subscription)
        .filter(|delivery| delivery.source == name)
        .map(|delivery| {
            let row = json!({
                "filterName": delivery.name,
                "logGroupName": name,
                "filterPattern": "",
                "destinationArn": delivery.destination,
                "distribution": "ByLogStream",
                "creationTime": 0,
            });
            (delivery.name.clone(), row)
        });
    list_rows(call, "subscriptionFilters", rows.collect())
}

fn list_rows(
    call: &Call<'_>,
    member: &str,
    mut rows: Vec<(String, Value)>,
) -> Result<Reply, AwsError> {
    let input: Describe = call.input.parse()?;
    let size = page_size(input.limit, "limit", PAGE_SIZE)?;
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let keyed = rows.iter().map(|(name, row)| (name.as_str(), row));
    let page = Page::from_sorted(keyed, &call.list_name(), input.next_token.as_deref(), size)
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let mut reply = json!({ member: page.items });
    if let Some(next) = page.next {
        reply["nextToken"] = json!(next);
    }
    Reply::json(&reply)
}
