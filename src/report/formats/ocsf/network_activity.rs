//! Lines of VPC flow logs as events of the class Network Activity.
//!
//! Source: VPC user guide, "Flow log records": `start` and `end` are seconds since the Unix epoch,
//! `protocol` is the number of the Internet Assigned Numbers Authority.

use serde_json::{Map, Value, json};

use super::{Classified, named_endpoint, put_text};
use crate::report::formats::flow_record::{FlowEnd, FlowRecord};

/// The class Network Activity.
pub(super) const CLASS: u32 = 4_001;

/// The numbers of `traffic`, which have the same names in flow logs.
const TRAFFIC: [&str; 2] = ["packets", "bytes"];

/// Maps a line of a flow log.
pub(super) fn classify_flow(flow: &FlowRecord) -> Classified {
    let source = flow.source();
    let destination = flow.destination();
    let mut members = Map::new();
    // One of both endpoints is required. A line without traffic has no addresses.
    if source.address.is_some() || destination.address.is_none() {
        members.insert("src_endpoint".to_owned(), endpoint(source, flow));
    }
    if destination.address.is_some() {
        members.insert("dst_endpoint".to_owned(), endpoint(destination, flow));
    }
    members.insert("connection_info".to_owned(), connection(flow));
    let traffic: Map<String, Value> = TRAFFIC
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), json!(flow.number(name)?))))
        .collect();
    if !traffic.is_empty() {
        members.insert("traffic".to_owned(), Value::Object(traffic));
    }
    for (attribute, field) in [("start_time", "start"), ("end_time", "end")] {
        let milliseconds = flow.number(field).and_then(|at| at.checked_mul(1_000));
        if let Some(milliseconds) = milliseconds {
            members.insert(attribute.to_owned(), json!(milliseconds));
        }
    }
    put_text(
        &mut members,
        "status_code",
        flow.field("action").unwrap_or_default(),
    );
    // Source: OCSF 1.5.0, `network_activity.json`, `activity_id`.
    let (activity, activity_name) = match flow.field("action") {
        Some("REJECT") => (5, "Refuse"),
        _ => (6, "Traffic"),
    };
    Classified {
        category: 4,
        category_name: "Network Activity",
        class: CLASS,
        class_name: "Network Activity",
        activity,
        activity_name: activity_name.to_owned(),
        members,
    }
}

fn endpoint(end: FlowEnd, flow: &FlowRecord) -> Value {
    let Some(address) = end.address else {
        return named_endpoint(
            "interface_uid",
            flow.field("interfaceId").unwrap_or_default(),
        );
    };
    match end.port {
        Some(port) => json!({ "ip": address.to_string(), "port": port }),
        None => json!({ "ip": address.to_string() }),
    }
}

/// Source: OCSF 1.5.0, `objects/network_connection_info.json`: `direction_id` is required.
fn connection(flow: &FlowRecord) -> Value {
    let direction = match flow.field("flowDirection") {
        Some("ingress") => 1,
        Some("egress") => 2,
        _ => 0,
    };
    let mut connection = Map::new();
    connection.insert("direction_id".to_owned(), json!(direction));
    if let Some(protocol) = flow.number("protocol") {
        connection.insert("protocol_num".to_owned(), json!(protocol));
    }
    if let Some(address) = flow.source().address.or(flow.destination().address) {
        let version = if address.is_ipv4() { 4 } else { 6 };
        connection.insert("protocol_ver_id".to_owned(), json!(version));
    }
    Value::Object(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::formats::testing::flow_line;

    #[test]
    fn a_rejected_flow_is_refused() {
        let flow = classify_flow(&flow_line().flow.unwrap());
        assert_eq!(flow.activity_name, "Refuse");
        let members = flow.members;
        assert_eq!(
            members["src_endpoint"],
            json!({"ip": "192.0.2.1", "port": 50_000})
        );
        assert_eq!(
            members["dst_endpoint"],
            json!({"ip": "10.0.0.5", "port": 22})
        );
        assert_eq!(
            members["connection_info"],
            json!({"direction_id": 0, "protocol_num": 6, "protocol_ver_id": 4})
        );
        assert_eq!(members["traffic"], json!({"packets": 3, "bytes": 180}));
        assert_eq!(members["start_time"], 1_772_366_400_000_u64);
    }

    #[test]
    fn a_line_without_traffic_names_its_interface() {
        let fields = [("interfaceId", "eni-1"), ("srcAddr", "-"), ("start", "x")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let members = classify_flow(&FlowRecord::new(fields)).members;
        assert_eq!(members["src_endpoint"], json!({"interface_uid": "eni-1"}));
        assert!(!members.contains_key("dst_endpoint") && !members.contains_key("start_time"));
        let members = classify_flow(&FlowRecord::default()).members;
        assert_eq!(members["src_endpoint"], json!({"name": "unknown"}));
    }
}
