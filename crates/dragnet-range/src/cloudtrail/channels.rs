//! Service-linked channels, and the event data stores of CloudTrail Lake.
//!
//! Source: CloudTrail API, `ListChannels`, `GetChannel`, `ListEventDataStores`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};
use crate::world::{Channel, ReadWriteType};

const PAGE_SIZE: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// The channels of the caller's account in the Region of the call.
fn own_channels<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a Channel> {
    let caller = call.caller;
    call.world
        .channels
        .iter()
        .filter(|channel| channel.account == caller.account && channel.region == caller.region)
}

/// Source: CloudTrail API, `Channel`, `Name`: `aws-service-channel/service-name/custom-suffix`.
fn name(channel: &Channel) -> String {
    format!("aws-service-channel/{}/{}", channel.service, channel.id)
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    let rows = own_channels(call).map(|channel| {
        let arn = channel.arn(call.world);
        let row = json!({ "ChannelArn": arn, "Name": name(channel) });
        (arn, row)
    });
    list_rows(call, "Channels", rows.collect())
}

pub(super) fn list_event_data_stores(call: &Call<'_>) -> Result<Reply, AwsError> {
    let caller = call.caller;
    let own = call
        .world
        .event_data_stores
        .iter()
        .filter(|store| store.account == caller.account && store.region == caller.region);
    let rows = own.map(|store| {
        let resource = format!("eventdatastore/{}", store.id);
        let region = store.region.as_str();
        let arn = call
            .world
            .arn("cloudtrail", region, store.account, &resource);
        let row = json!({ "EventDataStoreArn": arn, "Name": store.name });
        (arn, row)
    });
    list_rows(call, "EventDataStores", rows.collect())
}

fn list_rows(
    call: &Call<'_>,
    member: &str,
    mut rows: Vec<(String, Value)>,
) -> Result<Reply, AwsError> {
    let input: List = call.input.parse()?;
    let size = input.max_results.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE).contains(&size) {
        return Err(AwsError::new(
            "InvalidMaxResultsException",
            "The MaxResults value is not valid.",
        ));
    }
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let keyed = rows.iter().map(|(arn, row)| (arn.as_str(), row));
    let page = Page::from_sorted(keyed, &call.list_name(), input.next_token.as_deref(), size)
        .ok_or_else(|| AwsError::new("InvalidNextTokenException", "The NextToken is not valid."))?;
    let mut reply = json!({ member: page.items });
    if let Some(next) = page.next {
        reply["NextToken"] = json!(next);
    }
    Reply::json(&reply)
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, AwsError> {
    let wanted = call.input.text("Channel").unwrap_or_default();
    let channel = own_channels(call)
        .find(|channel| channel.arn(call.world) == wanted || channel.id == wanted)
        .ok_or_else(|| {
            let text = format!("Channel {wanted} could not be found.");
            AwsError::new("ChannelNotFoundException", text)
        })?;
    Reply::json(&json!({
        "ChannelArn": channel.arn(call.world),
        "Name": name(channel),
        "Source": "CloudTrail",
        "SourceConfig": {
            "ApplyToAllRegions": false,
            "AdvancedEventSelectors": selectors(channel),
        },
        "Destinations": [{ "Type": "AWS_SERVICE", "Location": channel.service }],
    }))
}

/// Source: CloudTrail API, `AdvancedFieldSelector`.
fn selectors(channel: &Channel) -> Vec<Value> {
    let mut selectors = Vec::new();
    if let Some(records) = channel.management {
        let mut fields = vec![json!({ "Field": "eventCategory", "Equals": ["Management"] })];
        match records {
            ReadWriteType::All => {}
            ReadWriteType::ReadOnly => {
                fields.push(json!({ "Field": "readOnly", "Equals": ["true"] }));
            }
            ReadWriteType::WriteOnly => {
                fields.push(json!({ "Field": "readOnly", "Equals": ["false"] }));
            }
        }
        if !channel.excluded_sources.is_empty() {
            let excluded = &channel.excluded_sources;
            fields.push(json!({ "Field": "eventSource", "NotEquals": excluded }));
        }
        selectors.push(json!({ "Name": "management", "FieldSelectors": fields }));
    }
    selectors.extend(channel.data_types.iter().map(|kind| {
        json!({
            "Name": kind,
            "FieldSelectors": [
                { "Field": "eventCategory", "Equals": ["Data"] },
                { "Field": "resources.type", "Equals": [kind] },
            ],
        })
    }));
    selectors
}
