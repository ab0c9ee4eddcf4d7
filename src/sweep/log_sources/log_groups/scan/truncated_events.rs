//! Counts the events of a log group of which CloudWatch Logs stores only the first part, and limits how
//! many of the other parts are fetched.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::aws::EventPage;
use crate::search::is_truncated_event;
use crate::store::TRUNCATED_EVENTS;
use dragnet_model::{Outcome, Reason, Status};

/// The most objects that are fetched for a log group, and the most bytes of them.
const MOST_OBJECTS: u64 = 100;
const MOST_BYTES: u64 = 256 << 20;

/// The truncated events of a log group, as far as its search read them.
#[derive(Debug, Default)]
pub(super) struct TruncatedEvents {
    /// Those that could not be joined with their other parts.
    number: AtomicU64,
    /// The other parts that were requested, and their bytes.
    objects: AtomicU64,
    bytes: AtomicU64,
    /// Whether a part was denied, so that no other is requested.
    is_denied: AtomicBool,
    /// Why the first event could not be joined.
    problem: Mutex<Option<String>>,
    /// Whether it is recorded that there are any.
    is_recorded: AtomicBool,
}

impl TruncatedEvents {
    /// `is_recorded` says that an earlier part of the run read some.
    pub(super) fn new(is_recorded: bool) -> Self {
        Self {
            is_recorded: AtomicBool::new(is_recorded),
            ..Self::default()
        }
    }

    /// Takes the right to fetch an object. The error says why none may be fetched any more.
    pub(super) fn reserve_object(&self) -> Result<(), &'static str> {
        if self.is_denied.load(Ordering::Relaxed) {
            return Err("access denied");
        }
        let is_over = self.objects.fetch_add(1, Ordering::Relaxed) >= MOST_OBJECTS
            || self.bytes.load(Ordering::Relaxed) >= MOST_BYTES;
        if is_over {
            return Err("more than 100 objects or 256 MB");
        }
        Ok(())
    }

    /// Counts the bytes of an object.
    pub(super) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes that access is denied, so that no further object is requested.
    pub(super) fn note_denial(&self) {
        self.is_denied.store(true, Ordering::Relaxed);
    }

    /// Notes why an event could not be joined with its other parts. The first reason is reported.
    pub(super) fn note_problem(&self, problem: impl Into<String>) {
        self.problem.lock().get_or_insert_with(|| problem.into());
    }

    /// Counts those of a page. Returns whether they are the first.
    pub(super) fn count_page(&self, page: &EventPage) -> bool {
        let events = page.events.iter();
        let number = events
            .filter(|event| is_truncated_event(&event.message))
            .count() as u64;
        self.number.fetch_add(number, Ordering::Relaxed);
        number > 0 && !self.is_recorded.swap(true, Ordering::Relaxed)
    }

    /// Returns the outcome of the log group, of which everything was read with this outcome.
    pub(super) fn add_to(&self, mut outcome: Outcome) -> Outcome {
        if !self.is_recorded.load(Ordering::Relaxed) {
            return outcome;
        }
        // The detail must contain this text: a resumed run looks for it.
        let detail = match self.number.load(Ordering::Relaxed) {
            0 => TRUNCATED_EVENTS.to_owned(),
            number => format!("{TRUNCATED_EVENTS}: {number}"),
        };
        let detail = match &*self.problem.lock() {
            Some(problem) => format!("{detail}; the rest was not read: {problem}"),
            None => detail,
        };
        if outcome.status == Status::Searched {
            return Outcome::with_reason(Status::Partial, Reason::TruncatedEvents, detail);
        }
        outcome.append_detail(&detail);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::LogEvent;

    fn page(messages: &[&str]) -> EventPage {
        let event = |message: &&str| LogEvent {
            event_id: "e".to_owned(),
            log_stream: "s".to_owned(),
            timestamp_ms: 1,
            ingestion_ms: 1,
            message: (*message).to_owned(),
        };
        EventPage {
            events: messages.iter().map(event).collect(),
            next_token: None,
            has_unsearched_stream: false,
        }
    }

    #[test]
    fn truncated_events_make_log_group_partial() {
        let events = TruncatedEvents::default();
        assert!(!events.count_page(&page(&["a"])));
        assert_eq!(events.add_to(Outcome::searched()), Outcome::searched());
        let truncated = r#"{"a":"b","@ptr.$['a']":"CqQ"}"#;
        assert!(events.count_page(&page(&["a", truncated])));
        assert!(!events.count_page(&page(&[truncated])));
        let outcome = events.add_to(Outcome::searched());
        assert_eq!(
            outcome.reason_text(),
            "truncated-events: truncated events: 2"
        );
    }

    #[test]
    fn objects_are_limited_and_the_first_reason_is_reported() {
        let events = TruncatedEvents::default();
        let reserved = (0..200).filter(|_| events.reserve_object().is_ok()).count();
        assert_eq!(reserved as u64, MOST_OBJECTS);
        events.note_problem("first");
        events.note_problem("second");
        events.count_page(&page(&[r#"{"@ptr.$['a']":"P"}"#]));
        assert_eq!(
            events.add_to(Outcome::searched()).reason_text(),
            "truncated-events: truncated events: 1; the rest was not read: first"
        );
        let denied = TruncatedEvents::default();
        denied.note_denial();
        assert!(denied.reserve_object().is_err());
        let large = TruncatedEvents::default();
        large.add_bytes(300 << 20);
        assert!(large.reserve_object().is_err());
    }

    #[test]
    fn events_of_an_earlier_part_of_the_run_count() {
        let events = TruncatedEvents::new(true);
        let outcome = events.add_to(Outcome::searched());
        assert_eq!(outcome.reason, Some(Reason::TruncatedEvents));
        assert!(outcome.detail.contains(TRUNCATED_EVENTS));
    }
}
