//! A hunt: a question about log events, ready to be asked.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// A hunt with its parameters filled in. A run keeps it whole, so that it goes on and is reported whatever
/// becomes of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunt {
    /// Its name, unique in a run; also that of its files.
    #[serde(deserialize_with = "hunt_name")]
    pub name: String,
    /// What it tells, in a line.
    pub title: String,
    /// What kind of record it is about.
    pub source: HuntSource,
    /// How much a finding weighs.
    pub severity: Severity,
    /// MITRE ATT&CK techniques, e.g. `T1078.004`.
    pub techniques: Vec<String>,
    /// What it was asked with, by name.
    pub parameters: BTreeMap<String, String>,
    /// The Logs Insights query.
    pub query: String,
    /// The filter pattern that the server is to use as it is, and whose every event counts; `None` where
    /// the query decides.
    pub filter_pattern: Option<String>,
}

impl Hunt {
    /// Longest name of a hunt in the catalogue, in bytes.
    pub const LONGEST_NAME: usize = 64;
    /// What a run may append to a name, so that it stays unique: `-2`.
    const LONGEST_SUFFIX: usize = "-4294967295".len();

    /// Whether a text has the form of a hunt's name: lower-case letters, digits and hyphens. Names become file names.
    pub fn is_name(text: &str) -> bool {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
}

/// A run's database may have been handed over, and a hunt's name becomes the name of a file.
fn hunt_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if Hunt::is_name(&name) && name.len() <= Hunt::LONGEST_NAME + Hunt::LONGEST_SUFFIX {
        return Ok(name);
    }
    let expected = "a hunt's name of lower-case letters, digits and hyphens";
    Err(de::Error::invalid_value(
        de::Unexpected::Str(&name),
        &expected,
    ))
}

/// What kind of record a hunt is about. It is evaluated on such records only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HuntSource {
    /// API calls that CloudTrail records.
    #[serde(rename = "cloudtrail")]
    CloudTrail,
    /// Network traffic that VPC flow logs record.
    VpcFlow,
    /// Any log event.
    Any,
}

impl fmt::Display for HuntSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CloudTrail => "cloudtrail",
            Self::VpcFlow => "vpc-flow",
            Self::Any => "any",
        })
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It helps to understand.
    Informational,
    /// It happens every day.
    Low,
    /// Somebody should look at it.
    Medium,
    /// Somebody should look at it now.
    High,
    /// It hardly ever has an innocent explanation.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}
