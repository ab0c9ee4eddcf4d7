//! Indicator lists in JSON: recognises the format of each document by its members.
//!
//! | format | recognised by |
//! | --- | --- |
//! | STIX 2.x bundle, TAXII envelope, list of objects | `objects`, or `type` and an id such as `indicator--…` |
//! | MISP event, feed, search result | `Event`, `response`, `Attribute`, `Object` |
//! | OTX pulse | `indicators` of `indicator` and `type` |
//! | findings of `GuardDuty`, Security Hub and OCSF | see [`finding`](super::finding) |
//! | envelopes of `EventBridge` and SNS | `detail`, `Message` |
//! | other exports | members with the titles of CSV columns |
//!
//! A file may contain several documents, one after the other.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::json_source::JsonSource;
use super::{Listing, Malformed, finding, line, misp, stix, table, vocabulary};

/// The maximum depth of envelopes and lists, because reading is recursive.
const DEEPEST: usize = 16;

pub(super) fn read(text: &str, listing: &mut Listing) -> Result<(), Malformed> {
    let source = JsonSource::starting_on(1, text);
    let documents = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    for document in documents {
        let document =
            document.map_err(|error| (Some(error.line()), format!("it is not JSON: {error}")))?;
        Reader { source, listing }.read(document.get(), DEEPEST)?;
    }
    Ok(())
}

/// The members of an object. Their values are slices of the file, which have a line.
type Members<'a> = BTreeMap<String, &'a RawValue>;

struct Reader<'s, 'l> {
    source: JsonSource<'s>,
    listing: &'l mut Listing,
}

impl Reader<'_, '_> {
    fn read(&mut self, json: &str, depth: usize) -> Result<(), Malformed> {
        let line = self.source.line(json);
        let Some(depth) = depth.checked_sub(1) else {
            return Err((Some(line), "it is nested too deeply".to_owned()));
        };
        match json.trim_start().chars().next() {
            Some('[') => {
                let all: Vec<&RawValue> = self.source.read(json)?;
                all.iter().try_for_each(|one| self.read(one.get(), depth))
            }
            Some('{') => {
                let members: Members<'_> = self.source.read(json)?;
                self.read_object(json, &members, depth)
            }
            Some('"') => {
                let text: String = self.source.read(json)?;
                line::read_line(&text, line, self.listing);
                Ok(())
            }
            _ => {
                self.listing.reject(
                    line,
                    json.trim(),
                    "it is neither a text nor an object".to_owned(),
                );
                Ok(())
            }
        }
    }

    fn read_object(
        &mut self,
        json: &str,
        members: &Members<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        if let Some(message) = sns_message(members) {
            let source = JsonSource::starting_on(self.source.line(json), &message);
            let listing = &mut *self.listing;
            return Reader { source, listing }.read(&message, depth);
        }
        let list = |names: &[&str]| names.iter().find_map(|name| members.get(*name));
        if let Some(detail) = list(&["detail"]).filter(|_| members.contains_key("detail-type")) {
            return self.read(detail.get(), depth);
        }
        if finding::is_finding(members) {
            let value: Value = self.source.read(json)?;
            finding::read(&value, self.source.line(json), self.listing);
            return Ok(());
        }
        if is_stix_object(members) {
            return stix::read(self.source, json, self.listing);
        }
        if misp::is_event(members) {
            return misp::read_event(self.source, json, self.listing);
        }
        let envelope = [
            "Event",
            "response",
            "objects",
            "Findings",
            "findings",
            "indicators",
            "results",
        ];
        if let Some(content) = list(&envelope).filter(|content| is_container(content)) {
            return self.read(content.get(), depth);
        }
        self.read_other(json, members, depth)
    }

    /// Reads an object of an unknown format by the titles of its members.
    fn read_other(
        &mut self,
        json: &str,
        members: &Members<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        let texts: BTreeMap<&str, String> = members
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str(), serde_json::from_str(value.get()).ok()?))
            })
            .collect();
        let kind = texts
            .iter()
            .find(|(name, _)| table::is_kind_title(name))
            .map_or("", |(_, kind)| kind.as_str());
        let values: Vec<&String> = texts
            .iter()
            .filter(|(name, _)| table::is_value_title(name))
            .map(|(_, value)| value)
            .collect();
        let number = self.source.line(json);
        for value in &values {
            if kind.contains('|') || vocabulary::is_known(kind) {
                misp::add_composite(kind, value, number, self.listing);
            } else {
                line::read_line(value, number, self.listing);
            }
        }
        let nested: Vec<&&RawValue> = members
            .values()
            .filter(|value| is_container(value))
            .collect();
        if values.is_empty() && nested.is_empty() {
            let known = "STIX, MISP, OTX, or a finding of GuardDuty, Security Hub or OCSF";
            self.listing
                .reject(number, &shorten(json), format!("expected {known}"));
        }
        if values.is_empty() {
            nested
                .iter()
                .try_for_each(|value| self.read(value.get(), depth))?;
        }
        Ok(())
    }
}

fn shorten(json: &str) -> String {
    json.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(40)
        .collect()
}

fn is_container(value: &RawValue) -> bool {
    value.get().trim_start().starts_with(['[', '{'])
}

fn text_of(members: &Members<'_>, name: &str) -> Option<String> {
    serde_json::from_str(members.get(name)?.get()).ok()
}

/// The message of an SNS notification, which is JSON in a text.
fn sns_message(members: &Members<'_>) -> Option<String> {
    let is_notification = members.contains_key("TopicArn") || members.contains_key("MessageId");
    text_of(members, "Message")
        .filter(|message| is_notification && message.trim_start().starts_with(['{', '[']))
}

/// STIX ids are the type, two hyphens and a UUID; observables of STIX 2.0 have no id.
fn is_stix_object(members: &Members<'_>) -> bool {
    let Some(kind) = text_of(members, "type") else {
        return false;
    };
    let has_id = text_of(members, "id").is_some_and(|id| id.starts_with(&format!("{kind}--")));
    let has_version = members.contains_key("spec_version") && kind != "bundle";
    let is_pattern = kind == "indicator"
        && (members.contains_key("pattern") || !members.contains_key("indicator"));
    kind != "bundle" && (has_id || has_version || is_pattern || stix::is_observable(&kind))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, rejected};

    #[test]
    fn envelopes_of_stix_are_read() {
        let pattern = r#"{"type": "indicator", "id": "indicator--1", "pattern": "[ipv4-addr:value = '192.0.2.1']"}"#;
        let expected = ["ip:192.0.2.1"];
        assert_eq!(read(pattern).unwrap(), expected);
        assert_eq!(read(&format!("[{pattern}]")).unwrap(), expected);
        assert_eq!(
            read(&format!("{{\"more\": false, \"objects\": [{pattern}]}}")).unwrap(),
            expected
        );
        let two = format!("{pattern}\n{}", pattern.replace("192.0.2.1", "192.0.2.2"));
        assert_eq!(read(&two).unwrap(), ["ip:192.0.2.1", "ip:192.0.2.2"]);
    }

    #[test]
    fn exports_of_other_tools_are_read_by_their_members() {
        for (text, expected) in [
            (
                r#"{"results": [{"name": "p", "indicators": [{"id": 1, "indicator": "192.0.2.1", "type": "IPv4"}]}]}"#,
                &["ip:192.0.2.1"][..],
            ),
            (
                r#"{"query_status": "ok", "data": [{"ioc": "192.0.2.1:443", "ioc_type": "ip:port", "reference": "https://x.example/"}]}"#,
                &["ip:192.0.2.1"],
            ),
            (
                r#"["192.0.2.1", "evil[.]example"]"#,
                &["ip:192.0.2.1", "domain:evil.example"],
            ),
            (
                r#"{"ips": ["192.0.2.1"], "domains": ["evil.example"]}"#,
                &["domain:evil.example", "ip:192.0.2.1"],
            ),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn other_json_is_reported() {
        assert_eq!(
            rejected("[\"192.0.2.1\",\n{\"a\": 1}, 5]"),
            ["2 {\"a\": 1}", "2 5"]
        );
        assert!(
            read("{\"type\":")
                .unwrap_err()
                .starts_with("file:1: it is not JSON")
        );
        assert!(read(&format!("{}{}", "[".repeat(90), "]".repeat(90))).is_err());
    }
}
