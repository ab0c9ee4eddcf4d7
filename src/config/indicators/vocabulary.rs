//! The names of types in indicator lists: Dragnet's own, MISP's, and those of common exports.
//!
//! Source: MISP core format, "Attribute types":
//! <https://www.misp-standard.org/rfc/misp-standard-core.html>.

use super::Listing;
use crate::config::nearest;
use dragnet_model::{Indicator, IndicatorKind, recognize};

/// How the value of a type is parsed.
#[derive(Clone, Copy)]
enum EntryType {
    /// An address or a network.
    Address,
    /// A URL, which contains an address or a domain.
    Url,
    Kind(IndicatorKind),
    /// A type that does not occur in cloud logs.
    LeftOut,
}

const ADDRESSES: [&str; 18] = [
    "ips",
    "ip:port",
    "ipv4:port",
    "ip-port",
    "ipv4-address",
    "ipv6-address",
    "ip-range",
    "cidr-block",
    "src-ip",
    "dst-ip",
    "ip-src",
    "ip-dst",
    "ipv4-addr",
    "ipv6-addr",
    "ip-address",
    "ipaddress",
    "ipv4_addr",
    "ipv6_addr",
];
const DOMAINS: [&str; 6] = ["domains", "dns", "hostname", "domain-name", "fqdn", "host"];
const HASHES: [&str; 17] = [
    "md-5",
    "md5-hash",
    "sha1-hash",
    "sha256-hash",
    "sha512-hash",
    "hashes",
    "filehash-md5",
    "filehash-sha1",
    "filehash-sha256",
    "file-hash",
    "sha3-384",
    "sha224",
    "sha384",
    "sha-1",
    "sha-256",
    "sha-512",
    "filehash",
];
const URLS: [&str; 5] = ["url", "uri", "link", "urls", "http-url"];
const TEXTS: [&str; 20] = [
    "file",
    "file-name",
    "file-path",
    "email-address",
    "e-mail",
    "username",
    "whois-registrant-email",
    "target-email",
    "target-user",
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
const RESOURCES: [&str; 33] = [
    "resources",
    "resource-id",
    "resource-name",
    "bucket",
    "bucket-name",
    "s3-bucket",
    "s3-bucket-name",
    "instance",
    "instance-id",
    "ec2-instance",
    "ec2-instance-id",
    "security-group",
    "security-group-id",
    "network-interface",
    "network-interface-id",
    "vpc-id",
    "subnet-id",
    "volume-id",
    "snapshot-id",
    "image-id",
    "ami-id",
    "kms-key",
    "kms-key-id",
    "function-name",
    "lambda-function",
    "queue-name",
    "table-name",
    "topic-name",
    "secret-name",
    "log-group",
    "log-group-name",
    "cluster-name",
    "stack-name",
];
const USER_AGENTS: [&str; 2] = ["http-user-agent", "useragent"];
const LEFT_OUT: [&str; 40] = [
    "ASN",
    "threat-actor",
    "pdb",
    "bitcoin",
    "jarm",
    "registry",
    "registry-key",
    "file-path-name",
    "process",
    "service",
    "campaign-name",
    "campaign-id",
    "whois-registrar",
    "whois-registrant-name",
    "whois-registrant-phone",
    "counter",
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

/// Adds a value by the name of its type.
pub(super) fn add(word: &str, value: &str, line: usize, listing: &mut Listing) {
    let value = value.trim();
    match find_type(word) {
        Some(EntryType::Address) => add_address(value, line, listing),
        Some(EntryType::Url) => add_url(value, line, listing),
        Some(EntryType::Kind(kind)) => add_of_kind(kind, value, line, listing),
        Some(EntryType::LeftOut) => listing.leave_out(word),
        None => listing.reject(line, value, unknown_type(word)),
    }
}

/// Adds a value of a kind. Lists confuse kinds that share a type in other tools (an address where a
/// domain is expected), so a value of another unmistakable kind is taken as that kind.
fn add_of_kind(kind: IndicatorKind, value: &str, line: usize, listing: &mut Listing) {
    let indicator = Indicator::parse_as(kind, value);
    if indicator.is_ok() || kind.is_free_text() {
        listing.add(line, indicator);
        return;
    }
    match recognize(value) {
        Some(indicators) => listing.add_all(line, indicators),
        None => listing.add(line, indicator),
    }
}

fn add_address(value: &str, line: usize, listing: &mut Listing) {
    let kind = if value.contains('/') {
        IndicatorKind::Cidr
    } else {
        IndicatorKind::Ip
    };
    add_of_kind(kind, value, line, listing);
}

/// Adds a URL and its host: most logs record only the host.
fn add_url(value: &str, line: usize, listing: &mut Listing) {
    if let Some(indicators) = recognize(value) {
        listing.add_all(line, indicators);
    } else {
        listing.add(line, Indicator::parse_as(IndicatorKind::Text, value));
    }
}

/// Whether the name is a known type, including the types that are left out.
pub(super) fn is_known(word: &str) -> bool {
    find_type(word).is_some()
}

fn find_type(word: &str) -> Option<EntryType> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', ' '], "-");
    let word = plain(word);
    let is_in = |words: &[&str]| words.iter().any(|known| plain(known) == word);
    if is_in(&ADDRESSES) {
        return Some(EntryType::Address);
    }
    if is_in(&URLS) {
        return Some(EntryType::Url);
    }
    if is_in(&LEFT_OUT) {
        return Some(EntryType::LeftOut);
    }
    let others: [(&[&str], _); 5] = [
        (&DOMAINS, IndicatorKind::Domain),
        (&HASHES, IndicatorKind::Hash),
        (&TEXTS, IndicatorKind::Text),
        (&USER_AGENTS, IndicatorKind::UserAgent),
        (&RESOURCES, IndicatorKind::Resource),
    ];
    let kind = IndicatorKind::from_word(&word).or_else(|| {
        others
            .iter()
            .find(|(words, _)| is_in(words))
            .map(|(_, kind)| *kind)
    })?;
    // Lists use the types of addresses for networks too.
    Some(if kind == IndicatorKind::Ip {
        EntryType::Address
    } else {
        EntryType::Kind(kind)
    })
}

/// Explains that a type is unknown, with the nearest known one.
pub(super) fn unknown_type(word: &str) -> String {
    let known = [
        &ADDRESSES[..],
        &DOMAINS,
        &HASHES,
        &TEXTS,
        &URLS,
        &USER_AGENTS,
        &RESOURCES,
        &LEFT_OUT,
    ]
    .concat();
    let hint = match nearest(word, IndicatorKind::words().chain(known)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "expected one of {}, or a type of MISP",
            IndicatorKind::words().collect::<Vec<_>>().join(", ")
        ),
    };
    format!("unknown type `{word}`: {hint}")
}
