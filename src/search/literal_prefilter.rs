//! The literal prefilter: one SIMD pass over raw bytes for a few short texts, which rules out most
//! messages.
//!
//! Every message with an indicator contains at least one of the texts, however the indicator is
//! spelled, unless a JSON escape hides it. For very many indicators, and for some kinds, there are
//! no such texts: then the automata of the literals and the address scan find the candidates.

use std::net::IpAddr;
use std::ops::{ControlFlow, Range};

use aho_corasick::{AhoCorasick, BuildError, Input, Match, MatchKind, Span, packed};
use ipnet::IpNet;

use super::address_scan::AddressScan;
use super::required_text::{RequiredText, SHORTEST_RUN, v4_prefixes, v6_groups};
use dragnet_model::{Indicator, IndicatorValue};

/// The length of the text that is searched for in any case. Each letter in it doubles the number of
/// spellings.
const WINDOW: usize = 4;

/// The most texts of one prefilter: more than the SIMD algorithm can hold would make it slower than
/// the other searches.
const MOST_TEXTS: usize = 64;

/// The most texts for IPv4 addresses. The address scan is faster than more of them.
const MOST_V4_TEXTS: usize = 16;

/// The same for IPv6 addresses. JSON has more colons than dots, so their scan is slower.
const MOST_V6_TEXTS: usize = 32;

/// The most beginnings of IPv4 addresses that are also searched for with hyphens. For more, the
/// beginnings of host names are.
const MOST_WITH_HYPHENS: usize = 2;

/// How the host names begin that contain an address.
/// Source: EC2 user guide, "EC2 instance hostnames and domains".
const HOST_NAMES: [&str; 2] = ["ip-", "ec2-"];

/// The end of the group `ffff:` that is before an IPv4 address in an IPv6 address. The whole group
/// has twice as many spellings.
const MAPPED: &str = "fff:";

/// What a text says about the bytes around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextKind {
    /// A part of an indicator.
    Literal,
    /// The beginning of a host name that contains an address. Only those of the search count.
    HostName,
    /// The beginning of an IPv4 address in an IPv6 address. Only those of the search count.
    Mapped,
}

/// Texts of which every value with one of the indicators contains at least one. A group is `None`
/// if its indicators are found in another way.
#[derive(Debug)]
pub(super) struct RequiredTexts {
    pub(super) literals: Option<Vec<String>>,
    /// The beginnings of IPv4 addresses.
    pub(super) v4: Option<Vec<String>>,
    pub(super) v6: Option<Vec<String>>,
    /// Whether an indicator is an IPv4 address or network.
    pub(super) has_v4: bool,
    pub(super) has_v6: bool,
}

impl RequiredTexts {
    /// Chooses texts that one prefilter can hold.
    pub(super) fn new(indicators: &[Indicator]) -> Self {
        let mut literals = Some(Vec::new());
        let mut v4 = Some(Vec::new());
        let mut v6 = Some(Vec::new());
        let mut has_v4 = false;
        let mut has_v6 = false;
        for indicator in indicators {
            match indicator.value() {
                IndicatorValue::Ip(IpAddr::V4(_)) | IndicatorValue::Cidr(IpNet::V4(_)) => {
                    has_v4 = true;
                    add_texts(&mut v4, v4_literals(indicator.value()));
                }
                IndicatorValue::Ip(IpAddr::V6(_)) | IndicatorValue::Cidr(IpNet::V6(_)) => {
                    has_v6 = true;
                    add_texts(&mut v6, v6_literals(indicator.value()));
                }
                // With a regular expression, every message is read.
                IndicatorValue::Regex(_) => {}
                _ => add_texts(&mut literals, required_literals(indicator)),
            }
        }
        let mut all = Self {
            literals: literals.map(without_duplicates),
            v4: v4
                .map(without_duplicates)
                .filter(|texts| texts.len() <= MOST_V4_TEXTS),
            v6: v6
                .map(without_duplicates)
                .filter(|texts| texts.len() <= MOST_V6_TEXTS),
            has_v4,
            has_v6,
        };
        if all.texts().len() > MOST_TEXTS {
            all.v4 = None;
            all.v6 = None;
        }
        if all.texts().len() > MOST_TEXTS {
            all.literals = None;
        }
        all
    }

    /// Returns the texts with their kinds.
    fn texts(&self) -> Vec<(String, TextKind)> {
        let literals = [&self.literals, &self.v4, &self.v6].into_iter().flatten();
        let mut literals: Vec<String> = literals.flatten().cloned().collect();
        let mut anchors = Vec::new();
        if self.has_v4 {
            let mapped = case_variants(MAPPED).into_iter();
            anchors.extend(mapped.map(|text| (text, TextKind::Mapped)));
            match &self.v4 {
                Some(prefixes) if prefixes.len() <= MOST_WITH_HYPHENS => {
                    literals.extend(prefixes.iter().map(|prefix| prefix.replace('.', "-")));
                }
                _ => anchors.extend(HOST_NAMES.map(|text| (text.to_owned(), TextKind::HostName))),
            }
        }
        // Where both begin, only one is found. It has to be a candidate then.
        for (anchor, kind) in &mut anchors {
            let is_shared = |text: &String| {
                text.starts_with(anchor.as_str()) || anchor.starts_with(text.as_str())
            };
            if literals.iter().any(is_shared) {
                *kind = TextKind::Literal;
            }
        }
        let literals = literals.into_iter().map(|text| (text, TextKind::Literal));
        literals.chain(anchors).collect()
    }
}

/// A searcher for a small set of texts.
#[derive(Debug)]
pub(super) struct LiteralPrefilter {
    searcher: Searcher,
    /// The kind of each text, in the order of the patterns.
    kinds: Vec<TextKind>,
    /// The length of the longest text.
    longest: usize,
}

#[derive(Debug)]
enum Searcher {
    Packed(packed::Searcher),
    /// For processors without the SIMD instructions.
    Automaton(AhoCorasick),
}

impl Searcher {
    fn find(&self, content: &[u8], span: Range<usize>) -> Option<Match> {
        match self {
            Self::Packed(searcher) => searcher.find_in(content, Span::from(span)),
            Self::Automaton(automaton) => automaton.find(Input::new(content).span(span)),
        }
    }
}

impl LiteralPrefilter {
    /// Builds the prefilter; `None` if there are no texts to search for.
    pub(super) fn new(texts: &RequiredTexts) -> Result<Option<Self>, BuildError> {
        let texts = texts.texts();
        if texts.is_empty() {
            return Ok(None);
        }
        let patterns = || texts.iter().map(|(text, _)| text);
        let packed = packed::Config::new()
            .only_teddy(true)
            .builder()
            .extend(patterns())
            .build();
        let searcher = match packed {
            Some(searcher) => Searcher::Packed(searcher),
            None => Searcher::Automaton(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(patterns())?,
            ),
        };
        Ok(Some(Self {
            searcher,
            kinds: texts.iter().map(|(_, kind)| *kind).collect(),
            longest: patterns().map(String::len).max().unwrap_or_default(),
        }))
    }

    /// Calls `each` with the offsets of the first and the last byte of each text that is found, if
    /// it begins in a block of the content.
    ///
    /// A match that overlaps an earlier one is skipped. That loses no candidate: none of the texts
    /// contains a character that separates two values, so both matches touch the same value, and
    /// the earlier one begins or ends in it.
    pub(super) fn find(
        &self,
        content: &[u8],
        block: Range<usize>,
        addresses: &AddressScan,
        each: &mut impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let end = content.len().min(block.end + self.longest);
        let mut at = block.start;
        while let Some(found) = self.searcher.find(content, at..end) {
            if found.start() >= block.end {
                break;
            }
            if self.is_candidate(content, found, addresses) {
                each(found.start(), found.end() - 1)?;
                at = found.end();
            } else {
                // The text may hide the beginning of another one.
                at = found.start() + 1;
            }
        }
        ControlFlow::Continue(())
    }

    fn is_candidate(&self, content: &[u8], found: Match, addresses: &AddressScan) -> bool {
        let before = || content.get(..found.start()).unwrap_or_default();
        let after = content.get(found.end()..).unwrap_or_default();
        match self.kinds.get(found.pattern().as_usize()) {
            Some(TextKind::HostName) => addresses.is_host_name(after),
            Some(TextKind::Mapped) => addresses.is_mapped(before(), after),
            Some(TextKind::Literal) | None => true,
        }
    }
}

/// Adds the texts of an indicator. If it has none, or one that is too short, the group has none.
fn add_texts(group: &mut Option<Vec<String>>, texts: Option<Vec<String>>) {
    let are_long_enough = |texts: &Vec<String>| texts.iter().all(|text| text.len() >= SHORTEST_RUN);
    match texts.filter(are_long_enough) {
        Some(texts) => {
            if let Some(all) = group {
                all.extend(texts);
            }
        }
        None => *group = None,
    }
}

fn without_duplicates(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts
}

/// Texts of which every value with this indicator, which is no address, contains at least one.
fn required_literals(indicator: &Indicator) -> Option<Vec<String>> {
    match (indicator.value(), RequiredText::from_indicator(indicator)) {
        (IndicatorValue::Domain(text) | IndicatorValue::Hash(text), _) => {
            window_with_fewest_letters(text).map(case_variants)
        }
        (_, Some(RequiredText::All(texts) | RequiredText::Sequence(texts))) => {
            let longest = texts.into_iter().max_by_key(String::len)?;
            Some(vec![longest])
        }
        (_, Some(RequiredText::Any(texts))) => Some(texts),
        (_, Some(RequiredText::Regex(_)) | None) => None,
    }
}

/// The beginnings of an IPv4 address, or of the addresses of a network, with dots.
fn v4_literals(value: &IndicatorValue) -> Option<Vec<String>> {
    match value {
        IndicatorValue::Ip(IpAddr::V4(address)) => Some(vec![address.to_string()]),
        IndicatorValue::Cidr(IpNet::V4(network)) => v4_prefixes(*network),
        _ => None,
    }
}

/// The spellings of the group with the most digits. Only zeros before these digits can be left out.
fn v6_literals(value: &IndicatorValue) -> Option<Vec<String>> {
    let network = match value {
        IndicatorValue::Ip(address) => IpNet::from(*address),
        IndicatorValue::Cidr(network) => *network,
        _ => return None,
    };
    let IpNet::V6(network) = network else {
        return None;
    };
    let groups = v6_groups(network.addr(), network.prefix_len()).map(|group| format!("{group:x}:"));
    groups
        .max_by_key(String::len)
        .map(|group| case_variants(&group))
}

/// The substring of `WINDOW` bytes with the fewest letters.
fn window_with_fewest_letters(text: &str) -> Option<&str> {
    let windows = (0..text.len()).filter_map(|at| text.get(at..at + WINDOW.min(text.len())));
    let ascii_windows = windows.filter(|window| window.is_ascii());
    ascii_windows.min_by_key(|window| window.bytes().filter(u8::is_ascii_alphabetic).count())
}

/// All spellings of a short text in upper and lower case.
fn case_variants(text: &str) -> Vec<String> {
    let empty = vec![String::new()];
    text.chars().fold(empty, |spellings, c| {
        let cases = if c.is_ascii_alphabetic() {
            vec![c.to_ascii_lowercase(), c.to_ascii_uppercase()]
        } else {
            vec![c]
        };
        spellings
            .iter()
            .flat_map(|spelling| cases.iter().map(move |case| format!("{spelling}{case}")))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts_of(indicators: &[&str]) -> RequiredTexts {
        let indicators: Vec<Indicator> = indicators
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        RequiredTexts::new(&indicators)
    }

    #[test]
    fn required_literals_of_each_kind() {
        let v4 = |indicator| texts_of(&[indicator]).v4.map(|texts| texts.join(" "));
        let v6 = |indicator| texts_of(&[indicator]).v6.map(|texts| texts.join(" "));
        let others = |indicator| texts_of(&[indicator]).literals.map(|texts| texts.join(" "));
        assert_eq!(v4("192.0.2.1").unwrap(), "192.0.2.1");
        assert_eq!(v4("192.0.2.0/23").unwrap(), "192.0.2. 192.0.3.");
        assert_eq!(v4("8.0.0.0/5"), None);
        assert_eq!(v6("2001:db8::/32").unwrap(), "2001:");
        assert_eq!(v6("7:db8:1::1").unwrap(), "DB8: Db8: dB8: db8:");
        assert_eq!(v6("::1"), None);
        assert_eq!(v6("1::/16"), None);
        assert_eq!(
            others("arn:aws:iam::111111111111:user/team/ben").unwrap(),
            "arn:aws:iam::111111111111:user"
        );
        assert_eq!(others("a1.example").unwrap(), "A1.E A1.e a1.E a1.e");
        assert_eq!(others("d41d8cd98f00b204e9800998ecf8427e").unwrap(), "9800");
        assert_eq!(others("user:ben").unwrap(), "ben");
        assert_eq!(others("text:<>"), None);
    }

    #[test]
    fn only_few_texts_are_chosen() {
        let addresses: Vec<String> = (0..1_000)
            .map(|n| format!("10.0.{}.{}", n / 250, n % 250))
            .collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let many = texts_of(&[&addresses[..], &["evil.example"]].concat());
        assert_eq!(many.v4, None);
        assert_eq!(many.literals.unwrap().len(), 8, "the cases of `vil.`");
        let few = texts_of(&[&addresses[..9], &["2001:db8::1", "user:ben"]].concat());
        assert_eq!(few.v4.unwrap().len(), 9);
        assert_eq!(few.v6.unwrap(), ["2001:"]);
        let names: Vec<String> = (0..70).map(|n| format!("user:name{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(texts_of(&names).literals, None);
    }

    #[test]
    fn text_that_begins_like_a_host_name_is_a_literal() {
        let texts = texts_of(&["10.0.0.1", "10.0.0.2", "10.0.0.3", "user:ip-admin"]);
        let kind_of = |wanted: &str| {
            let all = texts.texts();
            all.iter()
                .find(|(text, _)| text == wanted)
                .map(|(_, kind)| *kind)
        };
        assert_eq!(kind_of("ip-"), Some(TextKind::Literal));
        assert_eq!(kind_of("ec2-"), Some(TextKind::HostName));
        assert_eq!(kind_of("ffF:"), Some(TextKind::Mapped));
        assert_eq!(kind_of("10-0-0-1"), None);
    }
}
