//! The typed parameters of a hunt. The type ensures that a value cannot be read as query syntax.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;

use dragnet_model::{AccountId, Arn};

/// A parameter as a hunt declares it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The type of its values.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// A description in one line.
    pub about: String,
    /// The default value; without one, a value must be given.
    pub default: Option<String>,
}

dragnet_model::word_enum! {
    /// The type of a parameter.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ParameterKind: Deserialize {
        /// An IPv4 or IPv6 address.
        Ip => "ip",
        /// A network in CIDR form, or the first octets of its addresses: `10.` is 10.0.0.0/8.
        Cidr => "cidr",
        /// An access key id.
        AccessKey => "access-key",
        /// An account id.
        Account => "account",
        /// An ARN.
        Arn => "arn",
        /// A text of one line without quotation marks, backticks and backslashes.
        Text => "text",
    }
}

impl ParameterKind {
    /// Returns an example of a value of this type.
    pub fn example(self) -> &'static str {
        match self {
            Self::Ip => "192.0.2.1",
            Self::Cidr => "192.0.2.0/24",
            Self::AccessKey => "AKIAIOSFODNN7EXAMPLE",
            Self::Account => "111111111111",
            Self::Arn => "arn:aws:iam::111111111111:user/alice",
            Self::Text => "example",
        }
    }

    /// Normalizes a value to the form that logs contain; `None` if it is not of this type. The
    /// result contains nothing that could end the quoted text around it, whatever the server treats
    /// as an escape.
    pub fn normalize(self, text: &str) -> Option<String> {
        let text = text.trim();
        let value = match self {
            Self::Ip => text.parse::<IpAddr>().ok()?.to_string(),
            Self::Cidr => parse_network(text)?.to_string(),
            Self::AccessKey => {
                let is_id = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
                ((16..=128).contains(&text.len()) && text.chars().all(is_id))
                    .then(|| text.to_owned())?
            }
            Self::Account => text.parse::<AccountId>().ok()?.to_string(),
            Self::Arn => text.parse::<Arn>().ok()?.to_string(),
            Self::Text => text.to_owned(),
        };
        (!value.is_empty() && value.chars().all(is_harmless)).then_some(value)
    }
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !"\"'`\\".contains(c)
}

/// Parses a network, or the first octets that all its addresses share.
fn parse_network(text: &str) -> Option<IpNet> {
    if let Ok(network) = text.parse::<IpNet>() {
        return Some(network.trunc());
    }
    let octets: Vec<u8> = text
        .strip_suffix('.')?
        .split('.')
        .map(|octet| octet.parse().ok())
        .collect::<Option<_>>()?;
    let length = u8::try_from(octets.len())
        .ok()
        .filter(|length| *length < 4)?;
    let mut address = [0; 4];
    address
        .iter_mut()
        .zip(&octets)
        .for_each(|(byte, octet)| *byte = *octet);
    Ipv4Net::new(address.into(), length * 8).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_normalized_or_rejected() {
        for (kind, text, value) in [
            (ParameterKind::Ip, " 2001:DB8:0::1", Some("2001:db8::1")),
            (ParameterKind::Ip, "192.0.2", None),
            (ParameterKind::Cidr, "10.1.2.3/8", Some("10.0.0.0/8")),
            (ParameterKind::Cidr, "10.", Some("10.0.0.0/8")),
            (ParameterKind::Cidr, "192.168.", Some("192.168.0.0/16")),
            (ParameterKind::Cidr, "1.2.3.4.", None),
            (ParameterKind::Cidr, "10", None),
            (
                ParameterKind::AccessKey,
                "AKIAIOSFODNN7EXAMPLE",
                Some("AKIAIOSFODNN7EXAMPLE"),
            ),
            (ParameterKind::AccessKey, "AKIA", None),
            (ParameterKind::Account, "12", None),
            (
                ParameterKind::Text,
                "aws-cli/2.1 (é)",
                Some("aws-cli/2.1 (é)"),
            ),
            (ParameterKind::Text, "", None),
        ] {
            assert_eq!(kind.normalize(text).as_deref(), value, "{text}");
        }
        for ending in ["\"", "'", "`", "\\", "\n", "\" or 1 = 1 #"] {
            assert_eq!(
                ParameterKind::Text.normalize(&format!("a{ending}b")),
                None,
                "{ending}"
            );
            assert_eq!(
                ParameterKind::Arn.normalize(&format!("arn:aws:s3:::b{ending}c")),
                None,
                "{ending}"
            );
        }
    }

    #[test]
    fn example_of_each_kind_is_valid() {
        use ParameterKind::{AccessKey, Account, Arn, Cidr, Ip, Text};
        for kind in [Ip, Cidr, AccessKey, Account, Arn, Text] {
            assert!(
                kind.normalize(kind.example()).is_some(),
                "{}",
                kind.as_str()
            );
        }
    }
}
