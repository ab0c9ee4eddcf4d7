//! Selects accounts by organizational unit and tag, and names the selectors of the scope that
//! match nothing.

use std::collections::BTreeSet;
use std::process::Stdio;

use dragnet::commands::{Check, State, Subject, examine};
use dragnet::report::write_run_report;
use dragnet::sweep::SweepError;
use tokio_util::sync::CancellationToken;

use crate::scenario::{Account, Fault, Group, Inline, ScenarioBuilder, Unit};
use crate::survive::binary::dragnet;
use crate::world::{Run, World};

const IP: &str = "192.0.2.1";

/// The tags of accounts.
const PROD: [(&str, &str); 2] = [("env", "prod"), ("team", "red")];
const PROD_EU: [(&str, &str); 2] = [("env", "prod"), ("team", "blue")];
const TOOLS: [(&str, &str); 2] = [("env", "staging"), ("team", "red")];

/// Returns an organization with accounts at the root, in an organizational unit, in units below it,
/// and two units with the same name.
fn scenario(more: &str) -> String {
    let unit = |name: &str, parent: &str| Unit::new(name).parent(parent);
    let account = |id: &str, name: &str, unit: &str, tags: &[(&str, &str)]| {
        Account::new(id, name).unit(unit).tags(Inline(tags))
    };
    ScenarioBuilder::new("units")
        .regions(&["eu-west-1", "us-east-1"])
        .opt_in_regions(&["ap-east-1"])
        .with(&Unit::new("Workloads"))
        .with(&Unit::new("Sandbox"))
        .with(&unit("Prod", "Workloads"))
        .with(&unit("EU", "Workloads/Prod"))
        .with(&unit("Prod", "Sandbox"))
        .with(&Unit::new("Empty"))
        .with(&account("222222222222", "prod", "Workloads/Prod", &PROD))
        .with(&account(
            "333333333333",
            "prod-eu",
            "Workloads/Prod/EU",
            &PROD_EU,
        ))
        .with(&account("444444444444", "tools", "Workloads", &TOOLS))
        .with(&Account::new("555555555555", "play").unit("Sandbox/Prod"))
        .organization_trail("us-east-1")
        .group(["prod", "prod-eu", "tools", "play"], "/app")
        .with(more)
        .toml()
}

fn world(more: &str) -> World {
    World::from_toml(&scenario(more))
}

/// `ListAccounts` as it was before it had paths.
const WITHOUT_PATHS: &str = r#"
[[faults]]
operation = "ListAccounts"
kind = "incomplete"
answer = "without-member"
member = "Accounts.Paths"
"#;

fn denied(operation: &str) -> String {
    Fault::denied(operation).to_string()
}

/// Returns the first digits of the accounts in scope that were searched.
fn searched(run: &Run) -> String {
    let accounts: BTreeSet<String> = run
        .columns("coverage.csv", &["account_id", "log_group"])
        .into_iter()
        .filter(|row| row.ends_with(" /app"))
        .map(|row| row.chars().take(1).collect())
        .collect();
    accounts.into_iter().collect()
}

fn unmatched(run: &Run) -> Vec<String> {
    let summary = run.summary();
    let selectors = summary["unmatched_selectors"].as_array().unwrap();
    let texts = selectors.iter().map(|text| text.as_str().unwrap());
    texts.map(str::to_owned).collect()
}

/// Sweeps, and returns the first digits of the accounts.
async fn select(world: &World, arguments: &[&str]) -> String {
    let run = world.sweep(&[&[IP], arguments].concat()).await;
    assert_eq!(run.status(), "complete", "{arguments:?}: {:?}", run.failure);
    assert_eq!(unmatched(&run), Vec::<String>::new(), "{arguments:?}");
    searched(&run)
}

/// Sweeps, and returns why that fails.
async fn failure(world: &World, arguments: &[&str]) -> String {
    let run = world.sweep(&[&[IP], arguments].concat()).await;
    assert_eq!(run.status(), "failed", "{arguments:?}");
    let error: SweepError = run.failure.unwrap();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error} {}", source.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn unit_selects_the_accounts_in_it_and_below() {
    const CASES: [(&[&str], &str); 6] = [
        (&["--ou", "Workloads"], "234"),
        (&["--ou", "Workloads/Prod"], "23"),
        (&["--ou", "Prod/EU"], "3"),
        (&["--ou", "EU", "--ou", "Sandbox"], "35"),
        (&["--ou", "Workloads", "--exclude-account", "tools"], "23"),
        (&["--ou", "Workloads", "--account", "prod*"], "23"),
    ];
    for faults in ["", WITHOUT_PATHS] {
        let world = world(faults);
        for (arguments, expected) in CASES {
            assert_eq!(select(&world, arguments).await, expected, "{arguments:?}");
        }
        let has_parents = world.calls("ListParents") > 0;
        assert_eq!(has_parents, !faults.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn unit_is_selected_by_id_without_further_calls() {
    let ambiguous = failure(&world(""), &["--ou", "Prod"]).await;
    let ids: Vec<&str> = ambiguous
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| word.starts_with("ou-"))
        .collect();
    let [one, other] = ids[..] else {
        panic!("{ambiguous}")
    };
    assert!(
        ambiguous.contains("(Sandbox/Prod)") && ambiguous.contains("(Workloads/Prod)"),
        "{ambiguous}"
    );
    let world = world("");
    let mut selected = [
        select(&world, &["--ou", one]).await,
        select(&world, &["--ou", other]).await,
    ];
    selected.sort();
    assert_eq!(selected, ["23", "5"]);
    assert_eq!(
        world.calls("ListRoots") + world.calls("ListParents"),
        0,
        "the paths are enough"
    );
}

#[tokio::test(start_paused = true)]
async fn tags_of_one_key_are_alternatives_and_keys_restrict() {
    const CASES: [(&[&str], &str); 5] = [
        (&["--tag", "env=prod"], "23"),
        (&["--tag", "env=prod", "--tag", "env=staging"], "234"),
        (&["--tag", "env=prod", "--tag", "team=red"], "2"),
        (&["--tag", "team=red", "--ou", "Workloads"], "24"),
        (&["--tag", "team=red", "--exclude-account", "prod"], "4"),
    ];
    let world = world("");
    for (arguments, expected) in CASES {
        assert_eq!(select(&world, arguments).await, expected, "{arguments:?}");
    }
    let calls = world.calls("ListTagsForResource");
    select(&world, &["--tag", "env=prod", "--account", "prod"]).await;
    assert_eq!(
        world.calls("ListTagsForResource") - calls,
        1,
        "only for accounts that the other selectors include"
    );
}

#[tokio::test(start_paused = true)]
async fn configuration_selects_and_arguments_replace_it() {
    let config = r#"
[scope]
ous = ["Workloads"]
tags = ["env=prod"]
"#;
    let world = world("").with_config(config);
    assert_eq!(select(&world, &[]).await, "23");
    assert_eq!(select(&world, &["--ou", "EU"]).await, "3");
    assert_eq!(select(&world, &["--tag", "env=staging"]).await, "4");
}

/// An account that only the configuration names is in no unit.
#[tokio::test(start_paused = true)]
async fn unlisted_account_is_in_no_unit() {
    let outside = String::from(Account::new("666666666666", "outside").outside_organization(true))
        + &Group::new("outside", "/app");
    let config = r#"
[[accounts]]
id = "666666666666"
name = "outside"
[[accounts]]
id = "222222222222"
[scope]
sources = "report"
"#;
    let world = world(&outside).with_config(config);
    assert_eq!(select(&world, &[]).await, "23456");
    assert_eq!(select(&world, &["--ou", "Workloads/Prod"]).await, "23");
    assert_eq!(select(&world, &["--tag", "team=red"]).await, "24");
}

#[tokio::test(start_paused = true)]
async fn failed_lookup_ends_the_sweep() {
    for (operation, arguments, faults) in [
        ("ListRoots", ["--ou", "EU"], ""),
        ("ListOrganizationalUnitsForParent", ["--ou", "EU"], ""),
        ("ListParents", ["--ou", "EU"], WITHOUT_PATHS),
        ("ListTagsForResource", ["--tag", "env=prod"], ""),
    ] {
        let world = world(&format!("{faults}{}", denied(operation)));
        let failure = failure(&world, &arguments).await;
        assert!(failure.contains("cannot select accounts by "), "{failure}");
        assert!(
            failure.contains("organization.role") && failure.contains(operation),
            "{failure}"
        );
    }
    let endless = Fault::new("ListOrganizationalUnitsForParent", "repeated-token");
    let units: Vec<String> = (0..30)
        .map(|number| Unit::new(format!("unit-{number}")).to_string())
        .collect();
    let many = units.concat();
    let world = world(&format!("{many}{endless}"));
    let failure = failure(&world, &["--ou", "EU"]).await;
    assert!(failure.contains("repeated a page token"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn inclusion_that_matches_nothing_makes_the_run_incomplete() {
    const CASES: [(&[&str], &str); 7] = [
        (
            &["--account", "prod", "--account", "prdo"],
            "--account prdo",
        ),
        (&["--ou", "Sandbox", "--ou", "Sandbx"], "--ou Sandbx"),
        (&["--ou", "Sandbox", "--ou", "Empty"], "--ou Empty"),
        (
            &["--ou", "Sandbox", "--ou", "ou-ab12-cd34ef56"],
            "--ou ou-ab12-cd34ef56",
        ),
        (
            &["--tag", "env=prod", "--tag", "env=prdo"],
            "--tag env=prdo",
        ),
        (&["--region", "us-*", "--region", "ap-*"], "--region ap-*"),
        (
            &["--log-group", "/app", "--log-group", "/ap"],
            "--log-group /ap",
        ),
    ];
    let world = world("");
    for (arguments, expected) in CASES {
        let run = world.sweep(&[&[IP], arguments].concat()).await;
        assert_eq!(run.status(), "incomplete", "{arguments:?}");
        assert_eq!(unmatched(&run), [expected], "{arguments:?}");
    }
    // Nothing but a Region that is enabled nowhere.
    let run = world.sweep(&[IP, "--region", "ap-*"]).await;
    assert_eq!(run.status(), "incomplete");
    assert_eq!(unmatched(&run), ["--region ap-*"]);
}

#[tokio::test(start_paused = true)]
async fn scope_that_selects_nothing_fails_the_run() {
    let world = world("");
    for arguments in [
        &["--account", "prdo"][..],
        &["--ou", "Sandbx"],
        &["--tag", "env=prdo"],
        &["--tag", "env=prod", "--tag", "owner=me"],
    ] {
        let failure = failure(&world, arguments).await;
        let [.., option, value] = arguments else {
            panic!("no option")
        };
        assert!(
            failure.contains(&format!("no account matches {option} {value};")),
            "{failure}"
        );
    }
    // Each selector matches an account, but no account matches both.
    let failure = failure(&world, &["--ou", "Sandbox", "--account", "prod"]).await;
    assert!(
        failure.contains("no active account is in scope"),
        "{failure}"
    );
}

#[tokio::test(start_paused = true)]
async fn exclusions_and_gaps_that_match_nothing_are_named() {
    let gap = |selection: &str, expires: &str| {
        format!(
            r"
[[scope.accepted_gap]]
{selection}
reason = 'r'
by = 'b'
expires = '{expires}'
"
        )
    };
    let config = [
        r#"
[scope]
exclude_accounts = ["nosuch-*", "play"]
exclude_log_groups = ["/nosuch", "/tr*"]
"#
        .to_owned(),
        gap("accounts = ['prod']", "2027-01-01"),
        gap("accounts = ['sandbx']", "2026-01-01"),
        gap("regions = ['ap-*']", "2027-01-01"),
    ];
    let world = world("").with_config(&config.concat());
    let run = world
        .sweep(&[IP, "--exclude-region", "ap-east-1", "--log-group", "/app"])
        .await;
    assert_eq!(run.status(), "complete", "{:?}", run.coverage());
    let expected = [
        "--exclude-account nosuch-*",
        "--exclude-region ap-east-1",
        "--exclude-log-group /nosuch",
        "accepted gap 2 (accounts sandbx, expired 2026-01-01)",
        "accepted gap 3 (regions ap-*)",
    ];
    assert_eq!(unmatched(&run), expected);
    let mut report = Vec::new();
    write_run_report(&run.outputs.files.run_report("", false), &mut report).unwrap();
    let report = String::from_utf8(report).unwrap();
    let words: Vec<&str> = report.split_whitespace().collect();
    let sentence = format!("Matched nothing: {}.", expected.join(", "));
    assert!(words.join(" ").contains(&sentence), "{report}");
}

/// A resumed run lists everything again, also what its first part finished.
#[tokio::test(start_paused = true)]
async fn resumed_run_names_only_what_matches_nothing() {
    let slow = Fault::slow("FilterLogEvents", 60_000).account("444444444444");
    let world = world(&slow);
    let cancel = CancellationToken::new();
    let interrupt = async {
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        cancel.cancel();
    };
    let arguments = [
        IP,
        "--tag",
        "team=red",
        "--ou",
        "Workloads",
        "--ou",
        "Sandbx",
        "--exclude-account",
        "management",
        "--exclude-log-group",
        "/tr*",
    ];
    let (run, ()) = tokio::join!(world.try_sweep(&arguments, cancel.clone()), interrupt);
    let run = run.unwrap();
    let resumed = world
        .restarted_with(&scenario(""))
        .resume(&run.outputs.directory)
        .await
        .unwrap();
    assert_eq!(unmatched(&resumed), ["--ou Sandbx"]);
    assert_eq!(searched(&resumed), "24");
}

async fn run_checks(world: &World, arguments: &[&str]) -> Vec<Check> {
    let reach = world.settings(&[&[IP], arguments].concat()).reach;
    let aws = world.environment().connect(&reach, None).await.unwrap();
    let checks = examine(aws, reach, world.environment().clock()).await;
    checks
        .into_iter()
        .filter(|check| check.check == Subject::Scope)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn doctor_names_selectors_that_match_nothing() {
    // The log group that the pattern matches is on the second page.
    let groups: Vec<String> = (0..60)
        .map(|number| format!("/a{number}"))
        .chain(["/zz".to_owned()])
        .map(|name| Group::new("prod", name).to_string())
        .collect();
    let many = groups.concat();
    let world = world(&many);
    let matching = [
        "--ou",
        "Workloads",
        "--region",
        "us-*",
        "--log-group",
        "/zz",
    ];
    let checks = run_checks(&world, &matching).await;
    assert!(checks.is_empty(), "{checks:?}");
    let checks = run_checks(
        &world,
        &[
            "--ou",
            "Workloads",
            "--ou",
            "Sandbx",
            "--exclude-account",
            "nosuch-*",
            "--log-group",
            "/ap",
            "--log-group",
            "/app",
        ],
    )
    .await;
    let found: Vec<(State, &str)> = checks
        .iter()
        .map(|check| (check.status, check.detail.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (State::Failed, "--ou Sandbx matches nothing"),
            (State::Failed, "--log-group /ap matches nothing"),
            (State::Note, "--exclude-account nosuch-* matches nothing"),
        ]
    );
}

/// Runs a command over the practice organization, and returns its exit code, stdout and stderr.
async fn practice(arguments: &[&str]) -> (Option<i32>, String, String) {
    let temp = tempfile::tempdir().unwrap();
    let output = dragnet(temp.path())
        .args([arguments, &["--practice"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .await
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn plan_and_lists_name_selectors_that_match_nothing() {
    let scope = [
        "--ou",
        "Security",
        "--ou",
        "Nosuch",
        "--exclude-account",
        "nosuch-*",
    ];
    let plan = ["sweep", IP, "--dry-run", "--json"];
    let (code, json, _) = practice(&[&plan[..], &scope].concat()).await;
    assert_eq!(code, Some(3), "{json}");
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = ["--ou Nosuch", "--exclude-account nosuch-*"];
    assert_eq!(plan["unmatched_selectors"], serde_json::json!(expected));
    let sentence = format!("Matched nothing: {}.", expected.join(", "));
    for command in [
        &["list", "accounts"][..],
        &["list", "regions"],
        &["sources"],
    ] {
        let (_, _, notes) = practice(&[command, &scope].concat()).await;
        assert!(notes.contains(&sentence), "{command:?}: {notes}");
    }
}
