//! The options that choose the engine, and that limit the cost of Insights.

use clap::Args;

use crate::settings::{EngineChoice, EngineSettings};

/// The engine that reads log groups, and the cost limit.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Search")]
pub struct EngineArguments {
    /// Engine that reads log groups
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "ENGINE",
        hide_short_help = true
    )]
    pub engine: EngineChoice,

    /// Maximum cost of Insights queries, estimated from stored bytes
    #[arg(
        long,
        value_name = "USD",
        default_value_t = EngineSettings::DEFAULT_MAX_SCAN_COST,
        value_parser = parse_usd,
        hide_short_help = true
    )]
    pub max_scan_cost: f64,

    /// Request masked data in clear (needs logs:Unmask)
    #[arg(long, hide_short_help = true)]
    pub unmask: bool,
}

/// Parses an amount in US dollars.
fn parse_usd(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(usd) if (0.0..=1e9).contains(&usd) => Ok(usd),
        _ => Err("expected a number of US dollars, 0 or more".to_owned()),
    }
}
