//! `sweep --output jsonl`: prints sightings as they are found.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};

use crate::report::write_stream_row;
use crate::search::event_details;
use crate::store::{NewSighting, ScopeMembership, StoredRow, UseNewSighting};
use dragnet_model::{OwnCall, Sighting, Stored};

/// How many sightings are remembered, so that a record that is read twice is printed once.
const MOST_REMEMBERED: usize = 1_000_000;

/// The stream of a run.
struct SightingStream<W> {
    out: W,
    /// Whether the scope names accounts, so that unknown ones are out of scope.
    named_only: bool,
    printed: HashSet<u64>,
    hasher: RandomState,
    is_closed: bool,
}

/// Returns the receiver that prints sightings to standard output. `named_only` says whether the
/// scope names accounts.
pub(super) fn stream_to_stdout(named_only: bool) -> UseNewSighting {
    let mut stream = SightingStream::new(io::stdout(), named_only);
    Box::new(move |sighting| stream.print(sighting))
}

impl<W: Write> SightingStream<W> {
    fn new(out: W, named_only: bool) -> Self {
        Self {
            out,
            named_only,
            printed: HashSet::new(),
            hasher: RandomState::new(),
            is_closed: false,
        }
    }

    /// Prints a sighting, if it is in scope and new. When the reader of the pipe has closed it, the
    /// sweep goes on without it.
    fn print(&mut self, sighting: NewSighting) {
        if self.is_closed || !self.is_in_scope(&sighting) || !self.is_new(&sighting.row) {
            return;
        }
        let NewSighting {
            row, account_name, ..
        } = sighting;
        let written = write_stream_row(&into_sighting(row), &account_name, &mut self.out);
        self.is_closed = written.and_then(|()| self.out.flush()).is_err();
    }

    /// Whether the account of the event is in scope. Unless a trail wrote the event, the account that
    /// stores it counts as well.
    fn is_in_scope(&self, sighting: &NewSighting) -> bool {
        let row = &sighting.row;
        let is_selected = match sighting.membership {
            Some(membership) => membership != ScopeMembership::NotSelected,
            None => !self.named_only && !row.out_of_scope,
        };
        is_selected || (!row.out_of_scope && !row.found.is_trusted)
    }

    /// Whether the event was not printed yet: a record by its content, another event also by its
    /// place.
    fn is_new(&mut self, row: &StoredRow) -> bool {
        let found = &row.found;
        let place = (&row.log_group, &found.event_id, row.account, &row.region);
        let place = found.record_id.is_empty().then_some(place);
        let hash =
            self.hasher
                .hash_one((found.time_ms, &found.event_account, place, &found.message));
        if self.printed.len() >= MOST_REMEMBERED {
            return !self.printed.contains(&hash);
        }
        self.printed.insert(hash)
    }
}

fn into_sighting(row: StoredRow) -> Sighting {
    let StoredRow {
        account,
        region,
        source,
        log_group,
        found,
        ..
    } = row;
    let details = event_details(
        &found.message,
        &account.to_string(),
        region.as_str(),
        found.timestamp_ms,
    );
    Sighting {
        details,
        stored: Stored {
            account,
            region,
            source,
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
        copies_differ: false,
        trusted: found.is_trusted,
        own_call: OwnCall::No,
        message: found.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SightingRecord;
    use dragnet_model::StorageKind;

    fn new_sighting(log_group: &str, record_id: &str) -> NewSighting {
        NewSighting {
            row: StoredRow {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
                source: StorageKind::Logs,
                log_group: log_group.to_owned(),
                bucket_prefix: None,
                out_of_scope: false,
                found: SightingRecord {
                    time_ms: 5,
                    event_account: "222222222222".to_owned(),
                    event_region: "us-east-1".to_owned(),
                    record_id: record_id.to_owned(),
                    event_id: "1".to_owned(),
                    log_stream: "s".to_owned(),
                    timestamp_ms: 5,
                    ingestion_ms: 6,
                    indicators: vec!["a".to_owned()],
                    hunts: Vec::new(),
                    matched_fields: Vec::new(),
                    is_trusted: true,
                    message: format!("{{\"eventID\":\"{record_id}\"}}"),
                },
            },
            account_name: "prod".to_owned(),
            membership: Some(ScopeMembership::InScope),
        }
    }

    fn lines(sightings: Vec<NewSighting>) -> usize {
        let mut stream = SightingStream::new(Vec::new(), false);
        for sighting in sightings {
            stream.print(sighting);
        }
        String::from_utf8(stream.out).unwrap().lines().count()
    }

    #[test]
    fn record_in_two_log_groups_is_printed_once() {
        let copies = vec![new_sighting("/a", "r"), new_sighting("/b", "r")];
        assert_eq!(lines(copies), 1);
        let events = vec![new_sighting("/a", ""), new_sighting("/b", "")];
        assert_eq!(lines(events), 2);
    }

    #[test]
    fn record_of_an_account_out_of_scope_is_not_printed() {
        let out_of_scope = NewSighting {
            membership: Some(ScopeMembership::NotSelected),
            ..new_sighting("/a", "r")
        };
        assert_eq!(lines(vec![out_of_scope.clone()]), 0);
        // A line that no trail wrote cannot talk itself out of scope.
        let mut claimed = out_of_scope;
        claimed.row.found.is_trusted = false;
        assert_eq!(lines(vec![claimed]), 1);
    }

    #[test]
    fn closed_pipe_ends_the_stream() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut stream = SightingStream::new(Closed, false);
        stream.print(new_sighting("/a", "r"));
        assert!(stream.is_closed);
    }
}
