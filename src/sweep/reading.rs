//! One log group: read it page by page, have every event examined, write each page down with its sightings.

use std::sync::Arc;
use std::time::Duration;

use super::evidence::silence;
use super::examine::examine_page;
use super::outcome::{self, of_error};
use super::run::Shared;
use super::windows::Look;
use crate::aws::{ErrorClass, EventQuery, Pages, Session};
use crate::model::{Outcome, Status, Target};
use crate::search::FlowLogFormats;
use crate::store::{Entry, JournalClosed, KnownUnit, KnownUnits, Pass, PlaceId, UnitRow};

/// How old a page token may be to be used: a little less than AWS lets it live.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`: tokens expire after 24 hours.
const TOKEN_LIFE: Duration = Duration::from_mins(24 * 60 - 10);

/// A log group that is going to be read.
pub(super) struct Reading {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    pub target: Target,
    pub log_group: String,
    pub place: PlaceId,
    /// How far an earlier part of the run has read it.
    pub units: KnownUnits,
    /// What of it is looked at.
    pub look: Look,
    /// Whether the server may filter.
    pub narrow: bool,
    /// Whether a trail delivers to it, as far as is known.
    pub keeps_trail: bool,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
    /// How it ends if every page is read.
    pub outcome: Outcome,
}

/// Where to begin to read a unit.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    FirstPage,
    /// At a page that an earlier part of the run came to.
    Page(String),
    /// Nowhere: all was read already.
    End,
    /// At the first page again, since the token of the next is too old.
    Again,
}

impl Start {
    fn of(unit: &KnownUnit, now_ms: i64) -> Self {
        match &unit.next_token {
            _ if !unit.has_begun => Self::FirstPage,
            None => Self::End,
            Some(token) if now_ms.saturating_sub(unit.token_ms) < milliseconds(TOKEN_LIFE) => Self::Page(token.clone()),
            Some(_) => Self::Again,
        }
    }
}

/// Reads a log group to its end, or to what ends it.
pub(super) async fn read(mut reading: Reading) -> Result<(), JournalClosed> {
    let KnownUnits { search, silence } = std::mem::take(&mut reading.units);
    let pattern = reading.shared.questions.pattern(&reading.flow_logs, reading.narrow);
    reading.keeps_trail |= silence.is_some() || silence::is_named_like_a_trails(&reading.log_group);
    let mut read = read_pass(&mut reading, Pass::Search, search, pattern.as_deref()).await?;
    let is_silence_open = reading.shared.settings.silence && reading.keeps_trail && pattern.is_some();
    if read.is_ok() && is_silence_open {
        read = read_pass(&mut reading, Pass::Silence, silence, Some(&silence::pattern())).await?;
    }
    let outcome = read.map_or_else(|outcome| outcome, |()| reading.outcome);
    reading.shared.end(reading.place, outcome).await?;
    reading.shared.tally.log_group_done();
    Ok(())
}

/// Reads all stretches of a pass, the first from where an earlier part of the run came to; the inner error is
/// how the group ends instead.
async fn read_pass(
    reading: &mut Reading,
    pass: Pass,
    mut known: Option<KnownUnit>,
    pattern: Option<&str>,
) -> Result<Result<(), Outcome>, JournalClosed> {
    for stretch in reading.look.stretches() {
        let read = read_stretch(reading, pass, known.take(), stretch, pattern).await?;
        if read.is_err() {
            return Ok(read);
        }
    }
    Ok(Ok(()))
}

/// Reads page after page of a stretch of stored time.
async fn read_stretch(
    reading: &mut Reading,
    pass: Pass,
    known: Option<KnownUnit>,
    (from_ms, to_ms): (i64, i64),
    pattern: Option<&str>,
) -> Result<Result<(), Outcome>, JournalClosed> {
    let shared = Arc::clone(&reading.shared);
    let (unit, start) = if let Some(known) = known {
        (known.id, Start::of(&known, shared.clock.now_ms()))
    } else {
        let unit = UnitRow { id: shared.journal.new_unit(), place: reading.place, pass, from_ms, to_ms };
        shared.journal.write(Entry::Unit(unit)).await?;
        (unit.id, Start::FirstPage)
    };
    let query =
        EventQuery { log_group: reading.log_group.clone(), from_ms, to_ms, pattern: pattern.map(str::to_owned) };
    let (mut pages, mut token_is_old) = match start {
        Start::End => return Ok(Ok(())),
        Start::FirstPage => (Pages::default(), false),
        Start::Page(token) => (Pages::from(token), true),
        Start::Again => {
            shared.journal.write(Entry::Restarted(unit)).await?;
            (Pages::default(), false)
        }
    };
    loop {
        let call = async {
            let page = shared.aws.events(&reading.session, &reading.target.region, &query, pages.token()).await;
            page.map_err(|error| (error.class, of_error(&error)))
        };
        let page = tokio::select! {
            () = shared.cancel.cancelled() => return Ok(Err(outcome::interrupted())),
            page = call => page,
        };
        let page = match page {
            Ok(page) => page,
            // AWS does not know the earlier part's token any more: the unit is read from its beginning.
            Err((ErrorClass::Refused, _)) if token_is_old => {
                token_is_old = false;
                pages = Pages::default();
                shared.journal.write(Entry::Restarted(unit)).await?;
                continue;
            }
            Err((_, outcome)) => return Ok(Err(outcome)),
        };
        token_is_old = false;
        reading.keeps_trail |= page.events.iter().any(|event| silence::is_trails_stream(&event.log_stream));
        let held = page.events.len();
        let page = examine_page(reading, pass, unit, &query, page);
        let turned = pages.turn(held, page.next_token.clone());
        shared.tally.page(page.events, page.bytes, page.found.len() as u64);
        shared.journal.write(Entry::Page(page)).await?;
        match turned {
            Ok(true) => {}
            Ok(false) => return Ok(Ok(())),
            Err(endless) => return Ok(Err(outcome::of_endless(Status::Partial, "FilterLogEvents", endless))),
        }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Journal;

    #[tokio::test(start_paused = true)]
    async fn a_token_older_than_a_day_is_not_asked_with() {
        let temp = tempfile::tempdir().unwrap();
        let id = crate::model::RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = crate::store::RunDir::create(temp.path(), &id).unwrap();
        let (journal, _writer) = Journal::create(&dir, &[]).unwrap();
        let start = |has_begun, token: Option<&str>, hours: i64| {
            let next_token = token.map(str::to_owned);
            let unit = KnownUnit { id: journal.new_unit(), has_begun, next_token, token_ms: 5 };
            Start::of(&unit, 5 + hours * 3_600_000)
        };
        assert_eq!(start(false, None, 0), Start::FirstPage);
        assert_eq!(start(true, None, 99), Start::End);
        assert_eq!(start(true, Some("t"), 23), Start::Page("t".to_owned()));
        assert_eq!(start(true, Some("t"), 24), Start::Again);
        assert_eq!(start(true, Some("t"), -1), Start::Page("t".to_owned()), "a clock that was set back");
    }
}
