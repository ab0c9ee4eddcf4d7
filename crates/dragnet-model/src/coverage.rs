//! Coverage: what was searched, what was not, and why. It is a result as important as the
//! sightings.

use std::collections::BTreeSet;

use super::{AccountId, Engine, LogGroupClass, LogKind, Outcome, Region, StorageKind};

/// One row of the coverage: an account, an account-Region, or a place in it where records are
/// stored: a log group, the event history, or a folder of a bucket.
///
/// `region` is `None` if the account itself could not be entered. `source` is `None` if the
/// account-Region could not be listed or has no log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The account.
    pub account: AccountId,
    /// The account's name: untrusted text.
    pub account_name: String,
    /// The Region, unless the row is about the whole account.
    pub region: Option<Region>,
    /// What kind of place it is about, unless it is about an account or account-Region.
    pub source: Option<StorageKind>,
    /// The log group, if it is about one.
    pub log_group: Option<String>,
    /// The path of the file on disk, if it is about one.
    pub file: Option<String>,
    /// The bucket and the prefix of the keys, if it is about objects in S3.
    pub bucket_prefix: Option<String>,
    /// The class of the log group.
    pub class: Option<LogGroupClass>,
    /// The engines that read it.
    pub engines: Vec<Engine>,
    /// How the search ended.
    pub outcome: Outcome,
    /// The start of the time range that was read, in milliseconds since the Unix epoch.
    pub from_ms: Option<i64>,
    /// The end of this time range, exclusive.
    pub to_ms: Option<i64>,
    /// The number of pages that were read.
    pub pages: u64,
    /// The number of events that were read.
    pub events: u64,
    /// Bytes of messages that were read.
    pub bytes: u64,
    /// The number of matching events, before copies are merged.
    pub sightings: u64,
    /// Whether it is outside the accounts and Regions in scope, and was read because it contains
    /// their records.
    pub out_of_scope: bool,
    /// The kinds of logs that it contains, as far as its log sources are known. Empty if it is not
    /// about a place where records are stored.
    pub kinds: BTreeSet<LogKind>,
}

impl Coverage {
    /// The row of an account of which nothing was read.
    pub fn unread(account: AccountId, account_name: String, outcome: Outcome) -> Self {
        Self {
            account,
            account_name,
            region: None,
            source: None,
            log_group: None,
            file: None,
            bucket_prefix: None,
            class: None,
            engines: Vec::new(),
            outcome,
            from_ms: None,
            to_ms: None,
            pages: 0,
            events: 0,
            bytes: 0,
            sightings: 0,
            out_of_scope: false,
            kinds: BTreeSet::new(),
        }
    }
}
