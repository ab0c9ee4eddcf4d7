//! One authenticated call, as it is passed to the services.

use jiff::Timestamp;

use super::access::Caller;
use super::wire::{AwsError, CommonError, Input, Service};
use super::world::World;

/// A call whose caller has been identified.
pub(crate) struct Call<'a> {
    /// The state that the call reads or changes.
    pub(crate) world: &'a mut World,
    pub(crate) caller: &'a Caller,
    pub(crate) service: Service,
    pub(crate) operation: &'a str,
    /// The decoded parameters.
    pub(crate) input: &'a Input,
    /// Whether the request was sent to the global endpoint of its service, such as
    /// `sts.amazonaws.com`.
    pub(crate) global_endpoint: bool,
    pub(crate) now: Timestamp,
}

impl Call<'_> {
    /// The error for an operation that the service does not implement.
    pub(crate) fn unknown_operation(&self) -> AwsError {
        CommonError::UnknownOperation(self.operation.to_owned()).for_service(self.service)
    }

    /// The name of the list that a page token of this call is bound to.
    pub(crate) fn list_name(&self) -> String {
        format!(
            "{} {} {}",
            self.caller.account, self.caller.region, self.operation
        )
    }

    /// The time from which a policy change made by this call is in force.
    pub(crate) fn in_force_from(&self) -> Timestamp {
        self.world.in_force_from(self.now)
    }
}
