//! Checks the workgroup and the tables of Athena. Nothing of it is a gap: without Athena, a sweep reads all
//! objects, which takes longer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::{Check, Subject};
use crate::aws::{AthenaTableColumns, Aws, CallError, HAS_ATHENA, Session};
use crate::config::AthenaTable;
use crate::settings::{AthenaSettings, Reach};
use crate::sweep::{Access, Directory, Members, Refusal, member_to_enter};
use dragnet_model::Operation;

/// The only column of a table of lines.
const COLUMN: &str = "line";

/// The columns of its partitions.
const PARTITIONS: [&str; 3] = ["account", "region", "day"];

/// Checks the workgroup and each table by reading what AWS knows of them. No query is started.
pub(super) async fn check_athena(
    aws: &Aws,
    reach: &Reach,
    settings: &AthenaSettings,
) -> Vec<Check> {
    if HAS_ATHENA {
        return check_all(aws, reach, settings).await;
    }
    let detail = "[athena] is not used: this dragnet was built without the feature `athena`";
    vec![Check::note(Subject::Athena, detail)]
}

async fn check_all(aws: &Aws, reach: &Reach, settings: &AthenaSettings) -> Vec<Check> {
    let access = match enter_organization(aws, reach).await {
        Ok(access) => access,
        Err(error) => return vec![unused(&format!("the caller is not known: {error}"))],
    };
    let members = list_members(aws, &access, reach).await;
    let mut checks = Vec::new();
    let mut is_workgroup_known = false;
    for table in &settings.tables {
        let session = match enter(aws, (&access, &members), settings, table).await {
            Ok(session) => session,
            Err(refusal) => {
                let why_not = refusal.outcome.reason_text();
                checks.push(unused(&format!("table {}: {why_not}", table.name)));
                continue;
            }
        };
        if !is_workgroup_known {
            checks.push(check_workgroup(aws, &session, settings).await);
            is_workgroup_known = true;
        }
        checks.push(check_table(aws, &session, settings, table).await);
    }
    checks
}

async fn enter_organization(aws: &Aws, reach: &Reach) -> Result<Access, CallError> {
    let caller = aws.caller().await?;
    let name = "dragnet-doctor".to_owned();
    let operations = &Operation::ATHENA;
    Ok(Access::new(aws, &caller, &reach.identity, name, operations))
}

/// Returns all accounts. A list that fails is reported by the check of the organization.
async fn list_members(aws: &Aws, access: &Access, reach: &Reach) -> Members {
    let mut directory = Directory::new(aws, access, reach);
    let mut members = BTreeMap::new();
    while let Ok(Some(member)) = directory.next().await {
        members.insert(member.account.id, member);
    }
    members
}

/// Enters the account of Athena by the session with which a sweep would query a table.
async fn enter(
    aws: &Aws,
    (access, members): (&Access, &Members),
    settings: &AthenaSettings,
    table: &AthenaTable,
) -> Result<Arc<Session>, Refusal> {
    let member = member_to_enter(members, access, settings.account).map_err(|outcome| Refusal {
        outcome,
        advice: None,
    })?;
    let place = (table.location.bucket(), settings.results.as_ref());
    let entered = access.enter_athena(aws, &member, place).await?;
    Ok(entered.session)
}

async fn check_workgroup(aws: &Aws, session: &Session, settings: &AthenaSettings) -> Check {
    let name = settings.workgroup.as_str();
    match aws.athena_workgroup(session, &settings.region, name).await {
        Ok(workgroup) if !workgroup.is_enabled => unused(&format!("workgroup {name} is disabled")),
        Ok(workgroup) => {
            let limit = workgroup
                .bytes_cutoff
                .map(|bytes| format!("; it stops queries that scan more than {bytes} bytes"))
                .unwrap_or_default();
            let place = format!("{} {}", settings.account, settings.region);
            Check::ok(
                Subject::Athena,
                format!("workgroup {name} in {place}{limit}"),
            )
        }
        Err(error) => unused(&format!("workgroup {name}: {error}")),
    }
}

async fn check_table(
    aws: &Aws,
    session: &Session,
    settings: &AthenaSettings,
    table: &AthenaTable,
) -> Check {
    let database = settings.database.as_str();
    let name = table.name.as_str();
    let found = aws
        .athena_table(session, &settings.region, database, name)
        .await;
    let problem = match found {
        Ok(found) => problem_of(&found, table),
        Err(error) => Some(error.to_string()),
    };
    match problem {
        Some(problem) => unused(&format!("table {database}.{name}: {problem}")),
        None => Check::ok(Subject::Athena, format!("table {database}.{name}")),
    }
}

/// Returns why a table is of no use; `None` if it has the lines of the folder, as far as AWS says.
fn problem_of(found: &AthenaTableColumns, table: &AthenaTable) -> Option<String> {
    if found.columns != [COLUMN] {
        let columns = found.columns.join(", ");
        return Some(format!(
            "its columns are `{columns}`, but it needs `{COLUMN}` alone"
        ));
    }
    if found.partitions != PARTITIONS {
        let partitions = found.partitions.join(", ");
        return Some(format!(
            "its partitions are `{partitions}`, but it needs `{}`",
            PARTITIONS.join(", ")
        ));
    }
    let expected = format!(
        "{}${{account}}/{}/${{region}}/${{day}}",
        table.location, table.logs
    );
    match &found.template {
        Some(template) if template.trim_end_matches('/') == expected => None,
        Some(template) => Some(format!(
            "its partitions are in `{template}`, but the configuration says `{expected}`"
        )),
        None => Some("its partitions are not projected".to_owned()),
    }
}

/// Creates a remark: without Athena, a sweep reads all objects.
fn unused(detail: &str) -> Check {
    Check {
        advice: "correct [athena]; `dragnet setup athena` prints the table and the policy"
            .to_owned(),
        ..Check::note(
            Subject::Athena,
            format!("{detail}: all objects would be read"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AthenaLogs;

    #[test]
    fn tables_need_the_columns_and_the_folder() {
        let table = AthenaTable {
            name: "t".parse().unwrap(),
            logs: AthenaLogs::CloudTrail,
            location: "s3://logs/AWSLogs/".parse().unwrap(),
        };
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let good = AthenaTableColumns {
            columns: texts(&["line"]),
            partitions: texts(&PARTITIONS),
            template: Some("s3://logs/AWSLogs/${account}/CloudTrail/${region}/${day}/".to_owned()),
        };
        assert_eq!(problem_of(&good, &table), None);
        let other_columns = AthenaTableColumns {
            columns: texts(&["eventname"]),
            ..good.clone()
        };
        let other_partitions = AthenaTableColumns {
            partitions: Vec::new(),
            ..good.clone()
        };
        let other_folder = AthenaTableColumns {
            template: Some("s3://logs/AWSLogs/${account}/${region}/${day}".to_owned()),
            ..good.clone()
        };
        let not_projected = AthenaTableColumns {
            template: None,
            ..good
        };
        for bad in [other_columns, other_partitions, other_folder, not_projected] {
            assert!(problem_of(&bad, &table).is_some(), "{bad:?}");
        }
    }
}
