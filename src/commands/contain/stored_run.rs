//! Reads from a stored run what `contain plan --from-run` needs: the principals that acted, and what
//! the run searched for.

use std::path::Path;

use crate::commands::CommandError;
use crate::contain::{FromRun, SearchedFor};
use crate::search::event_details;
use crate::store::{RunDir, RunReader, RunRegistry, TrailDeliveries, refuse_changed_database};
use crate::sweep::{MergeSource, stored_sightings};
use dragnet_model::{Indicator, IndicatorKind};

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

/// Reads which indicators a run searched for, and whether it ended.
fn read_searched_for(reader: &RunReader) -> Result<SearchedFor, CommandError> {
    let facts = reader.facts()?;
    let names = facts.indicators.get()?;
    let kinds = facts.indicator_kinds.get_or_default()?;
    let indicators = names.iter().zip(&kinds).filter_map(|(name, kind)| {
        // Names have their kind only if it would be ambiguous otherwise.
        let text = name.strip_prefix(&format!("{kind}:")).unwrap_or(name);
        Indicator::parse_as(IndicatorKind::from_word(kind)?, text).ok()
    });
    Ok(SearchedFor::new(indicators, !facts.was_swept()))
}
