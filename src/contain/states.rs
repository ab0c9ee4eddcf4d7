//! The states of a step. Only legal transitions can be stored.

dragnet_model::word_enum! {
    /// The state of a step.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum State {
        /// Not started.
        Planned => "planned",
        /// Nothing to do, because the existing state is equivalent. Undo does not change it.
        AlreadyContained => "already-contained",
        /// It could not be started; nothing was changed.
        Failed => "failed",
        /// The resource is not in the state that the plan recorded; it was not changed.
        Drifted => "drifted",
        /// It is about to be written. Only reading can show whether it was.
        Intended => "intended",
        /// IAM accepted the write.
        Written => "written",
        /// It was read back several times.
        Verified => "verified",
        /// It may have been written, but could not be verified.
        Unverified => "unverified",
        /// It was made, but is gone.
        Missing => "missing",
        /// Undo has started.
        Undoing => "undoing",
        /// The prior state is restored.
        Undone => "undone",
        /// Somebody changed the resource since; it was not undone.
        UndoDrifted => "undo-drifted",
        /// Undo failed; a person has to act.
        Stuck => "stuck",
        /// Undo leaves it in place, because the prior state cannot be restored.
        Irreversible => "irreversible",
    }
}

/// A step cannot change from one state to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step cannot change from {from} to {to}")]
pub struct IllegalTransition {
    from: State,
    to: State,
}

impl State {
    /// Checks the transition to the next state and returns that state.
    ///
    /// # Errors
    /// The transition is illegal.
    pub fn transition_to(self, next: Self) -> Result<Self, IllegalTransition> {
        use State::{
            AlreadyContained, Drifted, Failed, Intended, Irreversible, Missing, Planned, Stuck,
            UndoDrifted, Undoing, Undone, Unverified, Verified, Written,
        };
        let legal = match self {
            // Nothing was written yet: it can start, be found in place, or end.
            Planned | Failed | Drifted | AlreadyContained => {
                matches!(next, Intended | Drifted | Failed | AlreadyContained)
            }
            // It may have been written: it can be repeated after an interruption, and found or not.
            Intended | Unverified | Missing => {
                matches!(
                    next,
                    Intended | Written | Verified | Unverified | Missing | Undoing
                )
            }
            Written | Verified => {
                matches!(next, Intended | Verified | Unverified | Missing | Undoing)
            }
            Undoing | UndoDrifted | Stuck => {
                matches!(next, Undoing | Undone | UndoDrifted | Stuck | Irreversible)
            }
            Undone | Irreversible => false,
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

    /// Whether this step contains the principal.
    pub fn is_contained(self) -> bool {
        matches!(self, Self::Verified | Self::AlreadyContained)
    }

    /// Whether the step may have left a change that undo must consider.
    pub fn may_be_applied(self) -> bool {
        !matches!(
            self,
            Self::Planned
                | Self::AlreadyContained
                | Self::Failed
                | Self::Drifted
                | Self::Undone
                | Self::Irreversible
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_need_an_intent_and_undo_is_final() {
        for state in [
            State::Planned,
            State::Failed,
            State::Drifted,
            State::AlreadyContained,
        ] {
            assert!(
                state.transition_to(State::Written).is_err()
                    && state.transition_to(State::Verified).is_err(),
                "{state}"
            );
        }
        assert!(
            State::Planned.transition_to(State::Undoing).is_err(),
            "a step that has not started cannot be undone"
        );
        assert!(
            State::AlreadyContained
                .transition_to(State::Undoing)
                .is_err(),
            "the change is not from Dragnet"
        );
        for state in State::ALL {
            assert!(State::Undone.transition_to(state).is_err());
            assert!(State::Irreversible.transition_to(state).is_err());
        }
        assert!(
            State::Undoing.transition_to(State::Intended).is_err(),
            "a started undo cannot be reverted"
        );
    }
}
