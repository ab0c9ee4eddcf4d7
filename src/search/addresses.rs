//! Finds IP addresses in a text, in any spelling, and the indicators that they match.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use memchr::memchr_iter;

/// The length of `0.0.0.0`. Most runs of digits and dots are version numbers, and shorter.
const SHORTEST_V4: usize = 7;

/// The addresses and networks to search for. A lookup takes as long with ten thousand of them as
/// with one.
#[derive(Debug, Default)]
pub(super) struct AddressSet {
    indicators: HashMap<IpNet, Vec<usize>>,
    /// The prefix lengths of the networks. Each costs one lookup in the map.
    v4_lengths: BTreeSet<u8>,
    v6_lengths: BTreeSet<u8>,
}

impl AddressSet {
    pub(super) fn insert(&mut self, network: IpNet, indicator: usize) {
        let lengths = if matches!(network, IpNet::V4(_)) {
            &mut self.v4_lengths
        } else {
            &mut self.v6_lengths
        };
        lengths.insert(network.prefix_len());
        self.indicators
            .entry(network.trunc())
            .or_default()
            .push(indicator);
    }

    /// The characters whose escapes could be taken for a part of an address, besides the characters
    /// of addresses themselves. In `\f2001:db8::1`, the `f` of the form feed could be a hexadecimal
    /// digit; the `n` of a line feed could not.
    pub(super) fn escapable_bytes(&self) -> &'static str {
        if self.v6_lengths.is_empty() {
            ""
        } else {
            "\u{8}\u{c}"
        }
    }

    /// Calls `each` with every indicator that an address in `text` matches, and with the offset of
    /// the run of characters in which the address was found.
    pub(super) fn find(&self, text: &str, each: &mut dyn FnMut(usize, usize)) {
        let mut look_up = |at, address, lengths| {
            self.look_up(address, lengths, &mut |indicator| each(indicator, at));
        };
        if !self.v4_lengths.is_empty() {
            v4_addresses(text)
                .for_each(|(at, address)| look_up(at, address.into(), &self.v4_lengths));
        }
        if !self.v6_lengths.is_empty() {
            v6_addresses(text)
                .for_each(|(at, address)| look_up(at, address.into(), &self.v6_lengths));
        }
    }

    fn look_up(&self, address: IpAddr, lengths: &BTreeSet<u8>, each: &mut dyn FnMut(usize)) {
        let networks = lengths
            .iter()
            .filter_map(|length| IpNet::new(address, *length).ok());
        let found = networks.filter_map(|network| self.indicators.get(&network.trunc()));
        found.flatten().for_each(|indicator| each(*indicator));
    }
}

/// The IPv4 addresses without an adjacent digit or a further octet. Letters may be adjacent: an
/// address may follow `ip` or precede `:443`, and it may be the end of `::ffff:192.0.2.1`.
fn v4_addresses(text: &str) -> impl Iterator<Item = (usize, Ipv4Addr)> {
    let is_part = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let is_inside = |before: u8, after: u8| before.is_ascii_digit() && after.is_ascii_digit();
    find_runs(text, b'.', is_part, is_inside)
        .filter(|(_, run)| run.len() >= SHORTEST_V4)
        // No address continues across two dots in a row.
        .flat_map(|(at, run)| run.split("..").map(move |part| (at, part)))
        .filter_map(|(at, part)| Some((at, part.trim_matches('.').parse().ok()?)))
}

/// The IPv6 addresses in a text: every run of hexadecimal digits, colons and dots that is an
/// address, without a port, colon or full stop next to it.
fn v6_addresses(text: &str) -> impl Iterator<Item = (usize, Ipv6Addr)> {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    let is_inside = move |before: u8, after: u8| is_part(before) || is_part(after);
    find_runs(text, b':', is_part, is_inside).filter_map(|(at, run)| {
        let trimmed = run.trim_end_matches('.');
        let whole = || trimmed.parse().ok();
        let without_one_colon = || {
            trimmed
                .strip_suffix(':')
                .or_else(|| trimmed.strip_prefix(':'))?
                .parse()
                .ok()
        };
        let without_port = || trimmed.rsplit_once(':')?.0.parse().ok();
        // An address has at least two colons; most runs are times of day.
        trimmed.bytes().filter(|byte| *byte == b':').nth(1)?;
        Some((
            at,
            whole().or_else(without_one_colon).or_else(without_port)?,
        ))
    })
}

/// The longest runs of ASCII bytes of a kind (`is_part`) around a `separator`, with their
/// offsets. A separator counts only if `is_inside` accepts its neighbours. The two digits of a
/// percent escape, as in `%20192.0.2.1`, are not part of a run.
fn find_runs<'t>(
    text: &'t str,
    separator: u8,
    is_part: impl Fn(u8) -> bool + Copy + 't,
    is_inside: impl Fn(u8, u8) -> bool + 't,
) -> impl Iterator<Item = (usize, &'t str)> {
    let bytes = text.as_bytes();
    let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let mut searched_to = 0;
    memchr_iter(separator, bytes).filter_map(move |at| {
        if at < searched_to || !is_inside(byte(at.checked_sub(1)), byte(at.checked_add(1))) {
            return None;
        }
        let before = bytes
            .get(searched_to..at)?
            .iter()
            .rev()
            .take_while(|byte| is_part(**byte))
            .count();
        let after = bytes
            .get(at..)?
            .iter()
            .take_while(|byte| is_part(**byte))
            .count();
        searched_to = at + after;
        let start = at - before;
        let escape = if byte(start.checked_sub(1)) == b'%' {
            2
        } else {
            0
        };
        let start = start + escape.min(before);
        Some((start, text.get(start..searched_to)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> Vec<String> {
        v4_addresses(text)
            .map(|(_, address)| address.to_string())
            .collect()
    }

    fn v6(text: &str) -> Vec<String> {
        v6_addresses(text)
            .map(|(_, address)| address.to_string())
            .collect()
    }

    #[test]
    fn ipv4_address_next_to_digit_or_octet_does_not_match() {
        for good in [
            "192.0.2.1",
            "from 192.0.2.1.",
            "[192.0.2.1]:443",
            "ip-192.0.2.1,",
            "::ffff:192.0.2.1",
            "a192.0.2.1x",
            "é192.0.2.1é",
            "1..192.0.2.1..2",
            ".192.0.2.1.",
            "%22192.0.2.1%22",
        ] {
            assert_eq!(v4(good), ["192.0.2.1"], "{good}");
        }
        for bad in [
            "192.0.2.10",
            "1192.0.2.1",
            "1.192.0.2.1",
            "192.0.2.1.7",
            "192.0.2.01",
            "192.0.2",
            "",
        ] {
            assert!(!v4(bad).contains(&"192.0.2.1".to_owned()), "{bad}");
        }
        assert_eq!(
            v4("192.0.2.1,192.0.2.2 1.5 v1.2.3"),
            ["192.0.2.1", "192.0.2.2"]
        );
    }

    #[test]
    fn ipv6_address_is_found_in_any_spelling() {
        assert_eq!(
            v6("a 2001:DB8:0:0::1, 2001:0db8:0000:0000:0000:0000:0000:0002."),
            ["2001:db8::1", "2001:db8::2"]
        );
        assert_eq!(
            v6("[2001:db8::1]:443 ip=2001:db8::2 2001:db8::3: ::1 2001:db8::"),
            [
                "2001:db8::1",
                "2001:db8::2",
                "2001:db8::3",
                "::1",
                "2001:db8::"
            ]
        );
        assert_eq!(
            v6("dead beef 12:30:59 a:b {\"a\":1,\"b\":{}} 192.0.2.1:443"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn address_matches_every_network_that_contains_it() {
        let mut set = AddressSet::default();
        for (indicator, network) in ["192.0.2.0/24", "192.0.2.1/32", "2001:db8::/32", "0.0.0.0/0"]
            .iter()
            .enumerate()
        {
            set.insert(network.parse().unwrap(), indicator);
        }
        let found = |text: &str| {
            let mut all = BTreeSet::new();
            set.find(text, &mut |indicator, _| _ = all.insert(indicator));
            all.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(found("192.0.2.1"), [0, 1, 3]);
        assert_eq!(found("192.0.3.1"), [3]);
        assert_eq!(found("at 2001:db8:ffff::1"), [2]);
        assert_eq!(found("2001:db9::1"), Vec::<usize>::new());
    }
}
