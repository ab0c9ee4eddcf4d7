//! The cyber-observable objects of an event.
//!
//! Source: STIX 2.1, section 6, "STIX Cyber-observable Objects".

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::ids::ObjectId;
use crate::report::formats::ReportedEvent;
use crate::report::formats::flow_record::FlowRecord;
use dragnet_model::EventDetails;

/// A cyber-observable object.
#[derive(Clone, Debug)]
pub(super) struct Observable {
    pub id: ObjectId,
    pub members: Map<String, Value>,
}

impl Observable {
    /// Creates an object. `contributing` are the properties that its identifier depends on, `others`
    /// the rest.
    fn new(
        kind: &'static str,
        contributing: BTreeMap<&'static str, Value>,
        others: Vec<(&'static str, Value)>,
    ) -> serde_json::Result<Self> {
        let id = ObjectId::from_properties(kind, &contributing)?;
        let members = contributing
            .into_iter()
            .chain(others)
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Ok(Self { id, members })
    }

    fn from_address(address: IpAddr) -> serde_json::Result<Self> {
        let kind = if address.is_ipv4() {
            "ipv4-addr"
        } else {
            "ipv6-addr"
        };
        let value = BTreeMap::from([("value", json!(address.to_string()))]);
        Self::new(kind, value, Vec::new())
    }
}

/// Returns the objects of an event, each after those that it refers to. There is at least one.
pub(super) fn observables(event: &ReportedEvent) -> serde_json::Result<Vec<Observable>> {
    let found = match &event.flow {
        Some(flow) => flow_observables(flow)?,
        None => call_observables(&event.sighting.details)?,
    };
    if found.is_empty() {
        return Ok(vec![artifact(&event.sighting.message)?]);
    }
    Ok(found)
}

/// Returns where a call came from, and who made it.
fn call_observables(details: &EventDetails<'_>) -> serde_json::Result<Vec<Observable>> {
    let mut found = Vec::new();
    if let Ok(address) = details.source_ip.parse() {
        found.push(Observable::from_address(address)?);
    } else if is_domain(&details.source_ip) {
        let value = BTreeMap::from([("value", json!(details.source_ip))]);
        found.push(Observable::new("domain-name", value, Vec::new())?);
    }
    let identity = &details.identity;
    let user_id = [
        &*identity.arn,
        &*identity.principal_id,
        &*identity.access_key_id,
    ]
    .into_iter()
    .find(|text| !text.is_empty());
    if let Some(user_id) = user_id {
        let contributing = BTreeMap::from([("user_id", json!(user_id))]);
        found.push(Observable::new("user-account", contributing, Vec::new())?);
    }
    Ok(found)
}

/// Whether a source is the name of a service: `ec2.amazonaws.com`, but not `AWS Internal`.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.contains('.') && text.split('.').all(is_label)
}

fn flow_observables(flow: &FlowRecord) -> serde_json::Result<Vec<Observable>> {
    let mut found = Vec::new();
    let mut contributing = BTreeMap::new();
    let mut version = None;
    for (end, reference, port) in [
        (flow.source(), "src_ref", "src_port"),
        (flow.destination(), "dst_ref", "dst_port"),
    ] {
        let Some(address) = end.address else { continue };
        let observable = Observable::from_address(address)?;
        contributing.insert(reference, json!(observable.id));
        if let Some(number) = end.port {
            contributing.insert(port, json!(number));
        }
        version = Some(if address.is_ipv4() { "ipv4" } else { "ipv6" });
        found.push(observable);
    }
    let Some(version) = version else {
        return Ok(found);
    };
    let mut protocols = vec![version.to_owned()];
    protocols.extend(flow.number("protocol").map(protocol_name));
    contributing.insert("protocols", json!(protocols));
    found.push(Observable::new(
        "network-traffic",
        contributing,
        Vec::new(),
    )?);
    Ok(found)
}

/// Source: IANA, "Protocol Numbers".
fn protocol_name(number: u64) -> String {
    match number {
        1 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        47 => "gre".to_owned(),
        50 => "esp".to_owned(),
        58 => "ipv6-icmp".to_owned(),
        other => format!("protocol-{other}"),
    }
}

/// Returns a line as an object that contains it: no other object has room for a text.
fn artifact(message: &str) -> serde_json::Result<Observable> {
    // An artifact has to have a content.
    let content = if message.is_empty() { "\n" } else { message };
    let payload = BTreeMap::from([("payload_bin", json!(BASE64_STANDARD.encode(content)))]);
    Observable::new(
        "artifact",
        payload,
        vec![("mime_type", json!("text/plain"))],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::formats::testing::{cloudtrail, flow_line, log_line};

    fn kinds(event: &ReportedEvent) -> Vec<String> {
        let found = observables(event).unwrap();
        found.iter().map(|one| one.id.to_string()).collect()
    }

    /// The expected identifiers are those of the Python library stix2 3.0.2.
    #[test]
    fn each_kind_of_event_has_observables() {
        let flow = kinds(&flow_line());
        assert_eq!(
            flow,
            [
                "ipv4-addr--8dded90c-40c0-545a-8027-5b212bb37e8e",
                "ipv4-addr--9b2a70bf-92d9-5cd3-a61c-f06e7f0277c9",
                "network-traffic--8612b521-6ddb-5fb8-8024-7bae5c234e68"
            ]
        );
        let call = kinds(&cloudtrail("{}"));
        assert_eq!(call[0], flow[0]);
        assert!(call[1].starts_with("user-account--"));
        assert_eq!(
            kinds(&log_line("x")),
            ["artifact--1bb9263b-b45f-583a-98f7-b27846b4bf3c"]
        );
    }

    #[test]
    fn sources_that_are_no_address_are_domains_or_nothing() {
        for (source, is_name) in [
            ("ec2.amazonaws.com", true),
            ("AWS Internal", false),
            ("a..b", false),
            ("", false),
        ] {
            assert_eq!(is_domain(source), is_name, "{source}");
        }
    }
}
