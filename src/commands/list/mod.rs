//! `dragnet list`: accounts, Regions, log groups and principals across the scope, in AWS's shape.

mod items;
mod principals;
mod search;

use std::io::Write;

use serde_json::json;

use super::host_environment::HostEnvironment;
use super::list_output::print_list;
use super::{CommandError, Environment, print_note, print_unmatched};
use crate::cli::{GlobalArguments, ListArguments};
use crate::report::Table;
use crate::settings::{ListSettings, Listing};
use items::{Item, cell};
use search::ListSearch;

/// Prints the list. Accounts and Regions that could not be queried are reported on stderr, and the
/// exit code is then 3.
pub(super) async fn list(
    global: &GlobalArguments,
    arguments: &ListArguments,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let environment = Environment::from_settings(settings, host)?;
    let list = ListSettings::resolve(
        global,
        arguments,
        &host.resolve_context(environment.clock().now()),
    )?;
    let aws = environment.connect(&list.reach, None).await?;
    let result = ListSearch::run(aws, &list).await?;
    let (member, columns) = shape(list.what);
    let items = &result.items;
    let document = json!({ member: items });
    let table = || item_table(columns, items);
    print_list(&list.output, document, table, host.columns(), out)?;
    for gap in &result.gaps {
        print_note(&format!("not listed: {gap}"));
    }
    print_unmatched(&result.unmatched);
    Ok(if result.gaps.is_empty() { 0 } else { 3 })
}

/// Lists in this environment. Returns whether the list is complete, and the
/// names of the items.
#[cfg(test)]
pub(super) async fn list_everything(
    global: &GlobalArguments,
    arguments: &ListArguments,
    context: &crate::settings::ResolveContext<'_>,
    environment: &Environment,
) -> Result<(bool, Vec<String>), CommandError> {
    let list = ListSettings::resolve(global, arguments, context)?;
    let aws = environment.connect(&list.reach, None).await?;
    let result = ListSearch::run(aws, &list).await?;
    let names = result.items.iter().map(|item| {
        let key = items::sort_key(item).join(" ");
        format!("{key} {} {}", cell(item, "Id"), cell(item, "RegionName"))
    });
    Ok((result.gaps.is_empty(), names.collect()))
}

/// The columns of a table: the title, and the path of the value in an item.
type Columns = &'static [(&'static str, &'static str)];

const ACCOUNT_COLUMNS: Columns = &[
    ("Id", "Id"),
    ("Name", "Name"),
    ("State", "State"),
    ("inScope", "inScope"),
];
const REGION_COLUMNS: Columns = &[
    ("accountId", "accountId"),
    ("accountName", "accountName"),
    ("RegionName", "RegionName"),
    ("OptInStatus", "OptInStatus"),
];
const LOG_GROUP_COLUMNS: Columns = &[
    ("accountId", "accountId"),
    ("region", "region"),
    ("logGroupName", "logGroupName"),
    ("logGroupClass", "logGroupClass"),
    ("storedBytes", "storedBytes"),
    ("retentionInDays", "retentionInDays"),
];
const ROLE_COLUMNS: Columns = &[
    ("accountId", "accountId"),
    ("RoleName", "RoleName"),
    ("Path", "Path"),
    ("lastUsed", "RoleLastUsed.LastUsedDate"),
    ("attached", "AttachedManagedPolicies.PolicyName"),
    ("inline", "RolePolicyList.PolicyName"),
    ("denyAll", "denyAll"),
];
const USER_COLUMNS: Columns = &[
    ("accountId", "accountId"),
    ("UserName", "UserName"),
    ("Path", "Path"),
    ("lastSignIn", "PasswordLastUsed"),
    ("groups", "GroupList"),
    ("attached", "AttachedManagedPolicies.PolicyName"),
    ("inline", "UserPolicyList.PolicyName"),
    ("denyAll", "denyAll"),
];
const GROUP_COLUMNS: Columns = &[
    ("accountId", "accountId"),
    ("GroupName", "GroupName"),
    ("Path", "Path"),
    ("members", "members"),
    ("attached", "AttachedManagedPolicies.PolicyName"),
    ("inline", "GroupPolicyList.PolicyName"),
    ("denyAll", "denyAll"),
];

/// Returns the member of AWS's response that contains the list, and the columns of the table.
fn shape(what: Listing) -> (&'static str, Columns) {
    match what {
        Listing::Accounts => ("Accounts", ACCOUNT_COLUMNS),
        Listing::Regions => ("Regions", REGION_COLUMNS),
        Listing::LogGroups => ("logGroups", LOG_GROUP_COLUMNS),
        Listing::Roles => ("Roles", ROLE_COLUMNS),
        Listing::Users => ("Users", USER_COLUMNS),
        Listing::Groups => ("Groups", GROUP_COLUMNS),
    }
}

fn item_table(columns: Columns, items: &[Item]) -> Table {
    let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
    let mut table = Table::new(&titles);
    for item in items {
        table.push(columns.iter().map(|(_, path)| cell(item, path)).collect());
    }
    table
}
