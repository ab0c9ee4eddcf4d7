//! Athena as an index over the objects of buckets: a sweep reads fewer objects and finds the same.

mod doctor;
mod problems;
mod random;
mod responses;
mod resume;
mod sweeps;

use std::fmt::Write;

use crate::scenario::{Behaviour, Bucket, Record, ScenarioBuilder, Trail};
use crate::world::{Run, World};

pub(crate) const IP: &str = "192.0.2.1";
/// The account of the bucket and of Athena.
const ARCHIVE: &str = "333333333333";
const BUCKET: &str = "trails-333333333333";
const FOLDER: &str = "AWSLogs/o-practice00/";
pub(crate) const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", ARCHIVE];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// The configuration with the table of the trail.
const CONFIG: &str = r#"
[athena]
account = "333333333333"
region = "eu-west-1"
workgroup = "dragnet"
database = "dragnet"
[[athena.tables]]
name = "trail_lines"
logs = "CloudTrail"
location = "s3://trails-333333333333/AWSLogs/o-practice00/"
"#;

/// Returns an organization whose trail delivers to a bucket alone, with a table of Athena over it. `workgroup` are more
/// keys of the workgroup, `more` further tables.
fn scenario(workgroup: &str, more: &str) -> String {
    let trail = Trail::new("organization", ACCOUNTS[0], REGIONS[1])
        .organization(true)
        .validation(false);
    let trail = format!("{trail}bucket = \"{BUCKET}\"\n");
    let athena = format!(
        r#"
[[athena_workgroups]]
account = "{ARCHIVE}"
region = "eu-west-1"
name = "dragnet"
{workgroup}
[[athena_tables]]
account = "{ARCHIVE}"
region = "eu-west-1"
database = "dragnet"
name = "trail_lines"
template = "s3://{BUCKET}/{FOLDER}${{account}}/CloudTrail/${{region}}/${{day}}"
"#
    );
    ScenarioBuilder::new("athena")
        .regions(&REGIONS)
        .account(ACCOUNTS[1], "prod")
        .account(ARCHIVE, "log-archive")
        .with(&Behaviour::new().own_traces(false))
        .with(&Bucket::new(BUCKET, ARCHIVE, REGIONS[0]))
        .with(&trail)
        .with(&athena)
        .with(more)
        .toml()
}

/// Returns calls in prod, seven minutes apart, every tenth from [`IP`]. Each is in an object of its own.
pub(crate) fn calls(number: u32) -> String {
    let mut tables = String::new();
    for n in 0..number {
        let at = format!("{}m ago", 90 + 7 * n);
        let ip = if n % 10 == 0 { IP } else { "203.0.113.9" };
        let bob = "arn:aws:iam::222222222222:user/bob";
        let call = Record::new(ACCOUNTS[1], REGIONS[0], &at, bob)
            .call("s3", "ListBuckets")
            .ip(ip)
            .raw(&format!("delivered = \"{at}\""));
        write!(tables, "{call}").unwrap();
    }
    tables
}

pub(crate) fn world(workgroup: &str, more: &str) -> World {
    World::from_toml(&scenario(workgroup, more)).with_config(CONFIG)
}

/// Returns what was found, and how the folders were covered. The detail of a row says how many objects were ruled out.
pub(crate) fn results(run: &Run) -> (Vec<String>, Vec<String>) {
    let found = [
        "event_time",
        "event_id",
        "event_account_id",
        "message",
        "copies",
    ];
    let columns = ["source", "account_id", "region", "status", "bucket_prefix"];
    let folders = run.columns("coverage.csv", &columns).into_iter();
    (
        run.columns("sightings.csv", &found),
        folders.filter(|row| row.starts_with("s3 ")).collect(),
    )
}

/// Returns the number of objects that queries ruled out, and the number of queries.
pub(crate) fn used(run: &Run) -> (u64, u64) {
    let used = &run.summary()["athena"];
    let number = |name: &str| used[name].as_u64().unwrap_or_default();
    (number("objects_ruled_out"), number("queries"))
}
