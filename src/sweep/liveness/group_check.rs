//! Asks a log group which of some records it has.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use super::batches::{Batch, Margin, batch_witnesses};
use super::duration::show_answered_request;
use super::witness::Witness;
use crate::aws::{CallError, ErrorClass, EventQuery, Pages, Session};
use crate::sweep::context::SweepContext;
use crate::sweep::delivery_lag::LATE_ARRIVAL;
use dragnet_model::{LogGroupArn, Region};

/// CloudTrail delivers within 15 minutes as a rule, so this reads little.
///
/// Source: CloudTrail user guide, "How CloudTrail works".
const USUAL: Margin = Margin {
    before: Duration::from_mins(1),
    after: Duration::from_mins(20),
};

/// A record that was not found with the usual margin in the usual stream is searched for again,
/// wherever a late delivery may have put it.
const WIDE: Margin = Margin {
    before: Duration::from_mins(15),
    after: LATE_ARRIVAL,
};

/// How many batches are read at the same time. The quota of the account-Region limits their rate.
const MOST_AT_ONCE: usize = 16;

/// The log group could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It, or one of the streams, does not exist.
    NotFound,
    /// For another reason.
    Failed,
}

/// Returns how many requests look for these records, if the log group has them all.
pub(super) fn count_requests(witnesses: Vec<Witness>) -> usize {
    batch_witnesses(witnesses, USUAL).len()
}

/// Returns those of the records that a log group does not have.
pub(super) async fn find_missing(
    shared: &SweepContext,
    session: &Session,
    group: &LogGroupArn,
    witnesses: Vec<Witness>,
) -> Result<BTreeSet<Witness>, Unread> {
    let mut missing: BTreeSet<Witness> = witnesses.into_iter().collect();
    // Only some streams are read first: those of an organization are many.
    for (margin, only_usual_streams) in [(USUAL, true), (WIDE, false)] {
        let left: Vec<Witness> = missing.iter().cloned().collect();
        let reads = batch_witnesses(left, margin).into_iter().map(|batch| {
            Box::pin(read_batch(
                shared,
                session,
                group,
                (batch, only_usual_streams),
            ))
        });
        let found: Vec<BTreeSet<String>> = stream::iter(reads)
            .buffer_unordered(MOST_AT_ONCE)
            .try_collect()
            .await?;
        missing.retain(|witness| !found.iter().any(|ids| ids.contains(&witness.id)));
    }
    Ok(missing)
}

/// Returns those ids of a batch that a log group has, or only its usual streams.
async fn read_batch(
    shared: &SweepContext,
    session: &Session,
    group: &LogGroupArn,
    (batch, only_usual_streams): (Batch, bool),
) -> Result<BTreeSet<String>, Unread> {
    let streams = if only_usual_streams {
        batch.streams()
    } else {
        Vec::new()
    };
    let query = EventQuery {
        log_group: group.name.clone(),
        from_ms: batch.from_ms,
        to_ms: batch.to_ms,
        pattern: Some(batch.pattern()),
        unmask: false,
        streams,
    };
    let region = &group.target.region;
    let found = find_ids(shared, (session, region), &query, &batch).await;
    show_answered_request(shared);
    match found {
        // A stream does not exist, so the records may be in any other.
        Err(Unread::NotFound) if only_usual_streams => Ok(BTreeSet::new()),
        found => found,
    }
}

/// Returns those ids of a batch that the events of a query have.
async fn find_ids(
    shared: &SweepContext,
    (session, region): (&Session, &Region),
    query: &EventQuery,
    batch: &Batch,
) -> Result<BTreeSet<String>, Unread> {
    let wanted: BTreeSet<&str> = batch.witnesses.iter().map(|one| one.id.as_str()).collect();
    let mut found = BTreeSet::new();
    let mut pages = Pages::default();
    loop {
        let call = shared
            .aws
            .events(session, region, query, pages.token(), None);
        let page = shared.run_until_cancelled(call).await;
        let (page, _response_permit) = page
            .ok_or(Unread::Failed)?
            .map_err(|error| unread_because(&error))?;
        let ids = page
            .events
            .iter()
            .filter_map(|event| record_id(&event.message));
        found.extend(ids.filter(|id| wanted.contains(id.as_str())));
        if found.len() == wanted.len() {
            return Ok(found);
        }
        let number = page.events.len();
        match pages.advance(number, page.next_token) {
            Ok(true) => {}
            // A stream that was not searched may have the record.
            Ok(false) if page.has_unsearched_stream => return Err(Unread::Failed),
            Ok(false) => return Ok(found),
            Err(_) => return Err(Unread::Failed),
        }
    }
}

fn unread_because(error: &CallError) -> Unread {
    if error.class == ErrorClass::NotFound {
        Unread::NotFound
    } else {
        Unread::Failed
    }
}

/// Returns the id of the record that a message is. The ids that a record mentions do not count: a
/// lookup of an event mentions its id.
///
/// Sources: CloudTrail user guide, "CloudTrail record contents" (`eventID`); OCSF, "Metadata" (`uid`),
/// for records that a pipeline transformed.
fn record_id(message: &str) -> Option<String> {
    let record: Value = serde_json::from_str(message).ok()?;
    let id = record
        .get("eventID")
        .or_else(|| record.pointer("/metadata/uid"))?;
    id.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_of_the_record_counts_and_not_one_that_it_mentions() {
        for (message, expected) in [
            (r#"{"eventID":"e1"}"#, Some("e1")),
            (r#"{"metadata":{"uid":"e2"}}"#, Some("e2")),
            (
                r#"{"eventID":"e3","requestParameters":{"eventID":"e1"}}"#,
                Some("e3"),
            ),
            (r#"{"requestParameters":{"eventID":"e1"}}"#, None),
            ("e1", None),
        ] {
            assert_eq!(record_id(message).as_deref(), expected, "{message}");
        }
    }
}
