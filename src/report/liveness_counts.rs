//! Counts what the liveness check found, by account-Region and log group.

use serde::Serialize;

use dragnet_model::format::{count, plural};
use dragnet_model::{Liveness, LivenessCheck};

/// The number of account-Regions, in the log groups of their trails, by what the liveness check found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LivenessCounts {
    /// The log group has the records that were compared.
    pub confirmed: u64,
    /// The event history has nothing to compare.
    pub quiet: u64,
    /// Records are missing.
    pub records_missing: u64,
    /// AWS denied access to the event history.
    pub denied: u64,
    /// The event history or the log group could not be read.
    pub failed: u64,
}

impl LivenessCounts {
    /// Counts the results.
    pub fn from_checks(checks: &[LivenessCheck]) -> Self {
        let mut counts = Self::default();
        for check in checks {
            *match check.result {
                Liveness::Confirmed => &mut counts.confirmed,
                Liveness::Quiet => &mut counts.quiet,
                Liveness::Missing => &mut counts.records_missing,
                Liveness::Denied => &mut counts.denied,
                Liveness::Failed => &mut counts.failed,
            } += 1;
        }
        counts
    }

    /// Describes what people should know, in one sentence each: missing records, and what could not be
    /// compared.
    pub(super) fn sentences(self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.records_missing > 0 {
            sentences.push(format!(
                "records of {} are missing that the event history or an earlier run has; sources.csv names them",
                plural(self.records_missing, "account-Region")
            ));
        }
        let not_compared = self.denied.saturating_add(self.failed);
        if not_compared > 0 {
            sentences.push(format!(
                "{} could not be compared with the event history ({} denied: allow cloudtrail:LookupEvents)",
                plural(not_compared, "account-Region"),
                count(self.denied)
            ));
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::target;
    use dragnet_model::LogGroupArn;

    #[test]
    fn only_missing_and_uncompared_records_have_a_sentence() {
        let check = |result| {
            let target = target("111111111111", "us-east-1");
            LivenessCheck {
                log_group: LogGroupArn::new(target.clone(), "/trail"),
                target,
                result,
                compared: 1,
                missing: Vec::new(),
            }
        };
        let healthy =
            LivenessCounts::from_checks(&[check(Liveness::Confirmed), check(Liveness::Quiet)]);
        assert!(healthy.sentences().is_empty());
        let all = LivenessCounts::from_checks(&Liveness::ALL.map(check));
        assert_eq!(
            all.sentences(),
            [
                "records of 1 account-Region are missing that the event history or an earlier run has; sources.csv names them",
                "2 account-Regions could not be compared with the event history (1 denied: allow cloudtrail:LookupEvents)",
            ]
        );
    }
}
