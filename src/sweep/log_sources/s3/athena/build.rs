//! Asks Athena which objects of a bucket may contain a match, if it may and if that is worth it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::info;

use super::bucket_index::BucketIndex;
use super::cost::{ReadCost, is_clearly_better};
use super::folder_days::{folders_with_table, list_folders, scopes_of};
use super::query_runner::{QueryRunner, ScopeResult};
use super::statement::StatementScope;
use crate::aws::{Bucket, Session};
use crate::settings::AthenaSettings;
use crate::store::{Entry, JournalClosed, RunFacts};
use crate::sweep::directory::member_to_enter;
use crate::sweep::evidence::trail_integrity;
use crate::sweep::log_sources::s3::object_folder::ObjectFolder;
use crate::sweep::log_sources::s3::object_sweep::ObjectSweep;
use crate::sweep::plan_sheet::PlannedStatement;
use crate::sweep::refusal::Refusal;
use crate::sweep::window_basis::WindowBasis;
use dragnet_model::format::money;

const DAY_SECONDS: f64 = 86_400.0;

/// Returns which objects of a bucket need not be read; `None` if Athena is not used. In a plan, adds the
/// statements to it.
pub(in crate::sweep::log_sources::s3) async fn build_index(
    sweep: &Arc<ObjectSweep>,
    (session, bucket): (&Arc<Session>, &Bucket),
    folders: &BTreeMap<String, ObjectFolder>,
) -> Result<Option<Arc<BucketIndex>>, JournalClosed> {
    let Some(settings) = &sweep.shared.settings.athena else {
        return Ok(None);
    };
    let prepared = prepare(sweep, settings, (session, bucket), folders).await;
    let (runner, scopes) = match prepared {
        Ok(prepared) => prepared,
        Err(why_not) => {
            note(sweep, &bucket.name, why_not).await?;
            return Ok(None);
        }
    };
    if sweep.shared.is_plan() {
        plan_statements(sweep, &runner, &scopes);
        return Ok(None);
    }
    let mut index = BucketIndex::new(&bucket.name);
    let mut problem = None;
    for result in run_scopes(runner, scopes).await? {
        for (part, paths) in result.named {
            index.add(part, paths);
        }
        problem = problem.or(result.problem);
    }
    if let Some(problem) = problem {
        note(sweep, &bucket.name, Some(problem)).await?;
    }
    Ok((!index.is_empty()).then(|| Arc::new(index)))
}

/// Returns what is needed to run the statements. The error is why Athena is not used; `None` if that is no
/// news: direct reading is better, or no folder has a table.
async fn prepare(
    sweep: &Arc<ObjectSweep>,
    settings: &AthenaSettings,
    (session, bucket): (&Arc<Session>, &Bucket),
    folders: &BTreeMap<String, ObjectFolder>,
) -> Result<(Arc<QueryRunner>, Vec<StatementScope>), Option<String>> {
    let why_not = |text: &str| Some(text.to_owned()).filter(|_| settings.is_named);
    let condition = condition_of(sweep)
        .ok_or_else(|| why_not("a match may be in any object, so all of them are read"))?;
    let with_table = folders_with_table(folders, &bucket.name, &settings.tables);
    if with_table.is_empty() {
        return Err(why_not("no table of [athena] has this bucket"));
    }
    let listed = list_folders(sweep, (session, bucket), &with_table).await;
    let scopes = scopes_of(&listed);
    if scopes.is_empty() {
        // There are no objects.
        return Err(None);
    }
    let read_all = listed
        .iter()
        .fold(ReadCost::default(), |sum, (_, days)| ReadCost {
            seconds: sum.seconds + days.read.seconds,
            usd: sum.usd + days.read.usd,
        });
    let runner = Arc::new(QueryRunner {
        session: enter(sweep, settings, &bucket.name).await?,
        sweep: Arc::clone(sweep),
        settings: settings.clone(),
        condition,
        kinds: settings
            .tables
            .iter()
            .map(|table| (table.name.to_string(), table.logs.as_str()))
            .collect(),
        listed: Arc::new(listed),
        whole_days: whole_days(sweep),
        permits: QueryRunner::new_permits(),
    });
    let usd: f64 = scopes.iter().map(|scope| runner.estimate(scope)).sum();
    let left = sweep.shared.budget.left();
    if !settings.is_named && !is_clearly_better(read_all, usd) {
        return Err(None);
    }
    if usd > left && !was_started(sweep).await {
        return Err(Some(format!(
            "the queries are estimated at {}, more than what is left of --max-scan-cost ({})",
            money(usd),
            money(left)
        )));
    }
    check_workgroup(&runner).await?;
    Ok((runner, scopes))
}

/// Whether an earlier part of the run started queries, whose cost is a part of what was spent.
async fn was_started(sweep: &ObjectSweep) -> bool {
    !sweep.athena.lock().await.queries.is_empty()
}

/// Returns the condition on a line; `None` if every object has to be read.
fn condition_of(sweep: &ObjectSweep) -> Option<String> {
    let shared = &sweep.shared;
    let settings = &shared.settings;
    let is_by_event_time = matches!(shared.windows, WindowBasis::EventTime(_));
    if sweep.unsupported.is_some()
        || settings.verify_integrity
        || settings.collects
        || !is_by_event_time
    {
        return None;
    }
    let tampering = if settings.check_trail_integrity {
        trail_integrity::literals()
    } else {
        Vec::new()
    };
    shared.search_set.athena_condition(&tampering)
}

/// Returns how much longer the days of the window are than the window: a query scans whole days.
fn whole_days(sweep: &ObjectSweep) -> f64 {
    let window = sweep.shared.settings.window;
    let seconds = window
        .to()
        .duration_since(window.from())
        .as_secs_f64()
        .max(1.0);
    // The first and the last day may be in the window by a minute.
    (seconds + 2.0 * DAY_SECONDS) / seconds
}

/// Enters the account of Athena.
async fn enter(
    sweep: &ObjectSweep,
    settings: &AthenaSettings,
    bucket: &str,
) -> Result<Arc<Session>, Option<String>> {
    let shared = &sweep.shared;
    let entered = shared.unless_interrupted(async {
        let member = member_to_enter(&sweep.members, &shared.access, settings.account)?;
        let entered = shared
            .access
            .enter_athena(&shared.aws, &member, (bucket, settings.results.as_ref()))
            .await;
        entered
            .map(|entered| entered.session)
            .map_err(Refusal::into_outcome)
    });
    entered.await.map_err(|outcome| {
        Some(format!(
            "account {}: {}",
            settings.account,
            outcome.reason_text()
        ))
    })
}

/// Checks that the workgroup runs queries. That it cannot be read is no reason not to try.
async fn check_workgroup(runner: &QueryRunner) -> Result<(), Option<String>> {
    let shared = &runner.sweep.shared;
    let name = runner.settings.workgroup.as_str();
    let region = &runner.settings.region;
    match shared
        .aws
        .athena_workgroup(&runner.session, region, name)
        .await
    {
        Ok(workgroup) if !workgroup.is_enabled => {
            Err(Some(format!("workgroup {name} is disabled")))
        }
        Ok(_) => Ok(()),
        Err(error) => {
            info!(%error, "the workgroup could not be read");
            Ok(())
        }
    }
}

async fn run_scopes(
    runner: Arc<QueryRunner>,
    scopes: Vec<StatementScope>,
) -> Result<Vec<ScopeResult>, JournalClosed> {
    let mut tasks = JoinSet::new();
    for scope in scopes {
        tasks.spawn(Arc::clone(&runner).run_scope(scope));
    }
    let mut results = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(result) => results.push(result?),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => return Err(JournalClosed),
            },
        }
    }
    Ok(results)
}

fn plan_statements(sweep: &ObjectSweep, runner: &QueryRunner, scopes: &[StatementScope]) {
    sweep.shared.update_plan(|sheet| {
        for scope in scopes {
            sheet.add_statement(PlannedStatement {
                statement: runner.statement(scope),
                usd: runner.estimate(scope),
            });
        }
    });
}

/// Records why objects of a bucket are read without asking Athena, if that is worth a line.
async fn note(
    sweep: &ObjectSweep,
    bucket: &str,
    why_not: Option<String>,
) -> Result<(), JournalClosed> {
    let Some(why_not) = why_not else {
        return Ok(());
    };
    info!(
        bucket,
        why_not, "Athena is not used, or not for all objects"
    );
    let mut used = sweep.athena.lock().await;
    used.not_used.insert(bucket.to_owned(), why_not);
    let mut facts = RunFacts::default();
    facts.athena.set(&used);
    let journal = &sweep.shared.journal;
    journal.write(Entry::Facts(Box::new(facts))).await
}
