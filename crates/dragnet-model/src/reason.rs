//! Why something was not searched, or not completely.

/// What a reason means for the answer of a search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// It proves that there is no match.
    NoMatch,
    /// A match may be missing, and no search can find it: it is not stored or not readable.
    Permanent,
    /// A match may be missing. A permission, a setting, another run, or waiting closes the gap.
    Fixable,
}

/// Declares the reasons, each with its word in files, its meaning, and its explanation for people.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident => $word:literal, $meaning:ident, $explanation:literal;)+) => {
        crate::word_enum! {
            /// Why something was not searched, or not completely. The list is closed: each reason
            /// either proves that there is no match, or does not.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum Reason: Serialize, Deserialize {
                $($(#[$doc])* $name => $word,)+
            }
        }

        impl Reason {
            fn meaning(self) -> Meaning {
                match self {
                    $(Self::$name => Meaning::$meaning,)+
                }
            }

            /// Explains the reason to people.
            pub fn explanation(self) -> &'static str {
                match self {
                    $(Self::$name => $explanation,)+
                }
            }
        }
    };
}

reasons! {
    /// A query of Athena read an object and did not name it.
    RuledOut => "ruled-out", NoMatch,
        "a query of Athena read it and found no match";
    /// A file or directory could not be opened or read.
    FileUnreadable => "file-unreadable", Fixable,
        "a file or directory could not be opened or read";
    /// A file, or a part of it, is packed or in a format that is not read, or exceeds a limit.
    FileNotSearched => "file-not-searched", Fixable,
        "packed, or in a format that is not read: unpack or convert it, and search again";
    /// A file is damaged or breaks off, so records may be missing.
    FileDamaged => "file-damaged", Permanent,
        "damaged or incomplete; only what could be read was searched";
    /// A file changed while it was read, or after an earlier part of the run read it.
    FileChanged => "file-changed", Fixable,
        "a file changed during the search: search a copy that nothing writes to";
    /// A CloudTrail digest lists another hash for a file.
    FileModified => "file-modified", Permanent,
        "the content is not the one that CloudTrail's digests list";
    /// A CloudTrail digest lists a log file that is not on disk.
    FileMissing => "file-missing", Fixable,
        "CloudTrail's digests list it, and it is not on disk: copy it again";
    /// A CloudTrail digest is missing, changed or invalid, or a chain of digests starts anew.
    FileUnconfirmed => "file-unconfirmed", Permanent,
        "the digests that would confirm log files are missing, changed or interrupted";
    /// The account-Region has no log group in scope.
    NoLogGroups => "no-log-groups", NoMatch,
        "no log group in scope";
    /// The account has not enabled any Region in scope.
    NoRegions => "no-regions", NoMatch,
        "no Region in scope is enabled";
    /// The log group was created more than 14 days after the end of the window, and `PutLogEvents`
    /// accepts no older events.
    CreatedAfterWindow => "created-after-window", NoMatch,
        "created more than 14 days after the end of the window";
    /// Not in scope: the account is not `ACTIVE` (closed, suspended …).
    AccountNotActive => "account-not-active", Permanent,
        "the account is not active";
    /// Neither Organizations nor the configuration lists the account, so it is not entered.
    AccountNotListed => "account-not-listed", Fixable,
        "neither Organizations nor the configuration lists the account, so it is not entered";
    /// The Region was requested by name, but the account has not enabled it.
    RegionNotEnabled => "region-not-enabled", Permanent,
        "the Region is not enabled in this account";
    /// The log group was created inside the window and never contained older events.
    CreatedInsideWindow => "created-inside-window", Permanent,
        "created inside the window; it never contained older events";
    /// The log group was created after the run started, or so shortly before that the deletion of
    /// an earlier log group of its name may not have been recorded yet.
    AppearedDuringRun => "appeared-during-run", Permanent,
        "created during the run or shortly before; it never contained older events";
    /// The log group's retention ends inside the window, so older events were deleted.
    RetentionInsideWindow => "retention-inside-window", Permanent,
        "older events were deleted by the log group's retention";
    /// The event history does not have it: the history keeps 90 days, and only CloudWatch Logs
    /// evaluates filter patterns and passthrough queries.
    NotInEventHistory => "not-in-event-history", Permanent,
        "the event history does not have it";
    /// CloudTrail does not offer the event history in this Region or partition.
    EventHistoryUnavailable => "event-history-unavailable", Permanent,
        "CloudTrail does not offer the event history there";
    /// The bucket has no folder for the account-Region. Whether the trail should have delivered there
    /// is judged with the trail.
    NothingDelivered => "nothing-delivered", NoMatch,
        "nothing was ever delivered to the bucket";
    /// The bucket of the same trails was read instead of the log group.
    ReadInBucket => "read-in-bucket", NoMatch,
        "the bucket of the same trails was read instead";
    /// Objects are in a storage class that must be restored first.
    ObjectArchived => "archived", Fixable,
        "objects are in an archive storage class: restore them, and search again";
    /// AWS denied access to objects.
    ObjectDenied => "object-denied", Fixable,
        "AWS denied access to objects";
    /// AWS denied the use of the key with which objects are encrypted.
    KeyDenied => "kms-denied", Fixable,
        "AWS denied kms:Decrypt with the key of the objects: allow it in the key policy and the role's policy";
    /// Objects are damaged, too large, or not what was listed.
    ObjectUnreadable => "object-unreadable", Permanent,
        "objects are damaged or too large; only what could be read was searched";
    /// Objects were deleted or overwritten after they were listed.
    ObjectGone => "object-gone", Permanent,
        "objects were deleted or overwritten after they were listed";
    /// A CloudTrail digest lists objects that the bucket does not have any more.
    ObjectDeleted => "object-deleted", Permanent,
        "CloudTrail's digests list objects that the bucket does not have any more";
    /// The user asks for the verification of objects, and digests or public keys could not be read.
    NotVerified => "not-verified", Fixable,
        "the objects could not be verified: the digests or the public keys of CloudTrail could not be read";
    /// Keys do not have the form of delivered objects, so it is not known what they contain.
    UnknownLayout => "unknown-layout", Fixable,
        "keys have no known form, and their objects were not read: search copies of them with --files";
    /// Objects are Parquet.
    Parquet => "parquet", Fixable,
        "objects are Parquet, which is not read: convert them, and search the copies with --files";
    /// The search, or a part of it, is evaluated by CloudWatch Logs alone.
    OnlyInLogGroups => "only-in-log-groups", Permanent,
        "only CloudWatch Logs evaluates the search or a part of it";
    /// AWS does not promise to deliver everything to the log: server access logs of S3.
    BestEffort => "best-effort", Permanent,
        "AWS delivers most of these logs, and not certainly all";
    /// Objects with records of the end of the window may be delivered later.
    LateDelivery => "late-delivery", Fixable,
        "objects with records of the end of the window may be delivered later";
    /// The user left this kind of log source out (`--sources`).
    SourceNotSelected => "source-not-selected", Fixable,
        "--sources leaves these log sources out";
    /// Records of the end of the window may not have been delivered to the log group yet.
    NotDeliveredYet => "not-delivered-yet", Fixable,
        "records of the end of the window may not have been delivered yet";
    /// The event history has records of the window that the log group or bucket of the trail lacks, or
    /// an earlier run found some there.
    RecordsMissing => "records-missing", Permanent,
        "records that should be there are missing: they were deleted, or were never delivered";
    /// CloudWatch Logs stores the rest of events of more than 1 MB as separate objects, which are not
    /// searched.
    TruncatedEvents => "truncated-events", Permanent,
        "events of more than 1 MB are truncated; only the first part of them was searched";
    /// The account had this Region enabled in an earlier run, and does not list it any more.
    RegionDisabled => "region-disabled", Fixable,
        "the Region was disabled since an earlier run, so its logs cannot be read: enable it again";
    /// A data protection policy masks values, so a match may be hidden.
    Masked => "masked", Fixable,
        "a data protection policy masks values, so a match may be hidden";
    /// A pipeline rewrote the records of a log group to which CloudTrail delivers.
    Transformed => "transformed", Fixable,
        "a pipeline rewrote records, and may have dropped others: search the event history or the bucket of the trail";
    /// The account could not be entered, and the log group was read through a monitoring account.
    ReadThroughLink => "read-through-link", Fixable,
        "read through a monitoring account, which may hide log groups: allow the role in the account itself";
    /// No permitted engine can read the class of the log group.
    ClassNotReadable => "class-not-readable", Permanent,
        "no permitted engine can read its class";
    /// Only Insights can read the class, and that would exceed the scan budget.
    OverScanCost => "over-scan-cost", Fixable,
        "only Insights can read its class, and that would exceed --max-scan-cost";
    /// A log stream has more rows in one second than Insights returns.
    OverRowLimit => "over-row-limit", Fixable,
        "more rows in one second than Insights returns";
    /// The key with which the log group is encrypted cannot be used.
    KeyNotUsable => "key-not-usable", Fixable,
        "the key that encrypts it cannot be used";
    /// The log group was deleted before its search ended.
    GroupGone => "group-gone", Permanent,
        "deleted before its search ended";
    /// The pages of the server do not end: it repeats a token, or sends empty pages forever.
    EndlessPages => "endless-pages", Fixable,
        "the server's pages do not end, so reading stopped";
    /// The last page of events says that a log stream was not searched completely.
    StreamNotSearched => "stream-not-searched", Fixable,
        "the last page of events says that a log stream was not searched completely";
    /// The response lacks a list, and it is not known whether AWS leaves it out if it is empty.
    UnprovenEmpty => "unproven-empty", Fixable,
        "the response lacks a list, and it is not known whether AWS leaves it out if it is empty";
    /// The source credentials have expired or are not available.
    SourceCredentials => "source-credentials", Fixable,
        "the source credentials have expired or are not available";
    /// An MFA device is configured, but no MFA session could be created.
    MfaFailed => "mfa-failed", Fixable,
        "no MFA session could be created";
    /// AWS denied a role of the role chain before the account's own role.
    HopDenied => "hop-denied", Fixable,
        "AWS denied a role of the role chain";
    /// AWS denied the account's role: it does not exist, or does not trust the caller.
    RoleDenied => "role-denied", Fixable,
        "AWS denied the account's role";
    /// AWS denied access. The detail contains its code and message.
    AccessDenied => "access-denied", Fixable,
        "AWS denied access";
    /// A shard of the sweep was not committed before the results were merged.
    ShardNotCommitted => "shard-not-committed", Fixable,
        "a shard has no committed result: run it, and merge again";
    /// Another error. The detail contains its code and message.
    Error => "error", Fixable,
        "the search failed with an error";
    /// The sweep was interrupted first.
    Interrupted => "interrupted", Fixable,
        "interrupted before it was complete";
}

impl Reason {
    /// Whether this reason proves that there is no match.
    pub fn proves_absence(self) -> bool {
        self.meaning() == Meaning::NoMatch
    }

    /// Whether the gap can be closed: with a permission, a setting, another run, or by waiting.
    /// Otherwise no search can find what is missing, because it is not stored or not readable.
    pub fn is_fixable(self) -> bool {
        self.meaning() == Meaning::Fixable
    }
}
