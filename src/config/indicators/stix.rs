//! STIX 2.1 bundles: the patterns of indicators, and observables.
//!
//! Each value of a pattern is searched for separately: an analyst wants to see a sighting of one
//! value even if the pattern requires two of them together. Objects that only describe context
//! (campaigns, relationships) contain no values.
//!
//! Source: STIX 2.1, sections 4.7 (Indicator), 4.14 (Observed Data) and 6 (Cyber-observable
//! Objects).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json_source::JsonSource;
use super::stix_pattern::{Comparison, Operator, comparisons};
use super::{Listing, Malformed, line, vocabulary};

/// The members of an object that matter. Custom objects may have members of these names with other
/// types, which are not errors: STIX 2.1, section 11.
struct Object<'a> {
    kind: String,
    members: BTreeMap<String, &'a RawValue>,
}

impl<'a> Object<'a> {
    fn parse(source: JsonSource<'_>, json: &'a str) -> Result<Self, Malformed> {
        let members: BTreeMap<String, &RawValue> = source.read(json)?;
        let mut object = Self {
            kind: String::new(),
            members,
        };
        object.kind = object.member("type").unwrap_or_default();
        Ok(object)
    }

    fn member<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.members.get(name)?.get()).ok()
    }
}

/// Observables that Dragnet cannot search for.
const LEFT_OUT: [&str; 9] = [
    "autonomous-system",
    "directory",
    "email-message",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "windows-registry-key",
];

/// Observables that Dragnet can search for.
const OBSERVABLES: [&str; 9] = [
    "artifact",
    "domain-name",
    "email-addr",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "url",
    "user-account",
    "x509-certificate",
];

/// Whether a type is that of an observable. In STIX 2.0 they have no ids.
pub(super) fn is_observable(kind: &str) -> bool {
    OBSERVABLES.contains(&kind) || LEFT_OUT.contains(&kind)
}

pub(super) fn read(
    source: JsonSource<'_>,
    json: &str,
    listing: &mut Listing,
) -> Result<(), Malformed> {
    let object = Object::parse(source, json)?;
    let line = source.line(json);
    if object.member("revoked") == Some(true) {
        listing.leave_out("revoked indicator");
        return Ok(());
    }
    if object.kind == "indicator" {
        read_indicator(&object, line, listing);
        return Ok(());
    }
    if LEFT_OUT.contains(&object.kind.as_str()) {
        listing.leave_out(object.kind);
        return Ok(());
    }
    for name in ["value", "user_id", "account_login"] {
        if let Some(value) = object.member::<String>(name) {
            read_value(&object.kind, &[name], &value, line, listing);
        }
    }
    let hashes: BTreeMap<String, String> = object.member("hashes").unwrap_or_default();
    for (name, digest) in hashes {
        read_value(&object.kind, &["hashes", &name], &digest, line, listing);
    }
    // In STIX 2.0, Observed Data contains its observables.
    if object.kind == "observed-data" {
        let observables: BTreeMap<String, &RawValue> = object.member("objects").unwrap_or_default();
        for observable in observables.values() {
            read(source, observable.get(), listing)?;
        }
    }
    Ok(())
}

fn read_indicator(object: &Object<'_>, line: usize, listing: &mut Listing) {
    let language: Option<String> = object.member("pattern_type");
    let Some(pattern) = object.member::<String>("pattern") else {
        listing.reject(line, "indicator", "it has no pattern".to_owned());
        return;
    };
    if let Some(language) = language.filter(|language| language != "stix") {
        listing.leave_out(format!("pattern in {language}"));
        return;
    }
    match comparisons(&pattern) {
        Ok(comparisons) => {
            for comparison in &comparisons {
                read_comparison(comparison, line, listing);
            }
        }
        Err(problem) => listing.reject(
            line,
            &pattern,
            format!("it is not a STIX pattern: {problem}"),
        ),
    }
}

fn read_comparison(comparison: &Comparison, line: usize, listing: &mut Listing) {
    let path: Vec<&str> = comparison.path.iter().map(String::as_str).collect();
    let names_values = matches!(
        comparison.operator,
        Operator::Equal | Operator::In | Operator::IsSubset
    );
    if comparison.negated || !names_values {
        listing.leave_out(format!("pattern with {}", comparison.operator_text()));
        return;
    }
    for value in &comparison.values {
        read_value(&comparison.object, &path, value, line, listing);
    }
}

fn read_value(object: &str, path: &[&str], value: &str, line: usize, listing: &mut Listing) {
    match indicator_type(object, path) {
        Some("") => line::read_line(value, line, listing),
        Some(word) => vocabulary::add(word, value, line, listing),
        None => listing.leave_out(format!("{object}:{}", path.join("."))),
    }
}

/// Returns the indicator type of an object's property, as indicator lists name it. An empty type
/// means that the type is detected from the value.
fn indicator_type(object: &str, path: &[&str]) -> Option<&'static str> {
    match (object, path) {
        ("ipv4-addr" | "ipv6-addr", ["value"]) => Some("ip"),
        ("domain-name", ["value"]) => Some("domain"),
        ("url", ["value"]) => Some("url"),
        ("email-addr", ["value"]) | ("email-message", ["from_ref" | "sender_ref", "value"]) => {
            Some("email")
        }
        ("network-traffic", ["src_ref" | "dst_ref", "value"]) => Some(""),
        (
            "network-traffic",
            [
                "extensions",
                "http-request-ext",
                "request_header",
                "User-Agent",
            ],
        ) => Some("user-agent"),
        ("user-account", ["user_id" | "account_login"]) => Some("text"),
        ("file", ["name"]) => Some("filename"),
        ("file" | "artifact" | "x509-certificate", ["hashes", algorithm]) => {
            let algorithms = ["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"];
            let plain = |name: &str| name.replace('-', "").to_ascii_uppercase();
            algorithms
                .iter()
                .any(|known| plain(known) == plain(algorithm))
                .then_some("hash")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{left_out, read, rejected};

    fn bundle(objects: &str) -> String {
        format!("{{\"type\": \"bundle\", \"id\": \"bundle--1\", \"objects\": [\n{objects}\n]}}")
    }

    fn indicator(pattern: &str) -> String {
        let pattern = serde_json::to_string(pattern).unwrap();
        bundle(&format!(
            r#"{{"type": "indicator", "pattern_type": "stix", "pattern": {pattern}}}"#
        ))
    }

    #[test]
    fn patterns_name_what_is_looked_for() {
        for (pattern, expected) in [
            ("[ipv4-addr:value = '192.0.2.1']", &["ip:192.0.2.1"][..]),
            (
                "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
                &["cidr:192.0.2.0/24"],
            ),
            (
                "[domain-name:value IN ('a.example', 'b.example')]",
                &["domain:a.example", "domain:b.example"],
            ),
            (
                "([network-traffic:dst_ref.value = '192.0.2.1'] FOLLOWEDBY [url:value = 'https://a/b']) WITHIN 5 SECONDS",
                &["ip:192.0.2.1", "text:https://a/b"],
            ),
            (
                "[file:hashes.'SHA-1' = 'da39a3ee5e6b4b0d3255bfef95601890afd80709' AND file:name = 'a.exe']",
                &[
                    "hash:da39a3ee5e6b4b0d3255bfef95601890afd80709",
                    "text:a.exe",
                ],
            ),
            (
                "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'it\\'s']",
                &["agent:it's"],
            ),
        ] {
            assert_eq!(read(&indicator(pattern)).unwrap(), expected, "{pattern}");
        }
    }

    #[test]
    fn observables_are_read() {
        let objects = r#"{"type": "identity", "name": "somebody"},
            {"type": "ipv4-addr", "value": "192.0.2.0/24"}, {"type": "ipv6-addr", "value": "2001:db8::1"},
            {"type": "file", "hashes": {"MD5": "d41d8cd98f00b204e9800998ecf8427e", "SSDEEP": "3:a"}},
            {"type": "mutex", "name": "x"}, {"type": "indicator", "pattern_type": "yara", "pattern": "rule a {}"},
            {"type": "indicator", "revoked": true, "pattern": "[ipv4-addr:value = '10.0.0.1']"},
            {"type": "observed-data", "objects": {"0": {"type": "domain-name", "value": "evil.example"}}}"#;
        let expected = [
            "cidr:192.0.2.0/24",
            "ip:2001:db8::1",
            "hash:d41d8cd98f00b204e9800998ecf8427e",
            "domain:evil.example",
        ];
        assert_eq!(read(&bundle(objects)).unwrap(), expected);
        let left = [
            "1 x file:hashes.SSDEEP",
            "1 x mutex",
            "1 x pattern in yara",
            "1 x revoked indicator",
        ];
        assert_eq!(left_out(&bundle(objects)), left);
    }

    #[test]
    fn unsupported_comparisons_are_counted() {
        let text = indicator(
            "[ipv4-addr:value = '192.0.2.1' AND (domain-name:value LIKE 'a%' OR file:size > 3)]",
        );
        assert_eq!(
            left_out(&text),
            ["1 x pattern with >", "1 x pattern with LIKE"]
        );
        assert_eq!(
            left_out(
                &text
                    .replace("value = ", "value NOT = ")
                    .replace("file:size > 3", "url:value = 'a'")
            ),
            ["1 x pattern with LIKE", "1 x pattern with NOT ="]
        );
    }

    #[test]
    fn entries_that_are_not_understood_are_reported() {
        let valid = r#"{"type": "ipv4-addr", "value": "192.0.2.1"},"#;
        for (object, expected) in [
            (
                r#"{"type": "ipv4-addr", "value": "192.0.2.999"}"#,
                "3 192.0.2.999",
            ),
            (
                r#"{"type": "indicator", "pattern": "[ipv4-addr:value = "}"#,
                "3 [ipv4-addr:value = ",
            ),
            (r#"{"type": "indicator"}"#, "3 indicator"),
        ] {
            let text = bundle(&format!("{valid}\n{object}"));
            assert_eq!(rejected(&text), [expected], "{text}");
        }
    }

    #[test]
    fn custom_objects_do_not_matter() {
        let custom = r#"{"type": "x-score", "id": "x-score--1", "value": 5, "objects": [], "hashes": "x", "pattern": {}},
            {"type": "domain-name", "value": "192.0.2.1"}"#;
        assert_eq!(read(&bundle(custom)).unwrap(), ["ip:192.0.2.1"]);
        let key = indicator("[file:hashes['MD5'] = 'd41d8cd98f00b204e9800998ecf8427e']");
        assert_eq!(
            read(&key).unwrap(),
            ["hash:d41d8cd98f00b204e9800998ecf8427e"]
        );
    }
}
