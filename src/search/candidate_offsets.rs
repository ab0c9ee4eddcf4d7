//! Candidate offsets: the byte positions in a message at which an indicator may begin. Most
//! messages have none and need no exact match. In the others, most fields contain none and are
//! skipped.

use std::ops::Range;

/// The maximum number of stored offsets. With more, every text is a candidate.
const MOST: usize = 128;

/// The byte offsets in a message at which an indicator may begin.
#[derive(Debug, Default)]
pub(super) struct CandidateOffsets {
    offsets: Vec<usize>,
    is_overfull: bool,
}

impl CandidateOffsets {
    pub(super) fn add(&mut self, offset: usize) {
        if self.offsets.len() < MOST {
            self.offsets.push(offset);
        } else {
            self.is_overfull = true;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// All offsets; `None` if there are too many.
    pub(super) fn offsets(&self) -> Option<&[usize]> {
        (!self.is_overfull).then_some(&self.offsets)
    }

    /// Whether an indicator may be in a text that was parsed from the message. Always true for a
    /// text that does not borrow from the message: it was unescaped, so it may contain what the raw
    /// message hides.
    pub(super) fn may_be_in(&self, text: &str, message: &str) -> bool {
        let contains_one =
            |range: Range<usize>| self.offsets.iter().any(|offset| range.contains(offset));
        self.is_overfull || borrowed_range(text, message).is_none_or(contains_one)
    }
}

/// The range of a text in the message that it borrows from; `None` if it does not.
fn borrowed_range(text: &str, message: &str) -> Option<Range<usize>> {
    let start = text.as_ptr().addr().checked_sub(message.as_ptr().addr())?;
    let end = start.checked_add(text.len())?;
    (end <= message.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_borrowed_text_without_candidate_is_ruled_out() {
        let message = "one two three";
        let mut candidates = CandidateOffsets::default();
        assert!(candidates.is_empty() && !candidates.may_be_in(&message[4..7], message));
        candidates.add(4);
        assert!(
            candidates.may_be_in(&message[4..7], message) && candidates.may_be_in(message, message)
        );
        assert!(
            !candidates.may_be_in(&message[..4], message)
                && !candidates.may_be_in(&message[5..], message)
        );
        let copy = message.to_owned();
        assert!(
            candidates.may_be_in(&copy[..3], message),
            "a copied text is never ruled out"
        );
    }

    #[test]
    fn too_many_candidates_rule_nothing_out() {
        let message = "a".repeat(MOST + 2);
        let mut candidates = CandidateOffsets::default();
        (0..=MOST).for_each(|at| candidates.add(at));
        assert!(candidates.may_be_in(&message[MOST + 1..], &message));
    }
}
