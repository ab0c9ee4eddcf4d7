//! Checks that the shipped units contain only what the binary understands.

use clap::Parser;
use dragnet::cli::{Arguments, Command, WatchCommand};
use dragnet::config::Timetable;

fn parsed(words: &[&str]) -> Command {
    Arguments::try_parse_from(words)
        .unwrap_or_else(|error| panic!("{words:?}: {error}"))
        .command
}

#[test]
fn the_systemd_unit_starts_a_watch() {
    let unit = include_str!("../../../config/deploy/dragnet-watch.service");
    let value_of = |key: &str| {
        let lines: Vec<&str> = unit
            .lines()
            .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .collect();
        assert_eq!(lines.len(), 1, "{key}");
        lines[0]
    };
    let words: Vec<&str> = value_of("ExecStart").split_whitespace().collect();
    assert!(words[0].ends_with("/dragnet"), "{words:?}");
    assert!(matches!(parsed(&words), Command::Watch(WatchCommand::Run)));
    let check: Vec<&str> = value_of("ExecStartPre").split_whitespace().collect();
    assert!(matches!(
        parsed(&check),
        Command::Watch(WatchCommand::Check { send_test: false })
    ));
    assert!(value_of("ExecReload").contains("-HUP"));
    // The process shuts down within ten seconds.
    assert!(value_of("TimeoutStopSec").parse::<u64>().unwrap() > 10);
    for hardened in [
        "NoNewPrivileges",
        "ProtectSystem",
        "PrivateTmp",
        "RestrictAddressFamilies",
        "SystemCallFilter",
    ] {
        value_of(hardened);
    }
}

#[test]
fn the_cron_job_runs_what_is_due() {
    let job: serde_json::Value = serde_saphyr::from_str(include_str!(
        "../../../config/deploy/dragnet-watch-cronjob.yaml"
    ))
    .unwrap();
    assert_eq!(job["kind"], "CronJob");
    let spec = &job["spec"];
    assert_eq!(spec["concurrencyPolicy"], "Forbid");
    assert!(
        spec["schedule"]
            .as_str()
            .unwrap()
            .parse::<Timetable>()
            .is_ok()
    );
    let pod = &spec["jobTemplate"]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let arguments = container["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap());
    let words: Vec<&str> = std::iter::once("dragnet").chain(arguments).collect();
    assert!(matches!(
        parsed(&words),
        Command::Watch(WatchCommand::Once { name: None })
    ));
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(
        container["securityContext"]["allowPrivilegeEscalation"],
        false
    );
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    // The state is on a volume that outlives the pod.
    let state = container["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|mount| mount["name"] == "state")
        .unwrap();
    let environment = container["env"].as_array().unwrap();
    let home = environment
        .iter()
        .find(|variable| variable["name"] == "XDG_STATE_HOME")
        .unwrap();
    assert_eq!(state["mountPath"], home["value"]);
}
