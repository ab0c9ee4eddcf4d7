//! CloudWatch Logs log groups.

use std::fmt;

use jiff::Timestamp;

/// A log group's class, which decides what can read it.
///
/// Source: CloudWatch Logs user guide, "Log classes".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogGroupClass {
    /// Everything works.
    Standard,
    /// No `FilterLogEvents` and no `GetLogEvents`; Logs Insights only.
    InfrequentAccess,
    /// Neither engine can read it; it keeps a day or two.
    Delivery,
    /// A class that this version has not heard of, in AWS's own word.
    Unknown(String),
}

impl From<&str> for LogGroupClass {
    fn from(word: &str) -> Self {
        match word {
            "STANDARD" => Self::Standard,
            "INFREQUENT_ACCESS" => Self::InfrequentAccess,
            "DELIVERY" => Self::Delivery,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for LogGroupClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Standard => "STANDARD",
            Self::InfrequentAccess => "INFREQUENT_ACCESS",
            Self::Delivery => "DELIVERY",
            Self::Unknown(word) => word,
        })
    }
}

/// A log group as `DescribeLogGroups` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name, 1 to 512 of `[\.\-_/#A-Za-z0-9]`; chosen by the account's owner.
    pub name: String,
    /// Its class.
    pub class: LogGroupClass,
    /// Bytes stored. May lag behind by hours: no proof of emptiness.
    pub stored_bytes: u64,
    /// How many days it keeps an event; `None` for ever.
    pub retention_days: Option<u32>,
    /// When it was made, if told.
    pub created: Option<Timestamp>,
    /// A data protection policy, its own or the account's, masks values at every way out.
    pub masked: bool,
    /// The ARN of the key that it is encrypted with, if it is one of the account's own.
    pub kms_key: Option<String>,
}
