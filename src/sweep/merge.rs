//! The merge: stored sightings in the order of the reports, copies of a record folded into one.

use std::collections::VecDeque;

use super::asked::AskedAbout;
use crate::model::{Sighting, Stored};
use crate::search::happening;
use crate::store::{RunReader, SightingRows, StoreError, StoredRow};

/// Different records that claim to be one are kept apart; of so many at most, so that an attacker who
/// writes a million of them costs no memory.
const KEPT_APART: usize = 16;

/// Hands the sightings of a run to `use_rows`: ordered by event time, event account, event Region, record
/// id, log group and event id, each record once, and none of an account that was not asked about.
///
/// # Errors
/// What `use_rows` fails with; the rows fail where the database does.
pub fn merged_sightings<T, E: From<StoreError>>(
    reader: &RunReader,
    use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Sighting, StoreError>>) -> Result<T, E>,
) -> Result<T, E> {
    let asked = AskedAbout::of_run(reader)?;
    reader.sightings(|rows| use_rows(&mut Merged::new(rows, reader, &asked)))
}

/// The same of those that are rows of a hunt.
///
/// # Errors
/// What `use_rows` fails with; the rows fail where the database does.
pub(super) fn merged_sightings_of_hunt<T, E: From<StoreError>>(
    reader: &RunReader,
    hunt: &str,
    use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Sighting, StoreError>>) -> Result<T, E>,
) -> Result<T, E> {
    let asked = AskedAbout::of_run(reader)?;
    reader.sightings_of_hunt(hunt, |rows| use_rows(&mut Merged::new(rows, reader, &asked)))
}

struct Merged<'a, 'r> {
    rows: &'a mut SightingRows<'r>,
    reader: &'a RunReader,
    asked: &'a AskedAbout,
    /// Sightings that share time, place and record id with the row read last.
    same: VecDeque<Sighting>,
    ready: VecDeque<Sighting>,
}

impl Iterator for Merged<'_, '_> {
    type Item = Result<Sighting, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.rows.next() {
                Some(row) => {
                    if let Err(error) = row.and_then(|row| self.take(row)) {
                        return Some(Err(error));
                    }
                }
                None if self.same.is_empty() => return None,
                None => self.ready.append(&mut self.same),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

impl<'a, 'r> Merged<'a, 'r> {
    fn new(rows: &'a mut SightingRows<'r>, reader: &'a RunReader, asked: &'a AskedAbout) -> Self {
        Self { rows, reader, asked, same: VecDeque::new(), ready: VecDeque::new() }
    }

    fn take(&mut self, row: StoredRow) -> Result<(), StoreError> {
        let Some(next) = self.sighting(row)? else { return Ok(()) };
        if self.same.front().is_some_and(|first| !may_be_copies(first, &next)) {
            self.ready.append(&mut self.same);
        }
        match self.same.iter_mut().find(|one| are_copies(one, &next)) {
            Some(one) => fold(one, next),
            None => self.same.push_back(next),
        }
        if self.same.len() > KEPT_APART {
            self.ready.extend(self.same.pop_front());
        }
        Ok(())
    }

    fn sighting(&self, row: StoredRow) -> Result<Option<Sighting>, StoreError> {
        let StoredRow { account, region, log_group, elsewhere, found } = row;
        let told = happening(&found.message, &account.to_string(), region.as_str(), found.timestamp_ms);
        if !self.asked.has(&told.account, elsewhere) {
            return Ok(None);
        }
        Ok(Some(Sighting {
            own_call: self.reader.is_own_request(&told.request_id)?,
            happening: told,
            stored: Stored {
                account,
                region,
                log_group,
                log_stream: found.log_stream,
                event_id: found.event_id,
                timestamp_ms: found.timestamp_ms,
                ingestion_ms: found.ingestion_ms,
            },
            indicators: found.indicators,
            hunts: found.hunts,
            matched_fields: found.matched_fields,
            copies: 1,
            message: found.message,
        }))
    }
}

/// What the order of the rows keeps together.
fn may_be_copies(one: &Sighting, other: &Sighting) -> bool {
    let (one, other) = (&one.happening, &other.happening);
    (one.time_ms, &one.account, &one.region, &one.record_id)
        == (other.time_ms, &other.account, &other.region, &other.record_id)
}

/// One record kept in two places tells the same twice. Whatever claims another record's id but tells
/// something else is no copy: it would hide one of the two.
fn are_copies(one: &Sighting, other: &Sighting) -> bool {
    let is_record = !one.happening.record_id.is_empty();
    one.happening == other.happening && (is_record || is_same_event(one, other))
}

fn is_same_event(one: &Sighting, other: &Sighting) -> bool {
    let place = |sighting: &Sighting| {
        let Stored { account, region, log_group, event_id, .. } = &sighting.stored;
        (*account, region.clone(), log_group.clone(), event_id.clone())
    };
    place(one) == place(other)
}

fn fold(one: &mut Sighting, copy: Sighting) {
    // The same event read twice is still one copy.
    one.copies += u32::from(!is_same_event(one, &copy));
    union(&mut one.indicators, copy.indicators);
    union(&mut one.hunts, copy.hunts);
    union(&mut one.matched_fields, copy.matched_fields);
}

fn union(all: &mut Vec<String>, more: Vec<String>) {
    all.extend(more);
    all.sort();
    all.dedup();
}
