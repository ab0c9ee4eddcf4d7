//! The search for candidates in raw bytes: the literal prefilter, and for indicators without short
//! texts the automata of the literals and the address scan.

use std::ops::{ControlFlow, Range};

use aho_corasick::BuildError;

use super::address_scan::AddressScan;
use super::literal_prefilter::{LiteralPrefilter, RequiredTexts};
use super::literals::Literals;
use dragnet_model::{Indicator, IndicatorValue};

/// Finds every offset at which an indicator may be, as far as no escape hides it.
#[derive(Debug)]
pub(super) struct CandidateScan {
    prefilter: Option<LiteralPrefilter>,
    addresses: AddressScan,
    texts: RequiredTexts,
    /// Whether the prefilter does not find all literals.
    scans_literals: bool,
    /// Whether it does not find all IPv4 addresses with dots.
    scans_v4: bool,
    /// Whether it does not find all IPv6 addresses.
    scans_v6: bool,
}

impl CandidateScan {
    pub(super) fn new(indicators: &[Indicator]) -> Result<Self, BuildError> {
        let mut addresses = AddressScan::default();
        for indicator in indicators {
            match indicator.value() {
                IndicatorValue::Ip(address) => addresses.insert((*address).into()),
                IndicatorValue::Cidr(network) => addresses.insert(*network),
                _ => {}
            }
        }
        let texts = RequiredTexts::new(indicators);
        Ok(Self {
            prefilter: LiteralPrefilter::new(&texts)?,
            addresses,
            scans_literals: texts.literals.is_none(),
            scans_v4: texts.has_v4 && texts.v4.is_none(),
            scans_v6: texts.has_v6 && texts.v6.is_none(),
            texts,
        })
    }

    pub(super) fn addresses(&self) -> &AddressScan {
        &self.addresses
    }

    /// The texts that a prefilter needs to search for.
    pub(super) fn texts(&self) -> &RequiredTexts {
        &self.texts
    }

    /// Calls `each` with the offsets of the first and the last byte of what is found in a message.
    pub(super) fn find(
        &self,
        message: &[u8],
        literals: &Literals,
        each: &mut impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.find_in_block(message, 0..message.len(), each)?;
        self.find_literals(message, literals, each)
    }

    /// The same for what begins in a block of a content. Literals that the prefilter does not find
    /// are left to [`CandidateScan::find_literals`].
    pub(super) fn find_in_block(
        &self,
        content: &[u8],
        block: Range<usize>,
        each: &mut impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if let Some(prefilter) = &self.prefilter {
            prefilter.find(content, block.clone(), &self.addresses, each)?;
        }
        if self.scans_v4 {
            self.addresses
                .find_dotted(content, block.clone(), &mut |at| each(at, at))?;
        }
        if self.scans_v6 {
            self.addresses
                .find_v6(content, block, &mut |at| each(at, at))?;
        }
        ControlFlow::Continue(())
    }

    /// Calls `each` with the literals that the prefilter does not find.
    pub(super) fn find_literals(
        &self,
        content: &[u8],
        literals: &Literals,
        each: &mut impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if self.scans_literals {
            literals.offsets(content).try_for_each(|at| each(at, at))
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The offsets of the first and the last bytes, with blocks of some bytes.
    fn offsets(indicators: &[&str], content: &[u8], block: usize) -> Vec<(usize, usize)> {
        let indicators: Vec<Indicator> = indicators
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let scan = CandidateScan::new(&indicators).unwrap();
        let literals = Literals::new(&indicators).unwrap();
        let mut all = Vec::new();
        let mut add = |first, last| {
            all.push((first, last));
            ControlFlow::Continue(())
        };
        for start in (0..content.len()).step_by(block) {
            let end = content.len().min(start + block);
            let result = scan.find_in_block(content, start..end, &mut add);
            assert!(result.is_continue());
        }
        let result = scan.find_literals(content, &literals, &mut add);
        assert!(result.is_continue());
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn candidates_are_the_ends_of_the_texts() {
        let both = ["192.0.2.1", "evil.example"];
        let content = b"from 192.0.2.1, EVIL.EXAMPLE, \xff192-0-2-1";
        for block in [1, 3, 100] {
            let found = offsets(&both, content, block);
            assert!(
                found.contains(&(5, 13)) && found.contains(&(17, 20)),
                "{found:?}"
            );
            assert!(found.contains(&(31, 39)), "{found:?}");
        }
        assert!(offsets(&both, b"192.0.3.1 ::ffff:c000:202", 9).is_empty());
        assert_eq!(offsets(&both, b"192.0.3.1 ::ffff:c000:201", 9), [(13, 16)]);
    }

    #[test]
    fn many_addresses_are_found_by_their_digits() {
        let many: Vec<String> = (0..200).map(|n| format!("10.0.0.{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for block in [1, 4, 100] {
            let found = |content: &str| offsets(&many, content.as_bytes(), block);
            assert_eq!(found("at 10.0.0.7"), [(5, 5)]);
            assert_eq!(found("at ip-10-0-0-7"), [(3, 5)]);
            assert_eq!(found("ec2-10-0-0-7.compute-1.amazonaws.com"), [(0, 3)]);
            assert_eq!(found("::ffff:a00:7"), [(3, 6)]);
            for other in [
                "10.0.0.200",
                "ip-10-0-0-201",
                "a00:7",
                "::ffff:a00:d7",
                "off: 10",
            ] {
                assert!(found(other).is_empty(), "{other}");
            }
        }
        let with_others = [
            &many[..],
            &["2001:db8::1", "::1", "text:<>", "evil.example"],
        ]
        .concat();
        for (content, at) in [
            ("10.0.0.7", 2),
            ("2001:db8::1", 4),
            ("a ::1", 2),
            ("a<>", 1),
            ("EVIL.example", 0),
        ] {
            let found = offsets(&with_others, content.as_bytes(), 100);
            assert_eq!(found.first(), Some(&(at, at)), "{content}");
        }
    }
}
