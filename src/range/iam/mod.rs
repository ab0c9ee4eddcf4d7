//! IAM: users, roles, groups, keys and policies.

mod managed;

pub(crate) use managed::managed_policy;

use super::access::Caller;
use super::call::Call;
use super::wire::{AwsError, Input, Reply};
use super::world::World;

/// Does a call of this service.
///
/// # Errors
/// AWS's own, for each operation.
pub(crate) fn answer(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    Err(call.unknown_operation())
}

/// The ARN of the user, role or group that the call is about.
pub(crate) fn resource(world: &World, caller: &Caller, input: &Input) -> String {
    let account = world.account(caller.account);
    let path_of = |kind: &str, name: &str| {
        let account = account?;
        match kind {
            "user" => account.users.get(name).map(|user| user.path.clone()),
            "role" => account.roles.get(name).map(|role| role.path.clone()),
            _ => account.groups.get(name).map(|group| group.path.clone()),
        }
    };
    let kinds = [("UserName", "user"), ("RoleName", "role"), ("GroupName", "group")];
    let named = kinds.iter().find_map(|(parameter, kind)| Some((*kind, input.text(parameter)?)));
    let Some((kind, name)) = named else { return "*".to_owned() };
    let path = path_of(kind, name).unwrap_or_else(|| "/".to_owned());
    world.arn("iam", "", caller.account, &format!("{kind}{path}{name}"))
}
