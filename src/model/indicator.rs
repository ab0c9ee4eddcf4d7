//! Indicators: what a sweep looks for.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Arn;

/// Something to look for, with its kind recognised or forced by a prefix (`ip:`, `cidr:`, `key:`, `text:`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Indicator {
    kind: IndicatorKind,
    given: String,
}

/// The kinds, each with its own idea of what an exact match is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorKind {
    /// One address, in whatever spelling.
    Ip(IpAddr),
    /// Every address of a network.
    Cidr(IpNet),
    /// An access key id: `AKIA…` (long-term), `ASIA…` (temporary) or another of IAM's prefixes.
    AccessKey(String),
    /// An ARN, exactly, or a resource below it (`…:bucket` also finds `…:bucket/key`; a principal has none).
    Arn(Arn),
    /// Any other text, case-sensitive, as a whole word: `evil.example` does not find `notevil.example`.
    Text(String),
}

/// What is wrong with a would-be indicator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an indicator: {problem}")]
pub struct InvalidIndicator {
    given: String,
    problem: String,
}

impl Indicator {
    /// What it is.
    pub fn kind(&self) -> &IndicatorKind {
        &self.kind
    }

    /// The word for its kind, as used for prefixes and in reports.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            IndicatorKind::Ip(_) => "ip",
            IndicatorKind::Cidr(_) => "cidr",
            IndicatorKind::AccessKey(_) => "key",
            IndicatorKind::Arn(_) => "arn",
            IndicatorKind::Text(_) => "text",
        }
    }
}

/// A text that reads back as the very same, with its kind forced.
impl From<Indicator> for String {
    fn from(indicator: Indicator) -> Self {
        match indicator.kind {
            // Nothing else begins with `arn:`, so there is no prefix for it.
            IndicatorKind::Arn(_) => indicator.given,
            _ => format!("{}:{}", indicator.kind_name(), indicator.given),
        }
    }
}

impl TryFrom<String> for Indicator {
    type Error = InvalidIndicator;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Indicator {
    type Err = InvalidIndicator;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let text = given.trim();
        let invalid = |problem: String| InvalidIndicator { given: given.to_owned(), problem };
        let (forced, value) = match text.split_once(':') {
            Some((kind @ ("ip" | "cidr" | "key" | "text"), value)) => (Some(kind), value.trim()),
            _ => (None, text),
        };
        if value.is_empty() {
            return Err(invalid("it is empty".to_owned()));
        }
        let kind = match forced {
            Some("ip") => ip(value).map_err(invalid)?,
            Some("cidr") => cidr(value).map_err(invalid)?,
            Some("key") => access_key(value).map_err(invalid)?,
            Some(_) => IndicatorKind::Text(value.to_owned()),
            None => recognise(value)
                .map_err(|problem| invalid(format!("{problem}; `text:{value}` looks for it as it is")))?,
        };
        Ok(Self { kind, given: value.to_owned() })
    }
}

fn recognise(value: &str) -> Result<IndicatorKind, String> {
    let looks_like_an_address = |text: &str| {
        text.parse::<IpAddr>().is_ok()
            || (text.split('.').count() == 4 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    };
    let looks_like_a_key =
        |text: &str| matches!(text.get(..4), Some("AKIA" | "ASIA")) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    match value.split_once('/') {
        Some((address, _)) if looks_like_an_address(address) => cidr(value),
        None if looks_like_an_address(value) => ip(value),
        _ if value.starts_with("arn:") => value.parse().map(IndicatorKind::Arn).map_err(|error| format!("{error}")),
        _ if looks_like_a_key(value) => access_key(value),
        _ => Ok(IndicatorKind::Text(value.to_owned())),
    }
}

fn ip(value: &str) -> Result<IndicatorKind, String> {
    let address = value.parse::<IpAddr>().map_err(|_| "expected an IPv4 or IPv6 address".to_owned())?;
    Ok(IndicatorKind::Ip(address.to_canonical()))
}

fn cidr(value: &str) -> Result<IndicatorKind, String> {
    let network = value.parse::<IpNet>().map_err(|_| "expected a network such as 192.0.2.0/24".to_owned())?;
    Ok(IndicatorKind::Cidr(network.trunc()))
}

/// Source: IAM user guide, "IAM identifiers", unique ids: four letters, then upper-case letters and digits.
fn access_key(value: &str) -> Result<IndicatorKind, String> {
    let well_formed =
        (16..=128).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if well_formed {
        Ok(IndicatorKind::AccessKey(value.to_owned()))
    } else {
        Err("expected an access key id: AKIA or ASIA and 16 upper-case letters and digits".to_owned())
    }
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_recognised_or_forced() {
        let name = |text: &str| text.parse::<Indicator>().unwrap().kind_name();
        assert_eq!(name("192.0.2.1"), "ip");
        assert_eq!(name("2001:db8::1"), "ip");
        assert_eq!(name("192.0.2.0/24"), "cidr");
        assert_eq!(name("AKIAIOSFODNN7EXAMPLE"), "key");
        assert_eq!(name("arn:aws:iam::111111111111:user/a"), "arn");
        assert_eq!(name("evil.example"), "text");
        assert_eq!(name("text:192.0.2.1"), "text");
        assert_eq!(name("some:thing"), "text");
    }

    #[test]
    fn the_stored_form_reads_back_as_the_same() {
        for text in ["192.0.2.1", "2001:DB8::1", "192.0.2.0/24", "arn:aws:s3:::b", "text:192.0.2.1", "text:ip:x", "a:b"]
        {
            let indicator: Indicator = text.parse().unwrap();
            assert_eq!(Indicator::try_from(String::from(indicator.clone())).unwrap(), indicator, "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_kind_but_is_not_one_is_refused() {
        for bad in ["", "  ", "192.0.2.999", "192.0.2.1/33", "arn:aws:iam", "AKIA123", "ip:evil.example", "key:x"] {
            assert!(bad.parse::<Indicator>().is_err(), "{bad}");
        }
        let message = "192.0.2.999".parse::<Indicator>().unwrap_err().to_string();
        assert!(message.contains("text:192.0.2.999"), "{message}");
    }
}
