//! Lines of text with indicators, as people share them: with bullets, quotes, notes and defanged,
//! as a hosts file or as the output of `sha256sum`.
//!
//! ```text
//! 192.0.2.1                      one indicator
//! - 192.0.2[.]1 - initial C2     with a bullet and a note
//! IP: 192.0.2.1                  with a label
//! 0.0.0.0 evil.example           a hosts file
//! HASH  file.exe                 a checksum file
//! user:alice                     a kind, and any value of it
//! ```

use super::{Listing, vocabulary};
use dragnet_model::{
    Candidate, Extraction, Indicator, IndicatorKind, IndicatorValue, extract, is_file_name,
};

/// Reads every line of a text.
pub(super) fn read(text: &str, listing: &mut Listing) {
    for (number, line) in (1..).zip(text.lines()) {
        read_line(line, number, listing);
    }
}

/// Reads one line, or one cell of a table.
pub(super) fn read_line(line: &str, number: usize, listing: &mut Listing) {
    let line = trim_invisible(line);
    if is_comment(line) {
        return;
    }
    let entry = without_bullet(line);
    if let Some((kind, value)) = IndicatorKind::split_prefix(entry) {
        read_prefixed(kind, value, entry, number, listing);
        return;
    }
    let entry = without_comment(entry);
    if entry.is_empty() || read_labelled(entry, number, listing) {
        return;
    }
    let whole = entry.parse::<Indicator>();
    if let Ok(indicator) = &whole
        && indicator.kind() != IndicatorKind::Text
    {
        listing.add(number, whole);
        return;
    }
    let found = indicators_of_line(entry);
    if found.is_empty() {
        let problem = match whole {
            Ok(_) => format!("it is of no known kind; write `text:{entry}` to search for it"),
            Err(error) => error.problem().to_owned(),
        };
        listing.reject(number, entry, problem);
    }
    for indicator in found {
        listing.add(number, Ok(indicator));
    }
}

/// Reads `kind:value`. The value may be followed by a comment or a note, except if it may contain
/// any character itself.
fn read_prefixed(
    kind: IndicatorKind,
    value: &str,
    entry: &str,
    number: usize,
    listing: &mut Listing,
) {
    if kind.is_free_text() {
        listing.add(number, Indicator::parse_as(kind, value));
        return;
    }
    let value = without_comment(value);
    let indicator = Indicator::parse_as(kind, value);
    if indicator.is_ok() {
        listing.add(number, indicator);
        return;
    }
    let found = indicators_of_line(value);
    if found.is_empty() {
        let problem = indicator.err().map(|error| error.problem().to_owned());
        listing.reject(number, entry, problem.unwrap_or_default());
    }
    for indicator in found {
        listing.add(number, Ok(indicator));
    }
}

/// Reads `domain = evil.example` and `filename: a.exe`, if the label is the name of a type.
fn read_labelled(entry: &str, number: usize, listing: &mut Listing) -> bool {
    let Some((label, value)) = entry.split_once(['=', ':']) else {
        return false;
    };
    let label = label.trim();
    let value = value.trim();
    // `arn:` is the beginning of the value itself.
    let is_label = vocabulary::is_known(label) && !label.eq_ignore_ascii_case("arn");
    let is_labelled = is_label && !value.is_empty();
    if is_labelled {
        vocabulary::add(label, value, number, listing);
    }
    is_labelled
}

/// The indicators of a line that is more than one indicator.
fn indicators_of_line(line: &str) -> Vec<Indicator> {
    let Extraction {
        mut candidates,
        other_words,
    } = extract(line);
    if is_hosts_entry(&candidates) {
        candidates.remove(0);
        return flatten(candidates);
    }
    // Nothing but indicators: `192.0.2.1 evil.example`.
    if other_words == 0 && !has_file_behind_hash(&candidates) {
        return flatten(candidates);
    }
    candidates.retain(|candidate| {
        let is_first = candidate.position == 0;
        let is_cell = candidate.starts_cell && !is_file(candidate);
        candidate.is_certain || is_first || is_cell
    });
    flatten(candidates)
}

fn flatten(candidates: Vec<Candidate>) -> Vec<Indicator> {
    candidates
        .into_iter()
        .flat_map(|candidate| candidate.indicators)
        .collect()
}

fn is_file(candidate: &Candidate) -> bool {
    candidate
        .indicators
        .iter()
        .any(|indicator| is_file_name(&indicator.to_string()))
}

/// `HASH  name.example`: what follows a hash is the name of the file.
fn has_file_behind_hash(candidates: &[Candidate]) -> bool {
    let is_hash = |candidate: &Candidate| {
        candidate
            .indicators
            .iter()
            .any(|indicator| indicator.kind() == IndicatorKind::Hash)
    };
    candidates.iter().any(is_hash) && candidates.iter().any(is_file)
}

/// `0.0.0.0 evil.example`: the address only says that the domain is blocked.
fn is_hosts_entry(candidates: &[Candidate]) -> bool {
    let [first, rest @ ..] = candidates else {
        return false;
    };
    let [indicator] = first.indicators.as_slice() else {
        return false;
    };
    let is_local = matches!(
        indicator.value(),
        IndicatorValue::Ip(ip) if ip.is_unspecified() || ip.is_loopback()
    );
    let is_domain = |candidate: &Candidate| {
        candidate
            .indicators
            .iter()
            .all(|indicator| indicator.kind() == IndicatorKind::Domain)
    };
    is_local && !rest.is_empty() && rest.iter().all(is_domain)
}

fn trim_invisible(line: &str) -> &str {
    line.trim_matches(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
    })
}

/// Comments of text files, hosts files, zone files, adblock lists and Markdown. A line of nothing
/// but punctuation separates sections.
fn is_comment(line: &str) -> bool {
    ["#", ";", "//", "!", "--", "<!--", "%", "/*", "[Adblock"]
        .iter()
        .any(|start| line.starts_with(start))
        || !line.chars().any(char::is_alphanumeric)
}

/// Removes the bullet of a list: `- `, `* `, `• `, `1. `, `2) `, `[x] `.
fn without_bullet(line: &str) -> &str {
    let bullets = [
        "- ",
        "* ",
        "+ ",
        "> ",
        "\u{2022}",
        "\u{25e6}",
        "\u{25aa}",
        "\u{2013} ",
        "[ ] ",
        "[x] ",
    ];
    if let Some(rest) = bullets.iter().find_map(|bullet| line.strip_prefix(bullet)) {
        return without_bullet(rest.trim_start());
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = &line[digits..];
    let numbered = (1..=5)
        .contains(&digits)
        .then(|| rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")))
        .flatten();
    numbered.map_or(line, str::trim_start)
}

/// Removes a comment behind a value: it begins with `#` or `//` after white space.
fn without_comment(line: &str) -> &str {
    let starts = |mark: &str| {
        line.match_indices(mark)
            .map(|(at, _)| at)
            .find(|at| line[..*at].ends_with([' ', '\t']))
    };
    let end = [starts("#"), starts("//")].into_iter().flatten().min();
    end.map_or(line, |end| &line[..end]).trim()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, rejected};

    #[test]
    fn comments_and_blank_lines_are_skipped() {
        let text = "# C2\n192.0.2.1 # first\r\n\n  evil[.]example\t# second\nagent:kali # 1\nregex:a #b\n; no\n// no\n---\n";
        assert_eq!(
            read(text).unwrap(),
            [
                "ip:192.0.2.1",
                "domain:evil.example",
                "agent:kali # 1",
                "regex:a #b"
            ]
        );
    }

    #[test]
    fn shared_lines_are_understood() {
        for (line, expected) in [
            ("198.51.100.23 - initial C2", &["ip:198.51.100.23"][..]),
            ("198.51.100.23,", &["ip:198.51.100.23"]),
            ("\"198.51.100.23\"", &["ip:198.51.100.23"]),
            ("'198.51.100.23';", &["ip:198.51.100.23"]),
            ("198.51.100.23\tnote", &["ip:198.51.100.23"]),
            ("198.51.100[dot]23", &["ip:198.51.100.23"]),
            ("198.51.100(.)23", &["ip:198.51.100.23"]),
            ("198.51.100\\.23", &["ip:198.51.100.23"]),
            ("- 198.51.100.23", &["ip:198.51.100.23"]),
            ("* evil.example", &["domain:evil.example"]),
            ("1. 198.51.100.23", &["ip:198.51.100.23"]),
            ("0.0.0.0 evil.example", &["domain:evil.example"]),
            (
                "127.0.0.1 a.example b.example",
                &["domain:a.example", "domain:b.example"],
            ),
            ("||evil.example^", &["domain:evil.example"]),
            ("*.evil.example", &["domain:evil.example"]),
            ("evil.example:443", &["domain:evil.example"]),
            ("domain = evil.example", &["domain:evil.example"]),
            ("IP: 198.51.100.23", &["ip:198.51.100.23"]),
            ("ip: 198.51.100.23 - C2", &["ip:198.51.100.23"]),
            ("198.51.100.23:8080", &["ip:198.51.100.23"]),
            ("[2001:db8::1]:443", &["ip:2001:db8::1"]),
            ("198.51.100.*", &["cidr:198.51.100.0/24"]),
            ("198.51.100.4 - 198.51.100.7", &["cidr:198.51.100.4/30"]),
            ("198.51.100.22-23", &["cidr:198.51.100.22/31"]),
            ("hxxp[://]evil[.]example/", &["domain:evil.example"]),
            (
                "meow://198.51.100.23/x",
                &["ip:198.51.100.23", "text:http://198.51.100.23/x"],
            ),
            ("evil@evil[.]example", &["text:evil@evil.example"]),
            (
                "d41d8cd98f00b204e9800998ecf8427e  evil.exe",
                &["hash:d41d8cd98f00b204e9800998ecf8427e"],
            ),
            (
                "d41d8cd98f00b204e9800998ecf8427e,evil.exe",
                &["hash:d41d8cd98f00b204e9800998ecf8427e"],
            ),
            ("192.0.2.1, 192.0.2.2", &["ip:192.0.2.1", "ip:192.0.2.2"]),
            (
                "192.0.2.1 evil.example",
                &["ip:192.0.2.1", "domain:evil.example"],
            ),
            (
                "C2 at evil[.]example (see report.pdf)",
                &["domain:evil.example"],
            ),
            (
                "AKIAIOSFODNN7EXAMPLE used on Monday",
                &["key:AKIAIOSFODNN7EXAMPLE"],
            ),
            (
                "arn:aws:iam::111111111111:user/a, suspicious",
                &["arn:arn:aws:iam::111111111111:user/a"],
            ),
        ] {
            assert_eq!(read(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn other_lines_are_reported() {
        assert_eq!(
            rejected("192.0.2.1\nmimikatz\n192.0.2.999\nuser:a b\n"),
            ["2 mimikatz", "3 192.0.2.999", "4 user:a b"]
        );
    }
}
