//! Parses the value of an indicator, with a known kind or with a kind that is recognised from its
//! form.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use regex::RegexBuilder;

use super::extract::{ACCESS_KEY_LENGTH, extract};
use super::spelling::refang;
use super::{IndicatorKind, IndicatorValue};

/// Lengths of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512 in hexadecimal digits.
const DIGEST_LENGTHS: [usize; 6] = [32, 40, 56, 64, 96, 128];

/// The maximum size of a compiled regular expression in bytes. Ten thousand of them should fit into
/// memory.
const MAX_REGEX_BYTES: usize = 1 << 18;

/// Parses a value of a known kind. `text` is trimmed and not empty.
pub(super) fn parse_kind(kind: IndicatorKind, text: &str) -> Result<IndicatorValue, String> {
    let refanged = refang(text);
    match kind {
        IndicatorKind::Ip => parse_ip(&refanged),
        IndicatorKind::Cidr => parse_cidr(&refanged),
        IndicatorKind::AccessKey => parse_access_key(text),
        IndicatorKind::Arn => text
            .parse()
            .map(IndicatorValue::Arn)
            .map_err(|error| format!("{error}")),
        IndicatorKind::User => parse_name(text).map(IndicatorValue::User),
        IndicatorKind::Role => parse_name(text).map(IndicatorValue::Role),
        IndicatorKind::Account => text
            .parse()
            .map(IndicatorValue::Account)
            .map_err(|_| "expected 12 digits".to_owned()),
        IndicatorKind::Domain => parse_domain(&refanged),
        IndicatorKind::UserAgent => Ok(IndicatorValue::UserAgent(text.to_owned())),
        IndicatorKind::EventName => parse_event_name(text),
        IndicatorKind::Resource => parse_resource(text),
        IndicatorKind::Hash => parse_hash(text),
        IndicatorKind::Text => Ok(IndicatorValue::Text(text.to_owned())),
        IndicatorKind::Regex => parse_regex(text),
    }
}

/// Parses a value whose kind is recognised from its form. If it looks like a kind, it must be
/// valid: an address with a typing error must not silently become a text that never matches.
pub(super) fn parse_unprefixed(text: &str) -> Result<IndicatorValue, String> {
    let kind = recognise_kind(text);
    let value = if text.parse::<SocketAddr>().is_ok() {
        Err("expected an address without a port".to_owned())
    } else if kind == IndicatorKind::Text {
        parse_plain_text(text)
    } else {
        parse_kind(kind, text)
    };
    value.map_err(|problem| format!("{problem}; to search for the text itself, use `text:{text}`"))
}

fn recognise_kind(text: &str) -> IndicatorKind {
    match text.split_once('/') {
        Some((address, _)) if looks_like_an_address(address) => IndicatorKind::Cidr,
        None if looks_like_an_address(text) => IndicatorKind::Ip,
        _ if text.starts_with("arn:") => IndicatorKind::Arn,
        _ if looks_like_a_key(text) => IndicatorKind::AccessKey,
        _ if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) => IndicatorKind::Account,
        _ if parse_hash(text).is_ok() => IndicatorKind::Hash,
        _ if parse_domain(text).is_ok() => IndicatorKind::Domain,
        _ => IndicatorKind::Text,
    }
}

/// Accepts a text without a prefix only if it cannot be meant as another kind.
fn parse_plain_text(text: &str) -> Result<IndicatorValue, String> {
    if let Some(kind) = resembled_kind(text) {
        return Err(format!("it resembles {kind}"));
    }
    let contained: Vec<String> = extract(text)
        .candidates
        .iter()
        .flat_map(|candidate| &candidate.indicators)
        .filter(|indicator| indicator.to_string() != text)
        .map(|indicator| format!("`{indicator}`"))
        .collect();
    if contained.is_empty() {
        return Ok(IndicatorValue::Text(text.to_owned()));
    }
    Err(format!(
        "it contains {}: search for that",
        contained.join(" and ")
    ))
}

/// The kind for which a text is a likely typing error.
fn resembled_kind(text: &str) -> Option<&'static str> {
    let is_alphanumeric = text.bytes().all(|b| b.is_ascii_alphanumeric());
    let prefix = text.get(..4).unwrap_or_default().to_ascii_uppercase();
    let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_address_byte = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'.';
    let has_key_prefix = matches!(prefix.as_str(), "AKIA" | "ASIA");
    if has_key_prefix && is_alphanumeric && (text.starts_with(&prefix) || text.len() >= 16) {
        return Some("an access key id, which has 20 upper-case letters and digits");
    }
    if text.len() >= 28 && is_hex && text.bytes().any(|b| b.is_ascii_digit()) {
        return Some("a hash, which has 32, 40, 56, 64, 96 or 128 hexadecimal digits");
    }
    if text.to_ascii_lowercase().contains("arn:aws") {
        return Some("an ARN, which begins with `arn:`");
    }
    if text.matches(':').count() >= 2 && text.bytes().all(is_address_byte) {
        return Some("an IPv6 address");
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let top = text.rsplit_once('.').map(|(_, top)| top);
    let has_top = top.is_some_and(|top| top.len() >= 2 && top.chars().all(char::is_alphabetic));
    if !text.is_ascii() && has_top && text.chars().all(is_name) {
        return Some("a domain, which is written in ASCII (xn--… for other letters)");
    }
    None
}

fn looks_like_an_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
        || (text.split('.').count() == 4 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

fn looks_like_a_key(text: &str) -> bool {
    text.len() == ACCESS_KEY_LENGTH
        && matches!(text.get(..4), Some("AKIA" | "ASIA"))
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn parse_ip(text: &str) -> Result<IndicatorValue, String> {
    let address = text
        .parse::<IpAddr>()
        .map_err(|_| "expected an IPv4 or IPv6 address".to_owned())?;
    Ok(IndicatorValue::Ip(address.to_canonical()))
}

/// Parses a network. One with a single address becomes that address.
fn parse_cidr(text: &str) -> Result<IndicatorValue, String> {
    let network = text
        .parse::<IpNet>()
        .map_err(|_| "expected a network such as 192.0.2.0/24".to_owned())?;
    let network = unmap_ipv4(network).trunc();
    if network.prefix_len() == network.max_prefix_len() {
        return Ok(IndicatorValue::Ip(network.addr()));
    }
    Ok(IndicatorValue::Cidr(network))
}

/// Converts a network within `::ffff:0:0/96` to the IPv4 network.
fn unmap_ipv4(network: IpNet) -> IpNet {
    let mapped = |v6: &Ipv6Addr| v6.to_ipv4_mapped();
    match network {
        IpNet::V6(v6) => match (mapped(&v6.addr()), v6.prefix_len().checked_sub(96)) {
            (Some(v4), Some(length)) => Ipv4Net::new(v4, length).map_or(network, IpNet::V4),
            _ => network,
        },
        IpNet::V4(_) => network,
    }
}

/// Source: IAM user guide, "IAM identifiers", unique ids: four letters, then upper-case letters and
/// digits.
fn parse_access_key(text: &str) -> Result<IndicatorValue, String> {
    let well_formed = (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if well_formed {
        Ok(IndicatorValue::AccessKey(text.to_owned()))
    } else {
        Err(
            "expected an access key id of 16 to 128 upper-case letters and digits, such as AKIAIOSFODNN7EXAMPLE"
                .to_owned(),
        )
    }
}

/// Source: IAM API, `CreateUser`, `CreateRole`: a name is 1 to 64 characters of `[\w+=,.@-]`.
fn parse_name(text: &str) -> Result<String, String> {
    if text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
    {
        Ok(text.to_owned())
    } else {
        Err("expected a name without its path: 1 to 64 letters, digits and _+=,.@-".to_owned())
    }
}

fn parse_event_name(text: &str) -> Result<IndicatorValue, String> {
    if text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b))
    {
        Ok(IndicatorValue::EventName(text.to_owned()))
    } else {
        Err("expected an event name such as ConsoleLogin".to_owned())
    }
}

fn parse_resource(text: &str) -> Result<IndicatorValue, String> {
    if text.starts_with("arn:") {
        return Err("it is an ARN, which needs no prefix".to_owned());
    }
    let has_letter = text.chars().any(char::is_alphanumeric);
    if has_letter && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Ok(IndicatorValue::Resource(text.to_owned()))
    } else {
        Err(
            "expected the name or id of a resource, without spaces, such as i-0abcdef1234567890"
                .to_owned(),
        )
    }
}

/// Source: RFC 1035, 2.3.4, for the lengths. Host names have no underscores, but other DNS names
/// do.
fn parse_domain(text: &str) -> Result<IndicatorValue, String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_top = |label: &str| {
        label.len() >= 2
            && (label.bytes().all(|b| b.is_ascii_alphabetic())
                || label.to_ascii_lowercase().starts_with("xn--"))
    };
    let top = name.rsplit_once('.').map(|(_, top)| top);
    if name.len() <= 253 && name.split('.').all(is_label) && top.is_some_and(is_top) {
        Ok(IndicatorValue::Domain(name.to_ascii_lowercase()))
    } else {
        Err("expected a domain such as evil.example, in ASCII (xn--… for other letters)".to_owned())
    }
}

fn parse_hash(text: &str) -> Result<IndicatorValue, String> {
    if DIGEST_LENGTHS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(IndicatorValue::Hash(text.to_ascii_lowercase()))
    } else {
        Err("expected a digest in hexadecimal: MD5, SHA-1 or one of SHA-2".to_owned())
    }
}

fn parse_regex(text: &str) -> Result<IndicatorValue, String> {
    let compiled = RegexBuilder::new(text)
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
            error => format!(
                "invalid regular expression: {}",
                last_line(&error.to_string())
            ),
        })?;
    if compiled.is_match("") {
        return Err(
            "the regular expression matches the empty text, so it would match every event"
                .to_owned(),
        );
    }
    Ok(IndicatorValue::Regex(text.to_owned()))
}

/// Returns the last line of a message of the `regex` crate, which describes the error. The lines
/// before it show its position.
fn last_line(message: &str) -> &str {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line)
}
