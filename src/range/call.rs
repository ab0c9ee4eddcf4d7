//! One admitted call, as the services see it.

use jiff::Timestamp;

use super::access::Caller;
use super::wire::{AwsError, Input, Refusal, Service};
use super::world::World;

/// A call whose caller is known and allowed; the service only has to do it.
pub(crate) struct Call<'a> {
    /// The state that the call reads or changes.
    pub(crate) world: &'a mut World,
    /// Who calls.
    pub(crate) caller: &'a Caller,
    /// The service that is called.
    pub(crate) service: Service,
    /// The operation's name.
    pub(crate) operation: &'a str,
    /// What to do.
    pub(crate) input: &'a Input,
    /// It came in by the global endpoint of its service, as `sts.amazonaws.com` is.
    pub(crate) global_endpoint: bool,
    /// The time of the call.
    pub(crate) now: Timestamp,
}

impl Call<'_> {
    /// The answer to an operation that the service does not have.
    pub(crate) fn unknown_operation(&self) -> AwsError {
        Refusal::UnknownOperation(self.operation.to_owned()).told_by(self.service)
    }

    /// What a page token of this list is bound to.
    pub(crate) fn list_name(&self) -> String {
        format!(
            "{} {} {}",
            self.caller.account, self.caller.region, self.operation
        )
    }

    /// When a policy that is changed by this call begins to count.
    pub(crate) fn in_force_from(&self) -> Timestamp {
        self.world.in_force_from(self.now)
    }
}
