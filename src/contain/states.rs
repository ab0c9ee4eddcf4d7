//! How far a step is. Only legal transitions can be written down.

use std::fmt;

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It has not been begun.
    Planned,
    /// There was nothing to do: what is there means the same. Not ours to undo.
    AlreadyContained,
    /// It could not be begun; nothing was changed.
    Failed,
    /// What is there is not what the plan saw; it was not touched.
    Drifted,
    /// It is being written: whether it has been, only a look can tell.
    Intended,
    /// IAM took it.
    Written,
    /// It was read back, several times.
    Verified,
    /// It was begun, but could not be read back: it may be there or not.
    Unverified,
    /// It was verified, and is there no more.
    Missing,
    /// It is being undone.
    Undoing,
    /// What was there before is there again.
    Undone,
    /// Somebody has changed it since; it was not undone.
    UndoDrifted,
    /// It could not be undone: a person has to.
    Stuck,
}

/// A step cannot go from here to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {from} cannot become {to}")]
pub struct IllegalTransition {
    from: State,
    to: State,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 13] = [
        Self::Planned,
        Self::AlreadyContained,
        Self::Failed,
        Self::Drifted,
        Self::Intended,
        Self::Written,
        Self::Verified,
        Self::Unverified,
        Self::Missing,
        Self::Undoing,
        Self::Undone,
        Self::UndoDrifted,
        Self::Stuck,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::AlreadyContained => "already-contained",
            Self::Failed => "failed",
            Self::Drifted => "drifted",
            Self::Intended => "intended",
            Self::Written => "written",
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Missing => "missing",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::UndoDrifted => "undo-drifted",
            Self::Stuck => "stuck",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Goes on to the next state.
    ///
    /// # Errors
    /// There is no such way.
    pub fn to(self, next: Self) -> Result<Self, IllegalTransition> {
        use State::{
            AlreadyContained, Drifted, Failed, Intended, Missing, Planned, Stuck, UndoDrifted,
            Undoing, Undone, Unverified, Verified, Written,
        };
        let legal = match self {
            // What was not begun can be, or be found in place, or be left.
            Planned | Failed | Drifted | AlreadyContained => {
                matches!(next, Intended | Drifted | Failed | AlreadyContained)
            }
            // What was begun can be begun again after an interruption, and found or not.
            Intended | Unverified | Missing => {
                matches!(
                    next,
                    Intended | Written | Verified | Unverified | Missing | Undoing
                )
            }
            Written | Verified => {
                matches!(next, Intended | Verified | Unverified | Missing | Undoing)
            }
            Undoing | UndoDrifted | Stuck => matches!(next, Undoing | Undone | UndoDrifted | Stuck),
            Undone => false,
        };
        if legal {
            Ok(next)
        } else {
            Err(IllegalTransition {
                from: self,
                to: next,
            })
        }
    }

    /// Whether the principal is contained, as far as this step goes.
    pub fn is_contained(self) -> bool {
        matches!(self, Self::Verified | Self::AlreadyContained)
    }

    /// Whether the step may have left something behind that an undo has to look at.
    pub fn may_be_made(self) -> bool {
        !matches!(
            self,
            Self::Planned | Self::AlreadyContained | Self::Failed | Self::Drifted | Self::Undone
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_without_an_intent_and_nothing_leads_back() {
        for state in [
            State::Planned,
            State::Failed,
            State::Drifted,
            State::AlreadyContained,
        ] {
            assert!(
                state.to(State::Written).is_err() && state.to(State::Verified).is_err(),
                "{state}"
            );
        }
        assert!(
            State::Planned.to(State::Undoing).is_err(),
            "what was not begun is not undone"
        );
        assert!(
            State::AlreadyContained.to(State::Undoing).is_err(),
            "not ours"
        );
        for state in State::ALL {
            assert!(State::Undone.to(state).is_err());
            assert_eq!(State::from_word(state.as_str()), Some(state));
        }
        assert!(
            State::Undoing.to(State::Intended).is_err(),
            "an undo is gone on with, not advanced back"
        );
    }
}
