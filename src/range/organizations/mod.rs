//! Organizations.

mod describe;
mod list;

use serde_json::{Value, json};

use super::call::Call;
use super::wire::{AwsError, Reply};
use super::world::{Account, World};

/// Does a call of this service. Only the management account may call it.
///
/// # Errors
/// AWS's own, for each operation.
pub(crate) fn answer(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let anyone_may = call.operation == "DescribeOrganization";
    if !anyone_may && call.caller.account != call.world.organization.management {
        return Err(AwsError::new("AccessDeniedException", "You don't have permissions to access this resource."));
    }
    match call.operation {
        "DescribeAccount" => describe::account(call),
        "DescribeOrganization" => describe::organization(call),
        "ListAccounts" => list::accounts(call),
        _ => Err(call.unknown_operation()),
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidInputException", message)
}

/// Seconds since the epoch with milliseconds, as AWS JSON spells time.
fn epoch_seconds(at: jiff::Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit into 53 bits")]
    let seconds = at.as_millisecond() as f64 / 1_000.0;
    json!(seconds)
}

fn account_json(world: &World, account: &Account) -> Value {
    json!({
        "Id": account.id.to_string(),
        "Arn": world.organization_arn(&format!("account/{}/{}", world.organization.id, account.id)),
        "Email": account.email,
        "Name": account.name,
        "State": account.state_word(),
        "Status": account.status_word(),
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": epoch_seconds(account.joined),
    })
}
