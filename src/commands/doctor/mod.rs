//! `dragnet doctor`: checks whether every account could be swept, and says what to do if not.

mod check;
mod examine;
mod print;

use std::io::Write;

use serde::Serialize;

use super::host_environment::HostEnvironment;
use super::{CommandError, Environment};
use crate::cli::settings::DoctorSettings;
use crate::cli::{DoctorArguments, GlobalArguments};
use crate::report::write_json;
pub use check::{Check, State, Subject};
pub use examine::examine;

/// The output of `--json`.
#[derive(Serialize)]
struct Diagnosis<'a> {
    covered: bool,
    checks: &'a [Check],
}

/// Checks the access to every account, and changes nothing. The exit code is 3 if a sweep would not
/// cover something.
pub(super) async fn doctor(
    global: &GlobalArguments,
    arguments: &DoctorArguments,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Environment::from_settings(settings, machine)?;
    let doctor = DoctorSettings::resolve(global, arguments, &machine.at(place.clock().now()))?;
    let aws = place.connect(&doctor.reach, None).await?;
    if doctor.forget {
        let forgotten = aws.forget_mfa_session().map_err(CommandError::Forget)?;
        writeln!(
            out,
            "{}",
            if forgotten {
                "The MFA session is forgotten."
            } else {
                "No MFA session was kept."
            }
        )?;
        return Ok(0);
    }
    let checks = examine(aws, doctor.reach, place.clock()).await;
    let covered = checks.iter().all(|check| check.status != State::Failed);
    if settings.json {
        write_json(
            &Diagnosis {
                covered,
                checks: &checks,
            },
            &mut *out,
        )?;
    } else {
        print::write(&checks, out)?;
    }
    Ok(if covered { 0 } else { 3 })
}
