//! The literal prefilter: one SIMD pass over the raw message, which rules out most messages.
//!
//! It searches for a few short texts. Every message with an indicator contains at least one of
//! them, however the indicator is spelled, unless a JSON escape hides it. For very many indicators,
//! and for some kinds, there are no such texts and therefore no prefilter.

use std::net::{IpAddr, Ipv6Addr};

use aho_corasick::packed;
use ipnet::IpNet;

use super::candidate_offsets::CandidateOffsets;
use super::required_text::{RequiredText, SHORTEST_RUN, v4_prefixes, v6_groups};
use dragnet_model::{Indicator, IndicatorValue};

/// The length of the text that is searched for in any case. Each letter in it doubles the number of
/// spellings.
const WINDOW: usize = 4;

/// A SIMD searcher for a small set of texts.
#[derive(Debug)]
pub(super) struct LiteralPrefilter(packed::Searcher);

impl LiteralPrefilter {
    /// Builds the prefilter; `None` if these indicators do not allow one.
    pub(super) fn new(indicators: &[Indicator]) -> Option<Self> {
        let mut texts = indicators
            .iter()
            .map(required_literals)
            .collect::<Option<Vec<_>>>()?
            .concat();
        texts.sort();
        texts.dedup();
        packed::Config::new()
            .only_teddy(true)
            .builder()
            .extend(texts)
            .build()
            .map(Self)
    }

    /// Returns candidate offsets: the first and the last byte of each text that is found.
    ///
    /// A match that overlaps an earlier one is skipped. That loses no candidate: none of the texts
    /// contains a character that separates two values, so both matches touch the same value, and
    /// the earlier one begins or ends in it.
    pub(super) fn find_candidates(&self, message: &str) -> CandidateOffsets {
        let mut candidates = CandidateOffsets::default();
        for found in self.0.find_iter(message) {
            candidates.add(found.start());
            candidates.add(found.end() - 1);
        }
        candidates
    }
}

/// Texts of which every value with this indicator contains at least one.
fn required_literals(indicator: &Indicator) -> Option<Vec<String>> {
    let texts = match (indicator.value(), RequiredText::from_indicator(indicator)) {
        (IndicatorValue::Ip(IpAddr::V4(address)), _) => v4_literals(vec![address.to_string()]),
        (IndicatorValue::Cidr(IpNet::V4(network)), _) => v4_literals(v4_prefixes(*network)?),
        (IndicatorValue::Ip(IpAddr::V6(address)), _) => ipv6_literals(*address, 128)?,
        (IndicatorValue::Cidr(IpNet::V6(network)), _) => {
            ipv6_literals(network.addr(), network.prefix_len())?
        }
        (IndicatorValue::Domain(text) | IndicatorValue::Hash(text), _) => {
            case_variants(window_with_fewest_letters(text)?)
        }
        (_, Some(RequiredText::All(texts) | RequiredText::Sequence(texts))) => texts
            .into_iter()
            .max_by_key(String::len)
            .into_iter()
            .collect(),
        (_, Some(RequiredText::Any(texts))) => texts,
        (_, Some(RequiredText::Regex(_)) | None) => return None,
    };
    texts
        .iter()
        .all(|text| text.len() >= SHORTEST_RUN)
        .then_some(texts)
}

/// The beginnings of IPv4 addresses with dots and with hyphens, and the group that is before an IPv4
/// address in an IPv6 address.
fn v4_literals(prefixes: Vec<String>) -> Vec<String> {
    let with_hyphens: Vec<String> = prefixes
        .iter()
        .map(|prefix| prefix.replace('.', "-"))
        .collect();
    [prefixes, with_hyphens, case_variants("ffff:")].concat()
}

/// The spellings of the group with the most digits. Only zeros before these digits can be left out.
fn ipv6_literals(address: Ipv6Addr, prefix_length: u8) -> Option<Vec<String>> {
    let groups = v6_groups(address, prefix_length).map(|group| format!("{group:x}:"));
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

    fn literals_of(indicator: &str) -> Option<String> {
        let mapped = case_variants("ffff:");
        let narrow = |texts: Vec<String>| {
            let others = texts.into_iter().filter(|text| !mapped.contains(text));
            others.collect::<Vec<_>>().join(" ")
        };
        required_literals(&indicator.parse().unwrap()).map(narrow)
    }

    #[test]
    fn required_literals_of_each_kind() {
        assert_eq!(literals_of("192.0.2.1").unwrap(), "192.0.2.1 192-0-2-1");
        assert_eq!(
            literals_of("192.0.2.0/23").unwrap(),
            "192.0.2. 192.0.3. 192-0-2- 192-0-3-"
        );
        assert_eq!(literals_of("2001:db8::/32").unwrap(), "2001:");
        assert_eq!(literals_of("7:db8:1::1").unwrap(), "db8: dB8: Db8: DB8:");
        assert_eq!(
            literals_of("arn:aws:iam::111111111111:user/team/ben").unwrap(),
            "arn:aws:iam::111111111111:user"
        );
        assert_eq!(literals_of("a1.example").unwrap(), "a1.e a1.E A1.e A1.E");
        assert_eq!(
            literals_of("d41d8cd98f00b204e9800998ecf8427e").unwrap(),
            "9800"
        );
        assert_eq!(literals_of("user:ben").unwrap(), "ben");
        for none in ["::1", "1::/16", "regex:abc", "8.0.0.0/5", "text:<>"] {
            assert_eq!(literals_of(none), None, "{none}");
        }
    }

    #[test]
    fn prefilter_finds_candidates_and_exists_only_for_few_texts() {
        let all = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<Indicator>>()
        };
        let prefilter = LiteralPrefilter::new(&all(&["192.0.2.1", "evil.example"])).unwrap();
        let offsets = |message| {
            prefilter
                .find_candidates(message)
                .offsets()
                .unwrap()
                .to_vec()
        };
        assert_eq!(offsets("from 192.0.2.1, EVIL.EXAMPLE"), [5, 13, 17, 20]);
        assert!(prefilter.find_candidates("192.0.3.1").is_empty());
        assert!(LiteralPrefilter::new(&all(&["192.0.2.1", "regex:abc"])).is_none());
        let many: Vec<String> = (0..1_000)
            .map(|n| format!("10.0.{}.{}", n / 250, n % 250))
            .collect();
        assert!(
            LiteralPrefilter::new(&all(&many.iter().map(String::as_str).collect::<Vec<_>>()))
                .is_none()
        );
    }
}
