//! The parts of the keys of a folder: one for each window, or, if there are many keys, one for every few
//! days. Each is a work unit with its own list and its own last key, and several are read side by side.
//!
//! ```text
//! first page of the list ── is it the only one? ── yes: one part, whose list is used
//!                                               └─ no: cut at midnights, where keys change folders
//! ```
//! No result depends on where a folder is cut: the parts have each key once, and what became of the
//! objects is added up in the order of the keys.

use std::collections::VecDeque;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::object_tally::ObjectTally;
use super::span_reader::{KeySpan, SpanReader};
use crate::store::{CoverageId, Entry, JournalClosed, KnownObjects, Pass, UnitRow};
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Outcome, Reason, Status, TimeWindow};

/// How many parts of a folder are read at the same time. With the objects that each reads at once, these
/// are more calls than the quota of a bucket allows, also if it is in another part of the world.
const CONCURRENT_PARTS: usize = 8;

/// Creates the work units of a folder. The error is the outcome of the folder.
pub(super) async fn create_parts(
    spans: SpanReader<'_>,
    coverage_id: CoverageId,
) -> Result<Result<Vec<KeySpan>, Outcome>, JournalClosed> {
    let windows = match &spans.reader.origin.time_filter {
        TimeFilter::LogTime(windows) => windows.iter().map(|window| (*window, None)).collect(),
        TimeFilter::EventTime(window) => match spans.cut(*window).await {
            Ok(windows) => windows,
            Err(outcome) => return Ok(Err(outcome)),
        },
    };
    let journal = &spans.reader.sweep.shared.journal;
    let parts: Vec<KeySpan> = windows
        .into_iter()
        .map(|(window, list)| KeySpan {
            id: journal.new_unit_id(),
            window,
            last_key: None,
            is_read: false,
            tally: ObjectTally::default(),
            list,
        })
        .collect();
    let rows = parts.iter().map(|part| UnitRow {
        id: part.id,
        coverage_id,
        pass: Pass::Search,
        engine: None,
        lookup: None,
        from_ms: part.window.from_ms(),
        to_ms: part.window.to_ms(),
    });
    // Written as one entry: on resume, a search of which only some units were stored would look
    // complete.
    journal.write(Entry::Units(rows.collect())).await?;
    Ok(Ok(parts))
}

/// Returns the work units of an earlier part of the run. If AWS denied access to objects, or some
/// failed, all are read again: it may succeed now. So they are if objects `are_compared` with digests: it
/// is not stored whether the earlier part, which did not end, had the digests.
pub(super) async fn resume_parts(
    spans: SpanReader<'_>,
    known: KnownObjects,
    are_compared: bool,
) -> Result<Vec<KeySpan>, JournalClosed> {
    let journal = &spans.reader.sweep.shared.journal;
    let is_ended = known.outcome.reason != Some(Reason::Interrupted);
    let are_read = known.spans.iter().all(|span| span.is_read);
    let is_repeated =
        are_compared || known.outcome.status == Status::Denied || (is_ended && are_read);
    let mut parts = Vec::new();
    for span in known.spans {
        let Ok(window) = TimeWindow::try_from([span.from_ms, span.to_ms]) else {
            continue;
        };
        let mut tally = ObjectTally::default();
        if is_repeated {
            journal.write(Entry::Restarted(span.id)).await?;
        } else {
            span.counts.iter().for_each(|count| tally.add(count));
        }
        parts.push(KeySpan {
            id: span.id,
            window,
            last_key: span.last_key.filter(|_| !is_repeated),
            is_read: span.is_read && !is_repeated,
            tally,
            list: None,
        });
    }
    Ok(parts)
}

/// Reads all parts to their ends, and returns what became of the objects. The error is the outcome of the
/// folder.
pub(super) async fn read_parts(
    spans: SpanReader<'_>,
    mut parts: Vec<KeySpan>,
) -> Result<Result<ObjectTally, Outcome>, JournalClosed> {
    if let Some(work) = spans.work {
        for part in parts.iter().filter(|part| !part.is_read) {
            work.add(part.id, part.window);
        }
    }
    // Until one object could be read, only one part is: access to all of them may be denied.
    let mut has_read = parts.iter().any(|part| part.tally.has_read());
    let mut before = ObjectTally::default();
    for part in &mut parts {
        if has_read {
            break;
        }
        if !part.is_read {
            // Boxed: many folders wait here.
            let read = Box::pin(spans.read(part, Some(&before))).await?;
            if let Err(outcome) = read {
                return Ok(Err(outcome));
            }
        }
        before.merge(&part.tally);
        has_read = part.tally.has_read();
    }
    if let Err(outcome) = Box::pin(read_side_by_side(spans, &mut parts)).await? {
        return Ok(Err(outcome));
    }
    let mut tally = ObjectTally::default();
    for part in &parts {
        tally.merge(&part.tally);
    }
    Ok(Ok(tally))
}

/// Reads the parts that are left. The permit of the folder is enough for one part; each further one needs
/// another permit while it is read, so that the lists of all folders have a bound. A folder never waits
/// for a permit without reading a part, so no folder waits for another one forever.
async fn read_side_by_side(
    spans: SpanReader<'_>,
    parts: &mut [KeySpan],
) -> Result<Result<(), Outcome>, JournalClosed> {
    let more_permits: &Semaphore = &spans.reader.sweep.folders;
    let mut waiting = VecDeque::new();
    for part in parts {
        if !part.is_read {
            waiting.push_back(part);
        }
    }
    // `None` stands for the permit of the folder.
    let mut permits: Vec<Option<SemaphorePermit<'_>>> = vec![None];
    let mut running = FuturesUnordered::new();
    loop {
        while let Some(permit) = permits.pop() {
            // Without a part that waits, the permit is dropped: another folder can use it.
            let Some(part) = waiting.pop_front() else {
                continue;
            };
            running.push(async move {
                let read = Box::pin(spans.read(part, None)).await;
                (read, permit)
            });
        }
        let may_add = !waiting.is_empty() && running.len() < CONCURRENT_PARTS;
        tokio::select! {
            biased;
            ended = running.next() => match ended {
                Some((read, permit)) => {
                    if let Err(outcome) = read? {
                        return Ok(Err(outcome));
                    }
                    permits.push(permit);
                }
                None => return Ok(Ok(())),
            },
            // The semaphore is never closed.
            permit = more_permits.acquire(), if may_add => permits.extend(permit.ok().map(Some)),
        }
    }
}
