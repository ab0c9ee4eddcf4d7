//! The exact match. It decides whether an event is a sighting, and names the fields.
//!
//! A message is searched in up to three steps, cheapest first. The prefilter finds candidate
//! offsets in the raw message. The escape check asks whether an escape could hide an indicator.
//! The exact match then compares only the fields that contain a candidate. Decision record 0011
//! explains the steps.

use regex::{RegexSet, RegexSetBuilder};

use super::addresses::AddressSet;
use super::candidate_offsets::CandidateOffsets;
use super::document::Document;
use super::escape_aliases::{EscapeAliases, each_spelling};
use super::json_tape::JsonTape;
use super::json_visitor::{visit_json_values, visit_json_values_in_text};
use super::literal_prefilter::LiteralPrefilter;
use super::literals::Literals;
use super::match_set::{MatchSet, Matches};
use dragnet_model::{Indicator, IndicatorValue, indicator_names};
use insights_ql::FlowLogFormat;

/// The field that is reported for an event without fields.
const WHOLE_MESSAGE: &str = "message";

/// The maximum size, in bytes, of all compiled regular expressions together.
const LARGEST_REGEXES: usize = 1 << 28;

/// Finds a set of indicators in messages. Built once per sweep and shared by all scans.
#[derive(Debug)]
pub struct Matcher {
    names: Vec<String>,
    literals: Literals,
    addresses: AddressSet,
    regexes: RegexSet,
    /// The indicator of each regular expression, in the order of `regexes`.
    regex_indicators: Vec<usize>,
    /// The escape sequences that can hide a literal or an address from the prefilter.
    escape_aliases: EscapeAliases,
    /// `None` if the indicators allow no literal prefilter. The automata of the literals and the
    /// address scanner find the candidates then.
    prefilter: Option<LiteralPrefilter>,
}

/// The indicators are too many or too large to be compiled into one matcher.
#[derive(Debug, thiserror::Error)]
pub enum MatcherError {
    /// The automaton of the literals cannot be built.
    #[error(
        "cannot compile the indicators into one matcher; search for fewer indicators at a time"
    )]
    Literals(#[from] aho_corasick::BuildError),
    /// The set of regular expressions cannot be built.
    #[error("cannot compile the regular expressions into one set; use fewer or simpler ones")]
    Regexes(#[from] regex::Error),
}

impl Matcher {
    /// Builds the matcher for these indicators.
    ///
    /// # Errors
    /// The automaton of the literals or the set of regular expressions would be too large.
    pub fn new(indicators: &[Indicator]) -> Result<Self, MatcherError> {
        let mut addresses = AddressSet::default();
        let mut regexes = Vec::new();
        let mut regex_indicators = Vec::new();
        for (number, indicator) in indicators.iter().enumerate() {
            match indicator.value() {
                IndicatorValue::Ip(address) => addresses.insert((*address).into(), number),
                IndicatorValue::Cidr(network) => addresses.insert(*network, number),
                IndicatorValue::Regex(regex) => {
                    regexes.push(regex);
                    regex_indicators.push(number);
                }
                _ => {}
            }
        }
        let literals = Literals::new(indicators)?;
        let mut escape_aliases =
            EscapeAliases::new(literals.texts().chain([addresses.escapable_bytes()]));
        let prefilter = LiteralPrefilter::new(indicators);
        if prefilter.is_none() {
            // The automata and the address scanner, which find the candidates instead, compare the
            // ends of values.
            escape_aliases = escape_aliases.with_all_that_touch();
        }
        Ok(Self {
            names: indicator_names(indicators),
            literals,
            addresses,
            escape_aliases,
            prefilter,
            regexes: RegexSetBuilder::new(regexes)
                .size_limit(LARGEST_REGEXES)
                .build()?,
            regex_indicators,
        })
    }

    /// Returns the indicators that a message contains and the fields that contain them, or `None`.
    ///
    /// The fields of a JSON document are compared separately, so that escaped spellings are found
    /// and the field can be named. So are the columns of a flow-log line in the default format.
    /// Anything else is compared as plain text.
    pub fn find(&self, message: &str) -> Option<Matches> {
        self.find_in_document(&Document::new(message))
    }

    /// The same for a document whose token tape is shared with other readers. Most messages end
    /// after the prefilter. For most of the others, the token tape knows the fields that contain a
    /// candidate.
    pub(super) fn find_in_document(&self, document: &Document<'_>) -> Option<Matches> {
        let message = document.message();
        // A regular expression may depend on where a field starts, so the prefilter does not apply.
        if !self.regexes.is_empty() {
            return self.match_full_scan(message, |_| true);
        }
        let candidates = self.find_candidates(message);
        let may_be_escaped = self.escape_aliases.may_be_in(message);
        if candidates.is_empty() && !may_be_escaped {
            return None;
        }
        match candidates
            .offsets()
            .filter(|_| !may_be_escaped)
            .zip(document.tape())
        {
            Some((offsets, tape)) => self.match_tokens_at(offsets, tape),
            None => self.match_full_scan(message, |text| {
                candidates.may_be_in(text, message)
                    || self.escape_aliases.percent_escape_is_in(text)
            }),
        }
    }

    /// Compares only the fields that contain one of these byte offsets.
    fn match_tokens_at(&self, offsets: &[usize], tape: &JsonTape<'_>) -> Option<Matches> {
        let mut found = MatchSet::default();
        for leaf in tape.leaves_at(offsets) {
            let mut path = tape.path(leaf);
            match tape.text(leaf) {
                Some(text) => {
                    visit_json_values_in_text(&text, &mut path, &mut |path, text| {
                        self.match_text(text, Some(path), &mut found);
                    });
                }
                None => self.match_text(tape.raw_text(leaf)?, Some(&path), &mut found),
            }
        }
        found.matches(&self.names)
    }

    /// Parses the whole message and compares every text for which `may_match` is true.
    pub(super) fn match_full_scan(
        &self,
        message: &str,
        may_match: impl Fn(&str) -> bool,
    ) -> Option<Matches> {
        let mut found = MatchSet::default();
        let is_json = visit_json_values(message, &mut |path, text| {
            if may_match(text) {
                self.match_text(text, Some(path), &mut found);
            }
        });
        if !is_json {
            found = MatchSet::default();
            match FlowLogFormat::recognize(message)
                .and_then(|format| Some((format, format.columns(message)?)))
            {
                Some((format, columns)) => {
                    let named = format.names().zip(columns);
                    named.for_each(|(name, text)| self.match_text(text, Some(name), &mut found));
                }
                None => self.match_text(message, None, &mut found),
            }
        }
        found.matches(&self.names)
    }

    /// Runs the prefilter: finds the byte offsets in the raw message at which an indicator may
    /// begin.
    fn find_candidates(&self, message: &str) -> CandidateOffsets {
        if let Some(prefilter) = &self.prefilter {
            return prefilter.find_candidates(message);
        }
        let mut candidates = CandidateOffsets::default();
        self.literals
            .find_offsets(message, &mut |at| candidates.add(at));
        self.addresses
            .find(message, &mut |_, at| candidates.add(at));
        candidates
    }

    /// Compares a text as it is, and without its escapes.
    fn match_text(&self, text: &str, field: Option<&str>, found: &mut MatchSet) {
        each_spelling(text, &mut |spelling| {
            self.match_text_once(spelling, field, found);
        });
    }

    fn match_text_once(&self, text: &str, field: Option<&str>, found: &mut MatchSet) {
        let mut add = |indicator| found.add(indicator, field.unwrap_or(WHOLE_MESSAGE));
        self.literals.find(text, field, &mut add);
        self.addresses
            .find(text, &mut |indicator, _| add(indicator));
        if !self.regexes.is_empty() {
            let matched = self.regexes.matches(text);
            matched
                .iter()
                .filter_map(|regex| self.regex_indicators.get(regex))
                .for_each(|indicator| add(*indicator));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(indicator: &str, message: &str) -> Option<Vec<String>> {
        Matcher::new(&[indicator.parse().unwrap()])
            .unwrap()
            .find(message)
            .map(|matches| matches.fields)
    }

    #[test]
    fn field_of_the_match_is_named() {
        let record = r#"{"sourceIPAddress":"192.0.2.1","resources":[{"ip":"192.0.2.10"},{"ip":"at 192.0.2.1:22"}]}"#;
        assert_eq!(
            find("192.0.2.1", record).unwrap(),
            ["resources.1.ip", "sourceIPAddress"]
        );
        assert_eq!(
            find("192.0.2.1", "login from 192.0.2.1").unwrap(),
            ["message"]
        );
    }

    #[test]
    fn column_of_a_flow_log_is_named() {
        let line = "2 111111111111 eni-1 192.0.2.1 10.0.0.1 443 49152 6 20 4249 1418530010 1418530070 ACCEPT OK";
        assert_eq!(find("192.0.2.1", line).unwrap(), ["srcAddr"]);
        assert_eq!(find("10.0.0.0/8", line).unwrap(), ["dstAddr"]);
        assert_eq!(find("111111111111", line).unwrap(), ["accountId"]);
        assert_eq!(find("regex:^ACC", line).unwrap(), ["action"]);
        assert_eq!(
            find("192.0.2.1", "192.0.2.1 10.0.0.1 443 ACCEPT OK").unwrap(),
            ["message"],
            "a custom format"
        );
    }

    #[test]
    fn near_miss_does_not_match() {
        for message in [
            "192.0.2.10",
            "1192.0.2.1",
            "{\"a\":\"192.0.2.10\"}",
            "{\"a\":\"1192.0.2.1\"}",
            "",
        ] {
            assert_eq!(find("192.0.2.1", message), None, "{message}");
        }
        assert_eq!(find("AKIAIOSFODNN7EXAMPLE", "xAKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(
            find(
                "arn:aws:iam::111111111111:user/ben",
                "arn:aws:iam::111111111111:user/benjamin"
            ),
            None
        );
        assert_eq!(find("111111111111", "1111111111112"), None);
        assert_eq!(find("evil.example", "evil.example.com"), None);
    }

    #[test]
    fn escaped_spelling_matches() {
        let arn = "arn:aws:iam::111111111111:user/ben";
        assert_eq!(
            find(arn, r#"{"a":"arn:aws:iam::111111111111:user\/ben"}"#).unwrap(),
            ["a"]
        );
        assert_eq!(
            find(arn, r#"{"a":"arn:aws:iam::111111111111:user\u002fben"}"#).unwrap(),
            ["a"]
        );
        assert_eq!(
            find(arn, r#"INFO {"a":"arn:aws:iam::111111111111:user\/ben"}"#).unwrap(),
            ["message"]
        );
        assert_eq!(
            find(
                arn,
                r#"{"a":"got {\"b\":\"arn:aws:iam::111111111111:user\\/ben\"}"}"#
            )
            .unwrap(),
            ["a"]
        );
        assert_eq!(
            find("192.0.2.1", r#"{"a":"{\"b\":[\"192.0.2.1\"]}"}"#).unwrap(),
            ["a.b.0"]
        );
        assert_eq!(
            find("192.0.2.1", r#"{"a":"\u00311192.0.2.1"}"#),
            None,
            "the spelled-out digit counts"
        );
    }

    #[test]
    fn broken_json_is_searched_as_text() {
        assert_eq!(
            find("192.0.2.1", r#"{"a":"192.0.2.1"#).unwrap(),
            ["message"]
        );
        let deep = format!("{}\"192.0.2.1\"{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(find("192.0.2.1", &deep).unwrap(), ["message"]);
    }

    #[test]
    fn empty_key_adds_no_path_step() {
        let matcher = Matcher::new(&["192.0.2.1".parse().unwrap()]).unwrap();
        let message = r#"{"" :{"" :"192.0.2.1"}}"#;
        assert_eq!(matcher.find(message).unwrap().fields, [""]);
        assert_eq!(
            matcher.find(message),
            matcher.match_full_scan(message, |_| true)
        );
    }

    #[test]
    fn object_key_matches() {
        let record = r#"{"byArn":{"arn:aws:iam::111111111111:user/ben":1}}"#;
        let field = ["byArn.arn:aws:iam::111111111111:user/ben"];
        assert_eq!(
            find("arn:aws:iam::111111111111:user/ben", record).unwrap(),
            field
        );
        assert_eq!(find("user:ben", record).unwrap(), field);
    }

    #[test]
    fn other_spelling_matches() {
        assert!(find("2001:db8::1", r#"{"a":"2001:0DB8:0:0:0:0:0:1"}"#).is_some());
        assert!(find("192.0.2.1", r#"{"a":"::ffff:192.0.2.1"}"#).is_some());
        assert!(find("192.0.2.0/24", "from 192.0.2.77 to 10.0.0.1").is_some());
        assert!(find("192.0.2.0/24", "from 192.0.3.77 to 10.0.0.1").is_none());
        assert!(find("evil.example", r#"{"host":"WWW.Evil.Example."}"#).is_some());
        assert!(
            find(
                "d41d8cd98f00b204e9800998ecf8427e",
                "md5=D41D8CD98F00B204E9800998ECF8427E"
            )
            .is_some()
        );
        assert!(find("111111111111", r#"{"account":111111111111}"#).is_some());
    }

    #[test]
    fn regex_is_matched_against_one_field_at_a_time() {
        assert_eq!(
            find(
                "regex:^Conso.*n$",
                r#"{"a":"x","eventName":"ConsoleLogin"}"#
            )
            .unwrap(),
            ["eventName"]
        );
        assert_eq!(find("regex:^Conso.*n$", r#"{"a":"x ConsoleLogin"}"#), None);
    }

    #[test]
    fn each_of_several_indicators_is_reported() {
        let all = [
            "192.0.2.1",
            "192.0.2.0/24",
            "evil.example",
            "evil",
            "regex:asked",
        ]
        .map(|text| text.parse().unwrap());
        let matches = Matcher::new(&all)
            .unwrap()
            .find("192.0.2.1 asked www.evil.example")
            .unwrap();
        assert_eq!(
            matches.indicators,
            ["192.0.2.0/24", "192.0.2.1", "asked", "evil", "evil.example"]
        );
    }
}
