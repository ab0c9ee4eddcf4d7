//! The liveness check: whether the log group of a trail has the records that the event history of an
//! account-Region has.

use serde::{Deserialize, Serialize};

use super::{LogGroupArn, Target};

crate::word_enum! {
    /// The result of the liveness check of an account-Region and a log group.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Liveness: Serialize, Deserialize {
        /// The log group has the records that were compared.
        Confirmed => "confirmed",
        /// The event history has no record of the window that the trail should have delivered.
        Quiet => "quiet",
        /// The log group lacks a record that the event history or an earlier run has.
        Missing => "records-missing",
        /// AWS denied access to the event history.
        Denied => "denied",
        /// The event history or the log group could not be read.
        Failed => "failed",
    }
}

/// What the liveness check found about the records of an account-Region in a log group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivenessCheck {
    /// The account-Region.
    pub target: Target,
    /// The log group to which its trails deliver.
    pub log_group: LogGroupArn,
    /// The result.
    pub result: Liveness,
    /// How many records were compared.
    pub compared: u64,
    /// The ids of the records that are missing.
    pub missing: Vec<String>,
}

impl LivenessCheck {
    /// Describes the missing records in one line; `None` if none are.
    pub fn describe_missing(&self) -> Option<String> {
        if self.result != Liveness::Missing {
            return None;
        }
        let Target { account, region } = &self.target;
        Some(format!(
            "{} of {} compared records of {account} {region} are missing: {}",
            self.missing.len(),
            self.compared,
            self.missing.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_records_are_described() {
        let target = Target {
            account: "111111111111".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        let check = LivenessCheck {
            log_group: LogGroupArn::new(target.clone(), "/trail"),
            target,
            result: Liveness::Missing,
            compared: 2,
            missing: vec!["e1".to_owned()],
        };
        assert_eq!(
            check.describe_missing().as_deref(),
            Some("1 of 2 compared records of 111111111111 eu-west-1 are missing: e1")
        );
        let quiet = LivenessCheck {
            result: Liveness::Quiet,
            ..check
        };
        assert_eq!(quiet.describe_missing(), None);
    }
}
