//! IAM: users, roles, groups, keys and policies.

mod attached;
mod boundaries;
mod credentials;
mod details;
mod error;
mod groups;
mod inline;
mod keys;
mod last_used;
mod login_profiles;
mod managed;
mod names;
mod owner;
mod paging;
mod roles;
mod simulate;
mod tags;
mod users;

pub(crate) use managed::managed_policy;
pub(crate) use tags::{DUPLICATE_KEYS, Tags, has_duplicates, pairs};

use super::access::Caller;
use super::call::Call;
use super::wire::{AwsError, Input, Reply};
use super::world::{Account, CredentialKind, World};
use owner::Owner;

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "AddUserToGroup" => groups::add_user(call),
        "CreateAccessKey" => keys::create(call),
        "CreateGroup" => groups::create(call),
        "CreateRole" => roles::create(call),
        "CreateUser" => users::create(call),
        "CreateLoginProfile" => login_profiles::create(call),
        "DeactivateMFADevice" => users::deactivate_mfa_device(call),
        "DeleteAccessKey" => keys::delete(call),
        "DeleteGroup" => groups::delete(call),
        "DeleteLoginProfile" => login_profiles::delete(call),
        "DeleteRole" => roles::delete(call),
        "DeleteRolePermissionsBoundary" => boundaries::delete(call, Owner::Role),
        "DeleteUser" => users::delete(call),
        "DeleteUserPermissionsBoundary" => boundaries::delete(call, Owner::User),
        "GenerateServiceLastAccessedDetails" => last_used::generate_report(call),
        "GetAccessKeyLastUsed" => last_used::get_access_key_last_used(call),
        "GetAccountAuthorizationDetails" => details::get_account_authorization_details(call),
        "GetGroup" => groups::get(call),
        "GetLoginProfile" => login_profiles::get(call),
        "GetRole" => roles::get(call),
        "GetServiceLastAccessedDetails" => last_used::get_report(call),
        "GetUser" => users::get(call),
        "ListAccessKeys" => keys::list(call),
        "ListGroups" => groups::list(call),
        "ListGroupsForUser" => groups::list_for_user(call),
        "ListMFADevices" => users::list_mfa_devices(call),
        "ListRoles" => roles::list(call),
        "ListSSHPublicKeys" => credentials::list(call, CredentialKind::SshPublicKey),
        "ListServiceSpecificCredentials" => {
            credentials::list(call, CredentialKind::ServiceSpecific)
        }
        "ListSigningCertificates" => credentials::list(call, CredentialKind::SigningCertificate),
        "ListUsers" => users::list(call),
        "PutRolePermissionsBoundary" => boundaries::put(call, Owner::Role),
        "PutUserPermissionsBoundary" => boundaries::put(call, Owner::User),
        "RemoveUserFromGroup" => groups::remove_user(call),
        "SimulatePrincipalPolicy" => simulate::simulate_principal_policy(call),
        "UpdateAccessKey" => keys::update(call),
        "UpdateAssumeRolePolicy" => roles::update_trust(call),
        "UpdateSSHPublicKey" => credentials::update(call, CredentialKind::SshPublicKey),
        "UpdateServiceSpecificCredential" => {
            credentials::update(call, CredentialKind::ServiceSpecific)
        }
        "UpdateSigningCertificate" => credentials::update(call, CredentialKind::SigningCertificate),
        operation => match Owner::split_operation(operation) {
            Some(("Put", owner, "Policy")) => inline::put(call, owner),
            Some(("Get", owner, "Policy")) => inline::get(call, owner),
            Some(("Delete", owner, "Policy")) => inline::delete(call, owner),
            Some(("List", owner, "Policies")) => inline::list(call, owner),
            Some(("Attach", owner, "Policy")) => attached::attach(call, owner),
            Some(("Detach", owner, "Policy")) => attached::detach(call, owner),
            Some(("ListAttached", owner, "Policies")) => attached::list(call, owner),
            _ => Err(call.unknown_operation()),
        },
    }
}

/// The ARN of the group, role or user of the call, or `*` if it names none.
pub(crate) fn resource_arn(world: &World, caller: &Caller, input: &Input) -> String {
    if let Some(arn) = input.text("PolicySourceArn").or_else(|| input.text("Arn")) {
        return arn.to_owned();
    }
    let named = Owner::ALL
        .iter()
        .find_map(|owner| Some((*owner, input.text(owner.parameter())?)));
    let Some((owner, name)) = named else {
        return "*".to_owned();
    };
    let path = world
        .account(caller.account)
        .and_then(|account| owner.path(account, name))
        .unwrap_or("/");
    world.arn(
        "iam",
        "",
        caller.account,
        &format!("{}{path}{name}", owner.as_str()),
    )
}

/// The account of the caller. It exists, because the caller was authenticated.
fn account<'a>(call: &'a Call<'_>) -> Result<&'a Account, AwsError> {
    call.world
        .account(call.caller.account)
        .ok_or_else(|| error::no_such("account", &call.caller.account.to_string()))
}

fn account_mut<'a>(call: &'a mut Call<'_>) -> Result<&'a mut Account, AwsError> {
    let id = call.caller.account;
    call.world
        .account_mut(id)
        .ok_or_else(|| error::no_such("account", &id.to_string()))
}
