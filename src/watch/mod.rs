//! Job 3: repeat searches on a schedule, without gaps, and alert once per finding.
//!
//! ```text
//! timing ─ agenda ─ sweep ─ conclude ─────────────────── outbox ─ sinks
//! when     windows  a run   deduplication, coverage      SQLite   at least once, in order
//!          from watermarks  one transaction
//! ```
//! Every log group has a watermark: everything before it was read. A log group that failed keeps
//! its watermark and is read from there by the next activation, in bounded steps.
//!
//! The sightings of a run become alerts in the transaction that moves the watermarks. An event is
//! therefore either before the watermark and in the outbox, or it is read again; deduplication
//! recognizes events that are read twice. An account that was covered and no longer is raises an
//! alert, too.

mod agenda;
#[cfg(test)]
mod agenda_tests;
mod alert;
mod alert_batch;
mod alert_title;
mod conclude;
mod counted;
mod coverage;
mod deliver;
mod driver;
mod finding_alerts;
mod health;
mod metrics;
mod monitored;
mod overview;
mod own_calls;
mod retention;
mod row_fields;
mod sighting_identity;
mod sinks;
mod state;
mod timing;
mod watermark;

pub use agenda::{Agenda, Pace};
pub use alert::{Alert, AlertKind, Row};
pub use conclude::FinishedRun;
pub use deliver::{Delivery, RetryPolicy};
pub use driver::{RunLauncher, Watch};
pub use health::Health;
pub use overview::{Overview, ScheduleOverview, SinkOverview, UncoveredAccount};
pub use sinks::{SharedOutput, Sink, SinkError, Tools};
pub use state::{
    AccountCoverage, ActivationEnd, ActivationRecord, SinkRecord, State, StateError, Totals,
    Waiting,
};
pub use timing::{Activation, next_activation};
pub use watermark::{ScopeNode, TimeRange, Watermark, Watermarks};

#[cfg(test)]
mod testing {
    use crate::settings::ScheduleSettings;
    use crate::settings::testing::resolve_watch;
    use dragnet_model::{Coverage, Outcome};

    /// A row of the coverage.
    pub(super) fn row(
        account: &str,
        region: Option<&str>,
        log_group: Option<&str>,
        outcome: Outcome,
    ) -> Coverage {
        Coverage {
            region: region.map(|name| name.parse().unwrap()),
            source: log_group.map(|_| dragnet_model::StorageKind::Logs),
            log_group: log_group.map(str::to_owned),
            ..Coverage::unread(account.parse().unwrap(), "prod".to_owned(), outcome)
        }
    }

    /// A schedule `s` that searches for 192.0.2.1 and alerts on stdout, with these additional
    /// settings.
    pub(super) fn schedule(toml: &str) -> ScheduleSettings {
        let config = format!(
            "[watch]\nstate_dir = 'state'\n[[watch.sink]]\nname = 'out'\nkind = 'stdout'\n\
             [[watch.schedule]]\nname = 's'\nindicators = ['192.0.2.1']\nsinks = ['out']\n{toml}"
        );
        let settings = resolve_watch(&config, &[], None).unwrap();
        settings.schedules.into_iter().next().unwrap()
    }
}
