//! A sweep in shards, for several machines: the plan, the balance between shards, and the seals of their
//! results. An engine that the user has (Temporal, AWS Batch, Kubernetes …) starts the shards, repeats
//! and schedules them; what it says about them proves nothing. Complete is what is committed.
//!
//! ```text
//! plan ── plan.json.zst ──┬─ run 0 ── shards/00000/commit.json ──┐
//!                         ├─ run 1 ── shards/00001/commit.json ──┼─ merge ── one run
//!                         └─ run 2 ── checkpoint, another machine ┘
//! ```
//! `plan` and `planner` say which shard searches what, `balance` makes shards of about the same size,
//! `group_slices` divides large log groups by time, `log_fractions` the quotas of log groups that several shards read,
//! `shard_key` and `sealed` tie every object to the plan, and `object_names` says where it is. All of
//! this is pure; `commands/shard` has the store.

mod balance;
mod fractions;
mod group_slices;
mod log_fractions;
mod object_names;
mod plan;
mod planner;
mod result_manifest;
mod sealed;
mod shard_key;

pub use balance::{AccountCost, ReadCost, ShardLoad, balance};
pub use group_slices::PlanSize;
pub use object_names::{CHECKPOINT, COMMIT, PLAN, manifest_name, part_name};
pub use plan::{InvalidShard, PlannedMember, ShardPlan, ShardSpec};
pub use planner::{PlanInputs, plan_shards};
pub use result_manifest::{ResultManifest, ResultPart};
pub use sealed::{InvalidSeal, Sealed};
pub use shard_key::{InvalidShardKey, ShardKey};
