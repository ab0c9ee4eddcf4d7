//! Finds indicators in a text that is more than one indicator: a line of a report, a cell of a
//! table, an argument with a comma behind it.
//!
//! ```text
//! - hxxps://evil[.]example/a  C2, seen 2026-03-01
//!   └─ URL and its host       └─ a note
//! ```
//! An address, a network, a hash, an access key, an ARN, a URL or anything defanged is certainly an
//! indicator wherever it stands. A bare domain may also be a file name (`report.pdf`) or the end of
//! a sentence, so the caller decides by its position.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::{IpNet, IpSubnets, Ipv4Net, Ipv4Subnets, Ipv6Subnets};

use super::{Indicator, IndicatorKind, spelling};

/// A word of a text that is an indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// One or more: a range of addresses is several networks, and a URL is searched for together
    /// with its host.
    pub indicators: Vec<Indicator>,
    /// Whether it is an indicator wherever it stands in the text.
    pub is_certain: bool,
    /// The number of the word in the text, counted from 0.
    pub position: usize,
    /// Whether the word is the first one of a cell: at the start of the text or after a comma, a
    /// semicolon, a tab or a vertical bar.
    pub starts_cell: bool,
}

/// The indicators in a text, and the number of words that are not one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extraction {
    /// The words that are indicators, in order.
    pub candidates: Vec<Candidate>,
    /// The number of other words.
    pub other_words: usize,
}

/// Finds every indicator in a text.
pub fn extract(text: &str) -> Extraction {
    let restored = spelling::refang(text);
    let is_defanged = restored != text;
    // `[evil.example](https://evil.example/)` is a link of Markdown.
    let joined = join_ranges(&restored.replace("](", " "));
    let mut extraction = Extraction::default();
    for (position, word) in words(&joined).enumerate() {
        match recognize(word.text) {
            Some(indicators) => {
                let is_domain = indicators
                    .iter()
                    .all(|indicator| indicator.kind() == IndicatorKind::Domain);
                extraction.candidates.push(Candidate {
                    is_certain: !is_domain
                        || is_defanged && !is_file_name(trim_decoration(word.text)),
                    indicators,
                    position,
                    starts_cell: word.starts_cell,
                });
            }
            None if word.text.chars().any(char::is_alphanumeric) => extraction.other_words += 1,
            None => {}
        }
    }
    extraction
}

/// Recognises one word as an indicator of a kind whose form is unmistakable, in all spellings of
/// threat reports. Returns `None` for a plain word.
pub fn recognize(word: &str) -> Option<Vec<Indicator>> {
    let word = trim_decoration(word);
    recognize_bare(word).or_else(|| recognize_labelled(word))
}

fn recognize_bare(word: &str) -> Option<Vec<Indicator>> {
    let of_kind = |kind, text: &str| Indicator::parse_as(kind, text).ok().map(|one| vec![one]);
    if word.starts_with("arn:") {
        return of_kind(IndicatorKind::Arn, word);
    }
    if is_access_key(word) {
        return of_kind(IndicatorKind::AccessKey, word);
    }
    let address = word.trim_start_matches('[').trim_end_matches(']');
    if address.parse::<IpAddr>().is_ok() && is_written_as_address(address) {
        return of_kind(IndicatorKind::Ip, address);
    }
    if word.parse::<IpNet>().is_ok() {
        return of_kind(IndicatorKind::Cidr, word);
    }
    if let Ok(socket) = word.parse::<SocketAddr>() {
        return of_kind(IndicatorKind::Ip, &socket.ip().to_string());
    }
    recognize_range(word)
        .or_else(|| recognize_wildcard(word))
        .or_else(|| of_kind(IndicatorKind::Hash, word))
        .or_else(|| recognize_url(word))
        .or_else(|| recognize_email(word))
        .or_else(|| recognize_domain(word))
}

/// `::` alone is an address, but in a text it is punctuation.
fn is_written_as_address(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_hexdigit())
}

/// An access key id of AWS. Source: IAM user guide, "Unique identifiers": `AKIA` and `ASIA`; all
/// that were ever published have 20 characters.
fn is_access_key(word: &str) -> bool {
    word.len() == ACCESS_KEY_LENGTH
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The number of characters of an access key id.
pub(super) const ACCESS_KEY_LENGTH: usize = 20;

/// `ip=192.0.2.1`, `IP:192.0.2.1`, `sha256:…`, `dst_ip=192.0.2.1`.
fn recognize_labelled(word: &str) -> Option<Vec<Indicator>> {
    let (label, value) = word.split_once(['=', ':'])?;
    let is_label = !label.is_empty()
        && label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let value = trim_decoration(value);
    (is_label && !value.is_empty())
        .then(|| recognize_bare(value))
        .flatten()
}

/// `192.0.2.1-192.0.2.9` and `192.0.2.1-9`, as the smallest set of networks.
fn recognize_range(word: &str) -> Option<Vec<Indicator>> {
    let (first, last) = word.split_once('-')?;
    let first: IpAddr = first.parse().ok()?;
    let last = match (first, last.parse::<u8>()) {
        (IpAddr::V4(v4), Ok(last)) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, last))
        }
        _ => last.parse().ok()?,
    };
    let subnets = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
            IpSubnets::V4(Ipv4Subnets::new(first, last, 0))
        }
        (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
            IpSubnets::V6(Ipv6Subnets::new(first, last, 0))
        }
        _ => return None,
    };
    subnets
        .map(|network| Indicator::parse_as(IndicatorKind::Cidr, &network.to_string()).ok())
        .collect()
}

/// `192.0.2.*` and `192.0.*.*` as a network; `192.0.2.x` is one too.
fn recognize_wildcard(word: &str) -> Option<Vec<Indicator>> {
    let parts: Vec<&str> = word.split('.').collect();
    let is_wild = |part: &&str| matches!(*part, "*" | "x" | "X" | "xxx");
    let fixed = parts.iter().take_while(|part| !is_wild(part)).count();
    let is_network = (1..4).contains(&fixed)
        && parts.len() <= 4
        && fixed < parts.len()
        && parts[fixed..].iter().all(is_wild);
    if !is_network {
        return None;
    }
    let mut octets = [0; 4];
    for (octet, part) in octets.iter_mut().zip(&parts[..fixed]) {
        *octet = part.parse().ok()?;
    }
    let length = u8::try_from(8 * fixed).ok()?;
    let network = Ipv4Net::new(Ipv4Addr::from(octets), length).ok()?;
    let indicator = Indicator::parse_as(IndicatorKind::Cidr, &network.to_string()).ok()?;
    Some(vec![indicator])
}

/// A URL, and its host: flow logs, DNS query logs and most applications record only the host.
fn recognize_url(word: &str) -> Option<Vec<Indicator>> {
    let (scheme, rest) = word.split_once("://")?;
    let is_scheme = (2..=10).contains(&scheme.len())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'.');
    if !is_scheme {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let mut indicators = recognize_host(host)?;
    let has_path = rest.len() > authority.len() + 1;
    if has_path {
        indicators.extend(Indicator::parse_as(IndicatorKind::Text, word).ok());
    }
    Some(indicators)
}

/// A host with or without a port.
fn recognize_host(host: &str) -> Option<Vec<Indicator>> {
    if let Ok(socket) = host.parse::<SocketAddr>() {
        return recognize_bare(&socket.ip().to_string());
    }
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let kind = if address.parse::<IpAddr>().is_ok() {
        IndicatorKind::Ip
    } else {
        IndicatorKind::Domain
    };
    Indicator::parse_as(kind, address).ok().map(|one| vec![one])
}

/// An e-mail address is searched for as a text: it is also the name of a session.
fn recognize_email(word: &str) -> Option<Vec<Indicator>> {
    let word = word.strip_prefix("mailto:").unwrap_or(word);
    let (local, host) = word.split_once('@')?;
    let is_local = !local.is_empty()
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b));
    let is_host = Indicator::parse_as(IndicatorKind::Domain, host).is_ok();
    (is_local && is_host)
        .then(|| {
            Indicator::parse_as(IndicatorKind::Text, word)
                .ok()
                .map(|one| vec![one])
        })
        .flatten()
}

/// `evil.example`, `*.evil.example`, `.evil.example`, `||evil.example^`, `evil.example:443` and
/// `evil.example/path`.
fn recognize_domain(word: &str) -> Option<Vec<Indicator>> {
    let name = word.trim_start_matches('|').trim_start_matches("@@");
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    let name = name.split(['^', '$']).next().unwrap_or(name);
    let (host, path) = match name.find('/') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let mut indicators = recognize_host(host)?;
    if path.len() > 1 && !path.contains('*') {
        indicators.extend(Indicator::parse_as(IndicatorKind::Text, name).ok());
    }
    Some(indicators)
}

/// Whether a domain is more likely the name of a file.
pub fn is_file_name(word: &str) -> bool {
    const EXTENSIONS: [&str; 58] = [
        "exe", "dll", "sys", "scr", "msi", "bin", "dat", "tmp", "bat", "cmd", "ps1", "vbs", "vbe",
        "js", "jse", "hta", "lnk", "jar", "apk", "elf", "dmg", "iso", "img", "doc", "docx", "docm",
        "xls", "xlsx", "xlsm", "ppt", "pptx", "pdf", "rtf", "txt", "csv", "json", "xml", "yml",
        "yaml", "log", "ini", "cfg", "conf", "htm", "html", "php", "asp", "aspx", "jsp", "png",
        "jpg", "jpeg", "gif", "zip", "rar", "7z", "gz", "tar",
    ];
    word.rsplit_once('.')
        .is_some_and(|(_, end)| EXTENSIONS.contains(&end.to_ascii_lowercase().as_str()))
}

struct Word<'a> {
    text: &'a str,
    starts_cell: bool,
}

/// Splits a text at white space and at the separators of cells.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_end = |c: char| c.is_whitespace() || ",;\"'`<>".contains(c);
    let mut rest = text;
    let mut starts_cell = true;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            if is_end(first) || first == '|' && !rest.starts_with("||") {
                starts_cell |= ",;\t|".contains(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            // `filename|sha256` separates cells, `||evil.example^` does not.
            let start = rest.len() - rest.trim_start_matches('|').len();
            let length = rest[start..]
                .find(|c| is_end(c) || c == '|')
                .map_or(rest.len(), |at| start + at);
            let (text, after) = rest.split_at(length);
            rest = after;
            let word = Word { text, starts_cell };
            starts_cell = false;
            return Some(word);
        }
    })
}

/// Removes brackets, sentence marks and quotes around a word.
fn trim_decoration(word: &str) -> &str {
    let word = word.trim_matches(|c: char| "\"'`<>(){},;!\u{2026}".contains(c));
    let word = word.trim_end_matches([':', '?']);
    // A trailing dot ends a sentence; a domain with one is the same domain.
    let word = word.trim_end_matches('.');
    if word.starts_with('[') && word.ends_with(']')
        || word.matches('[').count() != word.matches(']').count()
    {
        return word.trim_start_matches('[').trim_end_matches(']');
    }
    word
}

/// Joins a range that is written with spaces: `192.0.2.1 - 192.0.2.9`.
fn join_ranges(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(" - ") {
        let before = &rest[..at];
        let after = &rest[at + 3..];
        let first = before
            .rsplit([' ', '\t', ',', ';', '"'])
            .next()
            .unwrap_or("");
        let end = after
            .find([' ', '\t', ',', ';', '"'])
            .unwrap_or(after.len());
        let is_range = first.parse::<IpAddr>().is_ok() && after[..end].parse::<IpAddr>().is_ok();
        joined.push_str(before);
        joined.push_str(if is_range { "-" } else { " - " });
        rest = after;
    }
    joined.push_str(rest);
    joined
}
