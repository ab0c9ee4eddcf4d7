//! What CloudWatch does with logs beside trails: pipelines that rewrite records, channels that deliver
//! without a trail, and centralization rules that copy events.

mod central;
mod channels;
mod linked;
mod random;
mod scenarios;
mod sources;
mod transformed;

use crate::scenario::{Behaviour, Record, ScenarioBuilder};
use crate::world::{Run, World};

const IP: &str = "198.51.100.99";
const MANAGEMENT: &str = "111111111111";
const DEV: &str = "222222222222";
const CENTRAL: &str = "333333333333";
const HOME: &str = "us-east-1";

/// Returns an organization with the accounts `dev` and `central` in one Region, and `more`.
fn scenario(more: &str) -> String {
    ScenarioBuilder::new("cloudwatch")
        .account(DEV, "dev")
        .account(CENTRAL, "central")
        .with(&Behaviour::new().own_traces(false))
        .with(more)
        .toml()
}

fn world(more: &str) -> World {
    World::from_toml(&scenario(more))
}

/// Returns the organization with a trail of all accounts, and `more`.
fn world_with_trail(more: &str) -> World {
    let trail = crate::scenario::Trail::new("organization", MANAGEMENT, HOME)
        .organization(true)
        .log_group("/trail");
    world(&format!("{trail}{more}"))
}

/// Returns a call by mallory.
fn call(account: &str, at: &str, action: &str) -> Record {
    let mallory = format!("arn:aws:iam::{account}:user/mallory");
    Record::new(account, HOME, at, mallory)
        .call("iam", action)
        .ip(IP)
}

/// Returns the accounts whose CloudTrail was searched.
fn covered(run: &Run) -> Vec<String> {
    let columns = ["source", "status", "event_account_id"];
    let rows = run.columns("sources.csv", &columns);
    let mut accounts: Vec<String> = rows
        .into_iter()
        .filter_map(|row| row.strip_prefix("cloudtrail searched ").map(str::to_owned))
        .collect();
    accounts.dedup();
    accounts
}
