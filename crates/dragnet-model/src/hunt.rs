//! A hunt: a named Logs Insights query with its parameters filled in.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};

/// A hunt with its parameters filled in. A run stores all of it, so resume and reports do not
/// depend on the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunt {
    /// The name, which is unique in a run and used for its files.
    #[serde(deserialize_with = "deserialize_name")]
    pub name: String,
    /// What the hunt finds, in one line.
    pub title: String,
    /// The kind of records that it searches.
    pub source: HuntSource,
    /// How serious a finding is.
    pub severity: Severity,
    /// MITRE ATT&CK techniques, e.g. `T1078.004`.
    pub techniques: Vec<String>,
    /// The parameter values, by name.
    pub parameters: BTreeMap<String, String>,
    /// The Logs Insights query.
    pub query: String,
    /// A filter pattern that the server uses unchanged and that decides alone. `None` if the query
    /// decides.
    pub filter_pattern: Option<String>,
}

impl Hunt {
    /// The longest name of a hunt in the catalogue, in bytes.
    pub const LONGEST_NAME: usize = 64;
    /// A run may append a number to keep names unique: `-2`.
    const LONGEST_SUFFIX: usize = "-4294967295".len();

    /// Whether a text is a valid name: lower-case letters, digits and hyphens. Names become file
    /// names.
    pub fn is_name(text: &str) -> bool {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
}

/// Validates the name. The database of a run is untrusted, and the name becomes a file name.
fn deserialize_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if Hunt::is_name(&name) && name.len() <= Hunt::LONGEST_NAME + Hunt::LONGEST_SUFFIX {
        return Ok(name);
    }
    let expected = "a hunt name of lower-case letters, digits and hyphens";
    Err(de::Error::invalid_value(
        de::Unexpected::Str(&name),
        &expected,
    ))
}

crate::word_enum! {
    /// The kind of records that a hunt searches. It is evaluated on such records only.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum HuntSource: Serialize, Deserialize {
        /// API calls recorded by CloudTrail.
        CloudTrail => "cloudtrail",
        /// Network traffic recorded by VPC flow logs.
        VpcFlow => "vpc-flow",
        /// Any log event.
        Any => "any",
    }
}

crate::word_enum! {
    /// How serious a finding is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Severity: Serialize, Deserialize {
        /// Context for an investigation.
        Informational => "informational",
        /// Usual in daily operation.
        Low => "low",
        /// Should be investigated.
        Medium => "medium",
        /// Should be investigated immediately.
        High => "high",
        /// Almost never legitimate.
        Critical => "critical",
    }
}
