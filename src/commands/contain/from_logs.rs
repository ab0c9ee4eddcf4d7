//! `dragnet contain verify --from-logs`: sweeps the accounts of a containment for its principals,
//! and evaluates the records that a trail delivered or the event history has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use super::{ContainError, journals};
use crate::cli::UsageError;
use crate::commands::coverage_judge::load_coverage_judge;
use crate::commands::run::run_sweep;
use crate::commands::run_output::RunOutput;
use crate::commands::{CommandError, Connection, Environment, Interrupt};
use crate::contain::{LogCoverage, LogEvaluation, LogVerification};
use crate::report::RunStatus;
use crate::settings::{ContainSettings, ProgressStyle, SweepSettings};
use crate::store::{RunDir, RunFacts, RunReader};
use crate::sweep::{CoverageJudge, LATE_OBJECTS, MergeSource, Sources, merged_sightings};
use dragnet_model::{AccountId, Source, SourceKind, SourceStatus, Target, TimeWindow};

/// How many Regions of an account whose records are incomplete are named. The coverage of the run
/// lists all.
const GAPS_SHOWN: usize = 3;

/// How the sweep is run.
#[derive(Clone, Debug)]
pub struct LogSearch {
    /// The parent of the run's directory.
    pub out_dir: PathBuf,
    /// How progress is shown.
    pub progress: ProgressStyle,
    /// Interrupts the sweep.
    pub interrupt: Interrupt,
}

/// Verifies a containment from logs: what each of its principals did since. The journal of the
/// containment stores the result.
///
/// # Errors
/// There is no such containment, it was undone, or the sweep fails as a whole.
pub async fn verify_from_logs(
    environment: &Environment,
    settings: &ContainSettings,
    id: &str,
    search: LogSearch,
) -> Result<LogVerification, CommandError> {
    let journals = journals(settings);
    let containment = journals.read(id).map_err(ContainError::from)?;
    if containment.undo_started.is_some() {
        return Err(ContainError::Undone(id.to_owned()).into());
    }
    let mut evaluation = LogEvaluation::new(&containment);
    let accounts = evaluation.accounts();
    let now = environment.clock().now();
    let window = TimeWindow::new(evaluation.search_from(), now).map_err(UsageError::from)?;
    let sweep = settings.log_sweep(
        accounts.iter().copied(),
        evaluation.indicators(),
        window,
        search.out_dir,
    );
    let output = sweep_logs(environment, sweep, search.progress, search.interrupt).await?;
    let run = RunOfSweep::open(&output)?;
    let source = MergeSource {
        reader: &run.reader,
        registry: &environment.run_registry(),
    };
    merged_sightings(source, |rows| {
        for sighting in rows {
            evaluation.add_sighting(&sighting?);
        }
        Ok::<_, CommandError>(())
    })?;
    let coverage = run.coverage_of(&accounts, now)?;
    let directory = output.directory.display().to_string();
    let verification = evaluation.conclude(&coverage, directory, now);
    journals
        .open(id)
        .and_then(|journal| journal.record_log_verification(&verification))
        .map_err(ContainError::from)?;
    Ok(verification)
}

/// Runs the sweep. The error is that of a sweep that failed as a whole.
async fn sweep_logs(
    environment: &Environment,
    sweep: SweepSettings,
    progress: ProgressStyle,
    interrupt: Interrupt,
) -> Result<RunOutput, CommandError> {
    let connection = Connection::open(environment, &sweep.reach).await?;
    let (output, failure) = Box::pin(run_sweep(connection, sweep, progress, interrupt)).await?;
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(output),
    }
}

/// The finished run, open for reading.
struct RunOfSweep {
    reader: RunReader,
    facts: RunFacts,
    is_interrupted: bool,
}

impl RunOfSweep {
    fn open(output: &RunOutput) -> Result<Self, CommandError> {
        let dir = RunDir::open(&output.directory)?;
        let reader = RunReader::open(&dir)?;
        let facts = reader.facts()?;
        Ok(Self {
            reader,
            facts,
            is_interrupted: output.files.summary.status == RunStatus::Interrupted,
        })
    }

    /// Returns whether the management events of each account were searched, and until when they are
    /// complete. `now` is the end of the window.
    fn coverage_of(
        &self,
        accounts: &BTreeSet<AccountId>,
        now: Timestamp,
    ) -> Result<BTreeMap<AccountId, LogCoverage>, CommandError> {
        let judge = load_coverage_judge(&self.facts, &self.reader)?;
        let sources = &judge.sources;
        let mut unreached = self.unreached_accounts(&judge)?;
        let coverage = accounts.iter().map(|account| {
            let mut gaps: Vec<String> = unreached.remove(account).into_iter().collect();
            if self.is_interrupted {
                gaps.push("the sweep was interrupted".to_owned());
            }
            gaps.extend(source_gaps(sources, *account));
            let last = last_delivery(sources, *account, now).map(|last| last.min(now));
            (*account, LogCoverage::new(gaps, last))
        });
        Ok(coverage.collect())
    }

    /// Returns the accounts that could not be searched at all, with the reason.
    fn unreached_accounts(
        &self,
        judge: &CoverageJudge,
    ) -> Result<BTreeMap<AccountId, String>, CommandError> {
        let mut unreached = BTreeMap::new();
        judge.judged_coverage(&self.reader, |rows| {
            for row in rows {
                let row = row?;
                let is_account = row.region.is_none() && row.log_group.is_none();
                if is_account && !row.outcome.is_covered() {
                    unreached.insert(row.account, row.outcome.reason_text());
                }
            }
            Ok::<_, CommandError>(())
        })?;
        Ok(unreached)
    }
}

/// Returns the Regions of an account whose management events were not searched, with the reason.
fn source_gaps(sources: &Sources, account: AccountId) -> Vec<String> {
    let targets: Vec<&(Target, SourceStatus)> = sources
        .cloudtrail
        .iter()
        .filter(|(target, _)| target.account == account)
        .collect();
    if targets.is_empty() {
        return vec!["no trail could be found that records the account".to_owned()];
    }
    let uncovered: Vec<&(Target, SourceStatus)> = targets
        .into_iter()
        .filter(|(_, status)| !status.is_covered())
        .collect();
    let shown = uncovered.iter().take(GAPS_SHOWN);
    let mut gaps: Vec<String> = shown
        .map(|(target, status)| {
            let reasons = cloudtrail_rows(sources, target)
                .map(|row| row.reason.as_str())
                .filter(|reason| !reason.is_empty());
            let reason = reasons.collect::<Vec<_>>().join("; ");
            let separator = if reason.is_empty() { "" } else { ": " };
            format!(
                "{account} {}: {}{separator}{reason}",
                target.region,
                status.explanation()
            )
        })
        .collect();
    if uncovered.len() > GAPS_SHOWN {
        let more = uncovered.len() - GAPS_SHOWN;
        gaps.push(format!("{more} more Regions: see sources.csv of the run"));
    }
    gaps
}

/// Returns the earliest of the last deliveries of an account's Regions. `None` if one is not known.
/// Accepted gaps do not count. The event history was read later than `now`.
fn last_delivery(sources: &Sources, account: AccountId, now: Timestamp) -> Option<Timestamp> {
    let covered = sources.cloudtrail.iter().filter(|(target, status)| {
        target.account == account && *status != SourceStatus::Accepted && status.is_covered()
    });
    let deliveries: Option<Vec<i64>> = covered
        .map(|(target, _)| last_delivery_of(sources, target, now.as_millisecond()))
        .collect();
    let earliest = deliveries?.into_iter().min()?;
    Timestamp::from_millisecond(earliest).ok()
}

/// Returns the last delivery to an account-Region: the latest of the sources that record everything,
/// else the earliest of the others, which are complete only together. CloudTrail writes to the event
/// history all the time. A bucket gets objects with older records for longer than a log group, so
/// only deliveries before that count.
fn last_delivery_of(sources: &Sources, target: &Target, now_ms: i64) -> Option<i64> {
    let late_ms = i64::try_from(LATE_OBJECTS.as_millis()).unwrap_or(i64::MAX);
    let last_of = |row: &Source| {
        if row.is_event_history() {
            Some(now_ms)
        } else if row.bucket_prefix.is_some() {
            row.last_delivery_ms
                .map(|last| last.saturating_sub(late_ms))
        } else {
            row.last_delivery_ms
        }
    };
    let whole = cloudtrail_rows(sources, target)
        .filter(|row| row.status == SourceStatus::Searched)
        .filter_map(last_of)
        .max();
    whole.or_else(|| {
        cloudtrail_rows(sources, target)
            .filter(|row| row.status == SourceStatus::Partial && !row.is_event_history())
            .filter_map(last_of)
            .min()
    })
}

fn cloudtrail_rows<'s>(
    sources: &'s Sources,
    target: &'s Target,
) -> impl Iterator<Item = &'s Source> {
    sources
        .rows
        .iter()
        .filter(move |row| row.kind == SourceKind::CloudTrail && row.target == *target)
}
