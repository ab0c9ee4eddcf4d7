//! Log groups: create, delete, describe and list.
//!
//! Source: CloudWatch Logs API, `CreateLogGroup`, `DeleteLogGroup`, `DescribeLogGroups`,
//! `ListLogGroups`.

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{StoredGroup, invalid, log_store, not_found, page_size, tags};
use crate::call::Call;
use crate::wire::{AwsError, Page, Reply};
use dragnet_model::{AccountId, Arn, LogGroupClass};

const PAGE_SIZE: usize = 50;
const LIST_PAGE_SIZE: usize = 1_000;
const NAME_CHARACTERS: usize = 512;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    log_group_name: String,
    log_group_class: Option<String>,
    kms_key_id: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Create = call.input.parse()?;
    check_name(&input.log_group_name)?;
    let class = match input.log_group_class.as_deref() {
        None => LogGroupClass::Standard,
        Some(class_name) => match LogGroupClass::from(class_name) {
            LogGroupClass::Unknown(class_name) => {
                return Err(invalid(format!("Unknown log group class {class_name}.")));
            }
            class => class,
        },
    };
    if let Some(key) = &input.kms_key_id
        && !key.parse::<Arn>().is_ok_and(|arn| arn.service() == "kms")
    {
        return Err(invalid(format!("kmsKeyId {key} is not the ARN of a key.")));
    }
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let created_ms = call.now.as_millisecond();
    let salt = serial_salt(&input.log_group_name);
    let groups = &mut log_store(call)?.groups;
    if groups.contains_key(&input.log_group_name) {
        return Err(AwsError::new(
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ));
    }
    let mut group = StoredGroup::new(class, created_ms, salt);
    group.kms_key = input.kms_key_id;
    group.tags = tags;
    groups.insert(input.log_group_name, group);
    Ok(Reply::empty())
}

/// A hash of the name of a group (FNV-1a), which keeps event ids of different groups apart.
pub(crate) fn serial_salt(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    if name.len() > NAME_CHARACTERS {
        return Err(invalid(format!(
            "Invalid LogGroup or LogStream, both must have length less than or equal to {NAME_CHARACTERS}."
        )));
    }
    if (1..=NAME_CHARACTERS).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(format!(
        "Value '{name}' at 'logGroupName' failed to satisfy constraint: [\\.\\-_/#A-Za-z0-9]+"
    )))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = call
        .input
        .text("logGroupName")
        .ok_or_else(|| invalid("logGroupName must be given."))?;
    let removed = log_store(call)?.groups.remove(name);
    removed
        .map(|_| Reply::empty())
        .ok_or_else(|| not_found("The specified log group does not exist."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// `ListLogGroups`. Unlike `DescribeLogGroups` it returns only names, ARNs and classes, but has
/// larger pages and filters by regular expression.
pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: List = call.input.parse()?;
    let limit = page_size(input.limit.or(Some(PAGE_SIZE)), "limit", LIST_PAGE_SIZE)?;
    let pattern = input
        .log_group_name_pattern
        .as_deref()
        .map(Regex::new)
        .transpose();
    let pattern =
        pattern.map_err(|_| invalid("logGroupNamePattern is not a valid regular expression."))?;
    let matching = |name: &str, group: &StoredGroup| {
        pattern
            .as_ref()
            .is_none_or(|pattern| pattern.is_match(name))
            && input
                .log_group_class
                .as_ref()
                .is_none_or(|class| *class == group.class.to_string())
    };
    let groups = caller_groups(call)?.filter(|(name, group)| matching(name, group));
    let keyed = groups.map(|(name, group)| (name.as_str(), (name, group)));
    let page = Page::from_sorted(keyed, &call.list_name(), input.next_token.as_deref(), limit)
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let groups = page.items.into_iter().map(|(name, group)| {
        json!({ "logGroupName": name, "logGroupArn": arn(call, name), "logGroupClass": group.class.to_string() })
    });
    let mut reply = json!({ "logGroups": groups.collect::<Vec<_>>() });
    if let Some(next) = page.next {
        reply["nextToken"] = json!(next);
    }
    Reply::json(&reply)
}

/// The log groups of the caller's account in the Region of the call, sorted by name.
fn caller_groups<'a>(
    call: &'a Call<'_>,
) -> Result<impl Iterator<Item = (&'a String, &'a StoredGroup)>, AwsError> {
    let account = call
        .world
        .account(call.caller.account)
        .ok_or_else(|| not_found("The account does not exist."))?;
    Ok(account
        .logs
        .get(&call.caller.region)
        .into_iter()
        .flat_map(|store| &store.groups))
}

fn arn(call: &Call<'_>, group: &str) -> String {
    call.world.arn(
        "logs",
        call.caller.region.as_str(),
        call.caller.account,
        &format!("log-group:{group}"),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    #[serde(default)]
    include_linked_accounts: bool,
    #[serde(default)]
    account_identifiers: Vec<String>,
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

pub(super) fn describe(call: &Call<'_>) -> Result<Reply, AwsError> {
    let input: Describe = call.input.parse()?;
    let limit = page_size(input.limit, "limit", PAGE_SIZE)?;
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    if input.include_linked_accounts {
        return describe_linked(call, &input, limit);
    }
    let list = call.list_name();
    let matching = caller_groups(call)?.filter(|(name, group)| input.matches(name, group));
    let page = Page::from_sorted(
        matching.map(|(name, group)| (name.as_str(), (name, group))),
        &list,
        input.next_token.as_deref(),
        limit,
    )
    .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    let log_groups = page
        .items
        .into_iter()
        .map(|(name, group)| input.describe(name, group, arn(call, name)))
        .collect();
    Reply::json(&DescribedPage {
        log_groups,
        next_token: page.next,
    })
}

/// The log groups of the caller and of the accounts that it monitors, or of some of them.
///
/// Source: CloudWatch Logs API, `DescribeLogGroups`, `includeLinkedAccounts`, `accountIdentifiers`.
fn describe_linked(call: &Call<'_>, input: &Describe, limit: usize) -> Result<Reply, AwsError> {
    let caller = call.caller;
    let region = &caller.region;
    let wanted = &input.account_identifiers;
    let is_shown = |account: AccountId, name: &str| {
        let is_wanted = wanted.is_empty() || wanted.contains(&account.to_string());
        let mut links = call.world.links.iter();
        let is_linked =
            links.any(|link| link.source == account && link.shares(caller.account, region, name));
        is_wanted && (account == caller.account || is_linked)
    };
    let mut rows = Vec::new();
    for account in call.world.accounts.values() {
        let groups = account.logs.get(region).map(|store| &store.groups);
        for (name, group) in groups.into_iter().flatten() {
            if is_shown(account.id, name) && input.matches(name, group) {
                let resource = format!("log-group:{name}");
                let arn = call
                    .world
                    .arn("logs", region.as_str(), account.id, &resource);
                rows.push((arn.clone(), input.describe(name, group, arn)));
            }
        }
    }
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let keys: Vec<String> = rows.iter().map(|(arn, _)| arn.clone()).collect();
    let keyed = keys
        .iter()
        .map(String::as_str)
        .zip(rows.into_iter().map(|(_, row)| row));
    let page = Page::from_sorted(keyed, &call.list_name(), input.next_token.as_deref(), limit)
        .ok_or_else(|| invalid("The specified nextToken is invalid."))?;
    Reply::json(&DescribedPage {
        log_groups: page.items,
        next_token: page.next,
    })
}

/// A page of `DescribeLogGroups`. It is serialized without a `Value` in between, because a sweep
/// makes no other call as often.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DescribedPage<'a> {
    log_groups: Vec<DescribedGroup<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DescribedGroup<'a> {
    log_group_name: &'a str,
    creation_time: i64,
    metric_filter_count: u32,
    arn: String,
    log_group_arn: String,
    log_group_class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_protection_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_in_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_policy_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_protection_status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_properties: Option<[&'static str; 1]>,
}

impl Describe {
    fn matches(&self, name: &str, group: &StoredGroup) -> bool {
        let contains = |pattern: &String| name.to_lowercase().contains(&pattern.to_lowercase());
        self.log_group_name_prefix
            .as_ref()
            .is_none_or(|prefix| name.starts_with(prefix.as_str()))
            && self.log_group_name_pattern.as_ref().is_none_or(contains)
            && self
                .log_group_class
                .as_ref()
                .is_none_or(|class| *class == group.class.to_string())
    }

    fn describe<'a>(
        &self,
        name: &'a str,
        group: &'a StoredGroup,
        arn: String,
    ) -> DescribedGroup<'a> {
        // AWS omits these two in a search by name pattern.
        //
        // Source: the recorded answers in LocalStack's `test_describe_log_groups_with_pattern`.
        let is_complete = self.log_group_name_pattern.is_none();
        DescribedGroup {
            log_group_name: name,
            creation_time: group.created_ms,
            metric_filter_count: 0,
            arn: format!("{arn}:*"),
            log_group_arn: arn,
            log_group_class: group.class.to_string(),
            stored_bytes: is_complete.then(|| group.stored_bytes()),
            deletion_protection_enabled: is_complete.then_some(false),
            retention_in_days: group.retention_days,
            retention_policy_name: group.retention_policy.as_deref(),
            kms_key_id: group.kms_key.as_deref(),
            data_protection_status: if group.masked {
                Some("ACTIVATED")
            } else {
                group.past_protection.as_deref()
            },
            inherited_properties: group.mask_inherited.then_some(["ACCOUNT_DATA_PROTECTION"]),
        }
    }
}
