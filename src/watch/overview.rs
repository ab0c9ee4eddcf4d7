//! The current state of a watch, for `watch status` and `/metrics`.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::state::{ActivationEnd, ActivationRecord, State, StateError, Totals};
use super::timing;
use crate::settings::{ScheduleSettings, WatchSettings};
use dragnet_model::time::rfc3339_ms;

/// The state of a watch.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// The configured schedules.
    pub schedules: Vec<ScheduleOverview>,
    /// The configured sinks.
    pub sinks: Vec<SinkOverview>,
}

/// The state of a schedule.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleOverview {
    /// The name of the schedule.
    pub name: String,
    /// When it was last activated, if ever.
    #[serde(serialize_with = "serialize_time")]
    pub last: Option<Timestamp>,
    /// How the last activation ended.
    pub status: Option<ActivationEnd>,
    /// The error of the last activation; empty if there was none.
    pub problem: String,
    /// The directory of the last run.
    pub run: String,
    /// When it is activated next, if ever.
    #[serde(serialize_with = "serialize_time")]
    pub next: Option<Timestamp>,
    /// The log time until which all log groups are covered.
    #[serde(serialize_with = "serialize_time")]
    pub covered_until: Option<Timestamp>,
    /// The latest watermark, if it is in the future: the clock of the host was wrong, or is.
    #[serde(
        serialize_with = "serialize_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub future_watermark: Option<Timestamp>,
    /// By how many seconds coverage is behind.
    pub behind_seconds: Option<i64>,
    /// The accounts that are not covered.
    pub uncovered: Vec<UncoveredAccount>,
    /// Totals over all activations.
    pub totals: Totals,
}

/// An account that is not covered.
#[derive(Clone, Debug, Serialize)]
pub struct UncoveredAccount {
    /// The account id.
    pub account_id: String,
    /// The account name.
    pub account_name: String,
    /// Since when it is not covered.
    #[serde(serialize_with = "serialize_time")]
    pub since: Option<Timestamp>,
    /// Why it is not covered.
    pub reason: String,
}

/// The state of a sink.
#[derive(Clone, Debug, Serialize)]
pub struct SinkOverview {
    /// The name of the sink.
    pub name: String,
    /// Alerts that wait for delivery.
    pub waiting: u64,
    /// Alerts that were delivered.
    pub delivered: u64,
    /// Alerts that the sink refused.
    pub refused: u64,
    /// Why the last attempt failed; empty if it did not.
    pub problem: String,
}

impl Overview {
    /// Reads the state of the watch with these settings at `now`.
    ///
    /// # Errors
    /// The database fails.
    pub fn read(
        settings: &WatchSettings,
        state: &State,
        now: Timestamp,
    ) -> Result<Self, StateError> {
        let schedules = settings
            .schedules
            .iter()
            .map(|schedule| ScheduleOverview::read(schedule, state, now));
        let sinks = settings.sink_names.iter().map(|name| {
            let record = state.sink_record(name)?;
            let waiting = record.waiting;
            let delivered = record.delivered;
            let refused = record.refused;
            let problem = record.problem;
            Ok(SinkOverview {
                name: name.clone(),
                waiting,
                delivered,
                refused,
                problem,
            })
        });
        Ok(Self {
            schedules: schedules.collect::<Result<_, _>>()?,
            sinks: sinks.collect::<Result<_, StateError>>()?,
        })
    }
}

impl ScheduleOverview {
    fn read(
        schedule: &ScheduleSettings,
        state: &State,
        now: Timestamp,
    ) -> Result<Self, StateError> {
        let last = state.last_activation(&schedule.name)?;
        let covered_until_ms = state.covered_until_ms(&schedule.name)?;
        let latest_ms = state.latest_watermark_ms(&schedule.name)?;
        let coverable = now.as_millisecond().saturating_sub(schedule.lag_ms);
        let uncovered = state
            .account_coverage(&schedule.name)?
            .into_iter()
            .filter(|(_, coverage)| !coverage.is_covered);
        let last_due = last.as_ref().and_then(|last| timestamp(last.due_ms));
        let next = timing::due_activation(schedule, last_due, now)
            .or_else(|| timing::next_activation(schedule, now));
        Ok(Self {
            name: schedule.name.clone(),
            next: next.map(|next| next.at),
            covered_until: covered_until_ms.and_then(timestamp),
            future_watermark: latest_ms
                .filter(|latest| *latest > now.as_millisecond())
                .and_then(timestamp),
            behind_seconds: covered_until_ms
                .map(|until| coverable.saturating_sub(until).max(0) / 1_000),
            uncovered: uncovered
                .map(|(account, coverage)| UncoveredAccount {
                    account_id: account.to_string(),
                    account_name: coverage.name,
                    since: timestamp(coverage.since_ms),
                    reason: coverage.reason,
                })
                .collect(),
            last: last.as_ref().and_then(|last| timestamp(last.started_ms)),
            status: last.as_ref().map(|last| last.end),
            totals: last.as_ref().map(|last| last.counts).unwrap_or_default(),
            problem: last
                .as_ref()
                .map(|last: &ActivationRecord| last.problem.clone())
                .unwrap_or_default(),
            run: last.map(|last| last.run).unwrap_or_default(),
        })
    }
}

fn timestamp(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

// Serde passes a reference to the field.
#[expect(clippy::ref_option, reason = "the signature that serde requires")]
fn serialize_time<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(rfc3339_ms).serialize(serializer)
}
