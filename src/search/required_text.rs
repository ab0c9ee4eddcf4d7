//! Required literals: texts that every event with an indicator contains, however it spells the
//! indicator.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use super::resource_names::resource_arn;
use dragnet_model::{Indicator, IndicatorValue};

/// Shorter runs of characters are in too many events to narrow anything.
pub(super) const SHORTEST_RUN: usize = 3;

/// A network is split into at most 2 to the power of this many prefixes: 192.0.2.0/23 is `192.0.2.`
/// and `192.0.3.`.
const MOST_HALVINGS: u8 = 4;

/// The digits of a digest that the server searches for; 64 bits are as rare as the whole digest.
const DIGEST_DIGITS: usize = 16;

/// The groups of an IPv6 address that cannot be spelled as dotted octets.
const HEX_GROUPS: usize = 6;

/// Texts by which the server finds escapes that no known encoder writes. A message in which a
/// character of [`is_never_escaped`] is written as a JSON escape contains one of them. Someone may
/// write such escapes to hide a text: `\u0031` is `1`.
///
/// An escape that is quoted again in JSON is `\\u0031`, or one of its own characters is escaped: a
/// backslash, a `u` or a digit. So the letters and digits of one of these escapes are adjacent in
/// the raw message, at any depth. The backslash is not part of the texts, because its quoting in
/// filter patterns is not documented. Escapes that encoders do write are not among them: `\u003c`,
/// `\u0026`, `\u001b`, `\u00e9`.
pub(super) const ESCAPES: [&str; 21] = [
    "u0025", "u002d", "u002D", "u002e", "u002E", "u0030", "u0031", "u0032", "u0033", "u0034",
    "u0035", "u0036", "u0037", "u0038", "u0039", "u003a", "u003A", "u004", "u005", "u006", "u007",
];

/// The same as a regular expression.
pub(super) const ESCAPES_REGEX: &str = "u002[5dDeE]|u003[0-9aA]|u00[4-7]";

/// The same for percent escapes: `%3A` is `:`, `%31` is `1`. Encoders leave letters, digits and `-._`
/// unchanged, but write `:` and `@` as escapes. `%25` begins every escape that is encoded twice.
pub(super) const PERCENT_ESCAPES: [&str; 21] = [
    "%25", "%2d", "%2D", "%2e", "%2E", "%30", "%31", "%32", "%33", "%34", "%35", "%36", "%37",
    "%38", "%39", "%3a", "%3A", "%4", "%5", "%6", "%7",
];

/// The same as a regular expression. A percent sign would end it in a filter pattern.
pub(super) const PERCENT_ESCAPES_REGEX: &str = r"\x252[5dDeE]|\x253[0-9aA]|\x25[4-7]";

/// The escapes that can hide a text from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HidingEscapes {
    /// JSON escapes: in the fields of a hunt.
    Json,
    /// JSON and percent escapes: in the texts that the matcher compares.
    JsonAndPercent,
}

impl HidingEscapes {
    /// The texts by which the server finds them.
    pub(super) fn terms(self) -> impl Iterator<Item = &'static str> {
        let percent: &[&str] = match self {
            Self::Json => &[],
            Self::JsonAndPercent => &PERCENT_ESCAPES,
        };
        ESCAPES.iter().chain(percent).copied()
    }

    /// A regular expression that matches them.
    pub(super) fn regex(self) -> String {
        match self {
            Self::Json => ESCAPES_REGEX.to_owned(),
            Self::JsonAndPercent => format!("{ESCAPES_REGEX}|{PERCENT_ESCAPES_REGEX}"),
        }
    }
}

/// The groups of an IPv6 address that contains an IPv4 address, if that is not in dotted notation:
/// `::ffff:c000:201`.
const MAPPED_IPV4_REGEX: &str = "[fF]{4}:[0-9a-fA-F]*:";

/// What every event with an indicator contains, unless one of the [`HidingEscapes`] is in the
/// message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequiredText {
    /// All of these texts; at least one.
    All(Vec<String>),
    /// These texts in this order, without a line break between them; at least two.
    Sequence(Vec<String>),
    /// One of these texts; the list is not empty.
    Any(Vec<String>),
    /// A match of one of these regular expressions, in AWS's restricted syntax; the list is not
    /// empty.
    Regex(Vec<String>),
}

impl RequiredText {
    /// The required text of an indicator; `None` if there is none, so that only an unfiltered scan
    /// is safe.
    pub(super) fn from_indicator(indicator: &Indicator) -> Option<Self> {
        match indicator.value() {
            IndicatorValue::Ip(IpAddr::V4(address)) => {
                Some(Self::v4_regexes(vec![address.to_string()]))
            }
            IndicatorValue::Ip(IpAddr::V6(address)) => {
                v6_regex(*address, 128).map(|regex| Self::Regex(vec![regex]))
            }
            IndicatorValue::Cidr(IpNet::V4(network)) => v4_prefixes(*network).map(Self::v4_regexes),
            IndicatorValue::Cidr(IpNet::V6(network)) => {
                v6_regex(network.addr(), network.prefix_len()).map(|regex| Self::Regex(vec![regex]))
            }
            IndicatorValue::Arn(arn) => required_runs(resource_arn(arn)),
            IndicatorValue::Account(id) => Some(Self::All(vec![id.to_string()])),
            IndicatorValue::AccessKey(text)
            | IndicatorValue::User(text)
            | IndicatorValue::Role(text)
            | IndicatorValue::UserAgent(text)
            | IndicatorValue::EventName(text)
            | IndicatorValue::Resource(text)
            | IndicatorValue::Text(text) => required_runs(text),
            IndicatorValue::Domain(name) => Some(Self::Regex(vec![case_insensitive_regex(name)])),
            IndicatorValue::Hash(digest) => digest
                .get(..DIGEST_DIGITS)
                .map(|digits| Self::Regex(vec![case_insensitive_regex(digits)])),
            IndicatorValue::Regex(_) => None,
        }
    }

    /// The spellings of IPv4 addresses that begin with one of these texts: with dots, with hyphens
    /// in the host name of an instance, or as the end of an IPv6 address.
    fn v4_regexes(prefixes: Vec<String>) -> Self {
        let regexes = prefixes.into_iter().map(|prefix| v4_regex(&prefix));
        Self::Regex(regexes.chain([MAPPED_IPV4_REGEX.to_owned()]).collect())
    }
}

/// A dot is any character here, because that is shorter and as rare as a dot or hyphen between
/// these digits. A dot at the end must be one, because nothing follows that makes it rare.
fn v4_regex(prefix: &str) -> String {
    prefix
        .strip_suffix('.')
        .map_or_else(|| prefix.to_owned(), |start| format!("{start}[.-]"))
}

/// Whether no known encoder escapes this character. JSON allows spellings such as `\/`, `\u002f`
/// and `\u003c`, and the encoder chooses. If these characters are escaped nevertheless, [`ESCAPES`]
/// finds the message.
fn is_never_escaped(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".:_-@".contains(c)
}

/// The runs of characters that an event contains unchanged, however it spells the text.
pub(super) fn required_runs(text: &str) -> Option<RequiredText> {
    let runs = text
        .split(|c| !is_never_escaped(c))
        .filter(|run| run.len() >= SHORTEST_RUN);
    let runs: Vec<String> = runs.map(str::to_owned).collect();
    // In such a text, `.` matches every character between the runs.
    let is_one_line = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    match runs.len() {
        0 => None,
        1 => Some(RequiredText::All(runs)),
        _ if is_one_line => Some(RequiredText::Sequence(runs)),
        _ => Some(RequiredText::All(runs)),
    }
}

/// The octets that all addresses of a network share, each with a dot after it. A network that does
/// not end at an octet is split into smaller ones if these are few.
pub(super) fn v4_prefixes(network: Ipv4Net) -> Option<Vec<String>> {
    let length = network.prefix_len();
    let aligned = length.next_multiple_of(8).min(24);
    let are_few = aligned.saturating_sub(length) <= MOST_HALVINGS;
    let prefixes: Vec<String> = match network.subnets(aligned) {
        Ok(parts) if are_few => parts.map(shared_octets).collect(),
        _ => vec![shared_octets(network)],
    };
    prefixes
        .iter()
        .all(|prefix| prefix.len() >= SHORTEST_RUN)
        .then_some(prefixes)
}

fn shared_octets(network: Ipv4Net) -> String {
    let whole = usize::from(network.prefix_len() / 8).min(3);
    network
        .network()
        .octets()
        .iter()
        .take(whole)
        .flat_map(|octet| [octet.to_string(), ".".to_owned()])
        .collect()
}

/// The groups that every spelling contains, each with a colon after it: those before the first
/// zero.
pub(super) fn v6_groups(address: Ipv6Addr, prefix_length: u8) -> impl Iterator<Item = u16> {
    let fixed = usize::from(prefix_length / 16).min(HEX_GROUPS);
    address
        .segments()
        .into_iter()
        .take(fixed)
        .take_while(|group| *group != 0)
}

/// A regular expression for the groups before the first zero, in any case and with or without
/// leading zeros. Only zero groups can be left out, and a colon follows every group but the last.
fn v6_regex(address: Ipv6Addr, prefix_length: u8) -> Option<String> {
    let spelled = v6_groups(address, prefix_length).map(|group| {
        let zeros = if group < 0x1000 { "0*" } else { "" };
        format!("{zeros}{}:", case_insensitive_regex(&format!("{group:x}")))
    });
    let regex: String = spelled.collect();
    (!regex.is_empty()).then_some(regex)
}

fn case_insensitive_regex(text: &str) -> String {
    let class = |c: char| format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase());
    text.chars()
        .map(|c| {
            if c.is_ascii_alphabetic() {
                class(c)
            } else {
                escape_for_regex(c)
            }
        })
        .collect()
}

/// A text of characters that are never escaped, as a regular expression.
pub(super) fn as_regex(text: &str) -> String {
    text.chars().map(escape_for_regex).collect()
}

fn escape_for_regex(c: char) -> String {
    if c == '.' {
        r"\.".to_owned()
    } else {
        c.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The required text in a compact notation: texts joined by ` & ` or ` | `, or `%regex%`.
    fn required_text(indicator: &str) -> Option<String> {
        RequiredText::from_indicator(&indicator.parse().unwrap()).map(|required| match required {
            RequiredText::All(texts) => texts.join(" & "),
            RequiredText::Sequence(texts) => texts.join(" ~ "),
            RequiredText::Any(texts) => texts.join(" | "),
            RequiredText::Regex(regexes) => {
                let narrow = regexes
                    .iter()
                    .filter(|regex| *regex != MAPPED_IPV4_REGEX)
                    .cloned();
                format!("%{}%", narrow.collect::<Vec<_>>().join("|"))
            }
        })
    }

    #[test]
    fn network_is_split_at_octets() {
        assert_eq!(required_text("192.0.2.1").unwrap(), "%192.0.2.1%");
        assert_eq!(required_text("192.0.2.0/24").unwrap(), "%192.0.2[.-]%");
        assert_eq!(required_text("192.0.2.0/28").unwrap(), "%192.0.2[.-]%");
        assert_eq!(
            required_text("192.0.2.0/23").unwrap(),
            "%192.0.2[.-]|192.0.3[.-]%"
        );
        assert_eq!(required_text("192.0.0.0/17").unwrap(), "%192.0[.-]%");
        assert_eq!(required_text("10.0.0.0/8").unwrap(), "%10[.-]%");
        assert_eq!(required_text("8.0.0.0/5"), None, "`8.` is everywhere");
        assert_eq!(required_text("0.0.0.0/0"), None);
    }

    #[test]
    fn ipv6_requires_the_groups_before_the_first_zero() {
        assert_eq!(required_text("2001:db8::1").unwrap(), "%2001:0*[dD][bB]8:%");
        assert_eq!(
            required_text("2001:db8:7::/48").unwrap(),
            "%2001:0*[dD][bB]8:0*7:%"
        );
        assert_eq!(required_text("2001:db8::/20").unwrap(), "%2001:%");
        assert_eq!(
            required_text("2001:db8:1:2:3:4:5:6").unwrap(),
            "%2001:0*[dD][bB]8:0*1:0*2:0*3:0*4:%"
        );
        assert_eq!(required_text("::1"), None);
        assert_eq!(required_text("2000::/3"), None);
    }

    #[test]
    fn case_insensitive_kinds_require_a_regex() {
        assert_eq!(
            required_text("a1.example").unwrap(),
            r"%[aA]1\.[eE][xX][aA][mM][pP][lL][eE]%"
        );
        assert_eq!(
            required_text("d41d8cd98f00b204e9800998ecf8427e").unwrap(),
            "%[dD]41[dD]8[cC][dD]98[fF]00[bB]204%"
        );
    }

    #[test]
    fn text_requires_its_never_escaped_runs() {
        assert_eq!(
            required_text("arn:aws:iam::111111111111:user/team/ben").unwrap(),
            "arn:aws:iam::111111111111:user ~ team ~ ben"
        );
        assert_eq!(
            required_text("text:line one\nline two").unwrap(),
            "line & one & line & two"
        );
        assert_eq!(required_text("user:ben").unwrap(), "ben");
        assert_eq!(required_text("text:<>"), None);
        assert_eq!(required_text("regex:abc"), None);
    }

    #[test]
    fn percent_escapes_list_has_every_escape_of_never_escaped_characters() {
        let regex = regex::Regex::new(PERCENT_ESCAPES_REGEX).unwrap();
        for c in (0..=0x7f_u8).map(char::from) {
            let code = u32::from(c);
            for escape in [format!("%{code:02x}"), format!("%{code:02X}")] {
                let is_known = PERCENT_ESCAPES.iter().any(|known| escape.contains(known));
                assert_eq!(is_known, regex.is_match(&escape), "{escape}");
                assert!(is_known || !(is_never_escaped(c) || c == '%'), "{escape}");
                assert!(
                    !is_known || !"/ +&=?#\"<>,;\n".contains(c),
                    "encoders write {escape}"
                );
            }
        }
    }

    #[test]
    fn escapes_list_has_every_escape_of_never_escaped_characters() {
        let regex = regex::Regex::new(ESCAPES_REGEX).unwrap();
        for c in (0..=0x7f_u8).map(char::from) {
            let digits = [
                format!("u{:04x}", u32::from(c)),
                format!("u{:04X}", u32::from(c)),
            ];
            for escape in &digits {
                let is_known = ESCAPES.iter().any(|known| escape.contains(known));
                assert_eq!(is_known, regex.is_match(escape), "{escape}");
                assert!(is_known || !(is_never_escaped(c) || c == '\\'), "{escape}");
                assert!(
                    !is_known || !"<>&'\"+=/ \n\u{1b}".contains(c),
                    "encoders write {escape}"
                );
            }
        }
    }
}
