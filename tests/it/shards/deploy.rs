//! The shipped job contains only what the binary understands.

use clap::Parser;
use dragnet::cli::{Arguments, Command, ShardCommand};

#[test]
fn the_indexed_job_runs_a_shard() {
    let job: serde_json::Value = serde_saphyr::from_str(include_str!(
        "../../../config/deploy/dragnet-shards-job.yaml"
    ))
    .unwrap();
    assert_eq!(job["spec"]["completionMode"], "Indexed");
    let pod = &job["spec"]["template"]["spec"];
    let arguments = pod["containers"][0]["args"].as_array().unwrap();
    let words = arguments.iter().map(|word| word.as_str().unwrap());
    let parsed = Arguments::try_parse_from(std::iter::once("dragnet").chain(words)).unwrap();
    let Command::Shard(ShardCommand::Run(run)) = parsed.command else {
        panic!("not a shard")
    };
    assert_eq!(run.index, None, "Kubernetes sets JOB_COMPLETION_INDEX");
    // A shard writes its last checkpoint when it is terminated.
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(grace > run.checkpoint_interval().as_secs());
}

#[test]
fn the_array_job_runs_a_shard() {
    let template = include_str!("../../../config/deploy/dragnet-shards-batch.yaml");
    let command = template.split("Command:").nth(1).unwrap();
    let words = command
        .lines()
        .skip(1)
        .map_while(|line| line.trim().strip_prefix("- "));
    let parsed = Arguments::try_parse_from(std::iter::once("dragnet").chain(words)).unwrap();
    assert!(matches!(
        parsed.command,
        Command::Shard(ShardCommand::Run(_))
    ));
    // Wrong usage is not repeated.
    assert!(template.contains("OnExitCode: \"2\""));
}
