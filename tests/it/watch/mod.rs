//! Schedules: nothing is left out and no alert is repeated, however the process or the sinks fail.

mod alerts;
mod binary;
mod check;
mod deploy;
mod sinks;
pub(crate) mod station;
mod virtual_days;
