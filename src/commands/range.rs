//! `dragnet range`: the practice range, served or shown.

use std::io::Write;
use std::path::Path;

use tokio::net::TcpListener;

use super::{CommandError, tell};
use crate::cli::{QuotaChoice, ServeArguments};
use crate::range::{PracticeCredentials, Quotas, Range, Scenario, server};
use crate::time::Clock;

/// Serves a scenario until Ctrl-C, after printing what a shell needs to use it.
pub(super) async fn serve(arguments: &ServeArguments, out: &mut dyn Write) -> Result<(), CommandError> {
    let scenario = scenario(&arguments.scenario)?;
    let range = Range::new(&scenario, arguments.seed, Clock::wall())?;
    range.enforce(match arguments.quotas {
        QuotaChoice::Real => Quotas::Real,
        QuotaChoice::Off => Quotas::Off,
    })?;
    let listener = TcpListener::bind(arguments.listen).await?;
    let address = listener.local_addr()?;
    let PracticeCredentials { access_key_id, secret_access_key, region } = range.credentials();
    writeln!(out, "export AWS_ENDPOINT_URL=http://{address}")?;
    writeln!(out, "export AWS_ACCESS_KEY_ID={access_key_id}")?;
    writeln!(out, "export AWS_SECRET_ACCESS_KEY={secret_access_key}")?;
    // The SDKs read the one, boto3 and the AWS CLI of old the other.
    writeln!(out, "export AWS_REGION={region}")?;
    writeln!(out, "export AWS_DEFAULT_REGION={region}")?;
    out.flush()?;
    tell(&format!("Serving `{}`: {}. Ctrl-C ends it.", scenario.name(), scenario.title()));
    server::serve(range, listener, async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

/// A built-in scenario, or one from a file.
fn scenario(name_or_file: &str) -> Result<Scenario, CommandError> {
    let path = Path::new(name_or_file);
    if path.is_file() {
        let text = std::fs::read_to_string(path)?;
        return Ok(Scenario::from_toml(&text)?);
    }
    Ok(Scenario::builtin(name_or_file)?)
}
