//! Enums of the settings as values of options. Only this room knows clap, so the enums cannot derive
//! [`ValueEnum`] where they are defined.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::settings::{ContainAction, Emit, EngineChoice, Listing, OutputFormat, Override};

/// Implements [`ValueEnum`] with the help of each value, in the order in which they are listed. The
/// second list has the values that no option accepts.
macro_rules! value_enum {
    ($type:ident { $($variant:ident: $help:literal,)+ } $(skip { $($skipped:ident),+ })?) => {
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$variant),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                let help = match self {
                    $(Self::$variant => $help,)+
                    $($(Self::$skipped => return None,)+)?
                };
                Some(PossibleValue::new(self.as_str()).help(help))
            }
        }
    };
}

value_enum!(ContainAction {
    DenyAll: "put an inline policy that denies everything",
    DenySession: "deny only the role's sessions that acted in the run (--from-run)",
    RevokeSessions: "revoke the role's sessions that started before now",
    DeactivateKeys: "deactivate a user's access keys",
    DeactivateCredentials: "deactivate every credential of a user: access keys, service-specific \
        credentials, SSH public keys, signing certificates",
    DeleteLoginProfile: "delete a user's console password; cannot be undone",
    DeactivateMfa: "take the MFA devices from a user; cannot be undone",
    BlockAssume: "deny everybody to assume a role, in its trust policy",
    Boundary: "set a permissions boundary that denies everything, where inline policies have no \
        room",
} skip { RemoveDenyAll });

value_enum!(Override {
    MaxTargets: "change more principals than the configuration allows",
    Protect: "change principals that the configuration protects",
    EvidenceRoles: "change roles with which AWS services deliver logs",
    OrganizationRoles: "change the roles through which the organization reaches its accounts",
});

value_enum!(Emit {
    Sh: "AWS CLI commands, with those that undo them",
    Scp: "a service control policy; Dragnet never applies it",
    Rcp: "a resource control policy, which also denies principals of other organizations; Dragnet \
        never applies it",
});

value_enum!(EngineChoice {
    Auto: "chosen by log class, cost and time",
    Filter: "`FilterLogEvents`: free",
    Insights: "CloudWatch Logs Insights: billed by bytes scanned",
});

value_enum!(Listing {
    Accounts: "the accounts of the organization, in scope or not",
    Regions: "the Regions that each account has enabled",
    LogGroups: "the log groups of each account and Region",
    Roles: "the IAM roles of each account, with last use and policies",
    Users: "the IAM users of each account, with last sign-in and policies",
    Groups: "the IAM groups of each account, with members and policies",
});

value_enum!(OutputFormat {
    Table: "for reading",
    Json: "AWS's own shape",
    Csv: "for spreadsheets",
    Text: "tab-separated, without a header",
});

#[cfg(test)]
mod tests {
    use super::*;

    fn words<T: ValueEnum>() -> Vec<String> {
        T::value_variants()
            .iter()
            .map(|value| value.to_possible_value().unwrap().get_name().to_owned())
            .collect()
    }

    #[test]
    fn options_accept_these_words() {
        assert_eq!(
            words::<ContainAction>(),
            [
                "deny-all",
                "deny-session",
                "revoke-sessions",
                "deactivate-keys",
                "deactivate-credentials",
                "delete-login-profile",
                "deactivate-mfa",
                "block-assume",
                "boundary"
            ]
        );
        assert_eq!(ContainAction::RemoveDenyAll.to_possible_value(), None);
        assert_eq!(
            words::<Override>(),
            [
                "max-targets",
                "protect",
                "evidence-roles",
                "organization-roles"
            ]
        );
        assert_eq!(words::<Emit>(), ["sh", "scp", "rcp"]);
        assert_eq!(words::<EngineChoice>(), ["auto", "filter", "insights"]);
        assert_eq!(
            words::<Listing>(),
            [
                "accounts",
                "regions",
                "log-groups",
                "roles",
                "users",
                "groups"
            ]
        );
        assert_eq!(words::<OutputFormat>(), ["table", "json", "csv", "text"]);
    }
}
