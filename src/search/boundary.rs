//! Where a match may begin and end: 192.0.2.1 is not in 192.0.2.10.

use std::net::IpAddr;

/// What may not stand next to a literal for it to be a match of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edges {
    /// An IPv4 address: no digit next to it, and no further octet.
    Ipv4,
    /// A word: no letter, digit or `_` next to an end that is one itself.
    Word,
    /// An IAM or STS ARN: a word, and nothing that would go on with the name.
    Principal,
}

impl Edges {
    /// Whether `text[at..at + length]`, at character boundaries, stands free.
    pub fn are_free(self, text: &str, at: usize, length: usize) -> bool {
        let (Some(before), Some(inside), Some(after)) =
            (text.get(..at), text.get(at..at + length), text.get(at + length..))
        else {
            return false;
        };
        match self {
            Self::Ipv4 => !continues_address(before.chars().rev()) && !continues_address(after.chars()),
            Self::Word => word_ends(before, inside, after),
            Self::Principal => word_ends(before, inside, after) && !continues_name(after),
        }
    }
}

/// A digit, or a dot and then a digit, seen going away from the address.
fn continues_address(mut away: impl Iterator<Item = char>) -> bool {
    match away.next() {
        Some('.') => away.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_ascii_digit(),
        None => false,
    }
}

fn word_ends(before: &str, inside: &str, after: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let joined = |one, other| is_word(one) && is_word(other);
    !joined(before.chars().next_back(), inside.chars().next())
        && !joined(inside.chars().next_back(), after.chars().next())
}

/// Names of users and roles go on with any of `+=,.@-` and paths with `/`; but a dot or comma that
/// nothing follows ends a sentence.
fn continues_name(after: &str) -> bool {
    let mut chars = after.chars();
    match chars.next() {
        Some('+' | '=' | '@' | '-' | '/') => true,
        Some('.' | ',') => chars.next().is_some_and(|c| c.is_alphanumeric() || "_+=,.@-".contains(c)),
        _ => false,
    }
}

/// Every address in a text, in whatever spelling: each longest run of address characters that parses,
/// without the port, the brackets or the full stop that may stand next to it.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.')).filter_map(|run| {
        // The shortest addresses are `::` and `0.0.0.0`.
        let promising = run.contains(':') || run.bytes().filter(|b| *b == b'.').count() >= 3;
        if promising { address(run) } else { None }
    })
}

fn address(run: &str) -> Option<IpAddr> {
    let bare = run.trim_end_matches('.');
    let without_port = || bare.rsplit_once(':').map(|(host, _)| host);
    let parsed = bare
        .parse()
        .ok()
        // `ip:192.0.2.1`, `2001:db8::1:` and `192.0.2.1:443` are an address with something attached.
        .or_else(|| bare.trim_matches(':').parse().ok())
        .or_else(|| without_port()?.parse().ok())
        .or_else(|| bare.split(':').find(|part| part.contains('.'))?.parse().ok());
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(edges: Edges, text: &str, literal: &str) -> bool {
        edges.are_free(text, text.find(literal).unwrap(), literal.len())
    }

    #[test]
    fn an_address_stands_free_of_digits_and_octets() {
        for good in
            ["192.0.2.1", "from 192.0.2.1.", "[192.0.2.1]:443", "ip-192.0.2.1,", "::ffff:192.0.2.1", "x192.0.2.1x"]
        {
            assert!(free(Edges::Ipv4, good, "192.0.2.1"), "{good}");
        }
        for bad in ["192.0.2.10", "1192.0.2.1", "1.192.0.2.1", "192.0.2.1.7"] {
            assert!(!free(Edges::Ipv4, bad, "192.0.2.1"), "{bad}");
        }
    }

    #[test]
    fn a_word_stands_free_of_words() {
        assert!(free(Edges::Word, "see evil.example/path", "evil.example"));
        assert!(free(Edges::Word, "www.evil.example", "evil.example"));
        assert!(!free(Edges::Word, "notevil.example", "evil.example"));
        assert!(!free(Edges::Word, "évil", "vil"), "letters are not only ASCII");
        assert!(free(Edges::Word, "a/b/c", "/b/"), "an end that is no word has no edge");
    }

    #[test]
    fn a_principal_is_not_another_with_a_longer_name() {
        let user = "arn:aws:iam::111111111111:user/ben";
        for good in ["", "\"", " ", ".", ", and", "\n"] {
            assert!(free(Edges::Principal, &format!("{user}{good}"), user), "{good}");
        }
        for bad in ["jamin", "-x", ".x", "@x", "/x", "+x"] {
            assert!(!free(Edges::Principal, &format!("{user}{bad}"), user), "{bad}");
        }
    }

    #[test]
    fn addresses_are_found_in_any_spelling() {
        let found = |text| addresses(text).map(|address| address.to_string()).collect::<Vec<_>>();
        assert_eq!(found("a 192.0.2.1 b 2001:DB8:0:0::1, c"), ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(found("[2001:db8::1]:443 192.0.2.1:80"), ["2001:db8::1", "192.0.2.1"]);
        assert_eq!(found("::ffff:192.0.2.1."), ["192.0.2.1"]);
        assert_eq!(found("dead beef 12:30:59 v1.2.3"), Vec::<String>::new());
    }
}
