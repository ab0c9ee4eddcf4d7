//! Checks what a sweep finds, and what it reports as not covered.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::scenario::{Account, Behaviour, Fault, Group};
use crate::world::{World, delivered, event, record};

const IP: &str = "192.0.2.1";

#[tokio::test(start_paused = true)]
async fn only_exact_matches_are_sightings_with_their_field() {
    let messages = [
        "login from 192.0.2.1",
        "login from 192.0.2.10",
        "login from 1192.0.2.1",
        r#"{"client":"192.0.2.1","note":"not 192.0.2.11"}"#,
        r#"{"client":"192.0.2.10"}"#,
    ];
    let planted: String = messages
        .iter()
        .map(|m| event("222222222222", "eu-west-1", "/app", "1h ago", m))
        .collect();
    let run = World::small_with(&planted).sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &["matched_fields", "message"]),
        [
            "message login from 192.0.2.1",
            r#"client {"client":"192.0.2.1","note":"not 192.0.2.11"}"#,
        ]
    );
    assert_eq!(
        (run.status().as_str(), run.summary()["sightings"].as_u64()),
        ("complete", Some(2))
    );
    assert!(run.failure.is_none());
}

#[tokio::test(start_paused = true)]
async fn record_stored_twice_is_one_sighting() {
    let own = record(
        "e1",
        "222222222222",
        "us-east-1",
        "2026-03-02T10:00:00Z",
        IP,
    );
    let forged = own.replace("ListBuckets", "DeleteBucket");
    let planted = [
        event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T10:04:00Z",
            &own,
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:02:00Z",
            &own,
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:03:00Z",
            &forged,
        ),
    ]
    .concat();
    let run = World::small_with(&planted).sweep(&[IP]).await;
    let rows = run.columns(
        "sightings.csv",
        &[
            "event_time",
            "event_account_id",
            "event_name",
            "copies",
            "log_group",
        ],
    );
    assert_eq!(
        rows,
        [
            "2026-03-02T10:00:00.000Z 222222222222 ListBuckets 2 /app",
            "2026-03-02T10:00:00.000Z 222222222222 DeleteBucket 1 /app",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn window_filters_by_event_time() {
    let trail_event = |id: &str, event_time: &str, log_time: &str| {
        delivered(
            log_time,
            &record(id, "222222222222", "us-east-1", event_time, IP),
        )
    };
    let planted = [
        trail_event("early", "2026-03-02T09:59:59Z", "2026-03-02T10:05:00Z"),
        trail_event("first", "2026-03-02T10:00:00Z", "2026-03-02T10:05:00Z"),
        trail_event("last", "2026-03-02T10:59:59Z", "2026-03-02T11:14:00Z"),
        trail_event("late", "2026-03-02T11:00:00Z", "2026-03-02T11:05:00Z"),
        trail_event(
            "claims-to-be-old",
            "1999-01-01T00:00:00Z",
            "2026-03-02T10:05:00Z",
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:59:59.999Z",
            "plain 192.0.2.1",
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T11:00:00Z",
            "plain and late 192.0.2.1",
        ),
    ]
    .concat();
    let run = World::small_with(&planted)
        .sweep(&[
            IP,
            "--from",
            "2026-03-02T10:00:00Z",
            "--to",
            "2026-03-02T11:00:00Z",
        ])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &["event_time", "record_id"]),
        [
            "1999-01-01T00:00:00.000Z claims-to-be-old",
            "2026-03-02T10:00:00.000Z first",
            "2026-03-02T10:59:59.000Z last",
            "2026-03-02T10:59:59.999Z",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn scope_filters_by_event_account_and_region() {
    let trail_event = |id: &str, account: &str, region: &str| {
        delivered(
            "2026-03-02T10:01:00Z",
            &record(id, account, region, "2026-03-02T10:00:00Z", IP),
        )
    };
    let planted = [
        trail_event("here", "222222222222", "us-east-1"),
        trail_event("other-region", "222222222222", "eu-west-1"),
        trail_event("other-account", "333333333333", "us-east-1"),
    ]
    .concat();
    let world = World::small_with(&planted);
    let ids = |run: crate::world::Run| run.columns("sightings.csv", &["record_id"]);
    assert_eq!(
        ids(world
            .sweep(&[IP, "--account", "prod", "--region", "us-east-1"])
            .await),
        ["here"]
    );
    assert_eq!(
        ids(world.sweep(&[IP, "--region", "us-*"]).await),
        ["here", "other-account"]
    );
    assert_eq!(
        ids(world.sweep(&[IP, "--exclude-account", "dev"]).await),
        ["other-region", "here"]
    );
}

/// What a forged line claims, and the arguments of a sweep that would leave such a record out.
struct Forgery {
    account: &'static str,
    region: &'static str,
    event_time: &'static str,
    scope: &'static [&'static str],
}

const IN_WINDOW: &str = "2026-03-02T09:59:00Z";
const BEFORE_WINDOW: &str = "2026-03-02T08:06:00Z";

const FORGERIES: [Forgery; 7] = [
    Forgery {
        account: "333333333333",
        region: "us-east-1",
        event_time: IN_WINDOW,
        scope: &["--account", "prod"],
    },
    Forgery {
        account: "333333333333",
        region: "us-east-1",
        event_time: IN_WINDOW,
        scope: &["--exclude-account", "dev"],
    },
    Forgery {
        account: "999999999999",
        region: "us-east-1",
        event_time: IN_WINDOW,
        scope: &["--account", "prod"],
    },
    Forgery {
        account: "222222222222",
        region: "eu-west-1",
        event_time: IN_WINDOW,
        scope: &["--region", "us-east-1"],
    },
    Forgery {
        account: "222222222222",
        region: "us-east-1",
        event_time: BEFORE_WINDOW,
        scope: &["--from", "2026-03-02T09:00:00Z"],
    },
    Forgery {
        account: "222222222222",
        region: "us-east-1",
        event_time: "2026-03-02T10:00:01Z",
        scope: &[
            "--from",
            "2026-03-02T09:00:00Z",
            "--to",
            "2026-03-02T10:00:01Z",
        ],
    },
    Forgery {
        account: "333333333333",
        region: "eu-west-1",
        event_time: BEFORE_WINDOW,
        scope: &[
            "--account",
            "prod",
            "--region",
            "us-east-1",
            "--from",
            "2026-03-02T09:00:00Z",
        ],
    },
];

impl Forgery {
    /// Returns the line as an attacker writes it into an application's log.
    fn event(&self, stream: &str) -> String {
        let line = record("forged", self.account, self.region, self.event_time, IP);
        let event = event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:00:00Z",
            &line,
        );
        format!("{event}stream = \"{stream}\"\n")
    }
}

#[tokio::test(start_paused = true)]
async fn forged_account_region_or_time_does_not_change_scope() {
    let count = [
        "--query-string",
        "filter eventID = \"forged\" | stats count(*) as n by eventName",
    ];
    // The name of a log stream proves nothing here, because no trail delivers to this log group.
    for stream in [
        "stream",
        "333333333333_CloudTrail_us-east-1",
        "o-practice00_333333333333_CloudTrail_us-east-1",
    ] {
        for forgery in &FORGERIES {
            let scope = forgery.scope;
            let world = World::small_with(&forgery.event(stream));
            let run = world.sweep(&[&[IP], scope, &count].concat()).await;
            let found = run.columns(
                "sightings.csv",
                &["record_id", "event_account_id", "event_region"],
            );
            assert_eq!(
                found,
                [format!("forged {} {}", forgery.account, forgery.region)],
                "{stream}: {scope:?}"
            );
            assert_eq!(
                run.columns("hunts/query-string.csv", &["n"]),
                ["1"],
                "{stream}: {scope:?}"
            );
        }
    }
}

/// In the log group of a trail, only the log streams of the trail are trusted.
#[tokio::test(start_paused = true)]
async fn line_in_a_foreign_stream_of_a_trail_group_is_no_record() {
    let line = |id: &str| record(id, "333333333333", "us-east-1", "2026-03-02T09:59:00Z", IP);
    let foreign = event(
        "111111111111",
        "us-east-1",
        "/trail",
        "2026-03-02T10:00:00Z",
        &line("foreign"),
    );
    let world =
        World::small_with(&(foreign + &delivered("2026-03-02T10:00:00Z", &line("delivered"))));
    let ids = |run: crate::world::Run| run.columns("sightings.csv", &["record_id"]);
    assert_eq!(
        ids(world.sweep(&[IP, "--account", "management"]).await),
        ["foreign"],
        "it is stored there"
    );
    assert_eq!(
        ids(world.sweep(&[IP, "--account", "dev"]).await),
        ["delivered", "foreign"]
    );
    assert_eq!(ids(world.sweep(&[IP, "--account", "prod"]).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn forged_copy_does_not_replace_a_record() {
    let record_with = |bucket: &str| {
        record(
            "e1",
            "333333333333",
            "us-east-1",
            "2026-03-02T10:00:00Z",
            IP,
        )
        .replace(
            "\"requestID\"",
            &format!("\"requestParameters\":{{\"bucket\":\"{bucket}\"}},\"requestID\""),
        )
    };
    let genuine = record_with("crown-jewels");
    let harmless = record_with("harmless");
    let twice = genuine.replace("{\"bucket\"", "{\"bucket\":\"harmless\",\"bucket\"");
    let planted = [
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:02:00Z",
            &harmless,
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:03:00Z",
            &twice,
        ),
        event(
            "333333333333",
            "us-east-1",
            "/app",
            "2026-03-02T10:04:00Z",
            &genuine,
        ),
        event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T10:05:00Z",
            &genuine,
        ),
    ];
    let run = World::small_with(&planted.concat()).sweep(&[IP]).await;
    let mut rows = run.columns("sightings.csv", &["copies", "message"]);
    rows.sort();
    let mut expected = [
        format!("1 {harmless}"),
        format!("1 {twice}"),
        format!("2 {genuine}"),
    ];
    expected.sort();
    assert_eq!(rows, expected);
}

/// Two trails may write the same record with its fields in a different order.
#[tokio::test(start_paused = true)]
async fn copies_with_reordered_fields_are_merged() {
    let one = record(
        "e1",
        "222222222222",
        "us-east-1",
        "2026-03-02T10:00:00Z",
        IP,
    );
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&one).unwrap();
    let other: Vec<String> = fields
        .iter()
        .rev()
        .map(|(name, value)| format!("  {}: {value}", serde_json::json!(name)))
        .collect();
    let other = format!("{{\n{}\n}}", other.join(",\n")).replace("user/bob", r"user\/bob");
    let planted = [
        event(
            "111111111111",
            "us-east-1",
            "/trail",
            "2026-03-02T10:04:00Z",
            &one,
        ),
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:02:00Z",
            &other,
        ),
    ];
    let run = World::small_with(&planted.concat()).sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &["copies", "record_id", "log_group"]),
        ["2 e1 /app"]
    );
}

/// Accounts, log groups and a policy that a sweep does not cover completely.
const NOT_COVERED: &str = r#"
[[accounts]]
id = "444444444444"
name = "no-role"
lacks_roles = ["DragnetRead"]
[[accounts]]
id = "555555555555"
name = "gone"
state = "SUSPENDED"
[[groups]]
account = "dev"
region = "us-east-1"
name = "/archive"
class = "INFREQUENT_ACCESS"
[[groups]]
account = "dev"
region = "us-east-1"
name = "/masked"
masked = true
[[groups]]
account = "dev"
region = "us-east-1"
name = "/young"
created = "2h ago"
[[groups]]
account = "dev"
region = "us-east-1"
name = "/short"
retention_days = 1
[[scps]]
name = "deny"
targets = ["prod"]
policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "logs:*", "Resource": "*",
  "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}}]}'''
"#;

/// The beginnings of the coverage rows of [`NOT_COVERED`].
const NOT_COVERED_ROWS: [&str; 12] = [
    "111111111111 eu-west-1  skipped no-log-groups",
    "111111111111 us-east-1 /trail searched",
    "222222222222 eu-west-1  denied access-denied: DescribeLogGroups",
    "222222222222 us-east-1 /app searched",
    "333333333333 eu-west-1 /app searched",
    "333333333333 us-east-1 /app searched",
    "333333333333 us-east-1 /archive searched",
    "333333333333 us-east-1 /masked partial masked",
    "333333333333 us-east-1 /short partial retention-inside-window",
    "333333333333 us-east-1 /young searched created inside the window",
    "444444444444   denied role-denied: requested without MFA and without an ExternalId: AssumeRole",
    "555555555555   skipped account-not-active: SUSPENDED",
];

#[tokio::test(start_paused = true)]
async fn coverage_has_a_row_with_a_reason_for_everything_in_scope() {
    let world = World::small_with(NOT_COVERED);
    let run = world.sweep(&[IP, "--since", "25h"]).await;
    let rows = run.coverage();
    assert_eq!(rows.len(), NOT_COVERED_ROWS.len(), "{rows:#?}");
    for (row, prefix) in rows.iter().zip(NOT_COVERED_ROWS) {
        assert!(
            row.starts_with(prefix),
            "{row}\nshould begin with\n{prefix}"
        );
    }
    assert_eq!(run.columns("coverage.csv", &["denied_by"])[2], "scp");
    assert_eq!(run.status(), "incomplete");
    let summary = run.summary();
    assert_eq!(summary["accounts"]["in_scope"], 4);
    assert_eq!(summary["accounts"]["out_of_scope"], 1);
    assert_eq!(summary["accounts"]["denied"], 1);
}

#[tokio::test(start_paused = true)]
async fn inactive_account_leaves_the_run_complete() {
    let closed = Account::new("555555555555", "old").state("CLOSED");
    let run = World::small_with(&closed).sweep(&[IP]).await;
    assert_eq!(
        run.coverage_row("555555555555"),
        "555555555555   skipped account-not-active: CLOSED"
    );
    assert_eq!(run.status(), "complete");
}

#[tokio::test(start_paused = true)]
async fn named_region_that_is_not_enabled_makes_the_run_incomplete() {
    let world = World::small_with("");
    let run = world.sweep(&[IP, "--region", "ap-east-1"]).await;
    let row = run.coverage_row("222222222222");
    assert!(
        row.starts_with("222222222222 ap-east-1  skipped region-not-enabled: enable the Region"),
        "{row}"
    );
    assert_eq!(run.status(), "incomplete");
    let run = world.sweep(&[IP, "--region", "ap-*"]).await;
    assert_eq!(
        run.coverage_row("222222222222"),
        "222222222222   skipped no-regions"
    );
}

#[tokio::test(start_paused = true)]
async fn faults_change_only_the_number_of_calls() {
    let planted: String = (0..300)
        .map(|n| {
            event(
                "222222222222",
                "eu-west-1",
                "/app",
                "1h ago",
                &format!("{n} from 192.0.2.1"),
            )
        })
        .collect();
    let faults: String = ["throttle", "unavailable", "reset"]
        .iter()
        .zip([3, 5, 7])
        .flat_map(|(kind, every)| {
            [
                "ListAccounts",
                "AssumeRole",
                "DescribeRegions",
                "DescribeLogGroups",
                "FilterLogEvents",
            ]
            .map(|operation| Fault::new(operation, kind).every(every).to_string())
        })
        .collect();
    let small_pages = Behaviour::new().events_scanned_a_page(40);
    let quiet = World::small_with(&format!("{small_pages}{planted}"))
        .sweep(&[IP])
        .await;
    let noisy = World::small_with(&format!("{small_pages}{planted}{faults}"))
        .sweep(&[IP])
        .await;
    assert_eq!(quiet.summary()["sightings"], 300);
    assert_eq!(quiet.file("sightings.csv"), noisy.file("sightings.csv"));
    assert_eq!(noisy.status(), "complete");
    assert!(
        noisy
            .columns("calls.csv", &["status"])
            .iter()
            .any(|status| status.contains("Throttling"))
    );
}

#[tokio::test(start_paused = true)]
async fn expired_session_credentials_are_renewed() {
    let expired = Fault::new("FilterLogEvents", "expired-token").times(1);
    let planted = event(
        "333333333333",
        "eu-west-1",
        "/app",
        "1h ago",
        "from 192.0.2.1",
    );
    let run = World::small_with(&format!("{planted}{expired}"))
        .sweep(&[IP])
        .await;
    assert_eq!(
        (run.status().as_str(), run.summary()["sightings"].as_u64()),
        ("complete", Some(1))
    );
}

#[tokio::test(start_paused = true)]
async fn log_group_deleted_during_the_run_is_a_gap() {
    let fault = Fault::new("FilterLogEvents", "delete-group")
        .account("222222222222")
        .region("eu-west-1")
        .times(1);
    let run = World::small_with(&fault)
        .sweep(&[IP, "--require", "all"])
        .await;
    assert!(
        run.coverage_row("222222222222 eu-west-1 /app")
            .contains("failed group-gone: FilterLogEvents"),
        "{:?}",
        run.coverage()
    );
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn repeated_page_token_makes_the_log_group_partial() {
    let fault = Fault::new("FilterLogEvents", "repeated-token").account("222222222222");
    let small_pages = Behaviour::new().events_scanned_a_page(10);
    let many: String = (0..50)
        .map(|_| event("222222222222", "eu-west-1", "/app", "1h ago", "192.0.2.1"))
        .collect();
    let run = World::small_with(&format!("{small_pages}{many}{fault}"))
        .sweep(&[IP])
        .await;
    assert!(
        run.coverage_row("222222222222 eu-west-1 /app")
            .contains("partial endless-pages"),
        "{:?}",
        run.coverage()
    );
    assert_eq!(run.summary()["sightings"], 20, "what was read counts");
}

#[tokio::test(start_paused = true)]
async fn misspelt_account_fails_the_run() {
    let run = World::small_with("")
        .sweep(&[IP, "--account", "prdo"])
        .await;
    assert_eq!(run.status(), "failed");
    assert!(run.failure.unwrap().to_string().contains("--account prdo;"));
}

#[tokio::test(start_paused = true)]
async fn log_group_patterns_without_matches_fail_the_run() {
    let planted = event(
        "222222222222",
        "eu-west-1",
        "/app",
        "1h ago",
        "from 192.0.2.1",
    );
    let world = World::small_with(&planted);
    // A pattern that matches nothing, the same in one account, and a pattern whose log groups are
    // all excluded.
    for arguments in [
        &["--log-group", "/typo"][..],
        &["--log-group", "/typo", "--account", "prod"],
        &["--log-group", "/app", "--exclude-log-group", "/app"],
    ] {
        let run = world.sweep(&[&[IP], arguments].concat()).await;
        assert_eq!(run.status(), "failed", "{arguments:?}");
        let failure = run.failure.unwrap().to_string();
        assert!(
            failure.contains("no log group in scope matches `/"),
            "{failure}"
        );
        assert_eq!(
            failure.contains("`/app`"),
            arguments.contains(&"--exclude-log-group"),
            "{failure}"
        );
    }
    let run = world
        .sweep(&[IP, "--log-group", "/a*", "--log-group", "*p"])
        .await;
    assert!(
        run.failure.is_none() && run.status() == "complete",
        "{:?}",
        run.coverage()
    );
    let from_file = World::small_with(&planted)
        .with_config(
            r#"
[scope]
log_groups = ["/typo"]
"#,
        )
        .sweep(&[IP])
        .await;
    assert_eq!(from_file.status(), "failed");
}

#[tokio::test(start_paused = true)]
async fn sweep_without_a_role_covers_only_the_callers_account() {
    let more = Group::new("management", "/own").region("us-east-1");
    let run = World::small_with(&more)
        .sweep(&[IP, "--member-role", "self"])
        .await;
    assert_eq!(
        run.coverage(),
        [
            "111111111111 eu-west-1  skipped no-log-groups",
            "111111111111 us-east-1 /own searched",
            "111111111111 us-east-1 /trail searched",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn sweep_stays_within_quotas_without_throttling() {
    let crowd = Group::new(["prod", "dev"], "/many").count(120);
    let run = World::small_with(&crowd).sweep(&[IP]).await;
    let summary = run.summary();
    assert_eq!(
        (summary["status"].as_str(), &summary["throttled"]),
        (Some("complete"), &serde_json::json!({}))
    );
    assert!(summary["api_calls"]["FilterLogEvents"].as_u64().unwrap() >= 4 * 121);
}

#[tokio::test(start_paused = true)]
async fn interruption_while_listing_accounts_ends_the_sweep() {
    let slow = Fault::slow("ListAccounts", 5000);
    let world = World::small_with(&slow);
    let cancel = CancellationToken::new();
    let canceller = cancel.clone();
    let interrupt = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        canceller.cancel();
    };
    let swept = tokio::time::timeout(Duration::from_mins(1), world.try_sweep(&[IP], cancel));
    let (run, ()) = tokio::join!(swept, interrupt);
    assert_eq!(run.unwrap().unwrap().status(), "interrupted");
}
