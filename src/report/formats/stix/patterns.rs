//! What a run searched for, as patterns of STIX indicators.
//!
//! The patterns are those that `dragnet sweep --indicators` reads. What STIX cannot express is in
//! another language, which `pattern_type` names.
//!
//! Source: STIX 2.1, section 9, "STIX Patterning"; section 10.19, "Pattern Type Vocabulary", which is
//! open.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::report::{HuntSummary, IndicatorSummary};
use dragnet_model::IndicatorKind;

/// A pattern, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SearchPattern {
    pub name: String,
    pub language: &'static str,
    pub pattern: String,
}

impl SearchPattern {
    /// Returns the pattern of an indicator.
    pub(super) fn from_indicator(indicator: &IndicatorSummary) -> Self {
        let kind = IndicatorKind::from_word(&indicator.kind);
        let value = match IndicatorKind::split_prefix(&indicator.value) {
            Some((prefix, value)) if Some(prefix) == kind => value,
            _ => indicator.value.as_str(),
        };
        let stix = kind.and_then(|kind| stix_pattern(kind, value));
        let name = indicator.value.clone();
        match stix {
            Some(pattern) => Self {
                name,
                language: "stix",
                pattern,
            },
            None => Self::in_own_notation(name, kind, value),
        }
    }

    /// Returns the pattern of something that no list has: its name.
    pub(super) fn from_name(name: &str) -> Self {
        Self::in_own_notation(name.to_owned(), None, name)
    }

    fn in_own_notation(name: String, kind: Option<IndicatorKind>, value: &str) -> Self {
        let pattern = match kind {
            // An ARN has no prefix.
            Some(kind) if kind != IndicatorKind::Arn => format!("{kind}:{value}"),
            _ => value.to_owned(),
        };
        Self {
            name,
            language: "dragnet",
            pattern,
        }
    }

    /// Returns the query of a hunt.
    pub(super) fn from_hunt(hunt: &HuntSummary) -> Self {
        let query = hunt.query.trim();
        Self {
            name: hunt.name.clone(),
            language: "cloudwatch-logs-insights",
            pattern: if query.is_empty() {
                hunt.name.clone()
            } else {
                query.to_owned()
            },
        }
    }
}

/// Returns the pattern of a value, if the kind has an object in STIX.
fn stix_pattern(kind: IndicatorKind, value: &str) -> Option<String> {
    let path = match kind {
        IndicatorKind::Ip => {
            let address: IpAddr = value.parse().ok()?;
            return Some(comparison(address_path(address), "=", &address.to_string()));
        }
        IndicatorKind::Cidr => {
            let network: IpNet = value.parse().ok()?;
            let path = address_path(network.addr());
            return Some(comparison(path, "ISSUBSET", &network.to_string()));
        }
        IndicatorKind::AccessKey | IndicatorKind::Arn | IndicatorKind::Account => {
            "user-account:user_id"
        }
        IndicatorKind::User | IndicatorKind::Role => "user-account:account_login",
        IndicatorKind::Domain => "domain-name:value",
        IndicatorKind::UserAgent => {
            "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
        }
        IndicatorKind::Hash => match value.len() {
            32 => "file:hashes.MD5",
            40 => "file:hashes.'SHA-1'",
            64 => "file:hashes.'SHA-256'",
            128 => "file:hashes.'SHA-512'",
            _ => return None,
        },
        IndicatorKind::EventName
        | IndicatorKind::Resource
        | IndicatorKind::Text
        | IndicatorKind::Regex => return None,
    };
    Some(comparison(path, "=", value))
}

fn address_path(address: IpAddr) -> &'static str {
    if address.is_ipv4() {
        "ipv4-addr:value"
    } else {
        "ipv6-addr:value"
    }
}

/// Source: STIX 2.1, section 9.2, "Constants": a backslash and an apostrophe are escaped.
fn comparison(path: &str, operator: &str, value: &str) -> String {
    let literal = value.replace('\\', "\\\\").replace('\'', "\\'");
    format!("[{path} {operator} '{literal}']")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(kind: &str, value: &str) -> (String, &'static str) {
        let indicator = IndicatorSummary {
            value: value.to_owned(),
            kind: kind.to_owned(),
            sightings: 1,
            first_seen: None,
            last_seen: None,
        };
        let pattern = SearchPattern::from_indicator(&indicator);
        (pattern.pattern, pattern.language)
    }

    #[test]
    fn kinds_with_an_object_are_stix_patterns() {
        for (kind, value, expected) in [
            ("ip", "192.0.2.1", "[ipv4-addr:value = '192.0.2.1']"),
            ("ip", "ip:2001:db8::1", "[ipv6-addr:value = '2001:db8::1']"),
            (
                "cidr",
                "192.0.2.0/24",
                "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
            ),
            (
                "agent",
                "it's \\",
                "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'it\\'s \\\\']",
            ),
            ("user", "alice", "[user-account:account_login = 'alice']"),
            (
                "hash",
                "d41d8cd98f00b204e9800998ecf8427e",
                "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
            ),
        ] {
            assert_eq!(
                pattern(kind, value),
                (expected.to_owned(), "stix"),
                "{value}"
            );
        }
    }

    #[test]
    fn other_kinds_are_in_the_notation_of_dragnet() {
        for (kind, value, expected) in [
            ("regex", "a.*", "regex:a.*"),
            ("event", "ConsoleLogin", "event:ConsoleLogin"),
            ("", "x", "x"),
            ("ip", "nonsense", "ip:nonsense"),
        ] {
            assert_eq!(
                pattern(kind, value),
                (expected.to_owned(), "dragnet"),
                "{value}"
            );
        }
    }
}
