//! Finds where in raw bytes an address of the search may be, however it is spelled.
//!
//! It accepts more than the exact match in `addresses.rs`: only the digits count, not what is
//! around them. So it needs neither UTF-8 nor the ends of the value, and an escape beside the
//! address, as in `\nip-192-0-2-1` or `%A192.0.2.1`, hides nothing.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::net::Ipv6Addr;
use std::ops::{BitAnd, ControlFlow, Range};

use ipnet::IpNet;
use memchr::memchr_iter;

use super::address_digits::{LONGEST_GROUP, group, last_octets, octet, three_octets};
use super::addresses::parse_v6_run;

/// An odd number whose multiples spread over all bits: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The fewest colons of an IPv6 address without `::`. Its last two groups may be an IPv4 address.
const FEWEST_COLONS: usize = 6;

/// The networks of one prefix length.
#[derive(Debug)]
struct Networks<A, H> {
    mask: A,
    networks: HashSet<A, H>,
}

/// The networks of one version of the protocol, by prefix length.
#[derive(Debug)]
struct PrefixLengths<A, H>(Vec<Networks<A, H>>);

impl<A, H> Default for PrefixLengths<A, H> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<A, H> PrefixLengths<A, H>
where
    A: Copy + Eq + Hash + BitAnd<Output = A>,
    H: BuildHasher + Default,
{
    /// Adds a network by its mask and its first address.
    fn insert(&mut self, mask: A, first: A) {
        match self.0.iter_mut().find(|same| same.mask == mask) {
            Some(same) => _ = same.networks.insert(first),
            None => self.0.push(Networks {
                mask,
                networks: HashSet::from_iter([first]),
            }),
        }
    }

    fn contains(&self, address: A) -> bool {
        let is_in = |same: &Networks<A, H>| same.networks.contains(&(address & same.mask));
        self.0.iter().any(is_in)
    }
}

/// A cheap hash of an IPv4 address. The keys are the user's own indicators, so no one can fill a
/// bucket of the table.
#[derive(Default)]
struct SpreadHasher(u64);

impl Hasher for SpreadHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(8) ^ u64::from(value)).wrapping_mul(SPREAD);
    }

    fn finish(&self) -> u64 {
        // The table uses the lowest and the highest bits; only the highest depend on all digits.
        self.0 ^ (self.0 >> 32)
    }
}

/// The addresses and networks of the search, by the bits that are compared.
#[derive(Debug, Default)]
pub(super) struct AddressScan {
    v4: PrefixLengths<u32, BuildHasherDefault<SpreadHasher>>,
    v6: PrefixLengths<u128, RandomState>,
}

impl AddressScan {
    pub(super) fn insert(&mut self, network: IpNet) {
        match network {
            IpNet::V4(network) => self
                .v4
                .insert(network.netmask().into(), network.network().into()),
            IpNet::V6(network) => self
                .v6
                .insert(network.netmask().into(), network.network().into()),
        }
    }

    fn contains_v4(&self, address: u32) -> bool {
        self.v4.contains(address)
    }

    fn contains_v6(&self, address: Ipv6Addr) -> bool {
        self.v6.contains(address.into())
    }

    /// Calls `each` with the offset of the first dot of every IPv4 address whose first dot is in a
    /// block of a content.
    pub(super) fn find_dotted(
        &self,
        content: &[u8],
        block: Range<usize>,
        each: &mut impl FnMut(usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = block.start;
        let bytes = content.get(block).unwrap_or_default();
        for found in memchr_iter(b'.', bytes) {
            if self.is_dotted_at(content, start + found) {
                each(start + found)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a dot is the first one of an IPv4 address.
    pub(super) fn is_dotted_at(&self, content: &[u8], dot: usize) -> bool {
        let Some((before, after)) = content.split_at_checked(dot) else {
            return false;
        };
        // Most dots are in host names.
        if !before.last().is_some_and(u8::is_ascii_digit) {
            return false;
        }
        let Some(low) = three_octets(after, b'.') else {
            return false;
        };
        last_octets(before).any(|high| self.contains_v4((high << 24) | low))
    }

    /// Whether the text after `ip-` or `ec2-` is an address: `192-0-2-1`.
    pub(super) fn is_host_name(&self, after: &[u8]) -> bool {
        octet(after)
            .and_then(|(high, rest)| Some((high << 24) | three_octets(rest, b'-')?))
            .is_some_and(|address| self.contains_v4(address))
    }

    /// Whether an IPv6 address that contains an IPv4 address ends like this: `before` with `f`,
    /// then `fff:`, and `after` with two groups. Where `::` replaces groups, their digits are zero.
    pub(super) fn is_mapped(&self, before: &[u8], after: &[u8]) -> bool {
        let groups = || -> Option<u32> {
            let (high, rest) = group(after)?;
            let (low, _) = group(rest.strip_prefix(b":")?)?;
            Some((high << 16) | low)
        };
        matches!(before, [.., b'f' | b'F'])
            && groups().is_some_and(|address| self.contains_v4(address))
    }

    /// Calls `each` with the offset of a colon in every IPv6 address whose first colon is in a block
    /// of a content. An address in two blocks is found in either or both.
    pub(super) fn find_v6(
        &self,
        content: &[u8],
        block: Range<usize>,
        each: &mut impl FnMut(usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = block.start;
        let bytes = content.get(block).unwrap_or_default();
        let mut searched_to = 0;
        for found in memchr_iter(b':', bytes) {
            if self.is_v6_at(content, start + found, &mut searched_to) {
                each(start + found)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a colon is the first one with another close behind it in a run that is an IPv6
    /// address. Colons have to come in ascending order: `searched_to` is the end of the last run.
    pub(super) fn is_v6_at(&self, content: &[u8], colon: usize, searched_to: &mut usize) -> bool {
        if colon < *searched_to || !is_first_of_two_colons(content, colon) {
            return false;
        }
        let is_part = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let before = content.get(*searched_to..colon).unwrap_or_default();
        let after = content.get(colon..).unwrap_or_default();
        let run_start = colon - before.iter().rev().take_while(is_part).count();
        *searched_to = colon + after.iter().take_while(is_part).count();
        self.is_v6_run(content, run_start..*searched_to)
    }

    fn is_v6_run(&self, content: &[u8], run: Range<usize>) -> bool {
        let before = content.get(..run.start).unwrap_or_default();
        let bytes = content.get(run).unwrap_or_default();
        if !may_be_v6(bytes) {
            return false;
        }
        // The two digits of a percent escape are not part of the address.
        let most_skipped = if before.ends_with(b"%") { 2 } else { 0 };
        (0..=most_skipped)
            .filter_map(|skipped| parse_v6_run(std::str::from_utf8(bytes.get(skipped..)?).ok()?))
            .any(|address| self.contains_v6(address))
    }
}

/// Whether two colons have at most one group between them. Every IPv6 address has such a pair; most
/// colons in JSON are next to a quotation mark.
fn is_first_of_two_colons(content: &[u8], at: usize) -> bool {
    let after = content.get(at + 1..).unwrap_or_default();
    let digits = after
        .iter()
        .take(LONGEST_GROUP)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    after.get(digits) == Some(&b':')
}

/// Rules out times of day, ARNs and hardware addresses before they are parsed.
fn may_be_v6(run: &[u8]) -> bool {
    let is_short = |group: &[u8]| group.len() <= LONGEST_GROUP || group.contains(&b'.');
    let mut groups = run.split(|byte| *byte == b':');
    // An escape may be before the first group, and the last one may be a port.
    groups.next();
    groups.next_back();
    let has_gap = run.windows(2).any(|pair| pair == b"::");
    let has_all = || memchr::memchr_iter(b':', run).count() >= FEWEST_COLONS;
    (has_gap || has_all()) && groups.all(is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_for(networks: &[&str]) -> AddressScan {
        let mut scan = AddressScan::default();
        for network in networks {
            scan.insert(network.parse().unwrap());
        }
        scan
    }

    fn dotted(scan: &AddressScan, content: &[u8]) -> Vec<usize> {
        let mut all = Vec::new();
        let mut add = |at| {
            all.push(at);
            ControlFlow::Continue(())
        };
        assert!(
            scan.find_dotted(content, 0..content.len(), &mut add)
                .is_continue()
        );
        all
    }

    fn v6(scan: &AddressScan, content: &[u8]) -> bool {
        scan.find_v6(content, 0..content.len(), &mut |_| ControlFlow::Break(()))
            .is_break()
    }

    #[test]
    fn dotted_address_is_found_by_its_digits() {
        let scan = scan_for(&["192.0.2.1/32", "198.51.100.0/24"]);
        for (content, at) in [
            ("192.0.2.1", 3),
            ("x192.0.2.1x", 4),
            ("1.192.0.2.1.443", 5),
            ("%20192.0.2.1", 6),
            ("%A192.0.2.1 of which 92.0.2.1", 5),
            ("::ffff:198.51.100.7", 10),
        ] {
            assert_eq!(dotted(&scan, content.as_bytes()), [at], "{content}");
        }
        assert_eq!(dotted(&scan, b"\xff192.0.2.1\xff198.51.100.9"), [4, 14]);
        for content in [
            "192.0.2.10",
            "1192.0.2.1",
            "192.0.2",
            "192.0.2.1000",
            "192.0.2.x",
            "198.51.101.7",
            ".",
            "",
        ] {
            assert!(dotted(&scan, content.as_bytes()).is_empty(), "{content}");
        }
    }

    #[test]
    fn digits_of_a_percent_escape_are_not_part_of_the_first_octet() {
        for (network, content) in [
            ("192.0.2.1/32", "%20192.0.2.1"),
            ("92.0.2.1/32", "%A192.0.2.1"),
            ("1.0.2.1/32", "%201.0.2.1"),
            ("192.0.2.1/32", "%FF192.0.2.1"),
        ] {
            assert_eq!(
                dotted(&scan_for(&[network]), content.as_bytes()).len(),
                1,
                "{content}"
            );
        }
        assert!(dotted(&scan_for(&["92.0.2.1/32"]), b"192.0.2.1").is_empty());
    }

    #[test]
    fn host_name_and_mapped_address_are_found_by_their_digits() {
        let scan = scan_for(&["192.0.2.1/32", "0.0.0.9/32"]);
        assert!(scan.is_host_name(b"192-0-2-1.ec2.internal"));
        for other in ["192-0-2-10", "192-0-2", "192.0.2.1", "x", ""] {
            assert!(!scan.is_host_name(other.as_bytes()), "{other}");
        }
        for after in ["c000:201", "C000:0201]:443", ":9", "0:9", "::"] {
            let is_found = scan.is_mapped(b"::F", after.as_bytes());
            assert_eq!(is_found, after != "::", "{after}");
        }
        for (before, after) in [
            ("::f", "c000:202"),
            ("::", "c000:201"),
            ("::f", "0c000:201"),
        ] {
            assert!(
                !scan.is_mapped(before.as_bytes(), after.as_bytes()),
                "{before}fff:{after}"
            );
        }
        let all = scan_for(&["0.0.0.0/0"]);
        assert!(all.is_mapped(b"f", b":") && all.is_mapped(b"f", b"c000::"));
    }

    #[test]
    fn ipv6_address_is_found_in_any_spelling() {
        let scan = scan_for(&["2001:db8::/32"]);
        for content in [
            "2001:db8::1",
            "[2001:0DB8:0:0:0:0:0:1]:443",
            "2001:db8::1:44300",
            "2001:db8::3:",
            "%2F2001:db8::1",
            "2001:db8:0:0:0:0:192.0.2.1",
            "{\"a\":\"2001:db8::1\"}",
        ] {
            assert!(v6(&scan, content.as_bytes()), "{content}");
        }
        for content in [
            "2001:db9::1",
            "12:30:59",
            "arn:aws:iam::111111111111:user/ben",
            "00:1b:44:11:3a:b7",
            "{\"a\":1,\"b\":{}}",
            "::",
            ":",
        ] {
            assert!(!v6(&scan, content.as_bytes()), "{content}");
        }
        assert!(v6(&scan, b"\xff2001:db8::1\xff"));
    }
}
