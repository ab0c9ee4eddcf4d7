//! What a run knows about itself: its settings, its start and its end. The table `fact` of `run.db`
//! has one row for each fact.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::fact::{Fact, FactError, Json, Text};
use crate::digests::{DigestSummary, IntegritySummary};
use dragnet_model::{
    Arn, AthenaUse, BucketReads, Hunt, LivenessCheck, NamedBuckets, Organization, RegionDelivery,
    RequiredKinds, RunId, SlowedRate, SourceSelection, TimeWindow, WindowEnd,
};

/// Defines [`RunFacts`]: each fact has its key and its form once.
macro_rules! run_facts {
    ($($(#[$attribute:meta])* $field:ident: $form:ty = $key:literal;)*) => {
        /// The facts of a run. A new run starts with most of them, others are added later, and runs of
        /// earlier versions lack some.
        ///
        /// To add or replace facts of a run, set them in [`RunFacts::default`] and write that to the
        /// journal.
        #[derive(Clone, Debug)]
        pub struct RunFacts {
            /// The directory of the run, for errors; empty for facts that are to be written.
            pub(super) run: Arc<str>,
            $($(#[$attribute])* pub $field: Fact<$form>,)*
        }

        impl RunFacts {
            /// The facts of the run in the directory `run`, from their texts by key. Other keys are
            /// ignored: a later version may have written them.
            pub(super) fn from_texts(run: &str, mut texts: BTreeMap<String, String>) -> Self {
                let run: Arc<str> = run.into();
                Self {
                    $($field: Fact::new($key, &run, texts.remove($key)),)*
                    run,
                }
            }

            /// Returns the keys and texts of all facts that are known.
            pub(super) fn texts(&self) -> Vec<(&'static str, String)> {
                [$(self.$field.entry(),)*].into_iter().flatten().collect()
            }
        }
    };
}

run_facts! {
    /// The id of the run.
    run_id: Text<RunId> = "run_id";
    /// The version of Dragnet that created the run.
    tool_version: Text<String> = "tool_version";
    /// When the run started.
    started: Text<Timestamp> = "started";
    /// Whether the run was made on the practice range.
    practice: Text<bool> = "practice";
    /// The ARN of the caller. A resumed run replaces it.
    caller_arn: Text<Arn> = "caller_arn";
    /// The start of the window.
    from: Text<Timestamp> = "from";
    /// The end of the window.
    to: Text<Timestamp> = "to";
    /// By which time events were selected.
    window_basis: Text<StoredWindowBasis> = "windows";
    /// How the end of the window was chosen.
    window_end: Json<WindowEnd> = "window_end";
    /// Whether the run searches for tampering calls.
    trail_integrity: Json<bool> = "trail_integrity";
    /// Which kinds of log source are searched.
    sources: Json<SourceSelection> = "sources";
    /// Whether only files on disk were searched; a run that searched no files has no such fact.
    files_alone: Text<bool> = "files_alone";
    /// What CloudTrail's digests say about the log files on disk; null without digests.
    file_digests: Json<Option<DigestSummary>> = "file_digests";
    /// What CloudTrail's digests say about the objects in S3; a run that does not verify them has no such
    /// fact.
    integrity: Json<IntegritySummary> = "integrity";
    /// Whether reads of the buckets that the run read, and of those that its sightings name, were
    /// recorded; a run without any has no such fact.
    bucket_reads: Json<Vec<BucketReads>> = "bucket_reads";
    /// The buckets that trusted sightings name, for a resumed run.
    named_buckets: Json<NamedBuckets> = "named_buckets";
    /// The queries of Athena, and what followed from them; a run that asked for none has no such fact.
    athena: Json<AthenaUse> = "athena";
    /// Whether the run belongs to a collection, which keeps all records; other runs have no such
    /// fact.
    collects: Text<bool> = "collects";
    /// Whether only write calls were searched; other runs have no such fact.
    changes_only: Text<bool> = "changes_only";
    /// How the run follows credentials; other runs have no such fact.
    follow: Json<Value> = "follow";
    /// The round of following that is being searched; none before the first.
    follow_round: Json<u32> = "follow_round";
    /// The rounds that were started.
    follow_rounds: Json<Value> = "follow_rounds";
    /// The kinds of logs whose gaps make the run incomplete.
    required_kinds: Json<RequiredKinds> = "require";
    /// The names of the indicators.
    indicators: Json<Vec<String>> = "indicators";
    /// The kinds of the indicators, in their order.
    indicator_kinds: Json<Vec<String>> = "indicator_kinds";
    /// The hunts.
    hunts: Json<Vec<Hunt>> = "hunts";
    /// What the indicator lists contain that cannot be searched for, as text lines.
    not_looked_for: Json<Vec<String>> = "not_looked_for";
    /// The entries of indicator lists that were not understood: a list of `RejectedEntries`.
    rejected_entries: Json<Value> = "rejected_entries";
    /// The `Scope`.
    scope: Json<Value> = "scope";
    /// Whether the sweep was limited to accounts that were named.
    named_accounts_only: Text<bool> = "named_accounts_only";
    /// The settings, for resume.
    settings: Text<String> = "settings";
    /// The SHA-256 of the settings, in hex.
    settings_sha256: Text<String> = "settings_sha256";
    /// The ids of the runs that this machine started before, and that may have made calls inside the
    /// window. Earlier versions stored `[id, directory]` for each run.
    earlier_runs: Json<Value> = "earlier_runs";
    /// The organization whose accounts were listed.
    organization: Json<Organization> = "organization";
    /// The quotas under which AWS throttled a call.
    slowed_rates: Json<Vec<SlowedRate>> = "slowed_rates";
    /// Whether only the accounts that are assigned to the caller in IAM Identity Center were listed;
    /// other runs have no such fact.
    assigned_accounts_only: Text<bool> = "assigned_accounts_only";
    /// The member role that was assumed in each account, if there were several to try; other runs
    /// have no such fact.
    member_roles: Json<BTreeMap<String, String>> = "member_roles";
    /// Whether the log groups of trails have the records that event histories have; a run that did not
    /// check it has no such fact.
    liveness: Json<Vec<LivenessCheck>> = "liveness";
    /// The state of trails in Regions other than their home Regions; a run that did not request it has no
    /// such fact.
    region_deliveries: Json<Vec<RegionDelivery>> = "region_deliveries";
    /// The selectors of the scope that matched nothing: `UnmatchedSelectors`.
    unmatched_selectors: Json<Value> = "unmatched_selectors";
    /// How the run ended; a run that was killed or that is not finished has no such fact.
    ended: Text<RunEnding> = "ended";
    /// When the run ended; a run that was killed or that is not finished has no such fact.
    finished: Text<Timestamp> = "finished";
}

impl Default for RunFacts {
    fn default() -> Self {
        Self::from_texts("", BTreeMap::new())
    }
}

impl RunFacts {
    /// Returns the keys of the facts about the end of a run, which a resumed run has no more.
    pub(super) fn end_keys() -> [&'static str; 2] {
        let Self {
            ended, finished, ..
        } = Self::default();
        [ended.key(), finished.key()]
    }

    /// Returns the window.
    ///
    /// # Errors
    /// A fact is missing or damaged.
    pub fn window(&self) -> Result<TimeWindow, FactError> {
        TimeWindow::new(self.from.get()?, self.to.get()?)
            .map_err(|error| FactError::new(&self.run, "window", error))
    }

    /// Returns when the run ended, or when it started if it was killed.
    ///
    /// # Errors
    /// A fact is missing or damaged.
    pub fn finished_or_started(&self) -> Result<Timestamp, FactError> {
        match self.finished.get_if_stored()? {
            Some(finished) => Ok(finished),
            None => self.started.get(),
        }
    }

    /// Whether the sweep of the run ended normally.
    pub fn was_swept(&self) -> bool {
        self.ended.is(&RunEnding::Swept)
    }

    /// Returns the round in which a resumed run continues: that in which it was interrupted. A run
    /// that ended starts again with the search for its own indicators, 0.
    ///
    /// # Errors
    /// The fact is damaged.
    pub fn round_to_resume(&self) -> Result<u32, FactError> {
        match self.ended.get_if_stored()? {
            Some(RunEnding::Swept | RunEnding::Failed) => Ok(0),
            Some(RunEnding::Interrupted) | None => self.follow_round.get_or_default(),
        }
    }

    /// Whether the run belongs to a watch, so that only the watch knows what is still to be read.
    pub fn belongs_to_watch(&self) -> bool {
        self.window_basis.is(&StoredWindowBasis::LogTime)
    }
}

dragnet_model::word_enum! {
    /// How a run ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RunEnding {
        /// The sweep ended normally.
        Swept => "swept",
        /// The sweep was interrupted.
        Interrupted => "interrupted",
        /// The sweep failed as a whole.
        Failed => "failed",
    }
}

impl FromStr for RunEnding {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::from_word(word).ok_or("expected swept, failed or interrupted")
    }
}

dragnet_model::word_enum! {
    /// The time by which a run selected events.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum StoredWindowBasis {
        /// By event time, in one window.
        EventTime => "happened",
        /// By log time, in windows of each log group, which only the watch of the run knows.
        LogTime => "stored",
    }
}

impl FromStr for StoredWindowBasis {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::from_word(word).ok_or("expected happened or stored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(texts: &[(&str, &str)]) -> RunFacts {
        let texts = texts
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect();
        RunFacts::from_texts("runs/r", texts)
    }

    #[test]
    fn facts_are_written_and_read_by_key() {
        let mut facts = RunFacts::default();
        assert!(facts.texts().is_empty());
        facts.practice.set(&true);
        facts.required_kinds.set(&RequiredKinds::all());
        facts.ended.set(&RunEnding::Swept);
        facts.window_basis.set(&StoredWindowBasis::LogTime);
        let texts = facts.texts();
        let keys: Vec<&str> = texts.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["practice", "windows", "require", "ended"]);
        let texts: Vec<(&str, &str)> = texts
            .iter()
            .map(|(key, text)| (*key, text.as_str()))
            .collect();
        let read = stored(&texts);
        assert!(read.practice.get().unwrap() && read.was_swept() && read.belongs_to_watch());
        assert_eq!(read.required_kinds.get().unwrap(), RequiredKinds::all());
        assert_eq!(read.finished.get_if_stored().unwrap(), None);
    }

    #[test]
    fn words_of_facts_are_read_back() {
        for ending in [RunEnding::Swept, RunEnding::Interrupted, RunEnding::Failed] {
            assert_eq!(ending.to_string().parse::<RunEnding>(), Ok(ending));
        }
        for basis in [StoredWindowBasis::EventTime, StoredWindowBasis::LogTime] {
            assert_eq!(basis.to_string().parse::<StoredWindowBasis>(), Ok(basis));
        }
    }

    #[test]
    fn errors_name_the_run_and_the_fact() {
        let facts = stored(&[
            ("ended", "x"),
            ("hunts", "{"),
            ("from", "2026-03-02T00:00:00Z"),
            ("to", "2026-03-01T00:00:00Z"),
        ]);
        let read = |name: &str, problem: &str| {
            format!(
                "runs/r is not a run that this version of dragnet can read: fact `{name}`: {problem}"
            )
        };
        assert_eq!(
            facts.started.get().unwrap_err().to_string(),
            read("started", "missing")
        );
        assert_eq!(
            facts.ended.get().unwrap_err().to_string(),
            read("ended", "expected swept, failed or interrupted")
        );
        let hunts = facts.hunts.get().unwrap_err().to_string();
        assert!(hunts.starts_with(&read("hunts", "")), "{hunts}");
        let window = facts.window().unwrap_err().to_string();
        assert!(
            window.starts_with(&read("window", "the time window is empty")),
            "{window}"
        );
        assert!(facts.finished_or_started().is_err() && !facts.was_swept());
    }
}
