//! Log groups: create and describe.
//!
//! Source: CloudWatch Logs API, `CreateLogGroup`, `DescribeLogGroups`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{StoredGroup, invalid, not_found, store};
use crate::model::LogGroupClass;
use crate::range::call::Call;
use crate::range::wire::{AwsError, Page, Reply};

const PAGE: usize = 50;
const NAME_CHARACTERS: usize = 512;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    log_group_name: String,
    log_group_class: Option<String>,
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Create = call.input.parse()?;
    check_name(&input.log_group_name)?;
    let class = match input.log_group_class.as_deref() {
        None => LogGroupClass::Standard,
        Some(word) => match LogGroupClass::from(word) {
            LogGroupClass::Unknown(word) => return Err(invalid(format!("Unknown log group class {word}."))),
            class => class,
        },
    };
    let created_ms = call.now.as_millisecond();
    let salt = salt_of(&input.log_group_name);
    let groups = &mut store(call)?.groups;
    if groups.contains_key(&input.log_group_name) {
        return Err(AwsError::new("ResourceAlreadyExistsException", "The specified log group already exists"));
    }
    groups.insert(input.log_group_name, StoredGroup::new(class, created_ms, salt));
    Ok(Reply::empty())
}

/// A number that follows from a group's name, to keep event ids apart.
pub(crate) fn salt_of(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    if (1..=NAME_CHARACTERS).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(format!("Value '{name}' at 'logGroupName' failed to satisfy constraint: [\\.\\-_/#A-Za-z0-9]+")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Describe = call.input.parse()?;
    let limit = input.limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(invalid(format!("Value '{limit}' at 'limit' must be between 1 and {PAGE}")));
    }
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let list = call.list_name();
    let account = call.world.account(call.caller.account).ok_or_else(|| not_found("The account does not exist."))?;
    let groups = account.logs.get(&call.caller.region).into_iter().flat_map(|store| &store.groups);
    let wanted = groups.filter(|(name, group)| input.wants(name, group));
    let page =
        Page::of(wanted.map(|(name, group)| (name.as_str(), (name, group))), &list, input.next_token.as_deref(), limit)
            .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let groups: Vec<Value> = page
        .items
        .into_iter()
        .map(|(name, group)| {
            let resource = format!("log-group:{name}");
            let arn = call.world.arn("logs", call.caller.region.as_str(), call.caller.account, &resource);
            input.describe(name, group, &arn)
        })
        .collect();
    let mut reply = json!({ "logGroups": groups });
    if let Some(next) = page.next {
        reply["nextToken"] = json!(next);
    }
    Reply::json(&reply)
}

impl Describe {
    fn wants(&self, name: &str, group: &StoredGroup) -> bool {
        let contains = |pattern: &String| name.to_lowercase().contains(&pattern.to_lowercase());
        self.log_group_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix.as_str()))
            && self.log_group_name_pattern.as_ref().is_none_or(contains)
            && self.log_group_class.as_ref().is_none_or(|class| *class == group.class.to_string())
    }

    fn describe(&self, name: &str, group: &StoredGroup, arn: &str) -> Value {
        let mut told = json!({
            "logGroupName": name,
            "creationTime": group.created_ms,
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
        });
        // A search by name pattern loses class and size.
        if self.log_group_name_pattern.is_none() {
            told["logGroupClass"] = json!(group.class.to_string());
            told["storedBytes"] = json!(group.stored_bytes());
        }
        if let Some(days) = group.retention_days {
            told["retentionInDays"] = json!(days);
        }
        if group.masked {
            told["dataProtectionStatus"] = json!("ACTIVATED");
        }
        told
    }
}
