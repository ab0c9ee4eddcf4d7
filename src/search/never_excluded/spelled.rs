//! Indicators, each with a spelling of it that an event may contain.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use dragnet_model::Indicator;

/// Bit masks: which characters of a text are escaped, and which escapes use upper-case digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escaping {
    pub(super) which: u64,
    pub(super) upper: u64,
}

/// An indicator, and one spelling of it that an event may contain.
#[derive(Clone, Debug)]
pub(super) struct Spelled {
    pub(super) indicator: Indicator,
    pub(super) spelling: String,
}

fn spelled(indicator: &str, spelling: impl Into<String>) -> Spelled {
    Spelled {
        indicator: indicator.parse().unwrap_or_else(|error| panic!("{error}")),
        spelling: spelling.into(),
    }
}

fn some_case(text: &str, upper: u64) -> String {
    let in_case = |(at, c): (usize, char)| {
        if upper >> (at % 64) & 1 == 1 {
            c.to_ascii_uppercase()
        } else {
            c
        }
    };
    text.chars().enumerate().map(in_case).collect()
}

fn v6_spelling(address: Ipv6Addr, how: u8) -> String {
    let groups = address.segments();
    match how % 4 {
        0 => address.to_string(),
        1 => groups.map(|group| format!("{group:04X}")).join(":"),
        2 => groups.map(|group| format!("{group:x}")).join(":"),
        _ => {
            let octets = address.octets();
            let hex: Vec<String> = groups
                .iter()
                .take(6)
                .map(|group| format!("{group:03x}"))
                .collect();
            format!(
                "{}:{}.{}.{}.{}",
                hex.join(":"),
                octets[12],
                octets[13],
                octets[14],
                octets[15]
            )
        }
    }
}

/// Often has octets that are zero.
fn some_v4() -> impl Strategy<Value = Ipv4Addr> {
    proptest::array::uniform4(prop_oneof![1 => Just(0), 3 => any::<u8>()]).prop_map(Ipv4Addr::from)
}

pub(super) fn v4_spelling(address: Ipv4Addr, how: u8) -> String {
    let hyphens = address.to_string().replace('.', "-");
    let [a, b, c, d] = address.octets();
    let [high, low] = [[a, b], [c, d]].map(u16::from_be_bytes);
    match how % 9 {
        0 => format!("ip-{hyphens}.ec2.internal"),
        1 => format!("ec2-{hyphens}.compute-1.amazonaws.com"),
        2 => format!("::ffff:{high:x}:{low:x}"),
        3 => format!("0:0:0:0:0:FFFF:{high:04X}:{low:04X}"),
        4 => format!("::ffff:{address}"),
        5 => format!("{address}.443"),
        _ => address.to_string(),
    }
}

/// A text as a URL encodes it. Encoders leave some characters unchanged; `which` are encoded
/// nevertheless.
pub(super) fn percent_encoded(text: &str, escaping: Escaping) -> String {
    let encode = |(at, byte): (usize, &u8)| {
        let has = |bits: u64| bits >> (at % 64) & 1 == 1;
        let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        if is_unreserved && !has(escaping.which) {
            char::from(*byte).to_string()
        } else if has(escaping.upper) {
            format!("%{byte:02X}")
        } else {
            format!("%{byte:02x}")
        }
    };
    text.as_bytes().iter().enumerate().map(encode).collect()
}

pub(super) fn any_spelled() -> impl Strategy<Value = Spelled> {
    prop_oneof![
        (some_v4(), any::<u8>())
            .prop_map(|(address, how)| spelled(&address.to_string(), v4_spelling(address, how))),
        (some_v4(), any::<u8>(), 0..=32_u8).prop_map(|(address, how, length)| spelled(
            &format!("cidr:{address}/{length}"),
            v4_spelling(address, how)
        )),
        (
            proptest::array::uniform8(prop_oneof![Just(0), 0..16_u16, any::<u16>()]),
            any::<u8>(),
            0..=128_u8
        )
            .prop_map(|(groups, how, length)| {
                // The highest bit is set, so that the address is not an IPv4-mapped one.
                let address = Ipv6Addr::from(u128::from(Ipv6Addr::from(groups)) | 1 << 127);
                spelled(
                    &format!("cidr:{address}/{length}"),
                    v6_spelling(address, how),
                )
            }),
        "A[KS]IA[A-Z0-9]{16}".prop_map(|key| spelled(&key, key.clone())),
        "arn:aws:iam::[0-9]{12}:(user|role)/([a-z]{1,5}/)?[a-zA-Z+=,.@-]{1,9}x"
            .prop_map(|arn| spelled(&arn, arn.clone())),
        "arn:aws:s3:::[a-z]{3,9}/[a-z<>&é]{1,9}".prop_map(|arn| spelled(&arn, arn.clone())),
        (
            "arn:aws:(sqs|lambda|dynamodb|s3):us-east-1:111111111111:[a-z]{3,9}/[a-z.-]{1,9}x",
            "[:/]?"
        )
            .prop_map(|(arn, after)| spelled(&arn, format!("{arn}{after}"))),
        (
            "arn:aws:logs:us-east-1:111111111111:log-group:[a-z/.#-]{1,9}x",
            any::<bool>()
        )
            .prop_map(|(arn, is_listed)| if is_listed {
                spelled(&format!("{arn}:*"), arn)
            } else {
                spelled(&arn, format!("{arn}:*"))
            }),
        "[a-zA-Z+=,.@-]{1,9}x".prop_map(|name| spelled(
            &format!("user:{name}"),
            format!("arn:aws:iam::111111111111:user/a/{name}")
        )),
        ("[a-zA-Z+=,.-]{1,9}x", 0..5_usize).prop_map(|(name, how)| spelled(
            &format!("user:{name}"),
            [
                format!("arn:aws:sts::111111111111:assumed-role/Admin/{name}"),
                format!("arn:aws:sts::111111111111:assumed-role/Admin/{name}@example.com"),
                format!("AROAIOSFODNN7EXAMPLE:{name}"),
                format!("AIDAIOSFODNN7EXAMPLE:{name}@example.com"),
                format!(r#"{{"userName":"{name}"}} {{"#),
            ][how]
                .clone()
        )),
        ("[a-z][a-z0-9./-]{1,9}x", any::<bool>()).prop_map(|(name, is_arn)| spelled(
            &format!("resource:{name}"),
            if is_arn {
                format!("arn:aws:s3:::{name}/key")
            } else {
                format!(r#"x {{"bucketName":"{name}"}}"#)
            }
        )),
        "[A-Z][a-z]{2,9}".prop_map(|name| spelled(
            &format!("event:{name}"),
            format!(r#"INFO {{"eventName":"{name}"}}"#)
        )),
        "[a-zA-Z+=,.@-]{1,9}x".prop_map(|name| spelled(
            &format!("role:{name}"),
            format!("arn:aws:sts::111111111111:assumed-role/{name}/session")
        )),
        "[0-9]{12}".prop_map(|id| spelled(&id, id.clone())),
        ("([a-z0-9]{1,8}\\.){1,3}(com|example)", any::<u64>()).prop_map(|(domain, upper)| spelled(
            &format!("domain:{domain}"),
            some_case(&format!("www.{domain}"), upper)
        )),
        ("[0-9a-f]{64}", any::<u64>())
            .prop_map(|(hash, upper)| spelled(&format!("hash:{hash}"), some_case(&hash, upper))),
        r#"[a-z<>"/\\ é.]{0,8}x"#.prop_map(|text| spelled(&format!("text:{text}"), text.trim())),
    ]
}
