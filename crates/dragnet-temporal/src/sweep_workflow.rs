//! The workflow: one activity for each shard. Above [`SHARDS_OF_A_WORKFLOW`] shards, one child workflow
//! for each thousand, because the history of a workflow is limited to some 50,000 events.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::join_all;
use temporalio_sdk::{ActivityOptions, ChildWorkflowOptions, WorkflowContext, WorkflowResult};

use crate::shard_activity::{ShardActivities, ShardInput};

/// How many activities one workflow starts.
pub const SHARDS_OF_A_WORKFLOW: usize = 1_000;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepInput {
    /// The id of the workflow, from which those of its children are made.
    pub id: String,
    /// The store of the sweep.
    pub store: String,
    /// The number of the first shard.
    pub first: usize,
    /// The number after the last shard.
    pub end: usize,
    /// After how many seconds without a heartbeat a shard is started elsewhere.
    pub heartbeat_seconds: u64,
    /// The longest time of one attempt, in seconds.
    pub attempt_seconds: u64,
    /// How often a shard is attempted.
    pub attempts: u32,
}

/// How it ended. Whether the sweep is complete, only the store says: `dragnet shard status`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SweepOutcome {
    /// The number of shards that ended well.
    pub ended: usize,
    /// The shards that failed in every attempt, each with its last error.
    pub failed: Vec<(usize, String)>,
}

/// Runs the shards of a sweep.
#[workflow]
#[derive(Default)]
pub struct ShardedSweep;

#[workflow_methods]
impl ShardedSweep {
    /// Runs the shards.
    #[run]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        input: SweepInput,
    ) -> WorkflowResult<SweepOutcome> {
        if input.end.saturating_sub(input.first) > SHARDS_OF_A_WORKFLOW {
            return run_children(ctx, &input).await;
        }
        let shards: Vec<usize> = (input.first..input.end).collect();
        let runs: Vec<_> = shards
            .iter()
            .map(|shard| {
                let shard_input = ShardInput {
                    store: input.store.clone(),
                    shard: *shard,
                };
                let options = activity_options(&input);
                ctx.execute_activity(ShardActivities::run_shard, shard_input, options)
            })
            .collect();
        let mut outcome = SweepOutcome::default();
        for (shard, result) in shards.into_iter().zip(join_all(runs).await) {
            match result {
                Ok(_) => outcome.ended += 1,
                Err(error) => outcome.failed.push((shard, error.to_string())),
            }
        }
        Ok(outcome)
    }
}

async fn run_children(
    ctx: &mut WorkflowContext<ShardedSweep>,
    input: &SweepInput,
) -> WorkflowResult<SweepOutcome> {
    let starts: Vec<_> = parts(input)
        .into_iter()
        .map(|part| {
            let options = ChildWorkflowOptions::workflow_id(part.id.clone());
            ctx.start_child_workflow(ShardedSweep::run, part, options)
        })
        .collect();
    let mut results = Vec::new();
    for started in join_all(starts).await {
        results.push(started?.result());
    }
    let mut outcome = SweepOutcome::default();
    for result in join_all(results).await {
        let part = result?;
        outcome.ended += part.ended;
        outcome.failed.extend(part.failed);
    }
    Ok(outcome)
}

/// Divides the shards among child workflows.
fn parts(input: &SweepInput) -> Vec<SweepInput> {
    (input.first..input.end)
        .step_by(SHARDS_OF_A_WORKFLOW)
        .map(|first| SweepInput {
            id: format!("{}-{first}", input.id),
            first,
            end: input.end.min(first + SHARDS_OF_A_WORKFLOW),
            ..input.clone()
        })
        .collect()
}

fn activity_options(input: &SweepInput) -> ActivityOptions {
    let retries = RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .maximum_interval(LONGEST_WAIT)
        .maximum_attempts(input.attempts)
        .build();
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(input.attempt_seconds))
        .heartbeat_timeout(Duration::from_secs(input.heartbeat_seconds))
        .retry_policy(retries)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_have_every_shard_once() {
        let input = SweepInput {
            id: "dragnet-x".to_owned(),
            store: "store".to_owned(),
            first: 0,
            end: 2_500,
            heartbeat_seconds: 1,
            attempt_seconds: 1,
            attempts: 1,
        };
        let parts = parts(&input);
        let shards: Vec<usize> = parts.iter().flat_map(|part| part.first..part.end).collect();
        assert_eq!(shards, (0..2_500).collect::<Vec<_>>());
        assert!(
            parts
                .iter()
                .all(|part| part.end - part.first <= SHARDS_OF_A_WORKFLOW)
        );
        assert_eq!(parts[2].id, "dragnet-x-2000");
    }
}
