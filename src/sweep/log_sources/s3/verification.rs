//! The verification of a folder, from its digests to the coverage and the verdict.

use super::digest_reader::DigestReader;
use super::object_reader::ObjectReader;
use super::object_tally::ObjectTally;
use super::span_reader::SpanReader;
use super::unverified::{Unverified, was_not_verified};
use crate::store::KnownObjects;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Outcome, Reason, Status, TimeWindow};

/// Whether the objects of a folder are compared with its digests.
pub(super) enum Verification {
    /// The user does not ask for it, or the folder is not that of a trail.
    NotWanted,
    /// The digests were read, and [`ObjectReader::integrity`] has them.
    Loaded,
    /// It is not possible.
    Failed(Unverified),
}

impl Verification {
    /// Reads the digests of a folder, if the user asks for it.
    pub(super) async fn load(spans: &SpanReader<'_>) -> Self {
        let Some(window) = window_to_verify(spans) else {
            return Self::NotWanted;
        };
        let reader = DigestReader { spans, window };
        match reader.load().await {
            Ok(integrity) => {
                _ = spans.reader.integrity.set(integrity);
                Self::Loaded
            }
            Err(unverified) => Self::Failed(unverified),
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        !matches!(self, Self::NotWanted)
    }

    pub(super) fn is_interrupted(&self) -> bool {
        matches!(self, Self::Failed(unverified) if unverified.is_interrupted())
    }

    /// Whether there is no digest of the window.
    pub(super) fn is_without_digests(&self) -> bool {
        let reason = Reason::FileUnconfirmed;
        matches!(self, Self::Failed(unverified) if unverified.reason == reason)
    }

    /// Adds what the digests say to the objects of a folder.
    pub(super) fn add_problems(&self, reader: &ObjectReader, objects: &mut ObjectTally) {
        if matches!(self, Self::Loaded)
            && let Some(integrity) = reader.integrity.get()
        {
            integrity.add_problems(objects);
        }
    }

    /// Returns the outcome of a folder with what is not confirmed: then it is not complete.
    pub(super) fn complete(&self, reader: &ObjectReader, mut outcome: Outcome) -> Outcome {
        let gap = match self {
            Self::NotWanted => None,
            Self::Failed(unverified) => Some((unverified.reason, unverified.text())),
            Self::Loaded => reader.integrity.get().and_then(|integrity| {
                let hours = integrity.describe_uncovered()?;
                Some((Reason::FileUnconfirmed, hours))
            }),
        };
        let Some((reason, detail)) = gap else {
            return outcome;
        };
        if outcome.is_covered() {
            return Outcome::with_reason(Status::Partial, reason, detail);
        }
        outcome.append_detail(&detail);
        outcome
    }

    /// Adds a folder to the result of the sweep that could not be read to its end.
    pub(super) fn count_unread(&self, reader: &ObjectReader, outcome: &Outcome) {
        if self.is_wanted() {
            let why_not = outcome.reason_text();
            reader.sweep.integrity.lock().add_unverified(&why_not);
        }
    }

    /// Adds the folder to the result of the sweep. `objects` are those that were read, and those that
    /// could not be.
    pub(super) fn count(&self, reader: &ObjectReader, objects: &ObjectTally) {
        let mut result = reader.sweep.integrity.lock();
        match self {
            Self::NotWanted => {}
            Self::Failed(unverified) => result.add_unverified(unverified.detail()),
            Self::Loaded => {
                let integrity = reader.integrity.get();
                match integrity.and_then(|integrity| integrity.summary(objects)) {
                    Some(summary) => result.add_verified(summary),
                    None => result.add_unverified("none of its digests is valid"),
                }
            }
        }
    }
}

/// Returns the window, if the objects of a folder are to be verified. A watch has no such check: it reads
/// objects before their digests are delivered.
pub(super) fn window_to_verify(spans: &SpanReader<'_>) -> Option<TimeWindow> {
    let reader = spans.reader;
    let TimeFilter::EventTime(window) = reader.origin.time_filter else {
        return None;
    };
    let is_wanted = reader.sweep.shared.settings.verify_integrity && spans.folder.is_of_trail();
    is_wanted.then_some(window)
}

/// Reads the digests of a folder again whose objects an earlier part of the run has read, and adds it to
/// the result of the sweep.
pub(super) async fn verify_again(spans: &SpanReader<'_>, known: &KnownObjects) {
    if spans.reader.sweep.unsupported.is_some() {
        return;
    }
    let loaded = Verification::load(spans).await;
    if loaded.is_without_digests() && known.outcome.reason == Some(Reason::NothingDelivered) {
        return;
    }
    let verification = match loaded {
        Verification::Loaded if was_not_verified(&known.outcome) => {
            let detail = "an earlier part of the run read the objects without comparing them";
            Verification::Failed(Unverified::new(Reason::NotVerified, detail))
        }
        verification => verification,
    };
    let mut objects = ObjectTally::default();
    let counts = known.spans.iter().flat_map(|span| &span.counts);
    counts.for_each(|count| objects.add(count));
    verification.count(spans.reader, &objects);
}

/// Returns the number and the size of the digests that would be read, for a plan.
pub(super) async fn planned_digests(spans: &SpanReader<'_>) -> (u64, u64) {
    let Some(window) = window_to_verify(spans) else {
        return (0, 0);
    };
    let reader = DigestReader { spans, window };
    reader.count().await.unwrap_or_default()
}
