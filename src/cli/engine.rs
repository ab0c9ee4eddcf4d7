//! `--engine`.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What is to read log groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// by log class, cost and time
    #[default]
    Auto,
    /// `FilterLogEvents`: free
    Filter,
    /// CloudWatch Logs Insights: paid by the bytes scanned
    Insights,
}
