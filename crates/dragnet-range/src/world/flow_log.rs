//! A VPC flow log: what it records, and where it delivers to.

use jiff::Timestamp;

use crate::traffic::Traffic;
use dragnet_model::AccountId;

dragnet_model::word_enum! {
    /// The kind of destination of a flow log.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) enum FlowDestination: Deserialize {
        #[default]
        CloudWatchLogs => "cloud-watch-logs",
        S3 => "s3",
    }
}

dragnet_model::word_enum! {
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) enum FlowTraffic: Deserialize {
        #[default]
        All => "ALL",
        /// Traffic that was accepted.
        Accept => "ACCEPT",
        /// Traffic that was rejected.
        Reject => "REJECT",
    }
}

/// How a flow log names its objects in a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DestinationOptions {
    /// Whether the folders are partitions of Hive: `year=2026/`.
    pub(crate) hive: bool,
    /// Whether every hour has a folder.
    pub(crate) hourly: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct FlowLog {
    /// The id, `fl-…`.
    pub(crate) id: String,
    /// The VPC that it records, `vpc-…`.
    pub(crate) vpc: String,
    pub(crate) destination: FlowDestination,
    /// The account of the log group that it delivers to.
    pub(crate) destination_account: AccountId,
    /// The log group that it delivers to, or the name of the S3 bucket and a prefix: `BUCKET` or
    /// `BUCKET/PREFIX`.
    pub(crate) log_group: String,
    /// How it names its objects in a bucket.
    pub(crate) options: DestinationOptions,
    /// The everyday traffic that it delivers to a bucket.
    pub(crate) traffic: Option<Traffic>,
    pub(crate) traffic_type: FlowTraffic,
    /// The record format, in AWS's `${field}` syntax.
    pub(crate) format: String,
    pub(crate) created: Timestamp,
    /// An error that prevents delivery, in AWS's words.
    pub(crate) delivery_error: Option<String>,
}

impl FlowLog {
    /// The bucket and the prefix that it delivers to; `None` if it delivers to a log group.
    pub(crate) fn bucket(&self) -> Option<(&str, &str)> {
        (self.destination == FlowDestination::S3).then(|| {
            let (bucket, prefix) = self
                .log_group
                .split_once('/')
                .unwrap_or((self.log_group.as_str(), ""));
            (bucket, prefix.trim_end_matches('/'))
        })
    }

    /// The default record format.
    ///
    /// Source: VPC user guide, "Flow log records".
    pub(crate) const DEFAULT_FORMAT: &'static str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} \
         ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";
}
