//! `dragnet doctor`: checks whether every account could be swept, and says what to do if not.

mod athena;
mod centralization;
mod check;
mod examine;
mod log_group_gaps;
mod predict;
mod print;
mod selectors;

use std::io::Write;

use serde::Serialize;

use super::host_environment::HostEnvironment;
use super::{CommandError, Environment};
use crate::aws::Aws;
use crate::cli::{DoctorArguments, GlobalArguments};
use crate::report::write_json;
use crate::settings::DoctorSettings;
use athena::check_athena;
pub use check::{Check, State, Subject};
use dragnet_model::time::Clock;
pub use examine::examine;
use examine::{Examined, examine_accounts};
use predict::predict_gaps;

/// The output of `--json`.
#[derive(Serialize)]
struct Diagnosis<'a> {
    covered: bool,
    checks: &'a [Check],
}

/// Checks the access to every account, and then what a sweep would find there.
///
/// # Errors
/// The accounts cannot be listed a second time.
pub async fn diagnose(
    aws: Aws,
    settings: &DoctorSettings,
    clock: Clock,
) -> Result<Vec<Check>, CommandError> {
    let now = clock.now();
    let Examined {
        mut checks,
        entered,
    } = examine_accounts(aws.clone(), settings.reach.clone(), clock).await;
    // Without an account, there is nothing to predict.
    if !checks.iter().any(Check::prevents_sweep) {
        checks.extend(predict_gaps(aws.clone(), settings, now, entered).await?);
        if let Some(athena) = &settings.athena {
            checks.extend(Box::pin(check_athena(&aws, &settings.reach, athena)).await);
        }
        checks.sort_by_key(Check::order);
    }
    Ok(checks)
}

/// Checks the access to every account, and changes nothing. The exit code is 3 if a sweep would not
/// cover something.
pub(super) async fn doctor(
    global: &GlobalArguments,
    arguments: &DoctorArguments,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let environment = Environment::from_settings(settings, host)?;
    let doctor = DoctorSettings::resolve(
        global,
        arguments,
        &host.resolve_context(environment.clock().now()),
    )?;
    let aws = environment.connect(&doctor.reach, None).await?;
    if doctor.forget {
        let was_cached = aws.forget_mfa_session().map_err(CommandError::Forget)?;
        writeln!(
            out,
            "{}",
            if was_cached {
                "The cached MFA session was removed."
            } else {
                "There is no cached MFA session."
            }
        )?;
        return Ok(0);
    }
    let checks = diagnose(aws, &doctor, environment.clock()).await?;
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
