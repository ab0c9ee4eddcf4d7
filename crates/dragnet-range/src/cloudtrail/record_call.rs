//! Records the calls to the range itself, so that a sweep can find its own calls.
//!
//! Source: CloudWatch Logs user guide, "Logging API and console operations in AWS CloudTrail":
//! calls that read events are not recorded, the others are.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Actor, Record, deliver};
use crate::access::Caller;
use crate::wire::{AwsError, Exchange, Input, Service};
use crate::world::World;
use dragnet_model::{AccountId, Partition, Region};

/// Data operations, for which CloudTrail writes no management event.
///
/// Sources: CloudWatch Logs user guide, as above; S3 user guide, "Amazon S3 CloudTrail events".
const UNRECORDED: [&str; 12] = [
    "FilterLogEvents",
    "GetLogEvents",
    "GetLogObject",
    "GetLogRecord",
    "GetObject",
    "GetQueryResults",
    "HeadBucket",
    "HeadObject",
    "ListObjects",
    "ListObjectsV2",
    "PutLogEvents",
    "PutObject",
];
/// All calls to the range come from this host.
const SOURCE_IP: &str = "127.0.0.1";

/// A call that was performed, and its result.
pub(crate) struct PerformedCall<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) exchange: &'a Exchange,
    pub(crate) input: &'a Input,
    /// The error, if the call failed.
    pub(crate) error: Option<&'a AwsError>,
    pub(crate) user_agent: &'a str,
    pub(crate) now: Timestamp,
}

/// Records a call and its result.
pub(crate) fn record_call(world: &mut World, call: &PerformedCall<'_>) {
    let unrecorded = UNRECORDED.contains(&call.exchange.operation.as_str());
    let unknown_operation = call.error.is_some_and(AwsError::is_unknown_operation);
    if !world.records_own_calls || unrecorded || unknown_operation {
        return;
    }
    let mut record = new_record(world, call);
    let role_account =
        assumed_role_account(call.input, &record).filter(|account| *account != record.account);
    // `AssumeRole` across accounts is recorded in both accounts. Each record has its own event id,
    // and both have the same shared event id.
    record.shared_event_id = role_account.map(|_| world.mint.next_uuid());
    deliver(world, &record);
    if let Some(account) = role_account.filter(|account| world.account(*account).is_some()) {
        let event_id = world.mint.next_uuid();
        deliver(
            world,
            &Record {
                account,
                event_id,
                ..record
            },
        );
    }
}

/// The record of a call in the account of its caller.
fn new_record(world: &mut World, call: &PerformedCall<'_>) -> Record {
    let PerformedCall {
        caller, exchange, ..
    } = call;
    Record {
        account: caller.account,
        region: recorded_region(world, call),
        time: call.now,
        actor: Actor {
            arn: caller.arn(world),
            principal_id: caller.user_id(world),
            access_key_id: caller.access_key_id.clone(),
            account: caller.account,
            mfa: caller.session.as_ref().is_some_and(|session| session.mfa),
        },
        service: exchange.service.name().to_owned(),
        action: exchange.operation.clone(),
        source_ip: SOURCE_IP.to_owned(),
        user_agent: call.user_agent.to_owned(),
        error: call
            .error
            .map(|error| (error_code(exchange, error), error.message.clone())),
        request: parameters(call.input),
        response: Value::Null,
        additional: None,
        read_only: ["Describe", "Get", "List", "Lookup", "AssumeRole"]
            .iter()
            .any(|verb| exchange.operation.starts_with(verb)),
        request_id: exchange.request_id.clone(),
        event_id: world.mint.next_uuid(),
        shared_event_id: None,
        delivered: None,
    }
}

/// The Region of the record. Calls of global services are recorded in us-east-1, wherever a client
/// with a custom endpoint signs them for. In other partitions they are signed for the right Region.
///
/// Source: CloudTrail user guide, "Global service events".
fn recorded_region(world: &World, call: &PerformedCall<'_>) -> Region {
    if call.exchange.service.is_global() && world.partition == Partition::Aws {
        world.partition.default_region()
    } else {
        call.caller.region.clone()
    }
}

/// The `errorCode`: EC2's codes have a prefix that shows whether the client or the server failed.
///
/// Source: CloudTrail user guide, "CloudTrail record contents"; EC2 records have
/// `Client.UnauthorizedOperation`.
fn error_code(exchange: &Exchange, error: &AwsError) -> String {
    match (exchange.service, error.status) {
        (Service::Ec2, 500..) => format!("Server.{}", error.code),
        (Service::Ec2, _) => format!("Client.{}", error.code),
        _ => error.code.to_owned(),
    }
}

/// The account of the role that was assumed, if the record is a successful `AssumeRole`.
fn assumed_role_account(input: &Input, record: &Record) -> Option<AccountId> {
    let assumed = record.action == "AssumeRole" && record.error.is_none();
    let arn: dragnet_model::RoleArn = input.text("RoleArn").filter(|_| assumed)?.parse().ok()?;
    Some(arn.account())
}

/// The parameters as CloudTrail shows them: names begin with a lower-case letter, MFA codes are
/// omitted.
fn parameters(input: &Input) -> Value {
    let lower_first_letter = |name: &str| {
        let mut characters = name.chars();
        let first = characters.next().map(|c| c.to_ascii_lowercase());
        first.into_iter().chain(characters).collect::<String>()
    };
    let fields: Map<String, Value> = match input {
        Input::Json(Value::Object(fields)) => fields
            .iter()
            .map(|(name, value)| (lower_first_letter(name), value.clone()))
            .collect(),
        Input::Json(_) => Map::new(),
        Input::Form(params) => params
            .iter()
            .filter(|(name, _)| !matches!(*name, "Action" | "Version" | "TokenCode"))
            .map(|(name, value)| (lower_first_letter(name), value.into()))
            .collect(),
        Input::Rest(input) => [("bucketName", &input.bucket), ("key", &input.key)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())))
            .collect(),
    };
    if fields.is_empty() {
        Value::Null
    } else {
        Value::Object(fields)
    }
}
