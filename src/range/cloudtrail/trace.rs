//! Records the calls to the range itself, so that a sweep can find its own calls.
//!
//! Source: CloudWatch Logs user guide, "Logging API and console operations in AWS CloudTrail":
//! calls that read events are not recorded, the others are.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Actor, Record, deliver};
use crate::model::AccountId;
use crate::range::access::Caller;
use crate::range::wire::{AwsError, Exchange, Input};
use crate::range::world::World;

/// Data operations, for which CloudTrail writes no management event.
const UNRECORDED: [&str; 5] = [
    "FilterLogEvents",
    "GetLogEvents",
    "GetLogRecord",
    "GetQueryResults",
    "PutLogEvents",
];
/// All calls to the range come from this host.
const SOURCE_IP: &str = "127.0.0.1";

/// Records a call and its result.
pub(crate) fn trace(
    world: &mut World,
    caller: &Caller,
    exchange: &Exchange,
    input: &Input,
    error: Option<&AwsError>,
    user_agent: &str,
    now: Timestamp,
) {
    let unrecorded = UNRECORDED.contains(&exchange.operation.as_str());
    if !world.own_traces || unrecorded || error.is_some_and(AwsError::is_unknown_operation) {
        return;
    }
    let mut record = Record {
        account: caller.account,
        region: caller.region.clone(),
        time: now,
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
        user_agent: user_agent.to_owned(),
        error: error.map(|error| (error.code.to_owned(), error.message.clone())),
        request: parameters(input),
        response: Value::Null,
        additional: None,
        read_only: ["Describe", "Get", "List", "Lookup", "AssumeRole"]
            .iter()
            .any(|verb| exchange.operation.starts_with(verb)),
        request_id: exchange.request_id.clone(),
        event_id: world.mint.next_uuid(),
        shared_event_id: None,
    };
    let elsewhere = entered_account(input, &record).filter(|account| *account != caller.account);
    // `AssumeRole` across accounts is recorded in both accounts. Each record has its own event id,
    // and both have the same shared event id.
    record.shared_event_id = elsewhere.map(|_| world.mint.next_uuid());
    deliver(world, &record);
    if let Some(account) = elsewhere.filter(|account| world.account(*account).is_some()) {
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

/// The account of the role that was assumed, if the record is a successful `AssumeRole`.
fn entered_account(input: &Input, record: &Record) -> Option<AccountId> {
    let entered = record.action == "AssumeRole" && record.error.is_none();
    let arn: crate::model::RoleArn = input.text("RoleArn").filter(|_| entered)?.parse().ok()?;
    Some(arn.account())
}

/// The parameters as CloudTrail shows them: names begin with a lower-case letter, MFA codes are
/// omitted.
fn parameters(input: &Input) -> Value {
    let small = |name: &str| {
        let mut characters = name.chars();
        let first = characters.next().map(|c| c.to_ascii_lowercase());
        first.into_iter().chain(characters).collect::<String>()
    };
    let fields: Map<String, Value> = match input {
        Input::Json(Value::Object(fields)) => fields
            .iter()
            .map(|(name, value)| (small(name), value.clone()))
            .collect(),
        Input::Json(_) => Map::new(),
        Input::Form(params) => params
            .iter()
            .filter(|(name, _)| !matches!(*name, "Action" | "Version" | "TokenCode"))
            .map(|(name, value)| (small(name), value.into()))
            .collect(),
    };
    if fields.is_empty() {
        Value::Null
    } else {
        Value::Object(fields)
    }
}
