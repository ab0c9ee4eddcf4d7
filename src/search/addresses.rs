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

    /// The characters whose escapes could spell a part of an address, or could be taken for one. In
    /// `\f2001:db8::1`, the `f` of the form feed could be a hexadecimal digit; the `n` of a line feed
    /// could not.
    pub(super) fn escapable_bytes(&self) -> &'static str {
        if self.indicators.is_empty() {
            ""
        } else {
            "\u{8}\u{c}0123456789abcdef.:-ip"
        }
    }

    /// Calls `each` with every indicator that an address in `text` matches.
    pub(super) fn find(&self, text: &str, each: &mut dyn FnMut(usize)) {
        if !self.v4_lengths.is_empty() {
            v4_addresses(text)
                .chain(host_name_addresses(text))
                .for_each(|address| self.look_up(address.into(), &self.v4_lengths, each));
        }
        if self.indicators.is_empty() {
            return;
        }
        for address in v6_addresses(text) {
            // `::ffff:c000:201` is 192.0.2.1.
            if let Some(mapped) = address.to_ipv4_mapped() {
                self.look_up(mapped.into(), &self.v4_lengths, each);
            }
            self.look_up(address.into(), &self.v6_lengths, each);
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
/// address may follow `ip` or precede `:443`, and it may be the end of `::ffff:192.0.2.1`. A fifth
/// number that cannot be an octet is a port, as `tcpdump` prints it: `192.0.2.1.443`.
fn v4_addresses(text: &str) -> impl Iterator<Item = Ipv4Addr> {
    let is_part = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let is_inside = |before: u8, after: u8| before.is_ascii_digit() && after.is_ascii_digit();
    find_runs(text, b'.', is_part, is_inside)
        .filter(|run| run.len() >= SHORTEST_V4)
        // No address continues across two dots in a row.
        .flat_map(|run| run.split(".."))
        .filter_map(move |part| {
            let part = part.trim_matches('.');
            part.parse().ok().or_else(|| address_with_port(part, text))
        })
}

/// The address of `192.0.2.1.443`. A port up to 255 could be a further octet, so it counts only
/// where the text has an arrow of `tcpdump`: `IP 192.0.2.1.80 > 10.0.0.9.50000: Flags [S]`.
fn address_with_port(part: &str, text: &str) -> Option<Ipv4Addr> {
    let (address, port) = part.rsplit_once('.')?;
    let address = address.parse().ok()?;
    let number: u16 = port.parse().ok()?;
    let is_port = number > u16::from(u8::MAX) || has_arrow(part, text);
    (!port.starts_with('0') && is_port).then_some(address)
}

/// Whether ` > ` is before or after a part of a text.
fn has_arrow(part: &str, text: &str) -> bool {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(start + part.len()..).unwrap_or_default();
    before.ends_with(" > ") || after.starts_with(" > ")
}

/// The IPv4 addresses in host names that EC2 gives to instances: `ip-192-0-2-1`,
/// `ip-192-0-2-1.ec2.internal`, `ec2-192-0-2-1.compute-1.amazonaws.com`.
/// Source: EC2 user guide, "EC2 instance hostnames and domains".
fn host_name_addresses(text: &str) -> impl Iterator<Item = Ipv4Addr> {
    let bytes = text.as_bytes();
    memchr_iter(b'-', bytes).filter_map(move |at| {
        let before = bytes.get(..at)?;
        let length = [&b"ip"[..], b"ec2"]
            .iter()
            .find(|prefix| before.ends_with(prefix))?
            .len();
        let start = at - length;
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if start
            .checked_sub(1)
            .and_then(|at| bytes.get(at))
            .is_some_and(is_name)
        {
            return None;
        }
        let rest = text.get(at + 1..)?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '-')
            .unwrap_or(rest.len());
        let (octets, after) = rest.split_at(end);
        let address = octets.replace('-', ".").parse().ok()?;
        let is_longer = after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        (!is_longer).then_some(address)
    })
}

/// The IPv6 addresses in a text: every run of hexadecimal digits, colons and dots that is an
/// address, without a port, colon or full stop next to it.
fn v6_addresses(text: &str) -> impl Iterator<Item = Ipv6Addr> {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    let is_inside = move |before: u8, after: u8| is_part(before) || is_part(after);
    find_runs(text, b':', is_part, is_inside).filter_map(parse_v6_run)
}

/// The address that a run of hexadecimal digits, colons and dots is, without a port, colon or full
/// stop next to it.
pub(super) fn parse_v6_run(run: &str) -> Option<Ipv6Addr> {
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
    whole().or_else(without_one_colon).or_else(without_port)
}

/// The longest runs of ASCII bytes of a kind (`is_part`) around a `separator`. A separator counts
/// only if `is_inside` accepts its neighbours. The two digits of a percent escape, as in
/// `%20192.0.2.1`, are not part of a run.
fn find_runs<'t>(
    text: &'t str,
    separator: u8,
    is_part: impl Fn(u8) -> bool + Copy + 't,
    is_inside: impl Fn(u8, u8) -> bool + 't,
) -> impl Iterator<Item = &'t str> {
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
        text.get(start + escape.min(before)..searched_to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> Vec<String> {
        v4_addresses(text)
            .map(|address| address.to_string())
            .collect()
    }

    fn v6(text: &str) -> Vec<String> {
        v6_addresses(text)
            .map(|address| address.to_string())
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
    fn port_of_tcpdump_is_not_an_octet() {
        for good in [
            "192.0.2.1.443",
            "IP 192.0.2.1.443 > 10.0.0.9.50000: Flags [S]",
            "IP 192.0.2.1.80 > 10.0.0.9.50000: Flags [S]",
            "IP 10.0.0.9.50000 > 192.0.2.1.22: Flags [S]",
            "IP 192.0.2.1.https > 10.0.0.9.50000: Flags [S]",
        ] {
            assert!(v4(good).contains(&"192.0.2.1".to_owned()), "{good}");
        }
        for bad in [
            "192.0.2.1.7",
            "192.0.2.1.80",
            "192.0.2.1.0443",
            "192.0.2.1.70000",
            "192.0.2.1.443.1",
            "1.192.0.2.1.443",
            "IP 192.0.2.10.443 > 10.0.0.9.50000",
        ] {
            assert!(!v4(bad).contains(&"192.0.2.1".to_owned()), "{bad}");
        }
    }

    #[test]
    fn host_name_of_ec2_contains_the_address() {
        let found = |text: &str| {
            host_name_addresses(text)
                .map(|address| address.to_string())
                .collect::<Vec<_>>()
        };
        for good in [
            "ip-192-0-2-1.ec2.internal",
            "ip-192-0-2-1",
            "system:node:ip-192-0-2-1.eu-west-1.compute.internal",
            "https://ec2-192-0-2-1.compute-1.amazonaws.com/",
            "Mar  1 ip-192-0-2-1 sshd[7]: x",
        ] {
            assert_eq!(found(good), ["192.0.2.1"], "{good}");
        }
        for bad in [
            "ip-192-0-2-10.ec2.internal",
            "ip-1192-0-2-1",
            "ip-192-0-2-1-7",
            "ip-192-0-2-1a",
            "zip-192-0-2-1",
            "ip-192-0-2",
            "ip-192-0-2-01",
            "192-0-2-1",
        ] {
            assert!(!found(bad).contains(&"192.0.2.1".to_owned()), "{bad}");
        }
    }

    #[test]
    fn mapped_address_matches_in_hexadecimal() {
        let mut set = AddressSet::default();
        set.insert("192.0.2.1/32".parse().unwrap(), 0);
        set.insert("192.0.2.0/24".parse().unwrap(), 1);
        let found = |text: &str| {
            let mut all = BTreeSet::new();
            set.find(text, &mut |indicator| _ = all.insert(indicator));
            all.len()
        };
        for good in [
            "::ffff:c000:201",
            "0:0:0:0:0:FFFF:C000:0201",
            "[::ffff:c000:201]:443",
            "::ffff:192.0.2.1",
        ] {
            assert_eq!(found(good), 2, "{good}");
        }
        assert_eq!(found("::ffff:c000:202"), 1);
        for bad in [
            "::ffff:c000:301",
            "::c000:201",
            "64:ff9b::c000:201",
            "2002:c000:201::",
        ] {
            assert_eq!(found(bad), 0, "{bad}");
        }
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
            set.find(text, &mut |indicator| _ = all.insert(indicator));
            all.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(found("192.0.2.1"), [0, 1, 3]);
        assert_eq!(found("192.0.3.1"), [3]);
        assert_eq!(found("at 2001:db8:ffff::1"), [2]);
        assert_eq!(found("2001:db9::1"), Vec::<usize>::new());
    }
}
