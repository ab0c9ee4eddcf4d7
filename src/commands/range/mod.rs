//! `dragnet range`: serves or shows the practice range.

mod show;

pub(super) use show::show;

use std::io::Write;
use std::path::Path;

use tokio::net::TcpListener;

use super::environment::PRACTICE;
use super::{CommandError, print_note};
use crate::cli::{QuotaChoice, ScenarioArguments, ServeArguments};
use dragnet_model::time::Clock;
use dragnet_range::{PracticeCredentials, Quotas, Range, Scenario, server};

/// Prints the environment variables for using the range, and serves it until Ctrl-C.
pub(super) async fn serve(
    arguments: &ServeArguments,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let (scenario, range) = create_range(&arguments.range)?;
    range.enforce(match arguments.quotas {
        QuotaChoice::Real => Quotas::Real,
        QuotaChoice::Off => Quotas::Off,
    })?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|source| CommandError::RangeListen {
            address: arguments.listen,
            source,
        })?;
    let address = listener.local_addr()?;
    let PracticeCredentials {
        access_key_id,
        secret_access_key,
        region,
    } = range.credentials();
    writeln!(out, "export AWS_ENDPOINT_URL=http://{address}")?;
    writeln!(out, "export AWS_ACCESS_KEY_ID={access_key_id}")?;
    writeln!(out, "export AWS_SECRET_ACCESS_KEY={secret_access_key}")?;
    // The SDKs read `AWS_REGION`; boto3 and old versions of the AWS CLI read `AWS_DEFAULT_REGION`.
    writeln!(out, "export AWS_REGION={region}")?;
    writeln!(out, "export AWS_DEFAULT_REGION={region}")?;
    out.flush()?;
    print_note(&format!(
        "Serving `{}`: {}. Press Ctrl-C to stop.",
        scenario.name(),
        scenario.title()
    ));
    print_note(&format!(
        "MFA device: {}. `dragnet range code` prints its current code.",
        range.mfa().serial
    ));
    // Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Support by AWS SDKs
    // and tools": the AWS CLI reads the variable since 1.29.0 and 2.13.0, boto3 since 1.28.0.
    print_note(&format!(
        "Versions of the AWS CLI before 1.29 and 2.13, and of boto3 before 1.28, ignore AWS_ENDPOINT_URL: use \
         `aws --endpoint-url http://{address}`, or endpoint_url=\"http://{address}\" for each client."
    ));
    server::serve(range, listener, async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

/// Prints the current MFA code of the practice user's device: for a served range by the wall clock,
/// with `--practice` at the start time of the scenario.
pub(super) fn code(
    arguments: &ScenarioArguments,
    practice: bool,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let range = if practice {
        let scenario = Scenario::builtin(PRACTICE)?;
        Range::new(&scenario, None, scenario.clock())?
    } else {
        create_range(arguments)?.1
    };
    Ok(writeln!(out, "{}", range.mfa_code())?)
}

/// Returns the scenario, and a range of it that runs on the wall clock.
fn create_range(arguments: &ScenarioArguments) -> Result<(Scenario, Range), CommandError> {
    let scenario = load_scenario(&arguments.scenario)?;
    let range = Range::new(&scenario, arguments.seed, Clock::wall())?;
    Ok((scenario, range))
}

/// Loads a built-in scenario, or one from a file.
fn load_scenario(name_or_file: &str) -> Result<Scenario, CommandError> {
    let path = Path::new(name_or_file);
    if path.is_file() {
        let text = std::fs::read_to_string(path)?;
        return Ok(Scenario::from_toml(&text)?);
    }
    Ok(Scenario::builtin(name_or_file)?)
}
