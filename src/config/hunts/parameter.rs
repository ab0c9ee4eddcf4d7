//! The parameters of a hunt: typed, so that a value cannot mean anything but what it is.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;

use crate::model::{AccountId, Arn};

/// A parameter, as a hunt declares it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// What it is for, in a line.
    pub about: String,
    /// Its value where none is given; without one it must be given.
    pub default: Option<String>,
}

/// What the values of a parameter are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterKind {
    /// An IPv4 or IPv6 address.
    Ip,
    /// A network in CIDR form, or its first octets: `10.` is 10.0.0.0/8.
    Cidr,
    /// An access key id.
    AccessKey,
    /// An account id.
    Account,
    /// An ARN.
    Arn,
    /// Any text of one line without quotation marks, backticks and backslashes.
    Text,
}

impl ParameterKind {
    /// Its word in files, and an example of a value.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Ip => ("ip", "192.0.2.1"),
            Self::Cidr => ("cidr", "192.0.2.0/24"),
            Self::AccessKey => ("access-key", "AKIAIOSFODNN7EXAMPLE"),
            Self::Account => ("account", "111111111111"),
            Self::Arn => ("arn", "arn:aws:iam::111111111111:user/alice"),
            Self::Text => ("text", "example"),
        }
    }

    /// Its word in files.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// A value of this kind, for trying out.
    pub fn example(self) -> &'static str {
        self.words().1
    }

    /// A value in the one form in which logs have it; `None` if it is not of this kind. What this gives
    /// cannot end the quoted text that it is put into, whatever a server takes for an escape.
    pub fn value(self, given: &str) -> Option<String> {
        let given = given.trim();
        let value = match self {
            Self::Ip => given.parse::<IpAddr>().ok()?.to_string(),
            Self::Cidr => network(given)?.to_string(),
            Self::AccessKey => {
                let is_id = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
                ((16..=128).contains(&given.len()) && given.chars().all(is_id))
                    .then(|| given.to_owned())?
            }
            Self::Account => given.parse::<AccountId>().ok()?.to_string(),
            Self::Arn => given.parse::<Arn>().ok()?.to_string(),
            Self::Text => given.to_owned(),
        };
        (!value.is_empty() && value.chars().all(is_harmless)).then_some(value)
    }
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !"\"'`\\".contains(c)
}

/// A network, or the octets that all its addresses begin with.
fn network(given: &str) -> Option<IpNet> {
    if let Ok(network) = given.parse::<IpNet>() {
        return Some(network.trunc());
    }
    let octets: Vec<u8> = given
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
        .for_each(|(place, octet)| *place = *octet);
    Ipv4Net::new(address.into(), length * 8).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_get_one_form_or_are_refused() {
        for (kind, given, value) in [
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
            assert_eq!(kind.value(given).as_deref(), value, "{given}");
        }
        for ending in ["\"", "'", "`", "\\", "\n", "\" or 1 = 1 #"] {
            assert_eq!(
                ParameterKind::Text.value(&format!("a{ending}b")),
                None,
                "{ending}"
            );
            assert_eq!(
                ParameterKind::Arn.value(&format!("arn:aws:s3:::b{ending}c")),
                None,
                "{ending}"
            );
        }
    }

    #[test]
    fn each_kind_takes_its_example() {
        use ParameterKind::{AccessKey, Account, Arn, Cidr, Ip, Text};
        for kind in [Ip, Cidr, AccessKey, Account, Arn, Text] {
            assert!(kind.value(kind.example()).is_some(), "{}", kind.as_str());
        }
    }
}
