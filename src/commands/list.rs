//! `dragnet list`: accounts, Regions and log groups across the scope, in AWS's own shape.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::surroundings::Machine;
use super::{CommandError, Place, tell};
use crate::aws::{Aws, EnabledRegion, Session};
use crate::cli::settings::{ListSettings, Reach};
use crate::cli::{GlobalArguments, ListArguments, Listing, OutputFormat, UsageError};
use crate::model::{AccountState, LogGroup, Partition, Region};
use crate::report::Table;
use crate::store::Standing;
use crate::sweep::{Access, Directory, Entered, Member, WantedRegions};

/// Lists what is asked for. Accounts and Regions that cannot be asked are told on stderr, and the exit
/// code is 3 then.
pub(super) async fn list(
    global: &GlobalArguments,
    arguments: &ListArguments,
    machine: &Machine,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Place::of(&settings)?;
    let list = ListSettings::resolve(global, arguments, &machine.at(place.clock().now()))?;
    let aws = place.connect(&list.reach, None).await?;
    let found = Search::run(aws, &list).await?;
    let width = std::io::IsTerminal::is_terminal(&std::io::stdout()).then_some(80);
    print(&list, found.items, width, out)?;
    for gap in &found.gaps {
        tell(&format!("not listed: {gap}"));
    }
    Ok(if found.gaps.is_empty() { 0 } else { 3 })
}

/// What was found: items in AWS's shape, and what could not be asked.
#[derive(Default)]
struct Found {
    items: Vec<Map<String, Value>>,
    gaps: Vec<String>,
}

/// What all accounts of a list share.
struct Search {
    aws: Aws,
    access: Access,
    partition: Partition,
    reach: Reach,
    what: Listing,
}

impl Search {
    async fn run(aws: Aws, list: &ListSettings) -> Result<Found, CommandError> {
        let caller = aws.caller().await.map_err(|error| CommandError::Caller(Box::new(error)))?;
        let reach = list.reach.clone();
        let access = Access::new(&aws, &caller, &reach.identity, "dragnet-list".to_owned());
        let search = Arc::new(Self { aws, access, partition: caller.partition, reach, what: list.what });
        let mut directory = Directory::new(&search.aws, &search.access, &search.reach);
        let mut accounts = JoinSet::new();
        let mut found = Found::default();
        while let Some(member) = directory.next().await? {
            match (list.what, member.standing) {
                (Listing::Accounts, _) => found.items.push(account_item(&member)),
                (_, Standing::InScope) => _ = accounts.spawn(Arc::clone(&search).in_account(member)),
                (_, Standing::NotActive | Standing::NotAsked) => {}
            }
        }
        for part in accounts.join_all().await {
            found.items.extend(part.items);
            found.gaps.extend(part.gaps);
        }
        found.items.sort_by_cached_key(|item| sort_key(item));
        found.gaps.sort();
        Ok(found)
    }

    async fn in_account(self: Arc<Self>, member: Member) -> Found {
        let mut found = Found::default();
        let Entered { session, regions } = match self.access.enter(&self.aws, &member).await {
            Ok(entered) => entered,
            Err(outcome) => {
                found.gaps.push(format!("account {}: {}", member.account.id, outcome.reason_text()));
                return found;
            }
        };
        let wanted = WantedRegions::of(&self.reach.scope, &member, regions).enabled.into_iter();
        match self.what {
            Listing::Accounts => {}
            Listing::Regions => found.items.extend(wanted.map(|enabled| region_item(&member, &enabled))),
            Listing::LogGroups => {
                let regions = wanted.map(|enabled| self.log_groups(&member, &session, enabled.region));
                for part in futures::future::join_all(regions).await {
                    found.items.extend(part.items);
                    found.gaps.extend(part.gaps);
                }
            }
        }
        found
    }

    async fn log_groups(&self, member: &Member, session: &Session, region: Region) -> Found {
        let mut found = Found::default();
        let (mut token, mut tokens) = (None, BTreeSet::new());
        loop {
            match self.aws.log_groups(session, &region, token.take()).await {
                Ok((groups, next)) => {
                    let in_scope = groups.iter().filter(|group| self.reach.scope.has_log_group(&group.name));
                    found.items.extend(in_scope.map(|group| self.log_group_item(member, &region, group)));
                    match next {
                        None => return found,
                        Some(next) if !tokens.insert(next.clone()) => {
                            found
                                .gaps
                                .push(format!("{} {region}: the server repeated a page token", member.account.id));
                            return found;
                        }
                        next => token = next,
                    }
                }
                Err(error) => {
                    found.gaps.push(error.to_string());
                    return found;
                }
            }
        }
    }

    /// Source of the shape: CloudWatch Logs API, `LogGroup`; `arn` ends in `:*`, `logGroupArn` does not.
    fn log_group_item(&self, member: &Member, region: &Region, group: &LogGroup) -> Map<String, Value> {
        let arn = format!("arn:{}:logs:{region}:{}:log-group:{}", self.partition, member.account.id, group.name);
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
}

/// Source of the shape: Organizations API, `Account`.
fn account_item(member: &Member) -> Map<String, Value> {
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
        "inScope": member.standing == Standing::InScope,
    }))
}

/// Source of the shape: EC2 API, `Region`.
fn region_item(member: &Member, enabled: &EnabledRegion) -> Map<String, Value> {
    object(json!({
        "RegionName": enabled.region,
        "OptInStatus": enabled.opt_in_status,
        "Endpoint": enabled.endpoint,
        "accountId": member.account.id,
        "accountName": member.account.name,
        "region": enabled.region,
    }))
}

/// The members of a JSON object that have a value: AWS leaves the others out.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

fn sort_key(item: &Map<String, Value>) -> [String; 3] {
    ["accountId", "region", "logGroupName"].map(|key| text(item.get(key)))
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The member of AWS's answer that holds the list, and the columns of the table.
fn shape(what: Listing) -> (&'static str, &'static [&'static str]) {
    match what {
        Listing::Accounts => ("Accounts", &["Id", "Name", "State", "inScope"]),
        Listing::Regions => ("Regions", &["accountId", "accountName", "RegionName", "OptInStatus"]),
        Listing::LogGroups => {
            ("logGroups", &["accountId", "region", "logGroupName", "logGroupClass", "storedBytes", "retentionInDays"])
        }
    }
}

fn print(
    list: &ListSettings,
    items: Vec<Map<String, Value>>,
    width: Option<u16>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let (member, columns) = shape(list.what);
    if list.output != OutputFormat::Json {
        let mut table = Table::new(columns);
        for item in &items {
            table.push(columns.iter().map(|column| text(item.get(*column))).collect());
        }
        return Ok(match list.output {
            OutputFormat::Csv => table.write_csv(out)?,
            OutputFormat::Table | OutputFormat::Json => table.write_text(width, out)?,
        });
    }
    let whole = json!({ member: items });
    let printed = match &list.query {
        None => whole,
        Some(query) => select(query, &whole)?,
    };
    serde_json::to_writer_pretty(&mut *out, &printed).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

/// The part of `whole` that a JMESPath expression points at.
fn select(expression: &str, whole: &Value) -> Result<Value, CommandError> {
    let selected = jmespath::compile(expression).and_then(|compiled| compiled.search(whole));
    let value = selected.map(|part| serde_json::to_value(part));
    let problem = match value {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.reason.to_string(),
    };
    Err(UsageError::Query { expression: expression.to_owned(), problem }.into())
}
