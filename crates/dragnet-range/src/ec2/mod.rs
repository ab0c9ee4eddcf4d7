//! EC2: the Regions of an account, and its VPC flow logs.

mod flow_logs;
mod regions;

use super::call::Call;
use super::wire::{AwsError, Reply};

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "DescribeFlowLogs" => flow_logs::describe(call),
        "DescribeRegions" => regions::describe(call),
        _ => Err(call.unknown_operation()),
    }
}
