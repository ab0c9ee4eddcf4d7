//! Counts the log sources besides the trails of management events: flow logs, and trails that record
//! data events. They are not in every account, so only those that exist are counted.

use std::collections::BTreeMap;

use dragnet_model::format::count;
use dragnet_model::{LogKind, RequiredKinds, Source, SourceKind, SourceStatus};

/// The number of log sources of one kind, and of those that were not searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    all: u64,
    /// Whether there is a log source, as far as AWS said.
    is_any_known: bool,
    unsearched: BTreeMap<SourceStatus, u64>,
}

/// Counts flow logs, and trails with data events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherSourceTally(BTreeMap<LogKind, Counts>);

impl OtherSourceTally {
    /// Counts the log sources of the rows of `sources.csv`. A trail that several account-Regions
    /// list counts once: as not searched if that is so for one of them.
    pub fn from_rows(rows: &[Source]) -> Self {
        let mut statuses: BTreeMap<_, SourceStatus> = BTreeMap::new();
        for row in rows {
            let Some(kind) = kind_of(row) else { continue };
            let target = row.via.is_empty().then_some(&row.target);
            let status = statuses
                .entry((kind, &row.via, target))
                .or_insert(row.status);
            if !is_unsearched(*status) {
                *status = row.status;
            }
        }
        let mut tally = Self::default();
        for ((kind, via, _), status) in statuses {
            let counts = tally.0.entry(kind).or_default();
            counts.all += 1;
            counts.is_any_known |= !via.is_empty();
            if is_unsearched(status) {
                *counts.unsearched.entry(status).or_default() += 1;
            }
        }
        tally
    }

    /// Whether every log source of a required kind was searched.
    pub fn is_complete(&self, required: &RequiredKinds) -> bool {
        self.0
            .iter()
            .all(|(kind, counts)| counts.unsearched.is_empty() || !required.contains(*kind))
    }

    /// Returns a sentence for each kind of which log sources were not searched: "Flow logs: 2 of 9
    /// were not searched (2 only-s3)." If it is not even known whether there are any, that only
    /// matters if they are required.
    pub fn sentences(&self, required: &RequiredKinds) -> Vec<String> {
        self.sentences_of(|kind, counts| {
            let is_required = required.contains(kind);
            let note = if is_required { "" } else { ", not required" };
            (is_required || counts.is_any_known).then_some(note)
        })
    }

    /// Returns these sentences for the required kinds.
    pub fn required_sentences(&self, required: &RequiredKinds) -> Vec<String> {
        self.sentences_of(|kind, _| required.contains(kind).then_some(""))
    }

    /// Returns the sentences of the kinds for which `note` returns a note.
    fn sentences_of(&self, note: impl Fn(LogKind, &Counts) -> Option<&'static str>) -> Vec<String> {
        let incomplete = self
            .0
            .iter()
            .filter(|(_, counts)| !counts.unsearched.is_empty());
        incomplete
            .filter_map(|(kind, counts)| Some(counts.sentence(*kind, note(*kind, counts)?)))
            .collect()
    }
}

impl Counts {
    fn sentence(&self, kind: LogKind, note: &str) -> String {
        let unsearched: u64 = self.unsearched.values().sum();
        let statuses: Vec<String> = self
            .unsearched
            .iter()
            .map(|(status, number)| format!("{} {status}", count(*number)))
            .collect();
        let subject = match kind {
            LogKind::Flow => "Flow logs",
            LogKind::Data | LogKind::Management | LogKind::App => "Trails with data events",
        };
        format!(
            "{subject}{note}: {} of {} were not searched ({}).",
            count(unsearched),
            count(self.all),
            statuses.join(", ")
        )
    }
}

/// Returns the kind as which a log source is counted; `None` if there is none, or only for
/// management events. If AWS did not say which there are, the answer counts as one.
fn kind_of(row: &Source) -> Option<LogKind> {
    let is_unknown = row.via.is_empty() && is_unsearched(row.status);
    match row.kind {
        _ if row.via.is_empty() && !is_unknown => None,
        SourceKind::VpcFlow => Some(LogKind::Flow),
        SourceKind::CloudTrail => (is_unknown || row.records_data_events).then_some(LogKind::Data),
    }
}

/// Whether records of the log source exist, or may exist, that were not searched. What it was
/// configured not to record does not exist.
fn is_unsearched(status: SourceStatus) -> bool {
    match status {
        SourceStatus::Skipped
        | SourceStatus::Unsearchable
        | SourceStatus::Denied
        | SourceStatus::Failed
        | SourceStatus::Stale
        | SourceStatus::Failing
        | SourceStatus::OnlyS3 => true,
        SourceStatus::Searched
        | SourceStatus::Recorded
        | SourceStatus::Accepted
        | SourceStatus::Partial
        | SourceStatus::Stopped
        | SourceStatus::NoSource => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::target;

    fn row(kind: SourceKind, via: &str, status: SourceStatus) -> Source {
        Source {
            target: target("111111111111", "us-east-1"),
            kind,
            log_group: None,
            bucket_prefix: None,
            via: via.to_owned(),
            logging: None,
            last_delivery_ms: None,
            delivery_error: String::new(),
            selectors: String::new(),
            records_data_events: kind == SourceKind::CloudTrail,
            status,
            reason: String::new(),
            liveness: None,
        }
    }

    #[test]
    fn only_log_sources_that_exist_count() {
        let rows = [
            row(SourceKind::VpcFlow, "", SourceStatus::NoSource),
            row(SourceKind::VpcFlow, "fl-1", SourceStatus::Searched),
            row(SourceKind::VpcFlow, "fl-2", SourceStatus::OnlyS3),
            row(SourceKind::VpcFlow, "fl-3", SourceStatus::Partial),
            row(SourceKind::CloudTrail, "t", SourceStatus::Denied),
            row(SourceKind::CloudTrail, "t", SourceStatus::Denied),
        ];
        let unknown = [row(SourceKind::VpcFlow, "", SourceStatus::Denied)];
        let flow = RequiredKinds::new([LogKind::Flow]);
        assert!(!OtherSourceTally::from_rows(&unknown).is_complete(&flow));
        let tally = OtherSourceTally::from_rows(&rows);
        let required = RequiredKinds::new([LogKind::Management, LogKind::Flow]);
        assert!(!tally.is_complete(&required));
        assert!(tally.is_complete(&RequiredKinds::new([LogKind::Management, LogKind::App])));
        assert_eq!(
            tally.sentences(&required),
            [
                "Trails with data events, not required: 1 of 1 were not searched (1 denied).",
                "Flow logs: 1 of 3 were not searched (1 only-s3)."
            ]
        );
        assert!(
            OtherSourceTally::from_rows(&rows[..2])
                .sentences(&required)
                .is_empty()
        );
    }
}
