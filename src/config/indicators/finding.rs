//! Findings of detection services as input: the access keys, principals, addresses, domains and
//! resources that a finding names, and the time in which it was seen.
//!
//! `GuardDuty` (API and `EventBridge` spelling), Security Hub (ASFF) and OCSF spell the same few facts
//! differently, so the members are recognised by their names wherever they stand. The addresses of
//! the affected resource itself (its private and public address) are not indicators; the remote ones
//! are.
//!
//! Sources: `GuardDuty` API, `Finding`; Security Hub user guide, "AWS Security Finding Format"; OCSF
//! schema 1.4, Detection Finding (class 2004).

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Listing;
use dragnet_model::{Indicator, IndicatorKind, recognize};

/// The maximum depth of a finding, because reading is recursive.
const DEEPEST: usize = 24;

/// Whether an object is a finding of one of the three formats.
pub(super) fn is_finding(members: &BTreeMap<String, &RawValue>) -> bool {
    let has = |name: &str| members.keys().any(|key| plain(key) == name);
    let is_guardduty = has("service") && has("resource") && has("type");
    let is_security_hub = has("schemaversion") && has("productarn");
    let is_ocsf = has("classuid") && (has("findinginfo") || has("observables") || has("actor"));
    is_guardduty || is_security_hub || is_ocsf
}

/// Reads a finding.
pub(super) fn read(finding: &Value, line: usize, listing: &mut Listing) {
    let mut walk = Walk { line, listing };
    walk.read(finding, &mut Vec::new());
}

struct Walk<'l> {
    line: usize,
    listing: &'l mut Listing,
}

impl Walk<'_> {
    /// Reads a value with the names of the members that lead to it.
    fn read(&mut self, value: &Value, path: &mut Vec<String>) {
        if path.len() > DEEPEST {
            return;
        }
        match value {
            Value::Object(members) => {
                self.read_principal(members);
                self.read_typed(members, path);
                for (name, value) in members {
                    path.push(plain(name));
                    self.read(value, path);
                    path.pop();
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.read(value, path)),
            Value::String(text) => self.read_text(text, path),
            Value::Number(number) => self.read_time(number.as_i64().and_then(from_epoch), path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn read_text(&mut self, text: &str, path: &[String]) {
        let Some((name, parents)) = path.split_last() else {
            return;
        };
        let is_below = |names: &[&str]| {
            parents
                .iter()
                .any(|parent| names.contains(&parent.as_str()))
        };
        self.read_time(text.parse().ok(), path);
        match name.as_str() {
            "accesskeyid" | "credentialuid" => self.add(IndicatorKind::AccessKey, text),
            "ipaddressv4" | "ipaddressv6" if is_below(&["remoteipdetails"]) => {
                self.add_address(text);
            }
            "sourceipv4" | "sourceipv6" | "destinationipv4" | "destinationipv6" => {
                self.add_address(text);
            }
            "ip" if is_below(&["srcendpoint", "dstendpoint", "remoteendpoint"]) => {
                self.add_address(text);
            }
            "domain" if is_below(&["dnsrequestaction", "domaindetails", "remoteendpoint"]) => {
                self.add(IndicatorKind::Domain, text);
            }
            "hostname" if is_below(&["query"]) => self.add(IndicatorKind::Domain, text),
            "arn" | "id" | "uid" | "roleuid" | "iaminstanceprofilearn" => self.add_resource(text),
            "instanceid" | "networkinterfaceid" => self.add(IndicatorKind::Resource, text),
            _ => {}
        }
    }

    /// A user or a role, by the name and the type that stand beside each other.
    fn read_principal(&mut self, members: &serde_json::Map<String, Value>) {
        let member = |names: &[&str]| {
            let found = members
                .iter()
                .find(|(name, _)| names.contains(&plain(name).as_str()));
            found.and_then(|(_, value)| value.as_str())
        };
        let kind = member(&["usertype", "principaltype"]);
        let name = member(&["username", "principalname"]);
        match (kind, name) {
            (Some("IAMUser"), Some(name)) => self.add(IndicatorKind::User, name),
            (Some("AssumedRole" | "Role"), Some(name)) => self.add(IndicatorKind::Role, name),
            _ => {}
        }
    }

    /// Indicators that a finding lists as such: `ThreatIntelIndicators` of Security Hub and
    /// `observables` of OCSF.
    fn read_typed(&mut self, members: &serde_json::Map<String, Value>, path: &[String]) {
        let is_list = path
            .last()
            .is_some_and(|name| matches!(name.as_str(), "threatintelindicators" | "observables"));
        let value = members
            .iter()
            .find(|(name, _)| plain(name) == "value")
            .and_then(|(_, value)| value.as_str());
        let found = value
            .filter(|_| is_list)
            .and_then(recognize)
            .unwrap_or_default();
        for indicator in found {
            match (
                indicator.kind(),
                value.and_then(|value| value.parse::<IpAddr>().ok()),
            ) {
                (IndicatorKind::Ip, Some(address)) if !is_public(address) => {}
                (IndicatorKind::Arn, _) => self.add_resource(&indicator.to_string()),
                _ => self.listing.add(self.line, Ok(indicator)),
            }
        }
    }

    fn read_time(&mut self, time: Option<Timestamp>, path: &[String]) {
        let (Some(time), Some(name)) = (time, path.last()) else {
            return;
        };
        let is_seen = matches!(
            name.as_str(),
            "eventfirstseen"
                | "eventlastseen"
                | "firstobservedat"
                | "lastobservedat"
                | "firstseentime"
                | "lastseentime"
                | "firstseentimedt"
                | "lastseentimedt"
        );
        if is_seen {
            self.listing.extend_window(time);
        }
    }

    fn add(&mut self, kind: IndicatorKind, text: &str) {
        if let Ok(indicator) = Indicator::parse_as(kind, text) {
            self.listing.add(self.line, Ok(indicator));
        }
    }

    fn add_address(&mut self, text: &str) {
        if text.parse().is_ok_and(is_public) {
            self.add(IndicatorKind::Ip, text);
        }
    }

    /// An ARN of what is affected, but not that of the finding, its detector or an account.
    fn add_resource(&mut self, text: &str) {
        if let Some((_, key)) = text
            .rsplit_once(':')
            .filter(|_| text.starts_with("AWS::IAM::AccessKey:"))
        {
            return self.add(IndicatorKind::AccessKey, key);
        }
        let service = text.split(':').nth(2).unwrap_or_default();
        let is_own = [
            "guardduty",
            "securityhub",
            "inspector2",
            "macie2",
            "organizations",
        ]
        .contains(&service);
        if text.starts_with("arn:") && !is_own && !text.ends_with(":root") {
            self.add(IndicatorKind::Arn, text);
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

/// OCSF writes times as milliseconds since the epoch.
fn from_epoch(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

/// The name of a member in lower case without underscores: `RemoteIpDetails`, `remoteIpDetails` and
/// `remote_ip_details` are the same.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, window};

    const GUARDDUTY: &str = r#"{"SchemaVersion": "2.0", "AccountId": "111111111111", "Region": "us-east-1", "Id": "abc",
      "Arn": "arn:aws:guardduty:us-east-1:111111111111:detector/1/finding/abc",
      "Type": "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
      "Resource": {"ResourceType": "AccessKey", "AccessKeyDetails": {"AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "PrincipalId": "AROAEXAMPLE:i-1", "UserType": "AssumedRole", "UserName": "WebServer"}},
      "Service": {"EventFirstSeen": "2026-03-01T10:00:00Z", "EventLastSeen": "2026-03-01T12:00:00.000Z",
        "Action": {"AwsApiCallAction": {"Api": "ListBuckets", "RemoteIpDetails": {"IpAddressV4": "198.51.100.23"}}}}}"#;

    #[test]
    fn findings_of_guardduty_are_read_in_every_envelope() {
        let expected = [
            "key:ASIAIOSFODNN7EXAMPLE",
            "role:WebServer",
            "ip:198.51.100.23",
        ];
        let sorted = |text: &str| {
            let mut found = read(text).unwrap();
            found.sort_unstable();
            found
        };
        let mut expected = expected.map(str::to_owned).to_vec();
        expected.sort_unstable();
        let event = format!(
            r#"{{"version": "0", "detail-type": "GuardDuty Finding", "source": "aws.guardduty", "detail": {GUARDDUTY}}}"#
        );
        let message = serde_json::to_string(&event).unwrap();
        let notification = format!(
            r#"{{"Type": "Notification", "MessageId": "1", "TopicArn": "t", "Message": {message}}}"#
        );
        for text in [
            GUARDDUTY,
            &format!("{{\"Findings\": [{GUARDDUTY}]}}"),
            &event,
            &notification,
        ] {
            assert_eq!(sorted(text), expected, "{text}");
            assert_eq!(
                window(text).unwrap(),
                (
                    "2026-03-01T10:00:00Z".to_owned(),
                    "2026-03-01T12:00:00Z".to_owned()
                )
            );
        }
    }

    #[test]
    fn ids_of_affected_resources_are_resources() {
        let finding = r#"{"SchemaVersion": "2.0", "Type": "Backdoor:EC2/C2", "Service": {},
          "Resource": {"ResourceType": "Instance", "InstanceDetails": {"InstanceId": "i-0abcdef1234567890",
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-0abcdef1234567890"}]}}}"#;
        let mut found = read(finding).unwrap();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "resource:eni-0abcdef1234567890",
                "resource:i-0abcdef1234567890"
            ]
        );
    }

    #[test]
    fn findings_of_security_hub_and_ocsf_are_read() {
        let asff = r#"{"SchemaVersion": "2018-10-08", "Id": "arn:aws:securityhub:us-east-1:111111111111:x/finding/1",
          "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty", "FirstObservedAt": "2026-03-01T10:00:00Z",
          "LastObservedAt": "2026-03-01T11:00:00Z", "Resources": [
            {"Type": "AwsIamAccessKey", "Id": "AWS::IAM::AccessKey:AKIAIOSFODNN7EXAMPLE",
             "Details": {"AwsIamAccessKey": {"PrincipalName": "alice", "PrincipalType": "IAMUser"}}},
            {"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::evidence"}],
          "ThreatIntelIndicators": [{"Type": "IPV4_ADDRESS", "Value": "198.51.100.23"}]}"#;
        let mut found = read(asff).unwrap();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "arn:arn:aws:s3:::evidence",
                "ip:198.51.100.23",
                "key:AKIAIOSFODNN7EXAMPLE",
                "user:alice"
            ]
        );
        let ocsf = r#"{"class_uid": 2004, "category_uid": 2, "metadata": {"version": "1.1.0"},
          "finding_info": {"uid": "1", "first_seen_time": 1772359200000, "last_seen_time_dt": "2026-03-01T11:00:00Z"},
          "observables": [{"name": "src_endpoint.ip", "type": "IP Address", "value": "198.51.100.23"},
            {"name": "x", "type": "IP Address", "value": "10.0.0.1"}],
          "resources": [{"uid": "arn:aws:iam::111111111111:role/Admin"}]}"#;
        let mut found = read(ocsf).unwrap();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "arn:arn:aws:iam::111111111111:role/Admin",
                "ip:198.51.100.23"
            ]
        );
        assert_eq!(window(ocsf).unwrap().0, "2026-03-01T10:00:00Z");
    }
}
