//! The rounds of a sweep that follows credentials: plan the next, search, until nothing is added.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::CommandError;
use super::connection::{AUDIT_WAITING, Connection};
use super::end_recorder::EndRecorder;
use super::follow_state::FollowState;
use super::run_output::flatten_joined;
use crate::aws::Aws;
use crate::config::AccountSelector;
use crate::follow::{FollowProgress, Plan, Round};
use crate::settings::{FollowSettings, KnownSources, RoundLookups, SweepSettings};
use crate::store::{
    Checkpoint, EarlierFindings, HistorySize, Journal, RunDir, RunFacts, RunReader, RunRegistry,
    StoreError, Writer,
};
use crate::sweep::{self, MergeSource, SweepError, SweepParts, Tally, WindowBasis};
use dragnet_model::time::Clock;
use dragnet_model::{AthenaUse, LogKind, RequiredKinds, RunId, TimeWindow};

/// What the rounds of a run need.
pub(super) struct FollowRounds {
    aws: Aws,
    clock: Clock,
    registry: RunRegistry,
    settings: SweepSettings,
    run_id: RunId,
    started: Timestamp,
    tally: Arc<Tally>,
    cancel: CancellationToken,
}

/// What a round needs to know of the first search.
struct FirstSearch {
    sources: KnownSources,
    history_sizes: Vec<HistorySize>,
}

impl FirstSearch {
    fn read(reader: &RunReader) -> Result<Self, StoreError> {
        Ok(Self {
            sources: KnownSources::new(reader.source_lookups()?, reader.log_sources()?),
            history_sizes: reader.history_sizes()?,
        })
    }
}

/// The next round.
struct PlannedRound {
    facts: RunFacts,
    settings: SweepSettings,
    /// What the earlier searches did with Athena: the fact of the run has all queries.
    athena: AthenaUse,
}

impl FollowRounds {
    /// Prepares the rounds. `None` if the sweep does not follow credentials.
    pub(super) fn new(
        connection: &Connection,
        settings: &SweepSettings,
        (run_id, started): (RunId, Timestamp),
        tally: &Arc<Tally>,
        cancel: &CancellationToken,
    ) -> Option<Self> {
        settings.follow.as_ref()?;
        // Each round has a separate audit; nothing is sent to this one.
        let (aws, _) = connection.fork()?;
        Some(Self {
            aws,
            clock: connection.clock.clone(),
            registry: connection.registry.clone(),
            settings: settings.clone(),
            run_id,
            started,
            tally: Arc::clone(tally),
            cancel: cancel.clone(),
        })
    }

    /// Searches round by round. `writer` is that of the last search. Returns the writer of the last
    /// round, and why that failed, if it did.
    pub(super) async fn run(
        self,
        dir: &RunDir,
        mut writer: Writer,
    ) -> Result<(Writer, Option<SweepError>), CommandError> {
        loop {
            flatten_joined(writer.await)?;
            let next = if self.cancel.is_cancelled() {
                None
            } else {
                self.plan_next(dir).await?
            };
            let Some(round) = next else {
                return Ok((tokio::spawn(async { Ok(()) }), None));
            };
            let (journal, next_writer) = Journal::start_round(dir, &round.facts)?;
            writer = next_writer;
            let failure = self.search(journal, round.settings, round.athena).await;
            if failure.is_some() {
                return Ok((writer, failure));
            }
        }
    }

    async fn plan_next(&self, dir: &RunDir) -> Result<Option<PlannedRound>, CommandError> {
        let dir = dir.clone();
        let registry = self.registry.clone();
        let settings = self.settings.clone();
        let planned =
            tokio::task::spawn_blocking(move || plan_next_round(&dir, &registry, &settings));
        planned
            .await
            .map_err(|error| StoreError::Damaged(error.to_string()))?
    }

    async fn search(
        &self,
        journal: Journal,
        settings: SweepSettings,
        athena: AthenaUse,
    ) -> Option<SweepError> {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let end = EndRecorder {
            journal: journal.clone(),
            clock: self.clock.clone(),
            cancel: self.cancel.clone(),
        };
        let parts = SweepParts {
            part: None,
            aws: self.aws.with_audit(audit),
            calls,
            clock: self.clock.clone(),
            windows: WindowBasis::EventTime(settings.window),
            settings,
            run_id: self.run_id.clone(),
            started: self.started,
            checkpoint: Checkpoint::default().with_athena(athena),
            earlier: EarlierFindings::default(),
            journal,
            tally: Arc::clone(&self.tally),
            cancel: self.cancel.clone(),
        };
        // On the heap, because the future of a sweep is large.
        Box::pin(end.record(sweep::sweep(parts))).await
    }
}

/// Plans the next round of a run; `None` if nothing was added or the limit is reached.
fn plan_next_round(
    dir: &RunDir,
    registry: &RunRegistry,
    settings: &SweepSettings,
) -> Result<Option<PlannedRound>, CommandError> {
    let reader = RunReader::open(dir)?;
    let facts = reader.facts()?;
    let source = MergeSource {
        reader: &reader,
        registry,
    };
    let Some(mut state) = FollowState::load(&facts, source)? else {
        return Ok(None);
    };
    let Plan::Round(searches) = state.plan() else {
        return Ok(None);
    };
    state.progress.start_round(searches);
    let spent = reader.insights_total()?.usd;
    let athena = facts.athena.get_or_default()?;
    let first_search = FirstSearch::read(&reader)?;
    reader.close()?;
    let Some(round) = state.progress.rounds.last() else {
        return Ok(None);
    };
    let Some(mut settings) = round_settings(settings, round, first_search) else {
        return Ok(None);
    };
    // What the earlier searches spent on Insights is not available again.
    settings.engines.max_scan_cost = (settings.engines.max_scan_cost - spent).max(0.0);
    let mut facts = RunFacts::default();
    facts.follow_round.set(&round.number);
    facts.follow_rounds.set_as(&state.progress);
    tracing::info!(
        round = round.number,
        accounts = round.accounts().len(),
        indicators = settings.indicators.len(),
        "following credentials"
    );
    Ok(Some(PlannedRound {
        facts,
        settings,
        athena,
    }))
}

/// Returns the settings of the round in which a run was interrupted; `None` if it was not in one.
pub(super) fn interrupted_round(
    dir: &RunDir,
    facts: &RunFacts,
    settings: &SweepSettings,
) -> Result<Option<SweepSettings>, CommandError> {
    if facts.round_to_resume()? == 0 {
        return Ok(None);
    }
    let reader = RunReader::open_without_indexes(dir)?;
    let first_search = FirstSearch::read(&reader)?;
    let progress: FollowProgress = facts.follow_rounds.get_as_or_default()?;
    let round = progress.rounds.last();
    Ok(round.and_then(|round| round_settings(settings, round, first_search)))
}

/// Returns the settings of a round: its indicators in its accounts, from the creation of the
/// identities on, where trails record them. `None` if nothing in the window is later.
fn round_settings(
    settings: &SweepSettings,
    round: &Round,
    first_search: FirstSearch,
) -> Option<SweepSettings> {
    let from = Timestamp::from_millisecond(round.from_ms()?).ok()?;
    let window = TimeWindow::new(from, settings.window.to()).ok()?;
    let mut reach = settings.reach.clone();
    let accounts = round.accounts().into_iter();
    reach.scope.include_accounts = accounts.map(AccountSelector::Id).collect();
    // The accounts are in scope, so nothing has to be looked up to select them.
    reach.scope.ous.clear();
    reach.scope.tags.clear();
    let follow = settings.follow.as_ref()?;
    let lookups = RoundLookups::new(round.actor_lookups(), &first_search.history_sizes);
    Some(SweepSettings {
        reach,
        window,
        indicators: round.indicators(),
        hunts: Vec::new(),
        required: RequiredKinds::new([LogKind::Management]),
        follow: Some(FollowSettings {
            known_sources: Some(Arc::new(first_search.sources)),
            round_lookups: Some(Arc::new(lookups)),
            ..follow.clone()
        }),
        check_trail_integrity: false,
        verify_integrity: false,
        ..settings.clone()
    })
}
