//! Organizations.

mod accounts;
mod list;
mod organization;
mod tags;
mod units;

use serde_json::{Value, json};

use super::call::Call;
use super::wire::{AwsError, Reply};
use super::world::World;
use dragnet_model::AccountId;

/// Performs a call of this service. The management account may make every call, delegated
/// administrators may read, and every account may call `DescribeOrganization`.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let reads = ["Describe", "List"]
        .iter()
        .any(|verb| call.operation.starts_with(verb));
    let organization = &call.world.organization;
    let allowed = call.operation == "DescribeOrganization"
        || call.caller.account == organization.management
        || (reads && organization.delegated.contains(&call.caller.account));
    if !allowed {
        return Err(AwsError::new(
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        ));
    }
    match call.operation {
        "CloseAccount" => accounts::close(call),
        "CreateAccount" => accounts::create(call),
        "CreateOrganization" => organization::create(call),
        "CreateOrganizationalUnit" => units::create(call),
        "DescribeAccount" => accounts::describe(call),
        "DescribeCreateAccountStatus" => accounts::describe_creation(call),
        "DescribeOrganization" => organization::describe(call),
        "DescribeOrganizationalUnit" => units::describe(call),
        "ListAccounts" => accounts::list(call),
        "ListAccountsForParent" => accounts::list_for_parent(call),
        "ListOrganizationalUnitsForParent" => units::list(call),
        "ListParents" => units::list_parents(call),
        "ListRoots" => organization::list_roots(call),
        "ListTagsForResource" => tags::list(call),
        "MoveAccount" => accounts::move_account(call),
        "TagResource" => tags::tag(call),
        _ => Err(call.unknown_operation()),
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidInputException", message)
}

/// Returns a required string parameter.
fn required<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, AwsError> {
    call.input
        .text(name)
        .ok_or_else(|| invalid(format!("You must specify a value for {name}.")))
}

fn account_not_found() -> AwsError {
    AwsError::new(
        "AccountNotFoundException",
        "You specified an account that doesn't exist.",
    )
}

/// Returns the account id in a parameter, if that account is in the organization.
fn account_id(call: &Call<'_>, name: &str) -> Result<AccountId, AwsError> {
    let id = required(call, name)?
        .parse()
        .map_err(|_| invalid(format!("{name} is not an account's id.")))?;
    let account = call
        .world
        .account(id)
        .filter(|account| account.is_in_organization());
    account.map(|_| id).ok_or_else(account_not_found)
}

/// Whether the id is that of the root or of an organizational unit.
fn is_parent(world: &World, id: &str) -> bool {
    world.organization.root == id || world.organization.units.contains_key(id)
}

/// Seconds since the Unix epoch with milliseconds, the time format of AWS JSON.
fn epoch_seconds(at: jiff::Timestamp) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this age fit into 53 bits"
    )]
    let seconds = at.as_millisecond() as f64 / 1_000.0;
    json!(seconds)
}
