//! A sweep in the organization's own records: it recognizes its own calls, and no other record
//! passes for one.

use crate::world::{World, event, record};

const IP: &str = "192.0.2.1";

#[tokio::test(start_paused = true)]
async fn own_calls_are_recognized_by_request_id_only() {
    let calls = World::small_with("")
        .sweep(&[IP])
        .await
        .columns("calls.csv", &["operation", "request_id"]);
    let own = calls[0].strip_prefix("GetCallerIdentity ").unwrap();
    // The same scenario produces the same request ids, so the record can be written in advance.
    let planted_record = |id: &str, request: &str, agent: &str| {
        let record = record(id, "222222222222", "us-east-1", "2026-03-02T10:00:00Z", IP);
        let record = record
            .replace(&format!("r-{id}"), request)
            .replace("\"cli\"", &format!("\"{agent}\""));
        event(
            "222222222222",
            "us-east-1",
            "/app",
            "2026-03-02T10:05:00Z",
            &record,
        )
    };
    let agent = concat!("dragnet/", env!("CARGO_PKG_VERSION"));
    let planted = [
        planted_record("mine", own, "anything"),
        planted_record("another's", "r-2", agent),
        planted_record("without", "", agent),
    ];
    let run = World::small_with(&planted.concat())
        .sweep(&[IP, "--since", "24h"])
        .await;
    let mut rows = run.columns("sightings.csv", &["record_id", "self"]);
    rows.sort();
    assert_eq!(rows, ["another's claimed", "mine true", "without claimed"]);
}

#[tokio::test(start_paused = true)]
async fn every_call_is_in_the_audit_with_its_request_id() {
    let world = World::small_with("");
    let run = world.sweep(&[IP]).await;
    let calls = run.columns("calls.csv", &["operation", "status", "request_id"]);
    for operation in [
        "GetCallerIdentity",
        "ListAccounts",
        "AssumeRole",
        "DescribeRegions",
        "DescribeLogGroups",
        "FilterLogEvents",
    ] {
        let count = calls
            .iter()
            .filter(|call| call.starts_with(operation))
            .count();
        assert_eq!(count as u64, world.calls(operation), "{operation}");
        assert_eq!(run.summary()["api_calls"][operation], count, "{operation}");
    }
    assert!(
        calls
            .iter()
            .all(|call| call.split(' ').nth(2).is_some_and(|id| id.len() > 8)),
        "{calls:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn sessions_carry_the_name_of_the_run() {
    // The role can only be assumed with a session name that begins like this.
    let only_dragnet = "[[roles]]\naccounts = [\"prod\"]\nname = \"Named\"\nallow = [\"cloudtrail:*\", \"ec2:*\", \"logs:*\"]\n\
         trust_policy = '''{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\",\n\
         \"Principal\": {\"AWS\": \"111111111111\"},\n\
         \"Condition\": {\"StringLike\": {\"sts:RoleSessionName\": \"dragnet-20260302T1200*\"}}}]}'''\n";
    let run = World::small_with(only_dragnet)
        .sweep(&[IP, "--account", "prod", "--member-role", "Named"])
        .await;
    assert!(
        run.coverage().iter().all(|row| row.ends_with("searched")),
        "{:?}",
        run.coverage()
    );
}

/// A repeated sweep finds the queries of the first in CloudTrail. Only the list of this machine's
/// runs tells them from queries that somebody else made with the same names.
#[tokio::test(start_paused = true)]
async fn calls_of_an_earlier_run_are_recognized() {
    for is_listed in [true, false] {
        let state = tempfile::tempdir().unwrap();
        let world = World::small_with("");
        let world = if is_listed {
            world.with_session_directory(state.path())
        } else {
            world
        };
        let search = ["192.0.2.200", "--engine", "insights"];
        assert!(
            world
                .sweep(&search)
                .await
                .columns("sightings.csv", &["self"])
                .is_empty()
        );
        tokio::time::advance(std::time::Duration::from_mins(30)).await;
        let run = world.sweep(&search).await;
        let found = run.columns("sightings.csv", &["event_name", "self"]);
        let earlier: Vec<&String> = found
            .iter()
            .filter(|row| row.starts_with("StartQuery"))
            .collect();
        assert!(!earlier.is_empty(), "{found:?}");
        let expected = if is_listed {
            "StartQuery true"
        } else {
            "StartQuery claimed"
        };
        assert!(earlier.iter().all(|row| *row == expected), "{found:?}");
    }
}
