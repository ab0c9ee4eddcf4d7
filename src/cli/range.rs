//! `dragnet range`.

use std::net::SocketAddr;

use clap::{Args, Subcommand, ValueEnum};

/// What to do with the practice range.
#[expect(
    clippy::doc_markdown,
    reason = "the comments are the help texts, which are not markdown"
)]
#[derive(Clone, Debug, Subcommand)]
pub enum RangeCommand {
    /// Serve the practice range for boto3, the AWS CLI and any SDK
    Serve(ServeArguments),
    /// Show the accounts, the practice user's MFA device, and the story
    Show(ShowArguments),
    /// Print the practice user's current MFA code for a served range (usable
    /// as mfa_command)
    Code(ScenarioArguments),
}

/// The scenario of a practice range.
#[derive(Clone, Debug, Args)]
pub struct ScenarioArguments {
    /// Name of a built-in scenario, or a TOML file
    #[arg(long, value_name = "SCENARIO", default_value = "small")]
    pub scenario: String,

    /// Seed for generated data [default: the scenario's]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// What to show of a range.
#[derive(Clone, Debug, Args)]
pub struct ShowArguments {
    /// The scenario.
    #[command(flatten)]
    pub range: ScenarioArguments,

    /// Also show what a search must find
    #[arg(long)]
    pub answers: bool,
}

/// How to serve the range.
#[derive(Clone, Debug, Args)]
pub struct ServeArguments {
    /// Loopback address to listen on; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4580", value_parser = parse_loopback)]
    pub listen: SocketAddr,

    /// The scenario.
    #[command(flatten)]
    pub range: ScenarioArguments,

    /// Whether to throttle like AWS
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub quotas: QuotaChoice,
}

/// Whether the range throttles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum QuotaChoice {
    /// at AWS's rates
    #[default]
    Real,
    /// never
    Off,
}

/// The practice range has well-known access keys, so it must not be reachable from other hosts.
fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(address) => Err(format!(
            "{} is not a loopback address: expected 127.0.0.1 or [::1]",
            address.ip()
        )),
        Err(_) => Err("expected an address and a port such as 127.0.0.1:4580".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_accepted() {
        for good in ["127.0.0.1:0", "[::1]:80"] {
            assert!(parse_loopback(good).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:80", "192.0.2.1:80", "localhost"] {
            assert!(parse_loopback(bad).is_err(), "{bad}");
        }
    }
}
