//! CloudWatch Logs log groups.

use std::fmt;

use jiff::Timestamp;

/// The class of a log group, which decides which engine can read it.
///
/// Source: CloudWatch Logs user guide, "Log classes".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogGroupClass {
    /// Both engines can read it.
    Standard,
    /// Only Logs Insights can read it: no `FilterLogEvents`, no `GetLogEvents`.
    InfrequentAccess,
    /// No engine can read it. It keeps events for a day or two.
    Delivery,
    /// A class that this version does not know, with AWS's name.
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

/// The beginning of the names of the log groups to which CloudWatch Logs imports event data stores.
/// Channels deliver to log groups with such names too.
///
/// Source: CloudWatch Logs API, `CreateImportTask`, `importDestinationArn`.
const IMPORT_PREFIX: &str = "aws/cloudtrail/";

/// A log group, as `DescribeLogGroups` returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// The name, 1 to 512 characters of `[\.\-_/#A-Za-z0-9]`. The owner of the account chooses it.
    pub name: String,
    /// The class of the log group.
    pub class: LogGroupClass,
    /// The stored bytes. AWS may update them hours late, so zero does not prove that the group is
    /// empty.
    pub stored_bytes: u64,
    /// For how many days events are kept; `None` means forever.
    pub retention_days: Option<u32>,
    /// The account policy that sets this, if one does. The owner of the account chooses the name.
    ///
    /// Source: CloudWatch Logs API, `LogGroup`, `retentionPolicyName`.
    pub retention_policy: Option<String>,
    /// When the log group was created, if known.
    pub created: Option<Timestamp>,
    /// Whether a data protection policy of the log group or its account masks values wherever they
    /// are read.
    pub masked: bool,
    /// Whether a data protection policy of the log group masked values in the past. AWS does not say
    /// whether these values are readable again.
    ///
    /// Source: CloudWatch Logs API, `LogGroup`, `dataProtectionStatus`: "whether this log group has a
    /// protection policy, or whether it had one in the past".
    pub masked_before: bool,
    /// The ARN of the customer managed key with which it is encrypted, if any.
    pub kms_key: Option<String>,
}

impl LogGroup {
    /// Whether its name is that of a log group to which an event data store was imported. Such a log
    /// group has events of any age, whenever it was created.
    pub fn is_named_like_import(&self) -> bool {
        self.name.trim_start_matches('/').starts_with(IMPORT_PREFIX)
    }

    /// Whether an event data store may have been imported to it: by its name, or because it has the
    /// class of imports.
    pub fn may_be_imported(&self) -> bool {
        self.is_named_like_import() || self.class == LogGroupClass::InfrequentAccess
    }
}
