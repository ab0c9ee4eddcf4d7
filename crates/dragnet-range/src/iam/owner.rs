//! The identities that policies are attached to (groups, roles and users), and the code that they
//! share.

use super::error::{no_such, unmodifiable};
use crate::call::Call;
use crate::wire::AwsError;
use crate::world::{Account, Policies};

dragnet_model::word_enum! {
    /// The kind of an identity. The words are the resource types in ARNs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Owner {
        Group => "group",
        Role => "role",
        User => "user",
    }
}

/// Paths of the roles that AWS manages.
const PROTECTED: [&str; 2] = ["/aws-service-role/", "/aws-reserved/sso.amazonaws.com/"];

impl Owner {
    /// Splits an operation name, e.g. `PutUserPolicy` into `("Put", User, "Policy")`.
    pub(super) fn split_operation(operation: &str) -> Option<(&str, Self, &str)> {
        Self::ALL.into_iter().find_map(|owner| {
            let (verb, object) = operation.split_once(owner.title())?;
            object.starts_with("Polic").then_some((verb, owner, object))
        })
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Group => "Group",
            Self::Role => "Role",
            Self::User => "User",
        }
    }

    /// The parameter that contains the name of the identity.
    pub(super) fn parameter(self) -> &'static str {
        match self {
            Self::Group => "GroupName",
            Self::Role => "RoleName",
            Self::User => "UserName",
        }
    }

    /// The limit on the total size of its inline policies, not counting white space.
    ///
    /// Source: IAM user guide, "IAM and AWS STS quotas".
    pub(super) fn inline_limit(self) -> usize {
        match self {
            Self::Group => 5_120,
            Self::Role => 10_240,
            Self::User => 2_048,
        }
    }

    pub(super) fn path<'a>(self, account: &'a Account, name: &str) -> Option<&'a str> {
        match self {
            Self::Group => account.groups.get(name).map(|group| group.path.as_str()),
            Self::Role => account.roles.get(name).map(|role| role.path.as_str()),
            Self::User => account.users.get(name).map(|user| user.path.as_str()),
        }
    }

    /// The policies of the named identity.
    ///
    /// # Errors
    /// No identity has this name.
    pub(super) fn policies<'a>(
        self,
        account: &'a Account,
        name: &str,
    ) -> Result<&'a Policies, AwsError> {
        match self {
            Self::Group => account.groups.get(name).map(|group| &group.policies),
            Self::Role => account.roles.get(name).map(|role| &role.policies),
            Self::User => account.users.get(name).map(|user| &user.policies),
        }
        .ok_or_else(|| no_such(self.as_str(), name))
    }

    /// The policies of the named identity, to be changed.
    ///
    /// # Errors
    /// No identity has this name, or it is a role that AWS manages.
    pub(super) fn policies_mut<'a>(
        self,
        call: &'a mut Call<'_>,
        name: &str,
    ) -> Result<&'a mut Policies, AwsError> {
        let account = super::account_mut(call)?;
        if self == Self::Role && self.path(account, name).is_some_and(is_protected) {
            return Err(unmodifiable(name));
        }
        match self {
            Self::Group => account
                .groups
                .get_mut(name)
                .map(|group| &mut group.policies),
            Self::Role => account.roles.get_mut(name).map(|role| &mut role.policies),
            Self::User => account.users.get_mut(name).map(|user| &mut user.policies),
        }
        .ok_or_else(|| no_such(self.as_str(), name))
    }
}

/// Whether AWS manages the roles with this path.
pub(super) fn is_protected(path: &str) -> bool {
    PROTECTED
        .iter()
        .any(|protected| path.starts_with(protected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_operation_returns_verb_owner_and_object() {
        assert_eq!(
            Owner::split_operation("PutUserPolicy"),
            Some(("Put", Owner::User, "Policy"))
        );
        assert_eq!(
            Owner::split_operation("ListAttachedRolePolicies"),
            Some(("ListAttached", Owner::Role, "Policies"))
        );
        assert_eq!(Owner::split_operation("GetGroup"), None);
        assert_eq!(Owner::split_operation("CreatePolicy"), None);
    }
}
