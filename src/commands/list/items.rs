//! List items in AWS's shape and casing, so that a `--query` pasted from an AWS CLI command works.
//! `accountId` and `region` are added to each.

use serde_json::{Map, Value, json};

use crate::aws::EnabledRegion;
use crate::commands::query_table::text;
use crate::store::ScopeMembership;
use crate::sweep::Member;
use dragnet_model::{AccountState, LogGroup, Partition, Region};

/// One item: a JSON object.
pub(super) type Item = Map<String, Value>;

/// Source: Organizations API, `Account`.
pub(super) fn account(member: &Member) -> Item {
    let state = match &member.account.state {
        AccountState::Active => "ACTIVE",
        AccountState::Inactive(word) => word,
    };
    let listed = member.listed.as_ref();
    object(json!({
        "Id": member.account.id,
        "Arn": listed.map(|listed| &listed.arn),
        "Email": listed.map(|listed| &listed.email),
        "Name": member.account.name,
        "State": state,
        "Status": state,
        "accountId": member.account.id,
        "inScope": member.membership == ScopeMembership::InScope,
    }))
}

/// Source: EC2 API, `Region`.
pub(super) fn region(member: &Member, enabled: &EnabledRegion) -> Item {
    object(json!({
        "RegionName": enabled.region,
        "OptInStatus": enabled.opt_in_status,
        "Endpoint": enabled.endpoint,
        "accountId": member.account.id,
        "accountName": member.account.name,
        "region": enabled.region,
    }))
}

/// Source: CloudWatch Logs API, `LogGroup`; `arn` ends in `:*`, `logGroupArn` does not.
pub(super) fn log_group(
    partition: Partition,
    member: &Member,
    region: &Region,
    group: &LogGroup,
) -> Item {
    let arn = format!(
        "arn:{partition}:logs:{region}:{}:log-group:{}",
        member.account.id, group.name
    );
    object(json!({
        "logGroupName": group.name,
        "creationTime": group.created.map(jiff::Timestamp::as_millisecond),
        "retentionInDays": group.retention_days,
        "arn": format!("{arn}:*"),
        "storedBytes": group.stored_bytes,
        "logGroupClass": group.class.to_string(),
        "logGroupArn": arn,
        "accountId": member.account.id,
        "region": region,
    }))
}

/// Returns the members of a JSON object that have a value, because AWS omits the others.
pub(super) fn object(value: Value) -> Item {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        _ => Item::new(),
    }
}

/// Returns the sort key: account, Region and name.
pub(super) fn sort_key(item: &Item) -> [String; 3] {
    let name = ["logGroupName", "RoleName", "UserName", "GroupName"]
        .iter()
        .find_map(|key| item.get(*key));
    [
        text(item.get("accountId")),
        text(item.get("region")),
        text(name),
    ]
}

/// Returns the table cell for a path in an item: `RoleLastUsed.LastUsedDate`. Lists are joined with
/// `;`.
pub(super) fn cell(item: &Item, path: &str) -> String {
    let (member, rest) = path.split_once('.').unwrap_or((path, ""));
    match item.get(member) {
        Some(Value::Object(object)) => cell(object, rest),
        Some(Value::Array(values)) => {
            let cells = values.iter().map(|value| match value {
                Value::Object(object) => cell(object, rest),
                other => text(Some(other)),
            });
            cells.collect::<Vec<_>>().join(";")
        }
        other => text(other),
    }
}
