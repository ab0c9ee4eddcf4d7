//! Log groups that Insights reads: the rows are those of the filter engine, and nothing is lost if
//! a query has too many rows, is refused, fails, or takes too long.

use std::time::Duration;

use dragnet::commands::CommandError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::scenario::{
    Behaviour, Event, Fault, Group, Inline, InsightsAnswer, Raw, Role, ScenarioBuilder,
};
use crate::world::{Run, World};

const ADDRESS: &str = "192.0.2.1";
const DAY: [&str; 7] = [
    ADDRESS,
    "--from",
    "2026-03-01T12:00:00Z",
    "--to",
    "2026-03-02T12:00:00Z",
    "--sources",
    "logs",
];

/// Returns a scenario with one Region and one member account.
fn world(more: &str) -> String {
    world_with(Behaviour::new(), more)
}

fn world_with(behaviour: Behaviour, more: &str) -> String {
    ScenarioBuilder::new("insights")
        .regions(&["eu-west-1"])
        .with(&behaviour.own_traces(false))
        .account("222222222222", "prod")
        .with(more)
        .toml()
}

fn group(name: &str, more: &str) -> String {
    Group::new("prod", name).raw(more).to_string()
}

fn archive(name: &str) -> String {
    group(name, "class = \"INFREQUENT_ACCESS\"")
}

/// Returns `count` events that contain the address, `apart_ms` apart, from `at` on.
fn events(group: &str, stream: &str, at: &str, apart_ms: u32, count: u32) -> String {
    Event::new(
        "222222222222",
        "eu-west-1",
        group,
        at,
        format!("{{n}} of {stream} from 192.0.2.1"),
    )
    .stream(stream)
    .apart_ms(apart_ms)
    .count(count)
    .to_string()
}

async fn swept(scenario: &str, engine: &str) -> Run {
    World::from_toml(scenario)
        .sweep(&[&DAY[..], &["--engine", engine]].concat())
        .await
}

/// Returns the log group, status, reason and engine of each coverage row that has a log group.
fn outcomes(run: &Run) -> Vec<String> {
    let rows = run.columns("coverage.csv", &["log_group", "status", "reason", "engine"]);
    rows.into_iter()
        .filter(|row| row.starts_with('/'))
        .collect()
}

fn messages(run: &Run) -> Vec<String> {
    let mut messages = run.columns("sightings.csv", &["log_group", "event_time", "message"]);
    messages.sort();
    messages
}

#[tokio::test(start_paused = true)]
async fn both_engines_find_the_same() {
    let mut content = String::new();
    for n in 0..60 {
        let name = format!("/app-{n:02}");
        content += &group(&name, "");
        content += &events(&name, "s", "2026-03-02T10:00:00.500Z", 1_000, 3);
    }
    // At the edges of the window, to the millisecond.
    for at in [
        "2026-03-01T11:59:59.999Z",
        "2026-03-01T12:00:00Z",
        "2026-03-02T11:59:59.999Z",
        "2026-03-02T12:00:00Z",
    ] {
        content += &events("/app-00", "edge", at, 0, 1);
    }
    let [filter, insights] = [
        swept(&world(&content), "filter").await,
        swept(&world(&content), "insights").await,
    ];
    assert_eq!(messages(&filter).len(), 182);
    assert_eq!(messages(&filter), messages(&insights));
    assert!(
        outcomes(&insights)
            .iter()
            .all(|row| row.ends_with("searched  insights")),
        "{:?}",
        outcomes(&insights)
    );
    let summary = insights.summary();
    assert_eq!(
        summary["insights"]["queries"], 2,
        "up to 50 groups per query"
    );
    assert_eq!(summary["api_calls"].get("FilterLogEvents"), None);
    assert!(
        summary["insights"]["bytes_scanned"].as_u64() > Some(1_000)
            && summary["insights"]["cost_usd"].as_f64() > Some(0.0)
    );
}

#[tokio::test(start_paused = true)]
async fn query_over_the_row_limit_is_split_by_time() {
    // The server returns at most ten thousand rows of a query.
    let content = [
        group("/app", ""),
        events("/app", "s", "2026-03-02T10:00:00Z", 100, 25_000),
    ]
    .concat();
    let run = swept(
        &world_with(Behaviour::new().insights_most_rows(10_000), &content),
        "insights",
    )
    .await;
    assert_eq!(outcomes(&run), ["/app searched  insights"]);
    let found = messages(&run);
    let mut once = found.clone();
    once.dedup();
    assert_eq!((found.len(), once.len()), (25_000, 25_000));
    assert!(run.summary()["insights"]["queries"].as_u64() > Some(3));
}

#[tokio::test(start_paused = true)]
async fn burst_is_split_by_group_and_stream_and_the_rest_is_a_gap() {
    let burst = |group: &str, stream: &str, count| {
        events(group, stream, "2026-03-02T10:00:00.250Z", 0, count)
    };
    let content = [
        archive("/many-streams"),
        archive("/one-stream"),
        archive("/quiet"),
        group("/standard", ""),
        burst("/many-streams", "a", 6_000),
        burst("/many-streams", "b", 6_000),
        burst("/one-stream", "a", 10_001),
        burst("/one-stream", "b", 5),
        burst("/quiet", "a", 7),
        burst("/standard", "a", 10_001),
    ];
    let run = swept(
        &world_with(
            Behaviour::new().insights_most_rows(10_000),
            &content.concat(),
        ),
        "insights",
    )
    .await;
    assert_eq!(
        outcomes(&run),
        [
            "/many-streams searched  insights",
            "/one-stream partial over-row-limit insights",
            "/quiet searched  insights",
            "/standard searched  filter;insights",
        ]
    );
    let found = messages(&run);
    let count_in = |group: &str| found.iter().filter(|row| row.starts_with(group)).count();
    assert_eq!(
        ["/many-streams", "/one-stream", "/quiet", "/standard"].map(count_in),
        [12_000, 5, 7, 10_001]
    );
    assert_eq!(run.status(), "incomplete");
}

#[tokio::test(start_paused = true)]
async fn rejected_log_group_does_not_affect_others() {
    let mut content = String::new();
    for name in ["/a", "/b", "/c"] {
        content += &group(name, "");
        content += &events(name, "s", "2026-03-01T13:00:00Z", 1_000, 2);
    }
    // Insights refuses a window before the creation of the log group.
    content += &group("/young", "created = \"2026-03-02T11:00:00Z\"");
    let gone = Fault::new("StartQuery", "delete-group").times(1);
    let world = World::from_toml(&world(&format!("{content}{gone}")));
    let arguments = [
        ADDRESS,
        "--from",
        "2026-03-01T12:00:00Z",
        "--to",
        "2026-03-01T14:00:00Z",
        "--engine",
        "insights",
        "--sources",
        "logs",
    ];
    let run = world.sweep(&arguments).await;
    let outcomes = outcomes(&run);
    assert!(
        outcomes[0].starts_with("/a failed group-gone") && outcomes[0].ends_with("filter"),
        "{outcomes:?}"
    );
    assert_eq!(
        outcomes[1..3],
        ["/b searched  insights", "/c searched  insights"]
    );
    assert!(
        outcomes[3].starts_with("/young partial created-inside-window")
            && outcomes[3].ends_with("filter"),
        "{outcomes:?}"
    );
    assert_eq!(messages(&run).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn query_is_retried_after_limits_and_errors() {
    let content = [
        group("/app", ""),
        archive("/old"),
        events("/app", "s", "2026-03-02T10:00:00Z", 1_000, 9),
    ]
    .concat();
    let mut faults = String::new();
    for (operation, kind) in [
        ("StartQuery", "limit-exceeded"),
        ("StartQuery", "throttle"),
        ("GetQueryResults", "server-error"),
        ("GetQueryResults", "truncated"),
        ("GetQueryResults", "reset"),
    ] {
        faults += &Fault::new(operation, kind).every(2).times(3);
    }
    let run = swept(&world(&format!("{content}{faults}")), "insights").await;
    assert_eq!(
        outcomes(&run),
        ["/app searched  insights", "/old searched  insights"]
    );
    assert_eq!(messages(&run).len(), 9);
}

#[tokio::test(start_paused = true)]
async fn query_that_times_out_is_split() {
    let content = [
        archive("/old"),
        events("/old", "s", "2026-03-02T10:00:00Z", 1_000, 400),
    ]
    .concat();
    // A quarter of the events is as much as Insights can read before the timeout.
    let run = swept(
        &world_with(
            Behaviour::new()
                .insights_bytes_a_second(2_000)
                .insights_timeout_seconds(2),
            &content,
        ),
        "insights",
    )
    .await;
    assert_eq!(outcomes(&run), ["/old searched  insights"]);
    assert_eq!(messages(&run).len(), 400);
    assert!(run.summary()["insights"]["queries"].as_u64() > Some(5));
}

#[tokio::test(start_paused = true)]
async fn interrupted_sweep_stops_its_queries_and_can_be_resumed() {
    let content = [
        archive("/old"),
        events("/old", "s", "2026-03-02T10:00:00Z", 1_000, 100),
    ]
    .concat();
    let slow = world_with(Behaviour::new().insights_bytes_a_second(100), &content);
    let world = World::from_toml(&slow);
    let cancel = CancellationToken::new();
    let canceller = cancel.clone();
    tokio::spawn(async move {
        sleep(Duration::from_secs(15)).await;
        canceller.cancel();
    });
    let run = world.try_sweep(&DAY, cancel).await.unwrap();
    assert_eq!(run.status(), "interrupted");
    assert_eq!(outcomes(&run), ["/old failed interrupted insights"]);
    assert_eq!(
        (world.calls("StartQuery"), world.calls("StopQuery")),
        (1, 1)
    );
    let resumed = world.resume(&run.outputs.directory).await.unwrap();
    assert_eq!(
        (outcomes(&resumed), messages(&resumed).len()),
        (vec!["/old searched  insights".to_owned()], 100)
    );
}

#[tokio::test(start_paused = true)]
async fn scan_budget_is_not_exceeded() {
    let content = [
        group("/app", ""),
        archive("/old"),
        events("/old", "s", "2026-03-02T10:00:00Z", 1_000, 9),
    ]
    .concat();
    let scenario = world(&content);
    let nothing = ["--max-scan-cost", "0"];
    let run = World::from_toml(&scenario)
        .sweep(&[&DAY[..], &nothing].concat())
        .await;
    let outcomes = outcomes(&run);
    assert!(
        outcomes[1].starts_with("/old unsearchable over-scan-cost"),
        "{outcomes:?}"
    );
    assert_eq!(
        (
            run.status().as_str(),
            run.summary()["insights"]["queries"].as_u64()
        ),
        ("incomplete", Some(0))
    );

    let world = World::from_toml(&scenario);
    let arguments = [&DAY[..], &nothing, &["--engine", "insights"]].concat();
    let refused = world.try_sweep(&arguments, CancellationToken::new()).await;
    let Err(CommandError::Usage(error)) = refused.map(|_| ()) else {
        panic!("it was swept")
    };
    assert!(
        error.to_string().contains("nothing was searched"),
        "{error}"
    );
    assert_eq!(
        (world.calls("StartQuery"), world.calls("FilterLogEvents")),
        (0, 0)
    );
    assert!(world.runs().is_empty());
}

#[tokio::test(start_paused = true)]
async fn masked_values_are_read_if_unmask_is_allowed() {
    let masked = [
        group("/app", "masked = true"),
        events("/app", "s", "2026-03-02T10:00:00Z", 1_000, 3),
    ]
    .concat();
    let role = |more: &str| {
        let read = "\"cloudtrail:*\", \"ec2:Describe*\", \"logs:Describe*\", \"logs:FilterLogEvents\", \"logs:*Query*\"";
        Role::new("DragnetRead")
            .allow(Raw(format!("[{read}{more}]")))
            .to_string()
    };
    let arguments = [&DAY[..], &["--unmask"]].concat();
    let unmasked = World::from_toml(&world(&format!("{masked}{}", role(", \"logs:Unmask\""))))
        .sweep(&arguments)
        .await;
    assert_eq!(
        (outcomes(&unmasked), messages(&unmasked).len()),
        (vec!["/app searched  filter".to_owned()], 3)
    );
    let still_masked = World::from_toml(&world(&format!("{masked}{}", role(""))))
        .sweep(&arguments)
        .await;
    assert_eq!(
        (outcomes(&still_masked), messages(&still_masked).len()),
        (vec!["/app partial masked filter".to_owned()], 0)
    );
}

#[tokio::test(start_paused = true)]
async fn unusable_key_is_named() {
    let key = "arn:aws:kms:eu-west-1:222222222222:key/1";
    let fault = Fault::denied("FilterLogEvents")
        .message("The ciphertext refers to a customer master key that does not exist (KMS)");
    let scenario = world(&format!(
        "{}{fault}",
        group("/app", &format!("kms_key = \"{key}\""))
    ));
    let run = World::from_toml(&scenario).sweep(&DAY).await;
    let outcomes = outcomes(&run);
    assert!(
        outcomes[0].starts_with(&format!("/app failed key-not-usable: {key}")),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn passthrough_query_runs_on_insights_unchanged() {
    let answer = InsightsAnswer::new("pattern @message").rows([
        Inline(&[
            ("@pattern", "from <*>"),
            ("@sampleCount", "7"),
            ("@ptr", "p"),
        ]),
        Inline(&[("@pattern", "=to <*>")]),
    ]);
    let content = [
        group("/app", ""),
        group("/app2", ""),
        events("/app", "s", "2026-03-02T10:00:00Z", 1_000, 3),
    ]
    .concat();
    let query = ["--query-string", "pattern @message"];
    let world = World::from_toml(&world(&format!("{content}{answer}")));
    let run = world.sweep(&[&DAY[1..], &query].concat()).await;
    assert_eq!(
        run.file("hunts/query-string.csv"),
        "event_account_id,event_region,log_group,event_time,record_id,@pattern,@sampleCount\n\
         222222222222,eu-west-1,/app,,,from <*>,7\n222222222222,eu-west-1,/app,,,'=to <*>,\n\
         222222222222,eu-west-1,/app2,,,from <*>,7\n222222222222,eu-west-1,/app2,,,'=to <*>,\n"
    );
    assert_eq!(
        outcomes(&run),
        ["/app searched  insights", "/app2 searched  insights"]
    );
    assert_eq!(
        (world.calls("StartQuery"), world.calls("FilterLogEvents")),
        (2, 0),
        "no event is matched locally"
    );
    let summary = &run.summary()["hunts"][0];
    assert_eq!(
        (&summary["as_written"], &summary["rows"]),
        (&true.into(), &4.into())
    );
    // With an indicator, the log groups are also scanned for it.
    let both = world.sweep(&[&DAY[..], &query].concat()).await;
    assert_eq!(
        (outcomes(&both), messages(&both).len()),
        (
            vec![
                "/app searched  filter;insights".to_owned(),
                "/app2 searched  filter;insights".to_owned(),
            ],
            3
        )
    );
    assert_eq!(
        both.file("hunts/query-string.csv"),
        run.file("hunts/query-string.csv")
    );
    // A refused query is reported. The range cannot evaluate this one, either.
    let unknown_query = world
        .sweep(&[&DAY[1..], &["--query-string", "fields median(size)"]].concat())
        .await;
    let outcomes = outcomes(&unknown_query);
    assert!(
        outcomes
            .iter()
            .all(|row| row.contains(" failed error: StartQuery")),
        "{outcomes:?}"
    );
}

/// Class `INFREQUENT_ACCESS` lacks some commands, and fields are not discovered there. A query that
/// cannot be parsed may need either.
#[tokio::test(start_paused = true)]
async fn passthrough_query_that_the_class_cannot_run_is_a_gap() {
    let answers = InsightsAnswer::new("message").rows([Inline(&[("@message", "row")])]);
    let world = World::from_toml(&world(&format!("{}{answers}", archive("/old"))));
    for (query, expected, rows) in [
        (
            "fields @message | pattern @message",
            "/old unsearchable class-not-readable: INFREQUENT_ACCESS: Insights does not support `pattern`",
            0,
        ),
        (
            "filter @message like /(?=a)b/ | Diff",
            "/old unsearchable class-not-readable: INFREQUENT_ACCESS: Insights does not support `diff`",
            0,
        ),
        (
            "fields unmask(@message)",
            "/old unsearchable class-not-readable: INFREQUENT_ACCESS: Insights does not support `unmask`",
            0,
        ),
        (
            "filter errorCode like /(?=A)/ | fields @message",
            "/old partial class-not-readable: INFREQUENT_ACCESS: Insights discovers no fields in this class, and hunt \
             query-string may read `errorCode`",
            1,
        ),
        (
            "filter @message like /(?=a)b/ | stats count(*) as n by bin(5m)",
            "/old searched  insights",
            1,
        ),
    ] {
        let run = world
            .sweep(&[&DAY[1..], &["--query-string", query]].concat())
            .await;
        let outcomes = outcomes(&run);
        assert!(
            outcomes.len() == 1 && outcomes[0].starts_with(expected),
            "{query}: {outcomes:?}"
        );
        assert_eq!(run.summary()["hunts"][0]["rows"], rows, "{query}");
    }
    assert_eq!(world.calls("StartQuery"), 2, "no query is sent in vain");
}

/// A query that only Insights understands, and that it refuses in one account-Region.
#[tokio::test(start_paused = true)]
async fn query_refused_in_one_account_region_is_a_gap_with_the_reason() {
    let content =
        String::from(InsightsAnswer::new("newcommand").rows([Inline(&[("@message", "row")])]))
            + &Fault::new("StartQuery", "malformed-query")
                .account("333333333333")
                .region("us-east-1");
    let query = [
        "--query-string",
        "newcommand @message",
        "--engine",
        "insights",
    ];
    let run = World::small_with(&content).sweep(&query).await;
    let refused = run.coverage_row("333333333333 us-east-1 /app");
    assert!(
        refused.starts_with("333333333333 us-east-1 /app failed error: StartQuery")
            && refused.contains("MalformedQueryException: unexpected symbol")
            && refused.ends_with("; hunt query-string"),
        "{refused}"
    );
    for searched in ["333333333333 eu-west-1 /app", "222222222222 us-east-1 /app"] {
        assert_eq!(run.coverage_row(searched), format!("{searched} searched"));
    }
    assert_eq!(run.status(), "incomplete");
    // Three other log groups of applications, and that of the trail.
    assert_eq!(run.summary()["hunts"][0]["rows"], 4);
}

#[tokio::test(start_paused = true)]
async fn resumed_passthrough_query_does_not_repeat_rows() {
    let content = [
        group("/app", ""),
        InsightsAnswer::new("pattern @message")
            .rows([Inline(&[("=1+1", "x"), ("@pattern", "p")])])
            .to_string(),
        // The query of the first hunt is accepted, that of the second is denied.
        Fault::denied("StartQuery").after(1).times(1).to_string(),
    ];
    let world = World::from_toml(&world(&content.concat()));
    let queries = [
        "--query-string",
        "pattern @message",
        "--query-string",
        "pattern @message # again",
    ];
    let run = world.sweep(&[&DAY[1..], &queries].concat()).await;
    assert!(
        outcomes(&run)[0].starts_with("/app denied access-denied"),
        "{:?}",
        outcomes(&run)
    );
    let resumed = world.resume(&run.outputs.directory).await.unwrap();
    assert_eq!(outcomes(&resumed), ["/app searched  insights"]);
    for name in ["query-string", "query-string-2"] {
        // A field may have any name, even one that a spreadsheet would execute as a formula.
        assert_eq!(
            resumed.file(&format!("hunts/{name}.csv")),
            "event_account_id,event_region,log_group,event_time,record_id,'=1+1,@pattern\n\
             222222222222,eu-west-1,/app,,,x,p\n"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn passthrough_query_does_not_unmask() {
    let content = [
        group("/app", "masked = true"),
        InsightsAnswer::new("pattern @message")
            .rows(Raw("[]"))
            .to_string(),
        Role::new("DragnetRead").allow(["*"]).to_string(),
    ];
    let arguments = [
        &DAY[..],
        &["--unmask", "--query-string", "pattern @message"],
    ]
    .concat();
    let run = World::from_toml(&world(&content.concat()))
        .sweep(&arguments)
        .await;
    assert_eq!(outcomes(&run), ["/app partial masked filter;insights"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_log_group_class_is_tried_with_both_engines() {
    let run = swept(&world(&group("/new", "class = \"ESSENTIALS\"")), "auto").await;
    let outcomes = outcomes(&run);
    assert!(
        outcomes[0].starts_with("/new unsearchable class-not-readable: ESSENTIALS: StartQuery"),
        "{outcomes:?}"
    );
}
