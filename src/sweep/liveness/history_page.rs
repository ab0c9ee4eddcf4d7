//! Reads one page of the event history of an account-Region, in which witnesses are chosen.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::witness::HistoryRecord;
use crate::aws::{CallError, ErrorClass, HistoryQuery, Pages, Session};
use crate::config::LivenessRule;
use crate::sweep::context::SweepContext;
use crate::sweep::delivery_lag::shift_time;
use crate::sweep::window_basis::WindowBasis;
use dragnet_model::{Liveness, LogKind, StorageKind, Target};

/// A record that is not older than this may be missing only because it is not delivered yet.
const MOST_RECENT: SignedDuration = SignedDuration::from_mins(20);

/// The event history keeps 90 days. The oldest hours are left out: they may end before they are read.
///
/// Source: CloudTrail user guide, "Working with CloudTrail event history".
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24 - 6);

/// The part of the window that is read of a busy account-Region, and at least this long.
const BUSY_PARTS: i64 = 50;
const SHORTEST_PART_MS: i64 = 3_600_000;

/// How many empty pages with a token are read.
const MOST_PAGES: usize = 10;

/// The time range whose records are compared, in milliseconds since the Unix epoch: the window, as far
/// as it is kept and delivered. `None` if nothing of it is, or if nothing is to be compared.
pub(super) fn compared_range(shared: &SweepContext) -> Option<(i64, i64)> {
    if !is_wanted(shared) {
        return None;
    }
    let window = shared.settings.window;
    let from = window.from().max(shift_time(shared.clock.now(), -KEPT));
    let to = window.to().min(shift_time(shared.started, -MOST_RECENT));
    (from < to).then(|| (from.as_millisecond(), to.as_millisecond()))
}

/// Whether the check is switched on, and its result matters to the search.
fn is_wanted(shared: &SweepContext) -> bool {
    let settings = &shared.settings;
    settings.check_trail_integrity
        && settings.reach.scope.liveness == LivenessRule::Check
        && settings.required.contains(LogKind::Management)
        && (settings.sources.allows(StorageKind::Logs) || settings.sources.allows(StorageKind::S3))
        && shared.known_sources().is_none()
        && matches!(shared.windows, WindowBasis::EventTime(_))
}

/// The records of the event history of account-Regions, or why there are none.
pub(super) type Histories = BTreeMap<Target, Result<HistorySample, Liveness>>;

/// Records of the event history of an account-Region.
#[derive(Debug)]
pub(super) struct HistorySample {
    pub(super) records: Vec<HistoryRecord>,
    /// Whether a second part of the window was read.
    pub(super) has_second_part: bool,
}

/// Returns records of the event history of an account-Region. Old records are the better witnesses,
/// because who deletes records deletes all that are older than something. The history returns the
/// newest first; if it has more than a page, the beginning of the window is read too.
pub(super) async fn read_history_page(
    shared: &SweepContext,
    session: &Session,
    target: &Target,
    (from_ms, to_ms): (i64, i64),
) -> Result<HistorySample, Liveness> {
    let page = read_page(shared, session, target, (from_ms, to_ms)).await?;
    let mut records = page.records;
    let part_ms = ((to_ms - from_ms) / BUSY_PARTS).max(SHORTEST_PART_MS);
    let part_end_ms = from_ms.saturating_add(part_ms);
    let has_second_part = page.has_more && part_end_ms < to_ms;
    if has_second_part {
        let first = read_page(shared, session, target, (from_ms, part_end_ms)).await?;
        records.extend(first.records);
    }
    Ok(HistorySample {
        records,
        has_second_part,
    })
}

struct HistoryPage {
    records: Vec<HistoryRecord>,
    has_more: bool,
}

/// Reads the first page that has records. A page may be empty and still have a token.
async fn read_page(
    shared: &SweepContext,
    session: &Session,
    target: &Target,
    (from_ms, to_ms): (i64, i64),
) -> Result<HistoryPage, Liveness> {
    let query = HistoryQuery {
        lookup: None,
        from_ms,
        to_ms,
    };
    let mut pages = Pages::default();
    for _ in 0..MOST_PAGES {
        let call = shared
            .aws
            .history_events(session, &target.region, &query, pages.token());
        let page = shared
            .run_until_cancelled(call)
            .await
            .ok_or(Liveness::Failed)?
            .map_err(|error| liveness_of_error(&error))?;
        let records: Vec<HistoryRecord> = page
            .events
            .iter()
            .filter(|event| (from_ms..to_ms).contains(&event.timestamp_ms))
            .filter_map(HistoryRecord::from_event)
            .collect();
        let number = page.events.len();
        let has_more = pages
            .advance(number, page.next_token)
            .map_err(|_| Liveness::Failed)?;
        if number > 0 || !has_more {
            return Ok(HistoryPage { records, has_more });
        }
    }
    Err(Liveness::Failed)
}

fn liveness_of_error(error: &CallError) -> Liveness {
    match error.class {
        ErrorClass::Denied => Liveness::Denied,
        _ => Liveness::Failed,
    }
}
