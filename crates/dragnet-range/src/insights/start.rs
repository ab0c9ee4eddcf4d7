//! `StartQuery`.

use serde::Deserialize;
use serde_json::json;

use super::FixedQueryResult;
use super::queries::{QueryResult, RunningQuery};
use super::search::{Search, Window, row_limit};
use crate::call::Call;
use crate::logs::{self, StoredGroup};
use crate::wire::{AwsError, Reply};
use dragnet_model::LogGroupClass;
use insights_ql::{Plan, Query, QueryError, Source};

/// The limit on the log groups of a query. Source: CloudWatch Logs API,
/// `StartQuery.logGroupIdentifiers`.
const MAX_GROUPS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    query_language: Option<String>,
    log_group_name: Option<String>,
    log_group_names: Option<Vec<String>>,
    log_group_identifiers: Option<Vec<String>>,
    start_time: i64,
    end_time: i64,
    query_string: String,
    limit: Option<usize>,
}

pub(super) fn start(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    check_input(&input, call.world.insights_max_rows)?;
    let query: Result<Query, QueryError> = input.query_string.parse();
    let fixed_result = query
        .is_err()
        .then(|| fixed_result(call, &input.query_string))
        .flatten();
    let query = query.or_else(|error| {
        if fixed_result.is_some() {
            Ok(empty_query())
        } else {
            Err(malformed(&error))
        }
    })?;
    let names = group_names(call, &input, query.source.as_ref())?;
    let account = call.caller.account;
    let now_ms = call.now.as_millisecond();
    let speed = call.world.insights;
    let window = Window {
        first: input.start_time.saturating_mul(1_000),
        // The end time has a resolution of one second, and that second is included.
        last: input.end_time.saturating_mul(1_000).saturating_add(999),
        now: now_ms,
    };
    let infrequent_access = check_groups(call, &names, window)?;
    if infrequent_access {
        check_commands(&input.query_string)?;
    }
    let plan = Plan::new(&query);
    let mut search = Search::new(&plan, window);
    for name in &names {
        search.scan_group(account, name, logs::group(call, name)?);
    }
    let query = RunningQuery {
        text: described_text(&input, &names),
        groups: names,
        infrequent_access,
        started_ms: now_ms,
        stopped_ms: None,
        speed,
        result: fixed_result.unwrap_or_else(|| search.finish(row_limit(&query, input.limit))),
    };
    let id = call.world.mint.next_uuid();
    logs::log_store(call)?.queries.start(id.clone(), query);
    Reply::json(&json!({ "queryId": id }))
}

/// The text of a query as `DescribeQueries` returns it: with the log groups and the time range.
///
/// Source: the recorded answers in LocalStack's `test_describe_queries`.
fn described_text(input: &Input, groups: &[String]) -> String {
    let groups: Vec<String> = groups.iter().map(|name| format!("\"{name}\"")).collect();
    format!(
        "SOURCE {} START={}000 END={}999 | {}",
        groups.join(", "),
        input.start_time,
        input.end_time,
        input.query_string
    )
}

/// The fixed result that the scenario defines for a query.
fn fixed_result(call: &Call<'_>, query: &str) -> Option<QueryResult> {
    let fixed = call
        .world
        .insights_fixed_results
        .iter()
        .find(|fixed_result| fixed_result.applies_to(query));
    fixed.map(FixedQueryResult::result)
}

fn empty_query() -> Query {
    Query {
        source: None,
        stages: Vec::new(),
    }
}

/// Checks that a query over these groups may start. Returns whether one of them is of class
/// `INFREQUENT_ACCESS`.
fn check_groups(call: &mut Call<'_>, names: &[String], window: Window) -> Result<bool, AwsError> {
    let mut infrequent_access = false;
    for name in names {
        if !logs::log_store(call)?.groups.contains_key(name) {
            return Err(no_such_group(call, name));
        }
        let group = logs::group(call, name)?;
        check_group(name, group, window)?;
        infrequent_access |= group.class == LogGroupClass::InfrequentAccess;
    }
    if logs::log_store(call)?
        .queries
        .has_capacity(infrequent_access, window.now)
    {
        return Ok(infrequent_access);
    }
    Err(AwsError::new(
        "LimitExceededException",
        "Account maximum query concurrency limit reached.",
    ))
}

/// The error for a log group that does not exist, with the words of the service behind the API.
///
/// Source: the recorded answer in LocalStack's `test_start_query_log_group_not_found`.
fn no_such_group(call: &mut Call<'_>, name: &str) -> AwsError {
    let request = call.world.mint.next_uuid();
    logs::not_found(&format!(
        "Log group '{name}' does not exist for account ID '{}' (Service: AWSLogs; Status Code: 400; Error Code: \
         ResourceNotFoundException; Request ID: {request}; Proxy: null)",
        call.caller.account
    ))
}

/// Refuses a query over log groups of class `INFREQUENT_ACCESS` with a command that this class does
/// not have. AWS does not document the error.
///
/// Source: CloudWatch Logs user guide, "Logs Insights QL commands supported in log classes".
fn check_commands(query: &str) -> Result<(), AwsError> {
    let command = query
        .split('|')
        .filter_map(|stage| stage.split_whitespace().next())
        .find(|word| {
            ["pattern", "diff", "filterIndex", "unmask"]
                .iter()
                .any(|command| command.eq_ignore_ascii_case(word))
        });
    match command {
        None => Ok(()),
        Some(command) => Err(AwsError::new(
            "MalformedQueryException",
            format!("The command {command} is not supported for log class INFREQUENT_ACCESS."),
        )),
    }
}

fn check_input(input: &Input, max_rows: usize) -> Result<(), AwsError> {
    if input
        .query_language
        .as_ref()
        .is_some_and(|language| language != "CWLI")
    {
        return Err(logs::invalid(
            "The practice range supports only the query language CWLI.",
        ));
    }
    if input.start_time < 0 || input.end_time < input.start_time {
        return Err(logs::invalid(
            "startTime must not be negative nor after endTime.",
        ));
    }
    logs::page_size(input.limit, "limit", max_rows).map(|_| ())
}

fn malformed(error: &QueryError) -> AwsError {
    // The start offset may be the end of the query; the end offset must not be before it.
    let location =
        json!({ "startCharOffset": error.position, "endCharOffset": error.position + 1 });
    AwsError::new("MalformedQueryException", error.to_string()).with_detail(
        "queryCompileError",
        json!({ "location": location, "message": error.message }),
    )
}

/// The log groups to query, named by exactly one parameter or by the query itself.
fn group_names(
    call: &mut Call<'_>,
    input: &Input,
    source: Option<&Source>,
) -> Result<Vec<String>, AwsError> {
    for identifier in input.log_group_identifiers.iter().flatten() {
        logs::check_identifier(call.world, call.caller, "logGroupIdentifiers", identifier)?;
    }
    let to_names = |identifiers: &[String]| {
        identifiers
            .iter()
            .map(|name| logs::group_name(name).to_owned())
            .collect()
    };
    let mut names: Vec<String> = match (
        &input.log_group_name,
        &input.log_group_names,
        &input.log_group_identifiers,
        source,
    ) {
        (Some(name), None, None, None) => vec![name.clone()],
        (None, Some(names), None, None) => names.clone(),
        (None, None, Some(identifiers), None) => to_names(identifiers),
        (None, None, None, Some(source)) => source_groups(call, source)?,
        _ => {
            return Err(logs::invalid(
                "Log groups must be given by exactly one parameter, or by SOURCE.",
            ));
        }
    };
    names.sort_unstable();
    names.dedup();
    if !(1..=MAX_GROUPS).contains(&names.len()) && source.is_none() {
        return Err(logs::invalid(format!(
            "A query takes 1 to {MAX_GROUPS} log groups."
        )));
    }
    Ok(names)
}

/// The log groups that `SOURCE logGroups(…)` selects.
///
/// Source: CloudWatch Logs user guide, "SOURCE".
fn source_groups(call: &mut Call<'_>, source: &Source) -> Result<Vec<String>, AwsError> {
    let values = |parameter: &str| {
        source
            .parameters
            .iter()
            .find(|(name, _)| name == parameter)
            .map(|(_, values)| values)
    };
    let is_unknown = |name: &str| !["namePrefix", "class", "accountIdentifiers"].contains(&name);
    if let Some((name, _)) = source.parameters.iter().find(|(name, _)| is_unknown(name)) {
        let message = format!("Unknown parameter of SOURCE logGroups: {name}");
        return Err(AwsError::new("MalformedQueryException", message));
    }
    let own_account = call.caller.account.to_string();
    let prefixes = values("namePrefix");
    let classes = values("class");
    let accounts = values("accountIdentifiers");
    if accounts.is_some_and(|accounts| !accounts.contains(&own_account)) {
        return Ok(Vec::new());
    }
    let groups = logs::log_store(call)?.groups.iter();
    let matching = groups.filter(|(name, group)| {
        prefixes.is_none_or(|prefixes| {
            prefixes
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
        }) && classes.map_or(group.class == LogGroupClass::Standard, |classes| {
            classes.contains(&group.class.to_string())
        })
    });
    Ok(matching.map(|(name, _)| name.clone()).collect())
}

/// Checks that Insights supports the class of the group, and that the window does not end before
/// the group was created or before the oldest events that its retention keeps.
///
/// An import has events from before the creation of its group. AWS does not say that it refuses to
/// query these.
///
/// Source: CloudWatch Logs API, `CreateImportTask`.
fn check_group(name: &str, group: &StoredGroup, window: Window) -> Result<(), AwsError> {
    if !matches!(
        group.class,
        LogGroupClass::Standard | LogGroupClass::InfrequentAccess
    ) {
        return Err(logs::invalid(format!(
            "StartQuery is not supported for log groups of class {}.",
            group.class
        )));
    }
    let is_import = name.starts_with("aws/cloudtrail/");
    if (is_import || window.last >= group.created_ms)
        && window.last >= group.retained_from_ms(window.now)
    {
        return Ok(());
    }
    let end = window.last / 1_000;
    let created = group.created_ms / 1_000;
    Err(AwsError::new(
        "MalformedQueryException",
        format!(
            "Query's end date and time is either before the log groups creation time or exceeds the log groups log \
             retention settings ([{end}, {created}])"
        ),
    ))
}
