//! The options that choose the engine, and that limit the cost of Insights.

use std::fmt;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// By which engine log groups are read, and at what cost.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reading")]
pub struct EngineArguments {
    /// What reads log groups
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    pub engine: EngineChoice,

    /// What Insights may cost, by an estimate from the bytes that are stored
    #[arg(long, value_name = "USD", default_value_t = 25.0, value_parser = usd)]
    pub max_scan_cost: f64,

    /// Ask for masked data in clear (needs logs:Unmask)
    #[arg(long)]
    pub unmask: bool,

    /// Show what would be read, how long it would take and what it would
    /// cost, and search nothing
    #[arg(long)]
    pub dry_run: bool,
}

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
