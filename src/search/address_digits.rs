//! Reads the numbers of IP addresses from raw bytes.

/// The most digits of a group of an IPv6 address.
pub(super) const LONGEST_GROUP: usize = 4;

/// The most digits that the first octet and a percent escape before it have together.
const MOST_DIGITS: usize = 5;

/// The three octets at the start of a text, each after a separator.
pub(super) fn three_octets(text: &[u8], separator: u8) -> Option<u32> {
    let mut value = 0;
    let mut rest = text;
    for _ in 0..3 {
        let (next, after) = octet(rest.strip_prefix(&[separator])?)?;
        value = (value << 8) | next;
        rest = after;
    }
    Some(value)
}

/// The octet at the start of a text, and the text after it.
pub(super) fn octet(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text
        .iter()
        .take(4)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = text.split_at_checked(digits)?;
    Some((octet_value(digits)?, rest))
}

fn octet_value(digits: &[u8]) -> Option<u32> {
    if !(1..=3).contains(&digits.len()) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    u8::try_from(value).is_ok().then_some(value)
}

/// The octets that the digits at the end of a text may be: all of them, or only the last ones if a
/// percent escape may end in the others.
pub(super) fn last_octets(text: &[u8]) -> impl Iterator<Item = u32> {
    let digits = text
        .iter()
        .rev()
        .take(MOST_DIGITS + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let start = text.len() - digits;
    let before = text.get(start.saturating_sub(2)..start).unwrap_or_default();
    let fewest = if before.contains(&b'%') { 1 } else { digits };
    (fewest..=digits.min(3))
        .filter_map(move |count| octet_value(text.get(text.len().checked_sub(count)?..)?))
}

/// The group of an IPv6 address at the start of a text, and the text after it. A group without
/// digits is next to `::`.
pub(super) fn group(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text
        .iter()
        .take(LONGEST_GROUP + 1)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    if digits > LONGEST_GROUP {
        return None;
    }
    let (digits, rest) = text.split_at_checked(digits)?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default();
    let value = digits
        .iter()
        .fold(0, |value, byte| (value << 4) | digit(byte));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_have_up_to_three_digits() {
        assert_eq!(octet(b"192.0"), Some((192, &b".0"[..])));
        for wrong in ["", "x", "256", "1000", ".1"] {
            assert_eq!(octet(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(three_octets(b".0.2.1 ", b'.'), Some(2 * 256 + 1));
        assert_eq!(three_octets(b".0.2", b'.'), None);
    }

    #[test]
    fn only_a_percent_escape_shortens_the_last_octet() {
        let octets = |text: &str| last_octets(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(octets("x192"), [192]);
        assert_eq!(octets("%20192"), [2, 92, 192]);
        assert_eq!(octets("%A1"), [1]);
        assert_eq!(octets("%A19"), [9, 19]);
        for none in ["", "x", "1192", "999"] {
            assert!(octets(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn groups_have_up_to_four_digits() {
        assert_eq!(group(b"C0a8:1"), Some((0xc0a8, &b":1"[..])));
        assert_eq!(group(b":1"), Some((0, &b":1"[..])));
        assert_eq!(group(b"0c000"), None);
    }
}
