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

use super::json::Source;
use super::stix_pattern::{Comparison, Operator, comparisons};
use super::{ListBuilder, Malformed, vocabulary};

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    revoked: bool,
    pattern: Option<String>,
    pattern_type: Option<String>,
    value: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    user_id: Option<String>,
    account_login: Option<String>,
    /// In STIX 2.0, Observed Data contains its observables.
    #[serde(borrow, default)]
    objects: BTreeMap<String, &'a RawValue>,
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

pub(super) fn read(
    source: Source<'_>,
    json: &str,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    let object: Object<'_> = source.read(json)?;
    let line = source.line(json);
    if object.revoked {
        builder.leave_out("revoked indicator");
        return Ok(());
    }
    if object.kind == "indicator" {
        return read_indicator(&object, line, builder);
    }
    if LEFT_OUT.contains(&object.kind.as_str()) {
        builder.leave_out(object.kind);
        return Ok(());
    }
    let texts = [
        ("value", &object.value),
        ("user_id", &object.user_id),
        ("account_login", &object.account_login),
    ];
    let texts = texts
        .iter()
        .filter_map(|(name, text)| Some((vec![*name], text.as_ref()?)));
    let hashes = object
        .hashes
        .iter()
        .map(|(name, digest)| (vec!["hashes", name.as_str()], digest));
    for (path, value) in texts.chain(hashes) {
        read_value(&object.kind, &path, value, line, builder)?;
    }
    object
        .objects
        .values()
        .try_for_each(|observable| read(source, observable.get(), builder))
}

fn read_indicator(
    object: &Object<'_>,
    line: usize,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    match (object.pattern_type.as_deref(), &object.pattern) {
        (None | Some("stix"), Some(pattern)) => {
            let comparisons = comparisons(pattern).map_err(|problem| {
                (
                    Some(line),
                    format!("`{pattern}` is not a STIX pattern: {problem}"),
                )
            })?;
            comparisons
                .iter()
                .try_for_each(|comparison| read_comparison(comparison, line, builder))
        }
        (Some(language), Some(_)) => {
            builder.leave_out(format!("pattern in {language}"));
            Ok(())
        }
        (_, None) => Err((Some(line), "the indicator has no pattern".to_owned())),
    }
}

fn read_comparison(
    comparison: &Comparison,
    line: usize,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    let path: Vec<&str> = comparison.path.iter().map(String::as_str).collect();
    let has_values = matches!(
        comparison.operator,
        Operator::Equal | Operator::In | Operator::IsSubset
    );
    if comparison.negated || !has_values {
        builder.leave_out(format!("pattern with {}", comparison.operator_text()));
        return Ok(());
    }
    comparison
        .values
        .iter()
        .try_for_each(|value| read_value(&comparison.object, &path, value, line, builder))
}

fn read_value(
    object: &str,
    path: &[&str],
    value: &str,
    line: usize,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    if let Some(kind) = indicator_type(object, path) {
        return vocabulary::add(kind, value, line, builder);
    }
    builder.leave_out(format!("{object}:{}", path.join(".")));
    Ok(())
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
            let normalize = |name: &str| name.replace('-', "").to_ascii_uppercase();
            algorithms
                .iter()
                .any(|known| normalize(known) == normalize(algorithm))
                .then_some("hash")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{left_out, read};

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
    fn pattern_values_become_indicators() {
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
    fn errors_name_the_line() {
        let error = read(&indicator("[ipv4-addr:value = '192.0.2.999']")).unwrap_err();
        assert!(
            error.starts_with("file:2: `192.0.2.999` is not an indicator"),
            "{error}"
        );
        let error = read(&indicator("[ipv4-addr:value = ")).unwrap_err();
        assert!(
            error.starts_with("file:2: `[ipv4-addr:value = ` is not a STIX pattern"),
            "{error}"
        );
        assert!(
            read(&bundle(r#"{"type": "indicator"}"#))
                .unwrap_err()
                .contains("has no pattern")
        );
    }
}
