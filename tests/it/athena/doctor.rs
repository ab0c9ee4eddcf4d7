//! `dragnet doctor` checks the workgroup and the tables, and no problem with them is a gap.

use clap::Parser;
use dragnet::cli::{Arguments, Command};
use dragnet::commands::{Check, State, Subject, diagnose};
use dragnet::settings::DoctorSettings;

use super::{CONFIG, scenario};
use crate::scenario::Fault;
use crate::world::World;

/// Returns the checks about Athena.
async fn checks(workgroup: &str, more: &str, config: &str) -> Vec<Check> {
    let world = World::from_toml(&scenario(workgroup, more)).with_config(config);
    let parsed = Arguments::try_parse_from(["dragnet", "doctor"]).unwrap();
    let Command::Doctor(doctor) = parsed.command else {
        unreachable!()
    };
    let settings =
        world.resolve(|context| DoctorSettings::resolve(&parsed.global, &doctor, context).unwrap());
    let environment = world.environment();
    let aws = environment.connect(&settings.reach, None).await.unwrap();
    let checks = Box::pin(diagnose(aws, &settings, environment.clock()));
    let checks = checks.await.unwrap().into_iter();
    let checks: Vec<Check> = checks
        .filter(|check| check.check == Subject::Athena)
        .collect();
    assert_eq!(world.calls("StartQueryExecution"), 0);
    checks
}

/// Returns the remarks among them, and asserts that none failed.
fn remarks(checks: &[Check]) -> Vec<&str> {
    assert!(
        checks.iter().all(|check| check.status != State::Failed),
        "{checks:?}"
    );
    let remarks = checks.iter().filter(|check| check.status == State::Note);
    remarks.map(|check| check.detail.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn usable_tables_have_no_remark() {
    let found = checks("bytes_cutoff = 5000", "", CONFIG).await;
    assert_eq!(remarks(&found), Vec::<&str>::new());
    let details: Vec<&str> = found.iter().map(|check| check.detail.as_str()).collect();
    let workgroup = "workgroup dragnet in 333333333333 eu-west-1; it stops queries that scan more than 5000 bytes";
    assert_eq!(details, [workgroup, "table dragnet.trail_lines"]);
    assert!(checks("", "", "").await.is_empty(), "nothing is configured");
}

#[tokio::test(start_paused = true)]
async fn problems_are_remarks_with_their_reason() {
    for (workgroup, fault, config, reason) in [
        (
            "disabled = true",
            String::new(),
            CONFIG.to_owned(),
            "is disabled",
        ),
        (
            "",
            Fault::denied("GetWorkGroup").to_string(),
            CONFIG.to_owned(),
            "AccessDenied",
        ),
        (
            "",
            String::new(),
            CONFIG.replace("\"trail_lines\"", "\"other\""),
            "dragnet.other",
        ),
        (
            "",
            String::new(),
            CONFIG.replace("/o-practice00/", "/"),
            "but the configuration says",
        ),
        (
            "",
            String::new(),
            CONFIG.replace("account = \"333333333333\"", "account = \"999999999999\""),
            "999999999999",
        ),
    ] {
        let found = checks(workgroup, &fault, &config).await;
        let remarks = remarks(&found);
        let is_named = |remark: &&str| remark.contains(reason) && remark.contains("all objects");
        assert!(remarks.iter().any(is_named), "{reason}: {found:?}");
    }
}
