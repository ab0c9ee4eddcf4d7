//! Schedules: nothing is left out, nothing is told twice, whatever ends the process or the sinks.

mod alerts;
mod binary;
mod deploy;
mod sinks;
pub mod station;
mod virtual_days;
