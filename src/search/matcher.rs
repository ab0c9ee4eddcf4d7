//! The exact match: what decides whether an event is a sighting, and names the fields.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use ipnet::IpNet;

use super::boundary::{Edges, addresses};
use super::leaves::for_each_leaf;
use crate::model::{Indicator, IndicatorKind};

/// The field of a match in an event that is not JSON.
const WHOLE_MESSAGE: &str = "message";

/// Fields that are named of one event, and the length of a name that is shown whole. An event of 1 MB can
/// have 100,000 fields, or one name that stands before all of them: named in full they would be gigabytes.
const MOST_FIELDS: usize = 64;
const LONGEST_FIELD: usize = 512;

/// Finds a set of indicators in messages. Made once a sweep, shared by all that search.
#[derive(Debug)]
pub struct Matcher {
    names: Vec<String>,
    literals: Vec<Literal>,
    finder: AhoCorasick,
    networks: Vec<Network>,
}

#[derive(Debug)]
struct Literal {
    indicator: usize,
    edges: Edges,
}

/// Addresses that may be spelled in more than one way.
#[derive(Debug)]
struct Network {
    indicator: usize,
    network: IpNet,
}

/// What was found in one event; both lists are sorted and hold nothing twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// The indicators, as they were given.
    pub indicators: Vec<String>,
    /// The fields, e.g. `sourceIPAddress`, `resources.0.ARN`, or `message` for plain text.
    pub fields: Vec<String>,
}

/// The indicators are too many or too long to be searched for.
#[derive(Debug, thiserror::Error)]
#[error("the indicators cannot be searched for together")]
pub struct MatcherError(#[from] aho_corasick::BuildError);

impl Matcher {
    /// A matcher for these indicators.
    ///
    /// # Errors
    /// They are more than an automaton can hold.
    pub fn new(indicators: &[Indicator]) -> Result<Self, MatcherError> {
        let mut texts = Vec::new();
        let mut literals = Vec::new();
        let mut networks = Vec::new();
        for (indicator, given) in indicators.iter().enumerate() {
            let mut literal = |text: &str, edges| {
                texts.push(text.to_owned());
                literals.push(Literal { indicator, edges });
            };
            match given.kind() {
                IndicatorKind::Ip(address) if address.is_ipv4() => literal(&address.to_string(), Edges::Ipv4),
                IndicatorKind::Ip(address) => networks.push(Network { indicator, network: (*address).into() }),
                IndicatorKind::Cidr(network) => networks.push(Network { indicator, network: *network }),
                IndicatorKind::AccessKey(text) | IndicatorKind::Text(text) => literal(text, Edges::Word),
                IndicatorKind::Arn(arn) if matches!(arn.service(), "iam" | "sts") => {
                    literal(arn.as_str(), Edges::Principal);
                }
                IndicatorKind::Arn(arn) => literal(arn.as_str(), Edges::Word),
            }
        }
        let finder = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&texts)?;
        let names = indicators.iter().map(Indicator::to_string).collect();
        Ok(Self { names, literals, finder, networks })
    }

    /// What of the indicators is in a message, or `None`.
    ///
    /// A JSON document is read field by field, so that an escaped spelling is found and the field is
    /// named; anything else is searched as the text that it is.
    pub fn find(&self, message: &str) -> Option<Hits> {
        // Without a backslash nothing is escaped, and the raw text holds whatever a field holds.
        let escaped = memchr::memchr(b'\\', message.as_bytes()).is_some();
        if !escaped && !self.is_in(message) {
            return None;
        }
        let mut found = Found::default();
        let is_json = for_each_leaf(message, &mut |path, text| self.look(text, path, &mut found));
        if !is_json {
            found = Found::default();
            self.look(message, WHOLE_MESSAGE, &mut found);
        }
        found.hits(&self.names)
    }

    fn is_in(&self, text: &str) -> bool {
        self.finder.is_match(text)
            || (!self.networks.is_empty() && addresses(text).any(|a| self.networks_of(a).next().is_some()))
    }

    fn look(&self, text: &str, field: &str, found: &mut Found) {
        for hit in self.finder.find_overlapping_iter(text) {
            if let Some(literal) = self.literals.get(hit.pattern().as_usize())
                && literal.edges.are_free(text, hit.start(), hit.len())
            {
                found.add(literal.indicator, field);
            }
        }
        if !self.networks.is_empty() {
            for address in addresses(text) {
                self.networks_of(address).for_each(|indicator| found.add(indicator, field));
            }
        }
    }

    fn networks_of(&self, address: std::net::IpAddr) -> impl Iterator<Item = usize> {
        self.networks.iter().filter(move |network| network.network.contains(&address)).map(|network| network.indicator)
    }
}

#[derive(Default)]
struct Found {
    indicators: BTreeSet<usize>,
    fields: BTreeSet<String>,
}

impl Found {
    fn add(&mut self, indicator: usize, field: &str) {
        self.indicators.insert(indicator);
        if self.fields.len() < MOST_FIELDS {
            let shown = field.get(..field.floor_char_boundary(LONGEST_FIELD)).unwrap_or(field);
            if !self.fields.contains(shown) {
                self.fields.insert(shown.to_owned());
            }
        }
    }

    fn hits(self, names: &[String]) -> Option<Hits> {
        if self.indicators.is_empty() {
            return None;
        }
        let mut indicators: Vec<String> = self.indicators.into_iter().filter_map(|at| names.get(at).cloned()).collect();
        indicators.sort();
        Some(Hits { indicators, fields: self.fields.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(indicator: &str, message: &str) -> Option<Vec<String>> {
        Matcher::new(&[indicator.parse().unwrap()]).unwrap().find(message).map(|hits| hits.fields)
    }

    #[test]
    fn the_field_is_named() {
        let record = r#"{"sourceIPAddress":"192.0.2.1","resources":[{"ip":"192.0.2.10"},{"ip":"at 192.0.2.1:22"}]}"#;
        assert_eq!(find("192.0.2.1", record).unwrap(), ["resources.1.ip", "sourceIPAddress"]);
        assert_eq!(find("192.0.2.1", "2 111111111111 eni-1 192.0.2.1 10.0.0.1 443").unwrap(), ["message"]);
    }

    #[test]
    fn near_misses_are_none() {
        for message in ["192.0.2.10", "1192.0.2.1", "{\"a\":\"192.0.2.10\"}", "{\"a\":\"1192.0.2.1\"}", ""] {
            assert_eq!(find("192.0.2.1", message), None, "{message}");
        }
        assert_eq!(find("AKIAIOSFODNN7EXAMPLE", "xAKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(find("arn:aws:iam::111111111111:user/ben", "arn:aws:iam::111111111111:user/benjamin"), None);
    }

    #[test]
    fn escapes_hide_nothing() {
        let arn = "arn:aws:iam::111111111111:user/ben";
        assert_eq!(find(arn, r#"{"a":"arn:aws:iam::111111111111:user\/ben"}"#).unwrap(), ["a"]);
        assert_eq!(find(arn, r#"{"a":"arn:aws:iam::111111111111:user\u002fben"}"#).unwrap(), ["a"]);
        assert_eq!(find("192.0.2.1", r#"{"a":"{\"b\":\"192.0.2.1\"}"}"#).unwrap(), ["a"]);
        assert_eq!(find("192.0.2.1", r#"{"a":"\u00311192.0.2.1"}"#), None, "the spelled-out digit counts");
    }

    #[test]
    fn broken_json_is_searched_as_text() {
        assert_eq!(find("192.0.2.1", r#"{"a":"192.0.2.1"#).unwrap(), ["message"]);
        let deep = format!("{}\"192.0.2.1\"{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(find("192.0.2.1", &deep).unwrap(), ["message"]);
    }

    #[test]
    fn fields_without_end_are_not_all_named() {
        let many: Vec<String> = (0..1_000).map(|n| format!("\"{n}\":\"192.0.2.1\"")).collect();
        assert_eq!(find("192.0.2.1", &format!("{{{}}}", many.join(","))).unwrap().len(), MOST_FIELDS);
        let long = format!("{{\"{}\":{{\"a\":\"192.0.2.1\"}}}}", "é".repeat(10_000));
        assert_eq!(find("192.0.2.1", &long).unwrap(), ["é".repeat(LONGEST_FIELD / 2)]);
    }

    #[test]
    fn keys_of_objects_are_text_too() {
        let record = r#"{"byArn":{"arn:aws:iam::111111111111:user/ben":1}}"#;
        assert_eq!(
            find("arn:aws:iam::111111111111:user/ben", record).unwrap(),
            ["byArn.arn:aws:iam::111111111111:user/ben"]
        );
    }

    #[test]
    fn addresses_match_in_any_spelling() {
        assert!(find("2001:db8::1", r#"{"a":"2001:0DB8:0:0:0:0:0:1"}"#).is_some());
        assert!(find("192.0.2.1", r#"{"a":"::ffff:192.0.2.1"}"#).is_some());
        assert!(find("192.0.2.0/24", "from 192.0.2.77 to 10.0.0.1").is_some());
        assert!(find("192.0.2.0/24", "from 192.0.3.77 to 10.0.0.1").is_none());
    }

    #[test]
    fn several_indicators_are_told_apart() {
        let all = ["192.0.2.1", "192.0.2.0/24", "evil.example"].map(|text| text.parse().unwrap());
        let hits = Matcher::new(&all).unwrap().find("192.0.2.1 asked www.evil.example").unwrap();
        assert_eq!(hits.indicators, ["192.0.2.0/24", "192.0.2.1", "evil.example"]);
    }
}
