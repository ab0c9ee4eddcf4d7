//! The events of a scenario: single events, CloudTrail records of the story, and files of real
//! records.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::ScenarioError;
use super::references::{open_group, undefined_reference};
use super::spec::{EventSpec, LoadSpec, RecordSpec, Spec};
use crate::cloudtrail::{Actor, Record, deliver};
use crate::logs::{NewEvent, POINTER_PREFIX};
use crate::world::World;
use dragnet_model::{AccountId, Arn};

/// The time between repetitions of a record.
const RECORD_SPACING: SignedDuration = SignedDuration::from_secs(7);

pub(super) fn add(
    world: &mut World,
    spec: &Spec,
    now: Timestamp,
    default_created: Timestamp,
) -> Result<(), ScenarioError> {
    for event in &spec.events {
        add_event(world, event, now, default_created)?;
    }
    for (number, record) in spec.records.iter().enumerate() {
        add_record(world, record, number, now)?;
    }
    for load in &spec.load {
        load_folder(world, load, default_created)?;
    }
    Ok(())
}

fn add_event(
    world: &mut World,
    spec: &EventSpec,
    now: Timestamp,
    default_created: Timestamp,
) -> Result<(), ScenarioError> {
    let group = open_group(
        world,
        spec.account,
        &spec.region,
        &spec.group,
        default_created,
    )
    .ok_or_else(|| undefined_reference("[[events]]", "the account", spec.account.to_string()))?;
    let first = spec.at.resolve(now);
    let first_ms = first.as_millisecond();
    let message = fill_times(&spec.message, first.as_second());
    for n in 0..spec.count {
        let mut message = message.replace("{n}", &n.to_string());
        if let Some(object) = &spec.object {
            let EventSpec {
                account,
                region,
                group: name,
                ..
            } = spec;
            let number = group.log_objects.len();
            let pointer = format!("{POINTER_PREFIX}{account}-{region}-{name}-{number}");
            message = with_pointer(&message, &object.path, &pointer);
            group.log_objects.insert(pointer, object.text.clone());
        }
        let timestamp_ms = first_ms.saturating_add(i64::from(n) * i64::from(spec.apart_ms));
        group.add_event(NewEvent {
            stream: spec.stream.clone(),
            timestamp_ms,
            ingestion_ms: spec
                .ingested
                .map_or(timestamp_ms, |at| at.resolve(now).as_millisecond()),
            id: spec.event_id.clone(),
            message: message.into(),
        });
    }
    Ok(())
}

/// Adds the field that refers to the rest of a truncated one. A message that is not a JSON object stays as
/// it is.
fn with_pointer(message: &str, path: &[String], pointer: &str) -> String {
    let Ok(Value::Object(mut members)) = serde_json::from_str(message) else {
        return message.to_owned();
    };
    let names: Vec<String> = path.iter().map(|name| format!("['{name}']")).collect();
    let path = names.concat();
    members.insert(format!("@ptr.${path}"), pointer.into());
    Value::Object(members).to_string()
}

/// Replaces `{at}`, `{at+600}` and `{at-600}` in a message by seconds since the Unix epoch, relative
/// to the time of the event, so that the text of a served range moves along with its events.
fn fill_times(message: &str, at: i64) -> String {
    let mut filled = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("{at") {
        filled.push_str(before);
        let offset = after.split_once('}').and_then(|(offset, after)| {
            let seconds = match offset {
                "" => Some(0),
                text if text.starts_with(['+', '-']) => text.parse::<i64>().ok(),
                _ => None,
            };
            Some((seconds?, after))
        });
        if let Some((seconds, after)) = offset {
            filled.push_str(&at.saturating_add(seconds).to_string());
            rest = after;
        } else {
            filled.push_str("{at");
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

fn add_record(
    world: &mut World,
    spec: &RecordSpec,
    number: usize,
    now: Timestamp,
) -> Result<(), ScenarioError> {
    if world.account(spec.account).is_none() {
        return Err(undefined_reference(
            "[[records]]",
            "the account",
            spec.account.to_string(),
        ));
    }
    let actor = find_actor(world, spec)?;
    let to_json = |table: &Option<toml::Table>| {
        table
            .as_ref()
            .and_then(|table| serde_json::to_value(table).ok())
    };
    for n in 0..spec.count {
        let purpose = format!("record {number} {n}");
        let offset = RECORD_SPACING.saturating_mul(i32::try_from(n).unwrap_or(i32::MAX));
        let record = Record {
            account: spec.account,
            region: spec.region.clone(),
            time: spec.at.resolve(now).saturating_add(offset).unwrap_or(now),
            actor: actor.clone(),
            service: spec.service.clone(),
            action: spec.action.clone(),
            source_ip: spec.ip.clone(),
            user_agent: spec
                .agent
                .clone()
                .unwrap_or_else(|| "aws-cli/2.17.0 Python/3.11.8".to_owned()),
            error: spec
                .error_code
                .clone()
                .map(|code| (code, spec.error_message.clone().unwrap_or_default())),
            request: to_json(&spec.request).unwrap_or(Value::Null),
            response: to_json(&spec.response).unwrap_or(Value::Null),
            additional: to_json(&spec.additional),
            read_only: spec.read_only,
            request_id: world.mint.uuid_for(&format!("{purpose} request")),
            event_id: world.mint.uuid_for(&purpose),
            shared_event_id: None,
            delivered: spec.delivered.map(|at| at.resolve(now)),
        };
        deliver(world, &record);
    }
    Ok(())
}

/// The actor of a record, with the same unique id as the identity with that ARN.
fn find_actor(world: &World, spec: &RecordSpec) -> Result<Actor, ScenarioError> {
    if let Ok(outsider) = spec.by.parse::<AccountId>() {
        return Ok(Actor {
            arn: String::new(),
            principal_id: world.mint.id_for("AIDA", &format!("{outsider} user"), 17),
            access_key_id: String::new(),
            account: outsider,
            mfa: false,
        });
    }
    let unknown = || undefined_reference("[[records]]", "the principal", spec.by.clone());
    let arn: Arn = spec.by.parse().map_err(|_| unknown())?;
    let account: AccountId = arn.account().ok_or_else(unknown)?;
    let principal_id = match arn.resource().split('/').collect::<Vec<_>>()[..] {
        ["assumed-role", role, session] => {
            format!(
                "{}:{session}",
                world
                    .mint
                    .id_for("AROA", &format!("{account} role {role}"), 17)
            )
        }
        ["root"] => account.to_string(),
        ["user", .., user] => world
            .mint
            .id_for("AIDA", &format!("{account} user {user}"), 17),
        _ => return Err(unknown()),
    };
    let access_key_id = spec.access_key.clone().unwrap_or_else(|| {
        world
            .mint
            .id_for("ASIA", &format!("key of {}", spec.by), 16)
    });
    Ok(Actor {
        arn: spec.by.clone(),
        principal_id,
        access_key_id,
        account,
        mfa: false,
    })
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

fn load_folder(
    world: &mut World,
    spec: &LoadSpec,
    default_created: Timestamp,
) -> Result<(), ScenarioError> {
    let group = open_group(
        world,
        spec.account,
        &spec.region,
        &spec.group,
        default_created,
    )
    .ok_or_else(|| undefined_reference("[[load]]", "the account", spec.account.to_string()))?;
    let stream = format!("{}_CloudTrail_{}", spec.account, spec.region);
    for path in json_files(&spec.folder)? {
        let failed = |problem: String| ScenarioError::Load {
            path: path.clone(),
            problem,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        let file: File = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        for record in file.records {
            let time = record
                .get("eventTime")
                .and_then(Value::as_str)
                .and_then(|time| time.parse::<Timestamp>().ok());
            let time = time
                .ok_or_else(|| failed("a record has no eventTime".to_owned()))?
                .as_millisecond();
            group.add_event(NewEvent {
                stream: stream.clone(),
                timestamp_ms: time,
                ingestion_ms: time,
                id: None,
                message: record.to_string().into(),
            });
        }
    }
    Ok(())
}

/// The `*.json` files of a folder and its subfolders, sorted by name.
fn json_files(folder: &Path) -> Result<Vec<PathBuf>, ScenarioError> {
    let failed = |error: std::io::Error| ScenarioError::Load {
        path: folder.to_owned(),
        problem: error.to_string(),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files.extend(json_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_messages_are_relative_to_the_event() {
        assert_eq!(
            fill_times("a {at} {at+600} {at-1} b", 1_000),
            "a 1000 1600 999 b"
        );
        for unchanged in ["{attr}", "{at", "{at+}", "{at +1}", "{n}", ""] {
            assert_eq!(fill_times(unchanged, 1_000), unchanged);
        }
    }
}
