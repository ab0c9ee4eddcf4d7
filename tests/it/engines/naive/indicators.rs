//! Matches indicators with plain regular expressions, one text at a time. This is slow, but easy to
//! verify.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use regex::Regex;
use serde_json::Value as Json;

use super::fields::Event;
use crate::engines::world::FORMATS;

/// Indicators of every kind: as an argument, as reports show it, and the rule that matches it.
pub(crate) const INDICATORS: [(&str, &str, Rule); 25] = [
    ("192.0.2.1", "192.0.2.1", Rule::Network("192.0.2.1/32")),
    ("10.1.2.3", "10.1.2.3", Rule::Network("10.1.2.3/32")),
    (
        "192.0.2.0/28",
        "192.0.2.0/28",
        Rule::Network("192.0.2.0/28"),
    ),
    (
        "198.51.0.0/15",
        "198.51.0.0/15",
        Rule::Network("198.50.0.0/15"),
    ),
    (
        "2001:db8::1",
        "2001:db8::1",
        Rule::Network("2001:db8::1/128"),
    ),
    (
        "2001:db8::/112",
        "2001:db8::/112",
        Rule::Network("2001:db8::/112"),
    ),
    (
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAIOSFODNN7EXAMPLE",
        Rule::Text(r"(^|\W)AKIAIOSFODNN7EXAMPLE(\W|$)"),
    ),
    (
        "222222222222",
        "222222222222",
        Rule::Text(r"(^|\W)222222222222(\W|$)"),
    ),
    (
        "arn:aws:iam::222222222222:user/ben",
        "arn:aws:iam::222222222222:user/ben",
        Rule::Text(r"(^|\W)arn:aws:iam::222222222222:user/ben([^\w+=,.@/-]|[.,]([^\w+=,.@-]|$)|$)"),
    ),
    (
        "arn:aws:s3:::évidence/a<b>&c",
        "arn:aws:s3:::évidence/a<b>&c",
        Rule::Text(r"(^|\W)arn:aws:s3:::évidence/a<b>&c([^\w.+=@!~-]|[.!]+([^\w.+=@!~-]|$)|$)"),
    ),
    // The name of a bucket may contain hyphens and dots; a dot that nothing follows ends a sentence.
    (
        "arn:aws:s3:::prod",
        "arn:aws:s3:::prod",
        Rule::Text(r"(^|\W)arn:aws:s3:::prod([^\w.-]|\.+([^\w.-]|$)|$)"),
    ),
    // The name of a function cannot contain a dot; a version follows a colon.
    (
        "arn:aws:lambda:us-east-1:222222222222:function:pay",
        "arn:aws:lambda:us-east-1:222222222222:function:pay",
        Rule::Text(r"(^|\W)arn:aws:lambda:us-east-1:222222222222:function:pay([^\w-]|$)"),
    ),
    (
        "user:ben",
        "ben",
        Rule::Named {
            whole: "ben",
            fields: &["userName", "user"],
            part: r":user/([!#-9;-~]*/)?ben([^\w+=,.@/-]|$)",
            word: r"\bben\b",
        },
    ),
    (
        "role:Admin",
        "Admin",
        Rule::Named {
            whole: "Admin",
            fields: &["role", "roleName"],
            part: r":assumed-role/Admin/",
            word: r"\bAdmin\b",
        },
    ),
    (
        "event:ListBuckets",
        "ListBuckets",
        Rule::Named {
            whole: "ListBuckets",
            fields: &["eventName"],
            part: "[^\\s\\S]",
            word: r"\bListBuckets\b",
        },
    ),
    (
        "resource:prod",
        "prod",
        Rule::Resource {
            whole: "prod",
            part: r#"arn:aws[^\s"',;<>]*[:/]prod([^\w.+=@#-]|[.]+([^\w.+=@#-]|$)|$)|"prod""#,
            word: r"(^|[^\w.+=@#-])prod([^\w.+=@#-]|[.]+([^\w.+=@#-]|$)|$)",
        },
    ),
    (
        "agent:kali",
        "kali",
        Rule::InField {
            fields: &["userAgent"],
            word: r"\bkali\b",
        },
    ),
    (
        "agent:kali/2026 (x)",
        "kali/2026 (x)",
        Rule::InField {
            fields: &["userAgent"],
            word: r"\bkali/2026 \(x\)",
        },
    ),
    (
        "arn:aws:sts::222222222222:assumed-role/Admin/alice",
        "arn:aws:sts::222222222222:assumed-role/Admin/alice",
        Rule::Text(r"(^|\W)arn:aws:sts::222222222222:assumed-role/Admin/alice([^\w+=,.@/-]|$)"),
    ),
    (
        "domain:evil.example",
        "evil.example",
        Rule::Text(r"(?i)(^|[^\w-]|%2F)evil\.example([^\w.-]|\.([^\w-]|$)|$)"),
    ),
    (
        "d41d8cd98f00b204e9800998ecf8427e",
        "d41d8cd98f00b204e9800998ecf8427e",
        Rule::Text(r"(?i)(^|\W)d41d8cd98f00b204e9800998ecf8427e(\W|$)"),
    ),
    ("text:quoted", "quoted", Rule::Text(r"\bquoted\b")),
    (
        "text:\"quoted\" name",
        "\"quoted\" name",
        Rule::Text(r#""quoted" name\b"#),
    ),
    (
        "regex:^Create(User|Role)$",
        "^Create(User|Role)$",
        Rule::Text("^Create(User|Role)$"),
    ),
    ("regex:[0-9]+ms", "[0-9]+ms", Rule::Text("[0-9]+ms")),
];

/// The host names of instances, such as `ip-192-0-2-1.ec2.internal`.
static HOST_NAMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(ip|ec2)-(\d+)-(\d+)-(\d+)-(\d+)(\W|$)").unwrap());

/// The rule that matches an indicator in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// An address in this network.
    Network(&'static str),
    /// A match of this regular expression.
    Text(&'static str),
    /// A name: the whole value of one of these fields, a part of any text, or a word of a text that
    /// has no fields.
    Named {
        whole: &'static str,
        fields: &'static [&'static str],
        part: &'static str,
        word: &'static str,
    },
    /// The name of a resource: any whole value, a part of any text, or a word of a text that has no
    /// fields.
    Resource {
        whole: &'static str,
        part: &'static str,
        word: &'static str,
    },
    /// A word in one of these fields, or in a text that has no fields.
    InField {
        fields: &'static [&'static str],
        word: &'static str,
    },
}

/// A rule with its compiled regular expressions.
pub(super) struct Finder {
    pub shown: &'static str,
    rule: Rule,
    regexes: Vec<Regex>,
}

impl Finder {
    pub(super) fn new(number: usize) -> Self {
        let (_, shown, rule) = INDICATORS[number];
        let regexes = match rule {
            Rule::Network(_) => Vec::new(),
            Rule::Text(text) => vec![text],
            Rule::Named { part, word, .. } | Rule::Resource { part, word, .. } => {
                vec![part, word]
            }
            Rule::InField { word, .. } => vec![word],
        };
        Self {
            shown,
            rule,
            regexes: regexes
                .into_iter()
                .map(|text| Regex::new(text).unwrap())
                .collect(),
        }
    }

    /// Returns whether the indicator is in a text. `field` is the path of the field that has the
    /// text.
    fn is_in(&self, text: &str, field: Option<&str>) -> bool {
        let is_in = |at: usize| self.regexes[at].is_match(text);
        let is_in_field = |fields: &[&str]| {
            let last =
                field.and_then(|path| path.rsplit('.').find(|step| step.parse::<usize>().is_err()));
            last.is_some_and(|last| fields.contains(&last))
        };
        match self.rule {
            Rule::Network(network) => {
                let network: IpNet = network.parse().unwrap();
                addresses(text)
                    .iter()
                    .any(|address| network.contains(address))
            }
            Rule::Text(_) => is_in(0),
            Rule::Named { whole, fields, .. } => {
                (field.is_none() && is_in(1)) || (text == whole && is_in_field(fields)) || is_in(0)
            }
            Rule::Resource { whole, .. } => {
                text == whole || is_in(0) || (field.is_none() && is_in(1))
            }
            Rule::InField { fields, .. } => (field.is_none() || is_in_field(fields)) && is_in(0),
        }
    }
}

/// Returns the indicators that an event contains, and the fields that contain them.
pub(super) fn find_matches(
    finders: &[Finder],
    event: &Event,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut indicators = BTreeSet::new();
    let mut fields = BTreeSet::new();
    for (field, text) in texts(event) {
        for finder in finders {
            // The text may be JSON that was quoted, so a copy without its escapes is searched as
            // well.
            let plain = text.replace("\\/", "/").replace("\\\"", "\"");
            let plain = plain.replace("\\u0031", "1").replace("\\u0065", "e");
            let decoded = without_percent_escapes(&plain);
            let decoded_twice = without_percent_escapes(&decoded);
            let mut spellings = vec![&text, &plain, &decoded, &decoded_twice];
            spellings.dedup();
            if spellings
                .iter()
                .any(|text| finder.is_in(text, field.as_deref()))
            {
                indicators.insert(finder.shown.to_owned());
                fields.insert(field.clone().unwrap_or_else(|| "message".to_owned()));
            }
        }
    }
    (indicators, fields)
}

/// Replaces `%3A` by `:`, and so on. No generated text has an escape that is not ASCII.
fn without_percent_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap().to_owned();
    for part in parts {
        match part.get(..2).map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(byte)) => decoded.extend([&char::from(byte).to_string(), &part[2..]]),
            _ => decoded.extend(["%", part]),
        }
    }
    decoded
}

/// Returns the texts of an event with their fields. JSON and flow logs of the default format have
/// fields; any other message is one text.
fn texts(event: &Event) -> Vec<(Option<String>, String)> {
    let message = event.stored.message.to_string();
    let document: Option<Json> = serde_json::from_str(&message)
        .ok()
        .filter(|json: &Json| json.is_object() || json.is_array());
    let mut all = Vec::new();
    match document {
        Some(document) => collect_texts("", &document, &mut all),
        None if message.starts_with("2 222222222222 ") => {
            let columns = FORMATS[0].columns.iter().zip(message.split(' '));
            all.extend(columns.map(|(name, text)| (Some((*name).to_owned()), text.to_owned())));
        }
        None => all.push((None, message)),
    }
    all
}

/// Collects every text, number and boolean with its path, and the names of members. A text that
/// contains a JSON document is treated as that document.
fn collect_texts(path: &str, json: &Json, all: &mut Vec<(Option<String>, String)>) {
    let child_path = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match json {
        Json::Null => {}
        Json::Bool(truth) => all.push((Some(path.to_owned()), truth.to_string())),
        Json::Number(number) => all.push((Some(path.to_owned()), number.to_string())),
        Json::String(text) => match serde_json::from_str(text) {
            Ok(document @ (Json::Object(_) | Json::Array(_))) => {
                collect_texts(path, &document, all);
            }
            _ => all.push((Some(path.to_owned()), text.clone())),
        },
        Json::Array(elements) => {
            for (at, one) in elements.iter().enumerate() {
                collect_texts(&child_path(&at.to_string()), one, all);
            }
        }
        Json::Object(members) => {
            for (name, one) in members {
                all.push((Some(child_path(name)), name.clone()));
                collect_texts(&child_path(name), one, all);
            }
        }
    }
}

/// Returns the addresses in a text: every part between characters that no address contains, without
/// a port or full stop at its end.
fn addresses(text: &str) -> Vec<IpAddr> {
    let parts = text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':');
    let parse = |part: &str| {
        let bare = part.trim_end_matches('.');
        let without_port = bare.split_once(':').map_or(bare, |(address, _)| address);
        bare.parse::<IpAddr>()
            .or_else(|_| bare.trim_end_matches(':').parse())
            .or_else(|_| without_port.parse())
            .ok()
    };
    let from_host_names = HOST_NAMES.captures_iter(text).filter_map(|found| {
        let octets = [2, 3, 4, 5].map(|group| found[group].to_owned());
        octets.join(".").parse().ok()
    });
    parts
        .filter_map(parse)
        .map(|address| address.to_canonical())
        .chain(from_host_names)
        .collect()
}
