//! Copies of one record: sources write it in different forms, and all of them are one sighting.

use crate::scenario::{Event, Inline, Record, Trail};
use crate::world::{SMALL, World, delivered, event, record};

const IP: &str = "192.0.2.1";
const TIME: &str = "2026-03-02T10:00:00Z";
const PROD: &str = "222222222222";
const COLUMNS: [&str; 4] = ["copies", "trusted", "copies_differ", "log_group"];

/// Returns an organization in which `prod` has a trail of its own. Both trails have everyday
/// records.
fn two_trails(more: &str) -> World {
    let busy = SMALL.replace(
        "log_group = \"/trail\"\n",
        "log_group = \"/trail\"\nevents_a_day = 24\n",
    );
    let own = Trail::new("prod-data-own", "222222222222", "us-east-1")
        .log_group("/own")
        .events_a_day(24);
    World::from_toml(&format!("{busy}{own}{more}"))
}

/// Returns a call in `prod` that both trails record.
fn call(action: &str) -> Record {
    Record::new(
        PROD,
        "eu-west-1",
        "3h ago",
        format!("arn:aws:iam::{PROD}:user/bob"),
    )
    .call("iam", action)
    .ip(IP)
}

/// Returns the messages of the sightings in one log group.
async fn texts(world: &World, group: &str) -> Vec<String> {
    let run = world.sweep(&[IP, "--log-group", group]).await;
    run.columns("sightings.csv", &["message"])
}

#[tokio::test(start_paused = true)]
async fn records_of_two_trails_fold_although_their_texts_differ() {
    let calls = [
        call("ListUsers").read_only(true).count(3),
        call("CreateUser")
            .request(Inline(&[("userName", "x")]))
            .response(Inline(&[(
                "user",
                Inline(&[("userName", "x"), ("path", "/")]),
            )])),
        call("GetUser")
            .error_code("AccessDenied")
            .error_message("no"),
    ];
    let world = two_trails(&calls.map(String::from).concat());
    let run = world.sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &COLUMNS[..3]),
        ["2 true false"; 5]
    );
    let of_organization = texts(&world, "/trail").await;
    let of_account = texts(&world, "/own").await;
    assert_eq!((of_organization.len(), of_account.len()), (5, 5));
    for (one, other) in of_organization.iter().zip(&of_account) {
        assert_ne!(one, other);
        assert!(one.contains("\"responseElements\":"), "{one}");
        assert_eq!(
            other.contains("\"responseElements\":"),
            other.contains("CreateUser"),
            "null is left out: {other}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn everyday_records_of_two_trails_fold() {
    let run = two_trails("").sweep(&["203.0.113.0/24"]).await;
    let rows = run.columns(
        "sightings.csv",
        &["event_account_id", "copies", "copies_differ"],
    );
    let of_prod = format!("{PROD} 2 false");
    let expected = |row: &&String| {
        if row.starts_with(PROD) {
            **row == of_prod
        } else {
            row.ends_with(" 1 false")
        }
    };
    let others: Vec<&String> = rows.iter().filter(|row| !expected(row)).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(rows.contains(&of_prod) && rows.len() > 100, "{rows:#?}");
}

#[tokio::test(start_paused = true)]
async fn copy_with_another_value_stays_a_row() {
    let genuine = record("e", PROD, "us-east-1", TIME, IP);
    let changed = genuine.replace("\"userAgent\":\"cli\"", "\"userAgent\":\"other\"");
    let copy = Event::new(PROD, "us-east-1", "/own", TIME, changed)
        .stream(format!("{PROD}_CloudTrail_us-east-1"));
    let run = two_trails(&(delivered(TIME, &genuine) + &copy))
        .sweep(&[IP])
        .await;
    assert_eq!(
        run.columns("sightings.csv", &COLUMNS),
        ["1 true true /own", "1 true true /trail"]
    );
}

/// Source: CloudTrail user guide, "CloudTrail record contents": only event data stores write
/// `eventContext`. EventBridge Events Reference, "AWS service event metadata": the envelope.
#[tokio::test(start_paused = true)]
async fn what_a_source_adds_makes_no_other_record() {
    let genuine = record("e", PROD, "us-east-1", TIME, IP);
    let add = |member: &str| genuine.replacen('{', &format!("{{{member},"), 1);
    let enriched = add(r#""eventContext":{"requestContext":{"aws:ViaAWSService":"false"}}"#);
    let wrapped = format!(
        r#"{{"version":"0","id":"5c1f5b2e","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"{PROD}","time":"{TIME}","region":"us-east-1","resources":[],"detail":{genuine}}}"#
    );
    let copies = [
        delivered(TIME, &genuine),
        event(PROD, "us-east-1", "aws/cloudtrail/store", TIME, &enriched),
        event(PROD, "us-east-1", "/aws/events/all", TIME, &wrapped),
    ]
    .concat();
    let run = World::small_with(&copies).sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &COLUMNS),
        ["3 true false /trail"]
    );
    // CloudTrail delivered it once more with other values.
    let updated = add(r#""addendum":{"reason":"UPDATED_DATA","updatedFields":"userAgent"}"#);
    let more = event(PROD, "us-east-1", "/app", TIME, &updated);
    let run = World::small_with(&(copies + &more)).sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &COLUMNS),
        ["1 false true /app", "3 true true /trail"]
    );
}

/// The streams of an organization's trail start with the id of the organization. Another id is
/// accepted only if Dragnet cannot know the right one.
#[tokio::test(start_paused = true)]
async fn stream_of_another_organization_is_not_trusted() {
    let line = |id: &str| record(id, PROD, "us-east-1", TIME, IP);
    let foreign = Event::new("111111111111", "us-east-1", "/trail", TIME, line("f"))
        .stream("o-exampleorgid_222222222222_CloudTrail_us-east-1");
    let planted = delivered(TIME, &line("d")) + &foreign;
    let columns = ["record_id", "trusted"];
    let run = World::small_with(&planted).sweep(&[IP]).await;
    assert_eq!(
        run.columns("sightings.csv", &columns),
        ["d true", "f false"]
    );
    let accounts = ["111111111111", PROD, "333333333333"]
        .map(|id| {
            format!(
                r#"
[[accounts]]
id = "{id}"
"#
            )
        })
        .concat();
    let config = format!(
        r"
[organization]
discover = false
{accounts}"
    );
    let run = World::small_with(&planted)
        .with_config(&config)
        .sweep(&[IP])
        .await;
    assert_eq!(run.columns("sightings.csv", &columns), ["d true", "f true"]);
}
