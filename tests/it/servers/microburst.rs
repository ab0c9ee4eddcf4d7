//! `microburst` in front of `moto`: a fifth of all calls are throttled, others fail, are slow or
//! are cut off, and the result is the same. The rules are in `.ci/chaos.yml`.

use super::dragnet::sweep;
use super::moto::{
    REGIONS, ROLE, WITHOUT_TRAILS, assert_coverage, assert_sightings, management_keys, organization,
};
use super::planted::ADDRESS;
use super::server::Server;

#[tokio::test]
async fn faults_change_nothing_in_the_result() {
    let (Some(behind), Some(chaos)) = (
        Server::from_env("DRAGNET_BEHIND_MICROBURST_URL"),
        Server::from_env("DRAGNET_MICROBURST_URL"),
    ) else {
        return;
    };
    behind.reset("/moto-api/reset");
    let organization = organization(&behind).await;
    let from = organization.planted.from.to_string();
    let [a, b, c] = REGIONS;
    let regions = ["--region", a, "--region", b, "--region", c];
    let arguments = [
        &[
            ADDRESS,
            "--from",
            &from,
            "--member-role",
            ROLE,
            "--progress",
            "none",
        ],
        &regions[..],
    ]
    .concat();
    let run = sweep(&chaos, &management_keys(), WITHOUT_TRAILS, &arguments);

    let gaps: Vec<_> = run
        .csv("coverage.csv")
        .into_iter()
        .filter(|row| row["status"] != "searched")
        .collect();
    assert_eq!(run.exit_code, Some(0), "{} {gaps:?}", run.stderr);
    assert_sightings(&run, &organization.planted);
    assert_coverage(&run, &organization);
    let injected: Vec<serde_json::Value> =
        serde_json::from_str(&chaos.ask("GET", "/_microburst/fired?limit=100000")).unwrap();
    let fired = |of: &str| {
        injected
            .iter()
            .filter(|fired| fired.to_string().contains(of))
            .count()
    };
    for kind in [
        "ThrottlingException",
        "InternalFailure",
        "ServiceUnavailable",
        "reset",
        "truncate",
        "latency",
    ] {
        assert!(fired(kind) > 0, "no {kind} was injected: {injected:?}");
    }
    // The audit has exactly those errors that were injected.
    let told = |status: &str| {
        run.csv("calls.csv")
            .iter()
            .filter(|call| call["status"] == status)
            .count()
    };
    for code in [
        "ThrottlingException",
        "InternalFailure",
        "ServiceUnavailable",
    ] {
        assert_eq!(told(code), fired(code), "{code}");
    }
}
