//! The session, Region and operation of a call, which every error of the call names.

use super::error::{CallError, Diagnosis, ErrorClass, UNREACHABLE};
use super::pages::Endless;
use super::session::Session;
use crate::throttle::THROTTLED_LIMIT;
use dragnet_model::{AccountId, Operation, PartitionGap, Region};

/// The session, Region and operation of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallContext<'a> {
    pub session: &'a Session,
    pub region: &'a Region,
    pub operation: Operation,
}

impl CallContext<'_> {
    /// The error for pages that do not end.
    pub(super) fn endless(self, endless: Endless) -> CallError {
        self.unreadable(endless.to_string())
    }

    /// The error for a response that cannot be interpreted.
    pub(super) fn unreadable(self, problem: impl Into<String>) -> CallError {
        CallError {
            account: self.session.account(),
            ..self.local_error(ErrorClass::Refused, "BrokenAnswer", problem)
        }
    }

    /// The error for a call that is not sent because the partition does not have the service.
    pub(super) fn not_in_partition(self, gap: &PartitionGap) -> CallError {
        CallError {
            account: self.session.account(),
            ..self.local_error(ErrorClass::Refused, "NotInPartition", gap.sentence())
        }
    }

    /// The error for a call that was not sent because the command is being interrupted.
    pub(super) fn interrupted(self, attempts: u32) -> CallError {
        CallError {
            account: self.session.account(),
            attempts,
            ..self.local_error(
                ErrorClass::Interrupted,
                "Interrupted",
                "the command is being interrupted",
            )
        }
    }

    /// The error for a call that is not sent because AWS throttled all calls of its quota for
    /// [`THROTTLED_LIMIT`].
    pub(super) fn throttled_for_too_long(
        self,
        account: Option<AccountId>,
        attempts: u32,
    ) -> CallError {
        let minutes = THROTTLED_LIMIT.as_secs() / 60;
        let problem = format!(
            "AWS throttled every such call for {minutes} minutes; run the command again later"
        );
        CallError {
            account,
            attempts,
            ..self.local_error(ErrorClass::Throttled, "Throttled", problem)
        }
    }

    /// The error for a call that could not be sent because AWS was never reached.
    pub(super) fn unreachable(self, diagnosis: Diagnosis, attempts: u32) -> CallError {
        CallError {
            attempts,
            ..self.local_error(ErrorClass::Transient, UNREACHABLE, diagnosis.message)
        }
    }

    /// The error for a call whose last attempt failed.
    pub(super) fn failed(
        self,
        diagnosis: Diagnosis,
        account: Option<AccountId>,
        attempts: u32,
    ) -> CallError {
        let Diagnosis {
            class,
            code,
            message,
            request_id,
            is_unreachable: _,
        } = diagnosis;
        CallError {
            request_id,
            account,
            attempts,
            ..self.local_error(class, code, message)
        }
    }

    fn local_error(
        self,
        class: ErrorClass,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> CallError {
        CallError::local(self.operation.as_str(), self.region, class, code, message)
    }
}
