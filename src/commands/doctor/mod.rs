//! `dragnet doctor`: could every account be swept, and if not, what is to be done?

mod check;
mod examine;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::surroundings::Machine;
use super::{CommandError, Place};
use crate::cli::settings::DoctorSettings;
use crate::cli::{DoctorArguments, GlobalArguments};
use crate::model::AccountId;
use crate::report::{Table, write_json};
pub use check::{Check, State, Subject};
pub use examine::examine;

/// What `--json` prints.
#[derive(Serialize)]
struct Diagnosis<'a> {
    covered: bool,
    checks: &'a [Check],
}

/// Examines the way into every account, and changes nothing. The exit code is 3 if something would not be
/// covered.
pub(super) async fn doctor(
    global: &GlobalArguments,
    arguments: &DoctorArguments,
    machine: &Machine,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Place::of(settings, machine)?;
    let doctor = DoctorSettings::resolve(global, arguments, &machine.at(place.clock().now()))?;
    let aws = place.connect(&doctor.reach, None).await?;
    if doctor.forget {
        let forgotten = aws.forget_mfa_session().map_err(CommandError::Forget)?;
        writeln!(out, "{}", if forgotten { "The MFA session is forgotten." } else { "No MFA session was kept." })?;
        return Ok(0);
    }
    let checks = examine(aws, doctor.reach, place.clock()).await;
    let covered = checks.iter().all(|check| check.status != State::Failed);
    if settings.json {
        write_json(&Diagnosis { covered, checks: &checks }, &mut *out)?;
    } else {
        let width = io::stdout().is_terminal().then_some(100);
        table(&checks).write_text(width, out)?;
        writeln!(out, "\n{}", verdict(&checks))?;
    }
    Ok(if covered { 0 } else { 3 })
}

fn table(checks: &[Check]) -> Table {
    let mut table = Table::new(&["status", "place", "found", "to do"]);
    for check in checks {
        let status = match check.status {
            State::Ok => "ok",
            State::Note => "note",
            State::Failed => "FAILED",
        };
        table.push(vec![status.to_owned(), place(check), check.detail.clone(), check.advice.clone()]);
    }
    table
}

/// Where the check was made, as a person names it.
fn place(check: &Check) -> String {
    let account = check.account_id.map(|id| id.to_string()).unwrap_or_default();
    match (&check.region, check.check) {
        (Some(region), _) => format!("{account} {region}"),
        (None, Subject::Account) => format!("{account} {}", check.account_name),
        (None, Subject::Clock) => "clock".to_owned(),
        (None, Subject::Source) => "source credentials".to_owned(),
        (None, Subject::Mfa) => "MFA".to_owned(),
        (None, Subject::Hop) => "role chain".to_owned(),
        (None, Subject::Organization | Subject::Region) => "organization".to_owned(),
    }
}

fn verdict(checks: &[Check]) -> String {
    let accounts = |wanted: fn(&Check) -> bool| -> BTreeSet<AccountId> {
        checks.iter().filter(|check| wanted(check)).filter_map(|check| check.account_id).collect()
    };
    let examined = accounts(|check| check.status != State::Note);
    let failed = accounts(|check| check.status == State::Failed);
    if checks.iter().any(|check| check.status == State::Failed && check.account_id.is_none()) {
        return "A sweep would not get that far: see FAILED above.".to_owned();
    }
    let whole = examined.len() - failed.len();
    format!("{whole} of {} accounts would be covered.", examined.len())
}
