//! CloudTrail trails and their delivery to CloudWatch Logs and S3.

use jiff::Timestamp;

use super::World;
use crate::cloudtrail::{Record, RecordForm};
use dragnet_model::{AccountId, Region};

#[derive(Clone, Debug)]
pub(crate) struct Trail {
    pub(crate) name: String,
    /// The account that owns it.
    pub(crate) account: AccountId,
    /// The home Region, which contains its log group.
    pub(crate) home: Region,
    /// Whether it records every Region, or only its home Region.
    pub(crate) multi_region: bool,
    /// Whether it is an organization trail, which records every account of the organization.
    pub(crate) organization: bool,
    /// Accounts that an organization trail does not record, for example because they joined after
    /// its setup broke.
    pub(crate) unreached: Vec<AccountId>,
    /// The log group that it delivers to, if there is one.
    pub(crate) log_group: Option<String>,
    pub(crate) bucket: TrailBucket,
    /// Whether recording is on.
    pub(crate) logging: bool,
    /// When recording was last switched on.
    pub(crate) logging_since: Option<Timestamp>,
    /// An error that prevents delivery to the log group, in AWS's words.
    pub(crate) delivery_error: Option<String>,
    /// Regions from which it delivers nothing to its log group.
    pub(crate) failing_regions: Vec<Region>,
    /// When it last delivered to its log group; by default a few minutes ago.
    pub(crate) last_delivery: Option<Timestamp>,
    pub(crate) read_write_type: ReadWriteType,
    /// Services whose management events are excluded, e.g. `kms.amazonaws.com`.
    pub(crate) excluded_sources: Vec<String>,
    /// The beginnings of the ARNs of the objects in S3 whose data events it selects. The range has no
    /// such events.
    pub(crate) data_objects: Vec<String>,
}

/// The bucket that a trail delivers to.
#[derive(Clone, Debug)]
pub(crate) struct TrailBucket {
    pub(crate) name: String,
    /// The prefix of its keys, without a slash at the end; empty if there is none.
    pub(crate) prefix: String,
    /// The ARN of the key that encrypts its files.
    pub(crate) kms_key: Option<String>,
    /// Since when it delivers digests; `None` if it does not.
    pub(crate) validated_since: Option<Timestamp>,
    /// An error that prevents delivery to the bucket, in AWS's words.
    pub(crate) delivery_error: Option<String>,
    /// Regions from which it delivers nothing to the bucket.
    pub(crate) failing_regions: Vec<Region>,
}

dragnet_model::word_enum! {
    /// The management events that a trail records.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) enum ReadWriteType: Deserialize {
        /// Read and write events.
        #[default]
        All => "All",
        /// Only read events.
        ReadOnly => "ReadOnly",
        /// Only write events.
        WriteOnly => "WriteOnly",
    }
}

impl Trail {
    /// Whether the trail records this account and Region.
    fn is_recording(&self, account: AccountId, region: &Region) -> bool {
        let records_account = if self.organization {
            !self.unreached.contains(&account)
        } else {
            self.account == account
        };
        self.logging && records_account && (self.multi_region || self.home == *region)
    }

    /// Whether this record is delivered to the log group.
    pub(crate) fn delivers(&self, record: &Record) -> bool {
        self.selects(record) && self.delivers_from(record.account, &record.region)
    }

    /// Whether the trail records events of this kind.
    pub(crate) fn selects(&self, record: &Record) -> bool {
        let kind_matches = match self.read_write_type {
            ReadWriteType::All => true,
            ReadWriteType::ReadOnly => record.read_only,
            ReadWriteType::WriteOnly => !record.read_only,
        };
        kind_matches && !self.excluded_sources.contains(&record.event_source())
    }

    /// Whether records of this account and Region are delivered to the bucket.
    pub(crate) fn delivers_files_from(&self, account: AccountId, region: &Region) -> bool {
        self.bucket.delivery_error.is_none()
            && !self.bucket.failing_regions.contains(region)
            && self.is_recording(account, region)
    }

    /// Whether records of this account and Region are delivered to the log group, if the trail
    /// records events of their kind.
    pub(crate) fn delivers_from(&self, account: AccountId, region: &Region) -> bool {
        self.log_group.is_some()
            && self.delivery_error.is_none()
            && !self.failing_regions.contains(region)
            && self.is_recording(account, region)
    }

    /// The log stream of the records of an account and Region.
    ///
    /// Source: CloudTrail user guide, "Log group and log stream naming".
    pub(crate) fn stream_name(
        &self,
        organization_id: &str,
        account: AccountId,
        region: &Region,
    ) -> String {
        let prefix = if self.organization {
            format!("{organization_id}_")
        } else {
            String::new()
        };
        format!("{prefix}{account}_CloudTrail_{region}")
    }

    /// The form in which it writes records.
    pub(crate) fn record_form(&self) -> RecordForm {
        RecordForm::for_source(&self.name)
    }

    pub(crate) fn arn(&self, world: &World) -> String {
        world.arn(
            "cloudtrail",
            self.home.as_str(),
            self.account,
            &format!("trail/{}", self.name),
        )
    }
}
