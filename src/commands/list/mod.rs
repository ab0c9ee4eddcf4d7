//! `dragnet list`: accounts, Regions, log groups and principals across the scope, in AWS's shape.

mod items;
mod principals;
mod search;

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

use super::host_environment::HostEnvironment;
use super::{CommandError, Environment, print_note};
use crate::cli::settings::ListSettings;
use crate::cli::{GlobalArguments, ListArguments, Listing, OutputFormat, UsageError};
use crate::report::{Table, write_json};
use items::{Item, cell};
use search::Search;

/// Prints the list. Accounts and Regions that could not be queried are reported on stderr, and the
/// exit code is then 3.
pub(super) async fn list(
    global: &GlobalArguments,
    arguments: &ListArguments,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Environment::from_settings(settings, machine)?;
    let list = ListSettings::resolve(global, arguments, &machine.at(place.clock().now()))?;
    let aws = place.connect(&list.reach, None).await?;
    let found = Search::run(aws, &list).await?;
    let width = io::stdout().is_terminal().then_some(80);
    print(&list, &found.items, width, out)?;
    for gap in &found.gaps {
        print_note(&format!("not listed: {gap}"));
    }
    Ok(if found.gaps.is_empty() { 0 } else { 3 })
}

/// Returns the member of AWS's response that contains the list, and the columns of the table with
/// their paths in an item.
fn shape(what: Listing) -> (&'static str, &'static [(&'static str, &'static str)]) {
    match what {
        Listing::Accounts => (
            "Accounts",
            &[
                ("Id", "Id"),
                ("Name", "Name"),
                ("State", "State"),
                ("inScope", "inScope"),
            ],
        ),
        Listing::Regions => (
            "Regions",
            &[
                ("accountId", "accountId"),
                ("accountName", "accountName"),
                ("RegionName", "RegionName"),
                ("OptInStatus", "OptInStatus"),
            ],
        ),
        Listing::LogGroups => (
            "logGroups",
            &[
                ("accountId", "accountId"),
                ("region", "region"),
                ("logGroupName", "logGroupName"),
                ("logGroupClass", "logGroupClass"),
                ("storedBytes", "storedBytes"),
                ("retentionInDays", "retentionInDays"),
            ],
        ),
        Listing::Roles => (
            "Roles",
            &[
                ("accountId", "accountId"),
                ("RoleName", "RoleName"),
                ("Path", "Path"),
                ("lastUsed", "RoleLastUsed.LastUsedDate"),
                ("attached", "AttachedManagedPolicies.PolicyName"),
                ("inline", "RolePolicyList.PolicyName"),
                ("denyAll", "denyAll"),
            ],
        ),
        Listing::Users => (
            "Users",
            &[
                ("accountId", "accountId"),
                ("UserName", "UserName"),
                ("Path", "Path"),
                ("lastSignIn", "PasswordLastUsed"),
                ("groups", "GroupList"),
                ("attached", "AttachedManagedPolicies.PolicyName"),
                ("inline", "UserPolicyList.PolicyName"),
                ("denyAll", "denyAll"),
            ],
        ),
        Listing::Groups => (
            "Groups",
            &[
                ("accountId", "accountId"),
                ("GroupName", "GroupName"),
                ("Path", "Path"),
                ("members", "members"),
                ("attached", "AttachedManagedPolicies.PolicyName"),
                ("inline", "GroupPolicyList.PolicyName"),
                ("denyAll", "denyAll"),
            ],
        ),
    }
}

fn print(
    list: &ListSettings,
    items: &[Item],
    width: Option<u16>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let (member, columns) = shape(list.what);
    if list.output != OutputFormat::Json {
        let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
        let mut table = Table::new(&titles);
        for item in items {
            table.push(columns.iter().map(|(_, place)| cell(item, place)).collect());
        }
        match list.output {
            OutputFormat::Csv => table.write_csv(out)?,
            OutputFormat::Table | OutputFormat::Json => table.write_text(width, out)?,
        }
        return Ok(());
    }
    let whole = json!({ member: items });
    let printed = match &list.query {
        None => whole,
        Some(query) => select(query, &whole)?,
    };
    Ok(write_json(&printed, out)?)
}

/// Returns the part of `whole` that a JMESPath expression selects.
fn select(expression: &str, whole: &Value) -> Result<Value, CommandError> {
    let selected = jmespath::compile(expression).and_then(|compiled| compiled.search(whole));
    let value = selected.map(serde_json::to_value);
    let problem = match value {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.reason.to_string(),
    };
    Err(UsageError::Query {
        expression: expression.to_owned(),
        problem,
    }
    .into())
}
