//! Dragnet sweeps an AWS organization (every account, every Region, every CloudWatch log group) for an
//! indicator, and says what it could not search.

pub mod aws;
pub mod cli;
pub mod config;
pub mod model;
pub mod range;
pub mod report;
pub mod search;
pub mod store;
pub mod sweep;
pub mod throttle;
pub mod time;
