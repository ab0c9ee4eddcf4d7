//! Candidate offsets: the byte positions in a message at which an indicator may begin. Most
//! messages have none and need no exact match. In the others, most fields contain none and are
//! skipped.

use std::ops::Range;

/// The maximum number of stored offsets. With more, every text is a candidate.
const MOST: usize = 128;

/// The byte offsets in a message at which an indicator may begin.
#[derive(Debug, Default)]
pub(super) struct CandidateOffsets {
    begins: Vec<usize>,
    are_too_many: bool,
}

impl CandidateOffsets {
    pub(super) fn add(&mut self, begin: usize) {
        if self.begins.len() < MOST {
            self.begins.push(begin);
        } else {
            self.are_too_many = true;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    /// All offsets; `None` if there are too many.
    pub(super) fn begins(&self) -> Option<&[usize]> {
        (!self.are_too_many).then_some(&self.begins)
    }

    /// Whether an indicator may be in a text that was parsed from the message. Always true for a
    /// text that does not borrow from the message: it was unescaped, so it may contain what the raw
    /// message hides.
    pub(super) fn may_be_in(&self, text: &str, message: &str) -> bool {
        let holds_one = |range: Range<usize>| self.begins.iter().any(|begin| range.contains(begin));
        self.are_too_many || part(text, message).is_none_or(holds_one)
    }
}

/// The range of a text in the message that it borrows from; `None` if it does not.
fn part(text: &str, message: &str) -> Option<Range<usize>> {
    let begin = text.as_ptr().addr().checked_sub(message.as_ptr().addr())?;
    let end = begin.checked_add(text.len())?;
    (end <= message.len()).then_some(begin..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_of_the_message_are_known_to_hold_nothing() {
        let message = "one two three";
        let mut places = CandidateOffsets::default();
        assert!(places.is_empty() && !places.may_be_in(&message[4..7], message));
        places.add(4);
        assert!(places.may_be_in(&message[4..7], message) && places.may_be_in(message, message));
        assert!(
            !places.may_be_in(&message[..4], message) && !places.may_be_in(&message[5..], message)
        );
        let copy = message.to_owned();
        assert!(
            places.may_be_in(&copy[..3], message),
            "a copy may be of anything"
        );
    }

    #[test]
    fn of_too_many_places_none_is_ruled_out() {
        let message = "a".repeat(MOST + 2);
        let mut places = CandidateOffsets::default();
        (0..=MOST).for_each(|at| places.add(at));
        assert!(places.may_be_in(&message[MOST + 1..], &message));
    }
}
