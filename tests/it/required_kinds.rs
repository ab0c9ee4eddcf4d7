//! Gaps decide the exit code only in logs of the kinds that the search requires. All others are
//! named in one line each.

use clap::Parser;
use dragnet::cli::{Arguments, Command};
use dragnet::commands::{State, diagnose};
use dragnet::report::write_run_report;
use dragnet::settings::DoctorSettings;

use crate::scenario::{Account, Fault, FlowLog, Group, Inline, Record};
use crate::world::{Run, SMALL, World};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const IP: &str = "192.0.2.1";

/// An application whose log is kept for a day, and a flow log.
const LOGS: &str = r#"
[[groups]]
account = "dev"
region = "us-east-1"
name = "/aws/lambda/short"
retention_days = 1
[[flow_logs]]
account = "dev"
region = "us-east-1"
log_group = "/flows"
"#;

/// Returns whether `doctor` finds nothing that a sweep would not cover.
async fn is_healthy(world: &World, arguments: &[&str]) -> bool {
    let arguments = [&["dragnet", "doctor"], arguments].concat();
    let parsed = Arguments::try_parse_from(arguments).unwrap();
    let Command::Doctor(doctor) = parsed.command else {
        unreachable!()
    };
    let settings =
        world.resolve(|context| DoctorSettings::resolve(&parsed.global, &doctor, context).unwrap());
    let environment = world.environment();
    let aws = environment.connect(&settings.reach, None).await.unwrap();
    let checks = diagnose(aws, &settings, environment.clock()).await.unwrap();
    checks.iter().all(|check| check.status != State::Failed)
}

#[tokio::test(start_paused = true)]
async fn doctor_enters_each_account_once() {
    let world = World::small_with(LOGS);
    is_healthy(&world, &[]).await;
    // One session for each of the three accounts; the predictions use the same ones. Only the role that
    // the account of the caller lacks is tried again.
    assert_eq!(world.calls("AssumeRole"), 4);
}

/// Returns the lines of the run report.
fn report(run: &Run) -> Vec<String> {
    let mut page = Vec::new();
    let report = run.outputs.files.run_report("runs/x", false);
    write_run_report(&report, &mut page).unwrap();
    let text = String::from_utf8(page).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Returns the verdict as one line.
fn verdict(run: &Run) -> String {
    let lines = report(run);
    let start = lines.iter().rposition(String::is_empty).unwrap();
    lines[start..].join(" ")
}

/// Returns a fault with which the events of an account-Region cannot be read.
fn unreadable(account: &str, region: &str) -> String {
    Fault::denied("FilterLogEvents")
        .account(account)
        .region(region)
        .to_string()
}

#[tokio::test(start_paused = true)]
async fn healthy_organization_with_ordinary_retention_is_complete() {
    let world = World::small_with(LOGS);
    let run = world.sweep(&[KEY, "--since", "7d"]).await;
    assert_eq!(run.status(), "complete", "{:#?}", run.coverage());
    let verdict = verdict(&run);
    assert!(
        verdict.contains("Nothing was found, and all management events were covered"),
        "{verdict}"
    );
    assert!(
        verdict.contains(
            "Application logs, not required: 1 of 5 log groups were not covered completely (1 retention-inside-window)."
        ),
        "{verdict}"
    );
    let all = world
        .sweep(&[KEY, "--since", "7d", "--require", "all"])
        .await;
    assert_eq!(all.status(), "incomplete");
    assert!(
        self::verdict(&all).contains("not searchable by anyone: 1 log group."),
        "{}",
        self::verdict(&all)
    );
}

#[tokio::test(start_paused = true)]
async fn gap_matters_if_its_kind_is_required() {
    // Each of these account-Regions has log groups of one kind.
    for (account, region, kind) in [
        ("111111111111", "us-east-1", "management"),
        ("111111111111", "eu-west-1", "flow"),
        ("222222222222", "us-east-1", "app"),
    ] {
        let flows = FlowLog::new("management", "eu-west-1", "/flows");
        let world = World::small_with(&format!("{flows}{}", unreadable(account, region)));
        for (arguments, required) in [
            (&[KEY][..], &["management"][..]),
            (&["user:ben"], &["management"]),
            (&[IP], &["management", "flow"]),
            (&["text:needle"], &["management", "flow", "app"]),
            (&["--hunt", "iam-access-denied"], &["management"]),
            (&["--hunt", "vpc-rejects-by-source"], &["flow"]),
            (&[KEY, "--require", "app"], &["app"]),
            (&[KEY, "--log-group", "/*"], &["management", "flow", "app"]),
        ] {
            let run = world.sweep(arguments).await;
            let expected = if required.contains(&kind) {
                "incomplete"
            } else {
                "complete"
            };
            assert_eq!(run.status(), expected, "{kind} {arguments:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn gap_of_an_account_always_matters() {
    let denied = Account::new("444444444444", "no-role").lacks_roles(["DragnetRead"]);
    let run = World::small_with(&denied).sweep(&[KEY]).await;
    assert_eq!(run.status(), "incomplete");
    assert!(verdict(&run).contains("can be fixed: 1 account."));
}

#[tokio::test(start_paused = true)]
async fn flow_log_in_a_bucket_matters_to_addresses_only() {
    let bucket = FlowLog::new("dev", "us-east-1", "flows").destination("s3");
    let world = World::small_with(&bucket);
    let run = world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(run.status(), "incomplete", "{}", run.file("sources.csv"));
    assert!(verdict(&run).contains("Flow logs: 1 of 1 were not searched (1 only-s3)."));
    let run = world.sweep(&[KEY]).await;
    assert_eq!(run.status(), "complete");
    assert!(verdict(&run).contains("Flow logs, not required: 1 of 1"));
}

#[tokio::test(start_paused = true)]
async fn records_within_the_delivery_lag_are_not_claimed() {
    let world = World::small_with("");
    let run = world.sweep(&[KEY]).await;
    assert_eq!(run.status(), "complete");
    assert_eq!(
        run.summary()["window"]["complete_until"],
        "2026-03-02T11:45:00.000Z"
    );
    assert!(verdict(&run).contains("Complete up to 2026-03-02T11:45:00Z"));
    let until = |end| [KEY, "--from", "2026-03-01T12:00:00Z", "--to", end];
    let early = world.sweep(&until("2026-03-02T11:45:00Z")).await;
    assert_eq!(early.status(), "complete");
    assert!(!verdict(&early).contains("Complete up to"));
    for late in ["2026-03-02T11:45:01Z", "2026-03-05T00:00:00Z"] {
        let run = world.sweep(&until(late)).await;
        assert_eq!(run.status(), "incomplete", "{late}");
        assert!(
            run.coverage_row("111111111111 us-east-1 /trail")
                .contains("partial not-delivered-yet: records are complete up to 2026-03-02T11:45"),
            "{:?}",
            run.coverage()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn old_last_delivery_is_no_gap() {
    let quiet = SMALL.replace(
        "log_group = \"/trail\"",
        "log_group = \"/trail\"\nlast_delivery = \"9d ago\"",
    );
    let run = World::from_toml(&quiet).sweep(&[KEY]).await;
    assert_eq!(run.status(), "complete", "{}", run.file("sources.csv"));
}

/// Returns the record of a call that deletes a log group of the account `dev`.
fn deletion(name: &str, more: &str) -> String {
    Record::new(
        "333333333333",
        "us-east-1",
        "3h ago",
        "arn:aws:iam::333333333333:user/mallory",
    )
    .call("logs", "DeleteLogGroup")
    .ip("203.0.113.9")
    .request(Inline(&[("logGroupName", name)]))
    .raw(more)
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn young_log_group_is_covered_if_it_replaced_none() {
    let young = Group::new("dev", "/young")
        .region("us-east-1")
        .created("2h ago");
    let failed = "error_code = \"AccessDenied\"";
    for (more, arguments, expected) in [
        (String::new(), &[][..], "searched"),
        (deletion("/other", ""), &[], "searched"),
        (deletion("/young", failed), &[], "searched"),
        (deletion("/young", ""), &[], "partial created-inside-window"),
        (
            String::new(),
            &["--no-tamper-check"],
            "partial created-inside-window",
        ),
        (
            unreadable("111111111111", "us-east-1"),
            &["--sources", "logs"],
            "partial created-inside-window",
        ),
        // The event history has the deletion instead.
        (unreadable("111111111111", "us-east-1"), &[], "searched"),
    ] {
        let run = World::small_with(&format!("{young}{more}"))
            .sweep(&[&["text:needle"], arguments].concat())
            .await;
        let row = run.coverage_row("333333333333 us-east-1 /young");
        assert!(
            row.starts_with(&format!("333333333333 us-east-1 /young {expected}")),
            "{row}: {more}"
        );
    }
    let just_now = young.replace("2h ago", "5m ago");
    let run = World::small_with(&just_now).sweep(&["text:needle"]).await;
    assert!(
        run.coverage_row("333333333333 us-east-1 /young")
            .contains("partial appeared-during-run"),
        "a deletion may not have been delivered yet"
    );
}

#[tokio::test(start_paused = true)]
async fn verdicts_show_findings_and_gaps_on_one_screen() {
    let small = include_str!("../../config/range/small.toml");
    let org_100 = include_str!("../../config/range/org-100.toml");
    let denied = Fault::denied("DescribeLogGroups").region("eu-central-1");
    for (scenario, arguments) in [
        (small.to_owned(), &["AKIADEPLOYBOT2LEAKED"][..]),
        (
            format!("{org_100}{denied}"),
            &["event:AssumeRole", "--region", "eu-central-1"],
        ),
    ] {
        let run = World::from_toml(&scenario).sweep(arguments).await;
        let lines = report(&run);
        assert!(lines.iter().all(|line| line.chars().count() <= 80));
        let start = lines.iter().rposition(String::is_empty).unwrap();
        assert!(lines.len() - start <= 24, "{lines:#?}");
        let verdict = verdict(&run);
        assert!(
            verdict.contains("found, and coverage is INCOMPLETE"),
            "{verdict}"
        );
        assert!(verdict.contains("CloudTrail was searched for"), "{verdict}");
        assert!(
            verdict.contains("Not covered, but can be fixed"),
            "{verdict}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn doctor_predicts_the_sweep() {
    let no_trail = SMALL.replace("organization = true\n", "");
    let flow_log = FlowLog::new("dev", "us-east-1", "flows").destination("s3");
    let bucket = format!("{SMALL}{flow_log}");
    for scenario in [SMALL.to_owned(), format!("{SMALL}{LOGS}"), no_trail, bucket] {
        let world = World::from_toml(&scenario);
        for flags in [
            &[][..],
            &["--since", "7d"],
            &["--require", "flow"],
            &["--require", "management,app", "--since", "7d"],
            &["--log-group", "/aws/*", "--since", "7d"],
        ] {
            let run = world.sweep(&[&[KEY], flags].concat()).await;
            assert_eq!(
                is_healthy(&world, flags).await,
                run.status() == "complete",
                "{flags:?} {}: {scenario}",
                run.status()
            );
        }
    }
}
