//! Reads from a stored run what `contain plan --from-run` needs: the principals that acted, and what
//! the run searched for.

use std::path::Path;

use crate::commands::CommandError;
use crate::commands::coverage_judge::load_coverage_judge;
use crate::commands::follow_files::FollowedLineage;
use crate::contain::{FollowedStarts, FromRun, SearchedFor};
use crate::follow::{FollowProgress, Round, describe_gaps, indicators_of_run};
use crate::search::event_details;
use crate::settings::FollowSettings;
use crate::store::{
    RunDir, RunFacts, RunReader, RunRegistry, TrailDeliveries, refuse_changed_database,
};
use crate::sweep::{MergeSource, stored_sightings};

/// Reads the principals from the sightings of a run, without Dragnet's own calls, and what descends
/// from them if that is asked for.
pub(super) fn read_run(
    directory: &Path,
    registry: &RunRegistry,
    descendants: bool,
) -> Result<FromRun, CommandError> {
    let directory = RunDir::open(directory)?;
    refuse_changed_database(&directory)?;
    let reader = RunReader::open(&directory)?;
    let source = MergeSource {
        reader: &reader,
        registry,
    };
    let mut from_run = FromRun::new(TrailDeliveries::load(&reader)?);
    if descendants {
        from_run = from_run.with_descendants(read_searched_for(&reader)?);
    }
    let facts = reader.facts()?;
    if facts.follow.text().is_some() {
        let follow: FollowSettings = facts.follow.get_as()?;
        let listed = reader.accounts()?.into_iter();
        from_run = from_run.following(FollowedStarts {
            given: facts.indicators.get()?.into_iter().collect(),
            from_ms: follow.from_ms,
            members: listed.map(|account| account.id).collect(),
            open_ends: read_open_ends(&facts, source)?,
        });
    }
    stored_sightings(source, |row| {
        let found = &row.found;
        let account = row.account.to_string();
        let details = event_details(
            &found.message,
            &account,
            row.region.as_str(),
            found.timestamp_ms,
        );
        from_run.add_sighting(row, &details);
    })?;
    Ok(from_run)
}

/// Reads where the lineage of a run that follows credentials may continue unseen.
fn read_open_ends(facts: &RunFacts, source: MergeSource<'_>) -> Result<Vec<String>, CommandError> {
    let judge = load_coverage_judge(facts, source.reader)?;
    let followed = FollowedLineage::load(source, &judge.sources)?;
    Ok(followed.map_or_else(Vec::new, |followed| {
        describe_gaps(&followed.report.open_ends)
    }))
}

/// Reads which indicators a run searched for, and whether it ended.
fn read_searched_for(reader: &RunReader) -> Result<SearchedFor, CommandError> {
    let facts = reader.facts()?;
    let mut indicators = indicators_of_run(&facts)?;
    let progress: FollowProgress = facts.follow_rounds.get_as_or_default()?;
    // The last round of an interrupted run is not finished, which is a separate open end.
    indicators.extend(progress.rounds.iter().flat_map(Round::indicators));
    Ok(SearchedFor::new(indicators, !facts.was_swept()))
}
