//! `dragnet sources`: shows the log sources without searching them.

mod bucket_reads;
mod collection;
mod event_data_stores;
mod judge;
mod lookup_lines;
pub(super) mod survey;

use std::io::Write;
use std::sync::Arc;

use super::host_environment::HostEnvironment;
use super::list_output::print_list;
use super::{CommandError, Environment, print_note, print_unmatched};
use crate::aws::{Aws, Session};
use crate::cli::{GlobalArguments, SourcesArguments};
use crate::report::{SourceTally, escape, sources_json, sources_table, write_sources};
use crate::settings::{OutputFormat, SourcesSettings};
use crate::sweep::Sources;
use collection::{
    describe_deliveries, describe_organization_rules, describe_subscriptions, describe_telemetry,
};
use dragnet_model::{BucketReads, LogGroupArn, SourceStatus, Target};
use event_data_stores::{describe_event_data_stores, describe_security_lake};
use survey::{EnteredAccounts, SurveyResult, survey};

/// Prints the log sources. The exit code is 3 if a sweep would miss CloudTrail records, or if a
/// lookup failed.
pub(super) async fn sources(
    global: &GlobalArguments,
    arguments: &SourcesArguments,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let environment = Environment::from_settings(host.global_settings(global), host)?;
    let clock = environment.clock();
    let settings = SourcesSettings::resolve(global, arguments, &host.resolve_context(clock.now()))?;
    let aws = environment.connect(&settings.reach, None).await?;
    let partition = aws.home().partition();
    let SurveyResult {
        sources,
        bucket_reads,
        other_deliveries,
        accounts,
        names,
        gaps,
        unmatched,
        entered,
        organization,
        groups,
        ..
    } = survey(
        aws.clone(),
        &settings.reach,
        (settings.window, clock.now()),
        EnteredAccounts::new(),
    )
    .await?;
    let mut not_searched = other_deliveries;
    not_searched.extend(describe_not_searched(&aws, &entered).await);
    let collection = describe_collection(&aws, &entered, organization, &groups).await;
    let tally = SourceTally::from_lookups(&sources.cloudtrail);
    let mut document = sources_json(&sources.rows);
    document["bucket_reads"] = serde_json::json!(bucket_reads);
    document["not_searched"] = serde_json::json!(not_searched);
    document["collection"] = serde_json::json!(collection);
    let output = &settings.output;
    if output.query.is_none() && output.format == OutputFormat::Csv {
        // All columns of `sources.csv`; the table has those that fit a terminal.
        write_sources(&sources.rows, &mut *out)?;
    } else {
        let table = || sources_table(&sources.rows);
        print_list(output, document, table, host.columns(), out)?;
    }
    if output.query.is_none() && output.format == OutputFormat::Table {
        writeln!(out, "\n{}", escape(&tally.sentence(accounts, &names)))?;
        let reads = bucket_reads.iter().map(BucketReads::sentence);
        for line in reads.chain(not_searched).chain(collection) {
            writeln!(out, "{}", escape(&line))?;
        }
    }
    for gap in &gaps {
        print_note(&format!("not queried: {gap}"));
    }
    for gap in partition.gaps() {
        print_note(&gap.sentence());
    }
    print_unmatched(&unmatched);
    let is_complete =
        accounts > 0 && gaps.is_empty() && tally.is_complete() && !has_failed_lookup(&sources);
    Ok(if is_complete { 0 } else { 3 })
}

/// Returns a line for each place outside of log groups and buckets of trails that has logs.
async fn describe_not_searched(aws: &Aws, entered: &[(Target, Arc<Session>)]) -> Vec<String> {
    let (mut lines, security_lake, deliveries) = tokio::join!(
        describe_event_data_stores(aws, entered),
        describe_security_lake(aws, entered),
        describe_deliveries(aws, entered)
    );
    lines.extend(security_lake);
    lines.extend(deliveries);
    lines
}

/// Returns a line for each rule, pipeline and subscription filter that collects, rewrites or copies logs.
async fn describe_collection(
    aws: &Aws,
    entered: &[(Target, Arc<Session>)],
    organization: Option<Arc<Session>>,
    groups: &[(LogGroupArn, Arc<Session>)],
) -> Vec<String> {
    let (mut lines, subscriptions) = tokio::join!(
        describe_telemetry(aws, entered),
        describe_subscriptions(aws, groups)
    );
    lines.extend(subscriptions);
    if let Some(session) = organization {
        lines.extend(describe_organization_rules(aws, &session).await);
    }
    lines
}

/// Whether it is unknown what records some account-Region, because a call failed.
fn has_failed_lookup(sources: &Sources) -> bool {
    sources
        .rows
        .iter()
        .any(|row| row.status == SourceStatus::Failed)
}

/// Surveys this environment. Returns whether the survey is complete, and
/// the log sources.
#[cfg(test)]
pub(super) async fn survey_everything(
    global: &GlobalArguments,
    arguments: &SourcesArguments,
    context: &crate::settings::ResolveContext<'_>,
    environment: &Environment,
) -> Result<(bool, Vec<String>), CommandError> {
    let settings = SourcesSettings::resolve(global, arguments, context)?;
    let aws = environment.connect(&settings.reach, None).await?;
    let result = survey(
        aws,
        &settings.reach,
        (settings.window, context.now),
        EnteredAccounts::new(),
    )
    .await?;
    let tally = SourceTally::from_lookups(&result.sources.cloudtrail);
    let rows = result.sources.rows.iter();
    let names = rows.map(|row| format!("{} {:?} {} {}", row.target, row.kind, row.via, row.status));
    let is_complete = result.accounts > 0
        && result.gaps.is_empty()
        && tally.is_complete()
        && !has_failed_lookup(&result.sources);
    Ok((is_complete, names.collect()))
}
