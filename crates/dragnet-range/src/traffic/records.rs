//! CloudTrail records of everyday work by people and machines.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{everyday_address, pick};
use crate::access::Mint;
use crate::cloudtrail::{Actor, Record, RecordForm};
use crate::logs::NewEvent;
use dragnet_model::{AccountId, Region};

/// An everyday operation: its service, its name, and a typical parameter.
type EverydayOperation = (
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
);

const READ_OPERATIONS: [EverydayOperation; 11] = [
    ("sts", "GetCallerIdentity", None),
    ("sts", "AssumeRole", Some(("roleSessionName", "deploy"))),
    ("ec2", "DescribeInstances", None),
    ("ec2", "DescribeSecurityGroups", None),
    ("s3", "ListBuckets", None),
    ("s3", "GetBucketPolicy", Some(("bucketName", "assets"))),
    ("iam", "ListRoles", None),
    ("iam", "GetUser", Some(("userName", "alice"))),
    ("kms", "Decrypt", None),
    ("ssm", "GetParameters", None),
    ("cloudformation", "DescribeStacks", None),
];
const WRITE_OPERATIONS: [EverydayOperation; 3] = [
    ("ec2", "RunInstances", Some(("instanceType", "m7g.large"))),
    (
        "lambda",
        "UpdateFunctionCode20150331v2",
        Some(("functionName", "checkout")),
    ),
    (
        "logs",
        "CreateLogStream",
        Some(("logGroupName", "/app/web")),
    ),
];
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
const MACHINES: [(&str, &str); 3] = [
    ("Deploy", "ci-runner"),
    ("WebServer", "i-0a1b2c3d4e5f60718"),
    ("Backup", "nightly"),
];
const AGENTS: [&str; 3] = ["aws-cli/2.17.0", "Boto3/1.34.0", "console.amazonaws.com"];

/// An account-Region that a trail records, and the log stream of its records.
#[derive(Clone, Debug)]
pub(crate) struct TrailStream {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The name of the stream in the log group of the trail.
    pub(crate) name: String,
    /// The form in which the trail writes records.
    pub(crate) form: RecordForm,
}

/// Generates the records of one account-Region.
struct RecordGenerator<'a> {
    stream: &'a TrailStream,
    mint: Mint,
    actors: Vec<Actor>,
}

/// Generates the events of a stream in the log group of the trail.
pub(super) fn generate(
    stream: &TrailStream,
    seed: u64,
    times: &[i64],
    random: &mut fastrand::Rng,
    store: &mut impl FnMut(NewEvent),
) {
    for (record, ingestion_ms) in records(stream, seed, times, random) {
        store(NewEvent {
            stream: stream.name.clone(),
            timestamp_ms: record.time.as_millisecond(),
            ingestion_ms,
            id: None,
            message: record.to_json(stream.form).into(),
        });
    }
}

/// Generates the records of a stream, each with its ingestion time.
pub(super) fn records(
    stream: &TrailStream,
    seed: u64,
    times: &[i64],
    random: &mut fastrand::Rng,
) -> impl Iterator<Item = (Record, i64)> {
    let mint = Mint::new(seed);
    let generator = RecordGenerator {
        stream,
        actors: actors(stream, &mint),
        mint,
    };
    times
        .iter()
        .enumerate()
        .filter_map(move |(n, timestamp_ms)| {
            let time = Timestamp::from_millisecond(*timestamp_ms).ok()?;
            let record = generator.record(n, time, random);
            let ingestion_ms = timestamp_ms + random.i64(120_000..900_000);
            Some((record, ingestion_ms))
        })
}

fn actors(stream: &TrailStream, mint: &Mint) -> Vec<Actor> {
    let account = stream.account;
    let partition = stream.region.partition();
    let people = PEOPLE.map(|name| Actor {
        arn: format!("arn:{partition}:iam::{account}:user/{name}"),
        principal_id: mint.id_for("AIDA", &format!("{account} user {name}"), 17),
        access_key_id: mint.id_for("AKIA", &format!("{account} key of {name}"), 16),
        account,
        mfa: false,
    });
    let machines = MACHINES.map(|(role, session)| Actor {
        arn: format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}"),
        principal_id: format!(
            "{}:{session}",
            mint.id_for("AROA", &format!("{account} role {role}"), 17)
        ),
        access_key_id: mint.id_for("ASIA", &format!("{account} key of {role}"), 16),
        account,
        mfa: false,
    });
    people.into_iter().chain(machines).collect()
}

impl RecordGenerator<'_> {
    fn record(&self, n: usize, time: Timestamp, random: &mut fastrand::Rng) -> Record {
        let TrailStream {
            account, region, ..
        } = self.stream;
        // The ids depend on the account-Region but not on the log group, so two trails contain
        // copies of the same record.
        let purpose = format!("traffic {account} {region} {n}");
        let actor = pick(random, &self.actors).clone();
        let read_only = random.u8(0..5) > 0;
        let (service, action, parameter) = *if read_only {
            pick(random, &READ_OPERATIONS)
        } else {
            pick(random, &WRITE_OPERATIONS)
        };
        // Everyday traffic also contains denied calls.
        let denied = random.u8(0..50) == 0;
        let actor_arn = &actor.arn;
        let error = denied.then(|| {
            let text =
                format!("User: {actor_arn} is not authorized to perform: {service}:{action}");
            ("AccessDenied".to_owned(), text)
        });
        Record {
            account: *account,
            region: region.clone(),
            time,
            service: service.to_owned(),
            action: action.to_owned(),
            source_ip: everyday_address(random),
            user_agent: (*pick(random, &AGENTS)).to_owned(),
            error,
            request: parameter.map_or(Value::Null, |(name, value)| json!({ name: value })),
            response: Value::Null,
            additional: None,
            read_only,
            request_id: self.mint.uuid_for(&format!("{purpose} request")),
            event_id: self.mint.uuid_for(&purpose),
            shared_event_id: None,
            delivered: None,
            actor,
        }
    }
}
