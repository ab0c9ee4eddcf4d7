//! Colons that are percent escapes. URLs with policies have many of them, and few could be in an IPv6
//! address.

use super::address_digits::LONGEST_GROUP;

const COLON_ESCAPE: &[u8] = b"%3A";

/// Whether the colon that the percent escape at an offset spells may be in an IPv6 address: that has
/// at least two colons, and at most one group is between neighbours. Escapes of digits, of percent
/// signs and of JSON are aliases of their own.
pub(super) fn has_near_colon(bytes: &[u8], at: usize) -> bool {
    let after = bytes.get(at + COLON_ESCAPE.len()..).unwrap_or_default();
    let digits = count_hex_digits(after.iter().take(LONGEST_GROUP));
    let next = after.get(digits..).unwrap_or_default();
    if next.first() == Some(&b':') || starts_with_colon_escape(next) {
        return true;
    }
    let before = bytes.get(..at).unwrap_or_default();
    // The last two characters of an escaped colon are hexadecimal digits too.
    let digits = count_hex_digits(before.iter().rev().take(LONGEST_GROUP + 2));
    let (before, last) = before.split_at(before.len() - digits);
    match before.last() {
        Some(b':') => digits <= LONGEST_GROUP,
        Some(b'%') => last
            .get(..2)
            .is_some_and(|code| code.eq_ignore_ascii_case(b"3a")),
        _ => false,
    }
}

fn count_hex_digits<'b>(bytes: impl Iterator<Item = &'b u8>) -> usize {
    bytes.take_while(|byte| byte.is_ascii_hexdigit()).count()
}

fn starts_with_colon_escape(text: &[u8]) -> bool {
    let start = text.get(..COLON_ESCAPE.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(COLON_ESCAPE))
}

#[cfg(test)]
mod tests {
    use crate::search::escape_aliases::EscapeAliases;

    #[test]
    fn colon_is_an_alias_where_an_ipv6_address_may_be() {
        let characters = "0123456789abcdef.:";
        let aliases = EscapeAliases::new(["ben"].into_iter()).with_addresses(characters);
        for hiding in [
            "2001%3Adb8::1",
            "2001:db8%3A%3aX",
            "2001:db8:%3A",
            ":ffff%3Ag",
            "%3Affff%3Ag",
            "g%3A%3A",
            "::%3A",
            "%2e",
            "%61",
        ] {
            assert!(aliases.may_be_in(hiding), "{hiding}");
        }
        for plain in [
            "%22%3A%22",
            "sts%3AAssumeRole",
            "%22%3A%20%22",
            "12345%3Ag",
            "g%3A12345:",
            ":12345%3A",
            "%3A",
            "a%3Ab",
        ] {
            assert!(!aliases.may_be_in(plain), "{plain}");
        }
        let with_colon = EscapeAliases::new(["user:x"].into_iter()).with_addresses(characters);
        assert!(with_colon.may_be_in("sts%3AAssumeRole"));
    }
}
