//! The options that choose the engine, and that limit the cost of Insights.

use std::fmt;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// By which engine log groups are read, and at what cost.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Search")]
pub struct EngineArguments {
    /// Engine that reads log groups
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub engine: EngineChoice,

    /// Maximum cost of Insights queries, estimated from stored bytes
    #[arg(long, value_name = "USD", default_value_t = 25.0, value_parser = usd)]
    pub max_scan_cost: f64,

    /// Request masked data in clear (needs logs:Unmask)
    #[arg(long)]
    pub unmask: bool,

    /// Print the plan (what is read, time, cost) and search nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What is to read log groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// chosen by log class, cost and time
    #[default]
    Auto,
    /// `FilterLogEvents`: free
    Filter,
    /// CloudWatch Logs Insights: billed by bytes scanned
    Insights,
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Filter => "filter",
            Self::Insights => "insights",
        })
    }
}

/// Parses an amount in US dollars.
fn usd(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(usd) if (0.0..=1e9).contains(&usd) => Ok(usd),
        _ => Err("expected a number of US dollars, 0 or more".to_owned()),
    }
}
