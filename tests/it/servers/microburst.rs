//! `microburst` in front of `moto`: a fifth of all calls are throttled, others fail, are slow or
//! are cut off, and the result is the same. The rules are in `.ci/chaos.yml`.

use super::dragnet::Run;
use super::moto::{assert_coverage, assert_sightings, create_organization, sweep_organization};
use super::server::Server;

#[tokio::test]
async fn injected_faults_do_not_change_the_result() {
    let (Some(moto), Some(microburst)) = (
        Server::from_env("DRAGNET_BEHIND_MICROBURST_URL"),
        Server::from_env("DRAGNET_MICROBURST_URL"),
    ) else {
        return;
    };
    moto.reset("/moto-api/reset");
    let organization = create_organization(&moto).await;
    let run = sweep_organization(&microburst, &organization);

    let gaps: Vec<_> = run
        .csv("coverage.csv")
        .into_iter()
        .filter(|row| row["status"] != "searched")
        .collect();
    assert_eq!(run.exit_code, Some(0), "{} {gaps:?}", run.stderr);
    assert_sightings(&run, &organization.planted);
    assert_coverage(&run, &organization);
    assert_faults_are_audited(&run, &microburst);
}

/// Asserts that every kind of fault was injected, and that the audit has exactly those errors that
/// were injected.
fn assert_faults_are_audited(run: &Run, microburst: &Server) {
    let injected: Vec<serde_json::Value> =
        serde_json::from_str(&microburst.request("GET", "/_microburst/fired?limit=100000"))
            .unwrap();
    let count_injected = |kind: &str| {
        injected
            .iter()
            .filter(|fault| fault.to_string().contains(kind))
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
        assert!(
            count_injected(kind) > 0,
            "no {kind} was injected: {injected:?}"
        );
    }
    let calls = run.csv("calls.csv");
    let count_audited = |code: &str| calls.iter().filter(|call| call["status"] == code).count();
    for code in [
        "ThrottlingException",
        "InternalFailure",
        "ServiceUnavailable",
    ] {
        assert_eq!(count_audited(code), count_injected(code), "{code}");
    }
}
