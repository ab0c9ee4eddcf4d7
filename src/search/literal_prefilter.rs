//! The first glance at a message: one pass that compares many bytes at a time, and that most messages end at.
//!
//! It looks for a few short texts of which one is wherever something is that is looked for, however that is spelled,
//! unless an escape hides it. Of very many indicators, and of some kinds, there are no such texts: then there is no glance.

use std::net::{IpAddr, Ipv6Addr};

use aho_corasick::packed;
use ipnet::IpNet;

use super::candidate_offsets::CandidateOffsets;
use super::required_text::{RequiredText, SHORTEST_RUN, v6_groups};
use crate::model::{Indicator, IndicatorValue};

/// Characters that are looked for of what is found in any case: each letter among them doubles the spellings.
const WINDOW: usize = 4;

/// A set of texts.
#[derive(Debug)]
pub(super) struct LiteralPrefilter(packed::Searcher);

impl LiteralPrefilter {
    /// The glance for these indicators, if one is possible.
    pub fn new(indicators: &[Indicator]) -> Option<Self> {
        let texts = indicators
            .iter()
            .map(marks)
            .collect::<Option<Vec<_>>>()?
            .concat();
        packed::Config::new()
            .only_teddy(true)
            .builder()
            .extend(texts)
            .build()
            .map(Self)
    }

    /// Where something may be in a message, among the first and the last characters of the texts in it.
    ///
    /// A text is passed over that overlaps one before it. That is no loss: none of them has a character that goes
    /// between two values, so that both touch the same one, and the first text begins or ends in it.
    pub fn places(&self, message: &str) -> CandidateOffsets {
        let mut places = CandidateOffsets::default();
        for caught in self.0.find_iter(message) {
            places.add(caught.start());
            places.add(caught.end() - 1);
        }
        places
    }
}

/// Texts of which one is in every value that holds the indicator.
fn marks(indicator: &Indicator) -> Option<Vec<String>> {
    let texts = match (indicator.value(), RequiredText::from_indicator(indicator)) {
        (IndicatorValue::Ip(IpAddr::V6(address)), _) => ipv6_literals(*address, 128)?,
        (IndicatorValue::Cidr(IpNet::V6(network)), _) => {
            ipv6_literals(network.addr(), network.prefix_len())?
        }
        (IndicatorValue::Domain(text) | IndicatorValue::Hash(text), _) => {
            in_any_case(window_with_fewest_letters(text)?)
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

/// The group with the most digits: zeros may be left out only before them.
fn ipv6_literals(address: Ipv6Addr, prefix_length: u8) -> Option<Vec<String>> {
    let groups = v6_groups(address, prefix_length).map(|group| format!("{group:x}:"));
    groups
        .max_by_key(String::len)
        .map(|group| in_any_case(&group))
}

/// A run of characters with few letters.
fn window_with_fewest_letters(text: &str) -> Option<&str> {
    let windows = (0..text.len()).filter_map(|at| text.get(at..at + WINDOW.min(text.len())));
    let of_ascii = windows.filter(|window| window.is_ascii());
    of_ascii.min_by_key(|window| window.bytes().filter(u8::is_ascii_alphabetic).count())
}

/// All spellings of a short text.
fn in_any_case(text: &str) -> Vec<String> {
    let begin = vec![String::new()];
    text.chars().fold(begin, |spellings, c| {
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
        marks(&indicator.parse().unwrap()).map(|texts| texts.join(" "))
    }

    #[test]
    fn every_kind_that_can_has_its_marks() {
        assert_eq!(literals_of("192.0.2.1").unwrap(), "192.0.2.1");
        assert_eq!(literals_of("192.0.2.0/23").unwrap(), "192.0.2. 192.0.3.");
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
    fn a_glance_is_at_few_texts() {
        let all = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<Indicator>>()
        };
        let glance = LiteralPrefilter::new(&all(&["192.0.2.1", "evil.example"])).unwrap();
        let places = |message| glance.places(message).begins().unwrap().to_vec();
        assert_eq!(places("from 192.0.2.1, EVIL.EXAMPLE"), [5, 13, 17, 20]);
        assert!(glance.places("192.0.3.1").is_empty());
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
