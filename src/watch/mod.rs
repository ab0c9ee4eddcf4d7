//! Job 3.
mod agenda;
mod alert;
mod conclude;
mod coverage;
mod deliver;
mod driver;
mod own_calls;
mod retention;
mod sinks;
mod state;
mod timing;
mod watermark;

pub use agenda::{Agenda, Pace};
pub use alert::{Alert, AlertKind};
pub use conclude::FinishedRun;
pub use deliver::{Delivery, Patience};
pub use driver::{MakesRuns, Watch};
pub use sinks::{SharedOutput, Sink, SinkError, Tools};
pub use state::{Activated, ActivationEnd, SinkRecord, Standing, State, StateError, Totals};
pub use timing::{Activation, due, next};
pub use watermark::{Place, Stretch, Watermark, Watermarks};

#[cfg(test)]
mod testing {
    use crate::cli::GlobalArguments;
    use crate::cli::settings::{ScheduleSettings, Surroundings, WatchSettings};

    /// A schedule called `s` that looks for 192.0.2.1 and tells stdout, with this in it.
    pub fn schedule(toml: &str) -> ScheduleSettings {
        let temp = tempfile::tempdir().unwrap();
        let config = format!(
            "[watch]\nstate_dir = 'state'\n[[watch.sink]]\nname = 'out'\nkind = 'stdout'\n\
             [[watch.schedule]]\nname = 's'\nindicators = ['192.0.2.1']\nsinks = ['out']\n{toml}"
        );
        std::fs::write(temp.path().join("dragnet.toml"), config).unwrap();
        let surroundings = Surroundings {
            environment: &|_| None,
            working_directory: temp.path(),
            now: "2026-03-02T12:00:00Z".parse().unwrap(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        let settings = WatchSettings::resolve(&GlobalArguments::default(), &surroundings).unwrap();
        settings.schedules.into_iter().next().unwrap()
    }
}
