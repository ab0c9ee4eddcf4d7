//! The names of types in indicator lists: Dragnet's own, MISP's, and those of common exports.
//!
//! Source: MISP core format, "Attribute types":
//! <https://www.misp-standard.org/rfc/misp-standard-core.html>.

use super::{ListBuilder, Malformed};
use crate::config::nearest;
use crate::model::{Indicator, IndicatorKind};

/// How the value of a type is parsed.
#[derive(Clone, Copy)]
enum ValueType {
    /// An address or a network.
    Address,
    Kind(IndicatorKind),
    /// A type that does not occur in cloud logs.
    LeftOut,
}

const ADDRESSES: [&str; 8] = [
    "ip-src",
    "ip-dst",
    "ipv4-addr",
    "ipv6-addr",
    "ip-address",
    "ipaddress",
    "ipv4_addr",
    "ipv6_addr",
];
const DOMAINS: [&str; 4] = ["hostname", "domain-name", "fqdn", "host"];
const HASHES: [&str; 6] = [
    "sha224", "sha384", "sha-1", "sha-256", "sha-512", "filehash",
];
const TEXTS: [&str; 14] = [
    "url",
    "uri",
    "link",
    "filename",
    "email",
    "email-src",
    "email-dst",
    "email-addr",
    "mime-type",
    "jarm-fingerprint",
    "x509-fingerprint-sha1",
    "x509-fingerprint-md5",
    "x509-fingerprint-sha256",
    "git-commit-id",
];
const USER_AGENTS: [&str; 2] = ["http-user-agent", "useragent"];
const LEFT_OUT: [&str; 24] = [
    "AS",
    "mutex",
    "regkey",
    "regkey|value",
    "named pipe",
    "port",
    "size-in-bytes",
    "ssdeep",
    "tlsh",
    "imphash",
    "pehash",
    "authentihash",
    "yara",
    "sigma",
    "snort",
    "comment",
    "vulnerability",
    "cpe",
    "datetime",
    "btc",
    "malware-sample",
    "attachment",
    "mac-address",
    "other",
];

/// Adds a value by the name of its type. If the name is empty, the type is detected from the value.
pub(super) fn add(
    word: &str,
    value: &str,
    line: usize,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    if word.is_empty() {
        builder.add(line, value.parse());
        return Ok(());
    }
    let Some(value_type) = find_type(word) else {
        return Err((Some(line), unknown_type(word)));
    };
    match value_type {
        ValueType::Address if value.contains('/') => {
            builder.add(line, Indicator::parse_as(IndicatorKind::Cidr, value));
        }
        ValueType::Address => builder.add(line, Indicator::parse_as(IndicatorKind::Ip, value)),
        ValueType::Kind(kind) => builder.add(line, Indicator::parse_as(kind, value)),
        ValueType::LeftOut => builder.leave_out(word),
    }
    Ok(())
}

/// Whether the name is a known type, including the types that are left out.
pub(super) fn is_known(word: &str) -> bool {
    find_type(word).is_some()
}

fn find_type(word: &str) -> Option<ValueType> {
    let is_in = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is_in(&ADDRESSES) {
        return Some(ValueType::Address);
    }
    if is_in(&LEFT_OUT) {
        return Some(ValueType::LeftOut);
    }
    let others: [(&[&str], _); 4] = [
        (&DOMAINS, IndicatorKind::Domain),
        (&HASHES, IndicatorKind::Hash),
        (&TEXTS, IndicatorKind::Text),
        (&USER_AGENTS, IndicatorKind::UserAgent),
    ];
    let kind = IndicatorKind::from_word(word).or_else(|| {
        others
            .iter()
            .find(|(words, _)| is_in(words))
            .map(|(_, kind)| *kind)
    })?;
    // Lists use the types of addresses for networks too.
    Some(if kind == IndicatorKind::Ip {
        ValueType::Address
    } else {
        ValueType::Kind(kind)
    })
}

fn unknown_type(word: &str) -> String {
    let known = [
        &ADDRESSES[..],
        &DOMAINS,
        &HASHES,
        &TEXTS,
        &USER_AGENTS,
        &LEFT_OUT,
    ]
    .concat();
    let hint = match nearest(word, IndicatorKind::words().chain(known)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "expected one of {}, or a MISP type",
            IndicatorKind::words().collect::<Vec<_>>().join(", ")
        ),
    };
    format!("unknown type `{word}`: {hint}")
}
