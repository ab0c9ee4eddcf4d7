//! `ocsf.jsonl`: one event of the Open Cybersecurity Schema Framework per line.
//!
//! CloudTrail records are API Activity (class 6003), lines of VPC flow logs Network Activity (4001),
//! and other lines the Base Event (0). Everything that Dragnet knows besides is in `unmapped`.
//!
//! Source: OCSF 1.5.0, `events/base_event.json`, `events/application/api_activity.json`,
//! `events/network/network_activity.json` and `objects/`.

mod api_activity;
mod network_activity;

use std::io::Write;

use serde_json::{Map, Value, json};

use super::ReportedEvent;
use super::event::{EventTime, TimeKind, describe_event, is_expressible, source_address};
use crate::report::{AccountNames, JsonText, ReportError, RunReport};
use dragnet_model::Sighting;

/// The version of the schema.
const VERSION: &str = "1.5.0";

/// The type of the observable "IP Address".
const IP_ADDRESS: u8 = 2;

/// Writes the events.
pub(super) fn write_events<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    for event in events {
        let event = event.map_err(ReportError::Rows)?;
        let json = JsonText::compact(&ocsf_event(&event, report))?;
        writeln!(out, "{json}")?;
    }
    Ok(out.flush()?)
}

/// The class of an event, and what only that class has.
struct Classified {
    category: u32,
    category_name: &'static str,
    class: u32,
    class_name: &'static str,
    activity: u32,
    activity_name: String,
    members: Map<String, Value>,
}

fn classify(event: &ReportedEvent) -> Classified {
    if let Some(flow) = &event.flow {
        return network_activity::classify_flow(flow);
    }
    if event.sighting.details.is_cloudtrail() {
        return api_activity::classify_call(&event.sighting);
    }
    Classified {
        category: 0,
        category_name: "Uncategorized",
        class: 0,
        class_name: "Base Event",
        activity: 0,
        activity_name: "Unknown".to_owned(),
        members: Map::new(),
    }
}

fn ocsf_event(event: &ReportedEvent, report: &RunReport<'_>) -> Map<String, Value> {
    let sighting = &event.sighting;
    let names = report.names;
    let mut classified = classify(event);
    let mut members = std::mem::take(&mut classified.members);
    let common = [
        ("category_uid", json!(classified.category)),
        ("category_name", json!(classified.category_name)),
        ("class_uid", json!(classified.class)),
        ("class_name", json!(classified.class_name)),
        ("activity_id", json!(classified.activity)),
        ("activity_name", json!(classified.activity_name)),
        // Source: OCSF 1.5.0, `type_uid`: the class times 100 plus the activity.
        (
            "type_uid",
            json!(classified.class * 100 + classified.activity),
        ),
        // The log does not say how severe an event is.
        ("severity_id", json!(1)),
        ("severity", json!("Informational")),
        ("time", json!(EventTime::from_sighting(sighting).ms)),
        ("message", json!(describe_event(event, names))),
        ("metadata", metadata(sighting, classified.class)),
        ("cloud", cloud(sighting, names)),
        ("raw_data", json!(sighting.message)),
        ("unmapped", unmapped(event, report)),
    ];
    members.extend(common.map(|(name, value)| (name.to_owned(), value)));
    if let Some(address) = source_address(event) {
        let observable = json!({
            "name": "src_endpoint.ip",
            "type": "IP Address",
            "type_id": IP_ADDRESS,
            "value": address.to_string(),
        });
        members.insert("observables".to_owned(), json!([observable]));
    }
    members
}

fn metadata(sighting: &Sighting, class: u32) -> Value {
    let stored = &sighting.stored;
    let product = match class {
        api_activity::CLASS => "CloudTrail",
        network_activity::CLASS => "Amazon VPC",
        _ => "CloudWatch Logs",
    };
    let id = if sighting.details.is_cloudtrail() {
        &*sighting.details.record_id
    } else {
        stored.event_id.as_str()
    };
    let mut metadata = Map::new();
    metadata.insert("version".to_owned(), json!(VERSION));
    metadata.insert(
        "product".to_owned(),
        json!({ "name": product, "vendor_name": "AWS" }),
    );
    metadata.insert("profiles".to_owned(), json!(["cloud"]));
    put_text(&mut metadata, "uid", id);
    put_text(
        &mut metadata,
        "log_name",
        stored.source.place_name(&stored.log_group),
    );
    put_text(&mut metadata, "log_provider", stored.source.as_str());
    if is_expressible(stored.ingestion_ms) {
        metadata.insert("logged_time".to_owned(), json!(stored.ingestion_ms));
    }
    Value::Object(metadata)
}

fn cloud(sighting: &Sighting, names: &AccountNames) -> Value {
    let details = &sighting.details;
    let mut account = Map::new();
    put_text(&mut account, "uid", &details.account);
    let name = names.get(&*details.account).map_or("", String::as_str);
    put_text(&mut account, "name", name);
    // Source: OCSF 1.5.0, `objects/account.json`.
    account.insert("type_id".to_owned(), json!(10));
    account.insert("type".to_owned(), json!("AWS Account"));
    let mut cloud = Map::new();
    cloud.insert("provider".to_owned(), json!("AWS"));
    put_text(&mut cloud, "region", &details.region);
    cloud.insert("account".to_owned(), Value::Object(account));
    Value::Object(cloud)
}

/// Returns what the schema has no attribute for.
fn unmapped(event: &ReportedEvent, report: &RunReport<'_>) -> Value {
    let sighting = &event.sighting;
    let stored = &sighting.stored;
    let mut unmapped = Map::new();
    let columns = [
        ("run_id", json!(report.summary.run_id)),
        ("indicators", json!(sighting.indicators)),
        ("hunts", json!(sighting.hunts)),
        ("matched_fields", json!(sighting.matched_fields)),
        ("copies", json!(sighting.copies)),
        ("copies_differ", json!(sighting.copies_differ)),
        ("self", json!(sighting.own_call.as_str())),
        ("trusted", json!(sighting.trusted)),
        ("account_id", json!(stored.account.to_string())),
        ("region", json!(stored.region.as_str())),
        ("log_stream", json!(stored.log_stream)),
        ("event_id", json!(stored.event_id)),
    ];
    unmapped.extend(columns.map(|(name, value)| (name.to_owned(), value)));
    let time = EventTime::from_sighting(sighting);
    if time.kind != TimeKind::Event {
        unmapped.insert("time_kind".to_owned(), json!(time.kind.as_str()));
    }
    if let Some(flow) = &event.flow {
        let fields: Map<String, Value> = flow
            .fields()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        unmapped.insert("flow".to_owned(), Value::Object(fields));
    }
    Value::Object(unmapped)
}

/// Adds a text, unless it is empty.
fn put_text(members: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        members.insert(name.to_owned(), json!(text));
    }
}

/// Returns an endpoint that is known by nothing but one text.
fn named_endpoint(attribute: &str, text: &str) -> Value {
    let mut endpoint = Map::new();
    if text.is_empty() {
        // An endpoint without any of its attributes is not valid.
        put_text(&mut endpoint, "name", "unknown");
    } else {
        put_text(&mut endpoint, attribute, text);
    }
    Value::Object(endpoint)
}

#[cfg(test)]
mod tests {
    use super::super::ReportFormat;
    use super::super::testing::{cloudtrail, flow_line, log_line, report_of};
    use super::*;

    fn events(events: &[ReportedEvent]) -> Vec<Value> {
        let text = report_of(ReportFormat::Ocsf, events);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn events_have_the_required_attributes() {
        let events = events(&[cloudtrail("{}"), flow_line(), log_line("x")]);
        for event in &events {
            for required in [
                "activity_id",
                "category_uid",
                "class_uid",
                "severity_id",
                "time",
                "type_uid",
            ] {
                assert!(event[required].is_u64(), "{required} in {event}");
            }
            assert_eq!(event["metadata"]["version"], "1.5.0");
            assert_eq!(event["metadata"]["product"]["vendor_name"], "AWS");
            assert_eq!(event["cloud"]["provider"], "AWS");
            assert_eq!(event["cloud"]["account"]["name"], "prod");
        }
        let types: Vec<&Value> = events.iter().map(|event| &event["type_uid"]).collect();
        assert_eq!(types, [600_302, 400_105, 0]);
    }

    #[test]
    fn the_message_is_exact() {
        let message = "\u{1b}[2J\u{202e}\"\\\n=1";
        assert_eq!(events(&[log_line(message)])[0]["raw_data"], message);
    }

    #[test]
    fn replaced_times_are_named() {
        let mut event = log_line("");
        event.sighting.details.time_ms = i64::MIN;
        let event = &events(&[event])[0];
        assert_eq!(event["unmapped"]["time_kind"], "Log Time");
        assert_eq!(
            events(&[log_line("")])[0]["unmapped"]["time_kind"],
            Value::Null
        );
    }
}
