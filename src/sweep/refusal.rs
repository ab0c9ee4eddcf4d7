//! Explains why an account or account-Region could not be entered or read, and what to do about it.
//!
//! AWS gives the same error message for a missing role, a wrong `ExternalId` and a missing MFA
//! code. The outcome therefore says what the request contained, and the advice starts with what it
//! did not contain.

use super::outcome;
use crate::aws::{CallError, ErrorClass, UNPROVEN_EMPTY, UNREACHABLE};
use dragnet_model::{DeniedBy, Operation, Outcome, Reason, Status};

/// The outcome of something that AWS denied, and advice for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The outcome, without the advice.
    pub outcome: Outcome,
    /// What to do, if that is known.
    pub advice: Option<String>,
}

/// What an `AssumeRole` request contained.
#[derive(Clone, Debug)]
pub(super) struct AssumeRoleContext {
    /// The ARN of the identity that sent the request.
    pub caller_arn: String,
    /// Whether the request had MFA context.
    pub mfa: MfaContext,
    /// Whether the request contained an `ExternalId`.
    pub external_id: bool,
    /// Whether the account is the organization's management account.
    pub management: bool,
}

/// Whether a request had MFA context, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MfaContext {
    /// The request had MFA context.
    Yes,
    /// No MFA code was given.
    No,
    /// The request was sent as an assumed role; AWS does not propagate MFA context through
    /// `AssumeRole`.
    NotPropagated,
    /// The source credentials are the session of a role, as with SSO. It has no MFA context and
    /// cannot get any.
    NotPossible,
}

impl Refusal {
    /// Returns the outcome with the advice added to its detail.
    pub fn into_outcome(self) -> Outcome {
        let Self {
            mut outcome,
            advice,
        } = self;
        if let Some(advice) = advice {
            outcome.detail = if outcome.detail.is_empty() {
                advice
            } else {
                format!("{}; to do: {advice}", outcome.detail)
            };
        }
        outcome
    }

    /// Explains a call that failed and was not retried any more.
    pub fn from_call_error(error: &CallError) -> Self {
        if error.class == ErrorClass::Interrupted {
            return Self {
                outcome: outcome::interrupted(),
                advice: None,
            };
        }
        let (reason, advice) = classify_error(error);
        let mut outcome = Outcome::with_reason(Status::Failed, reason, error.to_string());
        if error.class == ErrorClass::Denied {
            outcome = Outcome {
                reason: Some(reason),
                ..Outcome::denied(error.to_string())
            };
        }
        let advice = advice
            .or(outcome.denied_by.and_then(policy_advice))
            .map(str::to_owned);
        Self { outcome, advice }
    }

    /// Explains why a member role, or a hop of the role chain before it, could not be assumed.
    pub(super) fn from_entry_error(
        error: &CallError,
        member_role: Option<&str>,
        context: &AssumeRoleContext,
    ) -> Self {
        let mut refusal = Self::from_call_error(error);
        let is_permission_set = error.operation == Operation::GetRoleCredentials.as_str();
        if refusal.outcome.reason != Some(Reason::RoleDenied) || is_permission_set {
            return refusal;
        }
        let role = error
            .role
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if member_role != Some(&role) {
            refusal.outcome.reason = Some(Reason::HopDenied);
            refusal.advice = Some(format!(
                "{role} is a hop of the role chain, which every account needs: {}",
                context.advice(&role)
            ));
            return refusal;
        }
        refusal.outcome.detail = format!("{}: {}", context.describe(), refusal.outcome.detail);
        refusal.advice.get_or_insert_with(|| context.advice(&role));
        refusal
    }

    /// Explains that a Region in scope by name is not enabled in the account.
    pub fn region_not_enabled() -> Self {
        Self {
            outcome: Outcome::with_reason(Status::Skipped, Reason::RegionNotEnabled, ""),
            advice: Some(
                "enable the Region in the account, or exclude it (exclude_regions)".to_owned(),
            ),
        }
    }
}

impl AssumeRoleContext {
    fn describe(&self) -> String {
        let mfa = if self.mfa == MfaContext::Yes {
            "with MFA"
        } else {
            "without MFA"
        };
        let external_id = if self.external_id {
            "with an ExternalId"
        } else {
            "without an ExternalId"
        };
        format!("requested {mfa} and {external_id}")
    }

    fn advice(&self, role: &str) -> String {
        let mut steps = vec![format!(
            "check that {role} exists and trusts {}",
            self.caller_arn
        )];
        match self.mfa {
            MfaContext::Yes => steps.push(
                "if its trust policy limits the age of the MFA code (aws:MultiFactorAuthAge), enter a new one: dragnet doctor \
                 --forget"
                    .to_owned(),
            ),
            MfaContext::No => steps.push("if its trust policy requires MFA, set identity.mfa_serial".to_owned()),
            MfaContext::NotPossible => steps.push(
                "its trust policy must not require MFA: the source credentials are the session of a role, which has no MFA \
                 context"
                    .to_owned(),
            ),
            MfaContext::NotPropagated => steps.push(
                "if its trust policy requires MFA, require it in the first role of the chain instead: AWS does not propagate \
                 MFA context through AssumeRole"
                    .to_owned(),
            ),
        }
        steps.push(if self.external_id {
            "compare identity.external_id with the one in its trust policy".to_owned()
        } else {
            "if its trust policy requires an ExternalId, set identity.external_id".to_owned()
        });
        if self.management {
            steps.push(
                "this is the management account, to which StackSets do not deploy: create the role there separately \
                 (dragnet setup cloudformation --management)"
                    .to_owned(),
            );
        }
        steps.join("; ")
    }
}

/// Returns the outcome after a call failed and was not retried any more.
pub(super) fn outcome_of_call_error(error: &CallError) -> Outcome {
    Refusal::from_call_error(error).into_outcome()
}

/// Returns the reason for an error, and the advice that applies to every such error.
fn classify_error(error: &CallError) -> (Reason, Option<&'static str>) {
    let operation = Operation::ALL
        .into_iter()
        .find(|operation| operation.as_str() == error.operation);
    match (error.class, operation) {
        // Sessions that Dragnet creates are renewed when they expire, so the expired credentials
        // are the source credentials.
        (ErrorClass::Expired, _) => (
            Reason::SourceCredentials,
            Some("log in again (aws login, aws sso login) or renew the source credentials"),
        ),
        (ErrorClass::Denied, None) => (Reason::SourceCredentials, None),
        // `GetCallerIdentity` needs no permission, so the credentials themselves are rejected.
        (ErrorClass::Denied, Some(Operation::GetCallerIdentity)) => (
            Reason::SourceCredentials,
            Some(
                "check the keys (AWS_PROFILE, --profile, AWS_ACCESS_KEY_ID) and the clock (dragnet doctor)",
            ),
        ),
        (ErrorClass::Denied, Some(Operation::GetSessionToken)) => (Reason::MfaFailed, None),
        // The portal rejects the login, not the permission set.
        _ if error.code == "UnauthorizedException" => (Reason::SourceCredentials, None),
        (ErrorClass::Denied, Some(Operation::AssumeRole | Operation::GetRoleCredentials)) => {
            (Reason::RoleDenied, None)
        }
        (ErrorClass::Denied, _) => (Reason::AccessDenied, None),
        (ErrorClass::NotFound, Some(Operation::FilterLogEvents)) => (Reason::GroupGone, None),
        _ if error.code == UNPROVEN_EMPTY => (
            Reason::UnprovenEmpty,
            Some("run the command again; if the gap remains, report the operation to the project"),
        ),
        _ if error.code == UNREACHABLE && error.message.contains("certificate") => (
            Reason::Error,
            Some(
                "if a proxy decrypts the connection, set AWS_CA_BUNDLE to the certificate of its CA",
            ),
        ),
        _ if error.code == UNREACHABLE => (
            Reason::Error,
            Some(
                "check the network, the proxy (HTTPS_PROXY, NO_PROXY), the Region (AWS_REGION) and the endpoint \
                 (AWS_ENDPOINT_URL)",
            ),
        ),
        _ if error.code == "PackedPolicyTooLarge" => (
            Reason::Error,
            Some(
                "the session policy and the session tags are too large together: set identity.scope_down = false, or pass \
                 fewer or shorter tags",
            ),
        ),
        _ if error.code == "RegionDisabledException" => (
            Reason::Error,
            Some(
                "activate STS in this Region (IAM console, Account settings), or set another AWS_REGION",
            ),
        ),
        _ => (Reason::Error, None),
    }
}

fn policy_advice(policy: DeniedBy) -> Option<&'static str> {
    match policy {
        DeniedBy::Scp => Some(
            "exempt the role from the service control policy, exclude the account or Region (exclude_accounts, \
             exclude_regions), or accept the gap",
        ),
        DeniedBy::Rcp => Some("exempt the role from the resource control policy"),
        DeniedBy::Boundary => Some("allow the action in the role's permissions boundary"),
        DeniedBy::Session => {
            Some("allow the action in the session policy, or set identity.scope_down = false")
        }
        DeniedBy::Identity => Some("allow the action in the role's policy (dragnet setup policy)"),
        DeniedBy::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::222222222222:role/DragnetRead";

    fn error(class: ErrorClass, operation: &'static str, code: &str, message: &str) -> CallError {
        CallError {
            class,
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: String::new(),
            operation,
            account: None,
            role: (operation == "AssumeRole").then(|| Box::new(ROLE.parse().unwrap())),
            region: "us-east-1".parse().unwrap(),
            attempts: 1,
        }
    }

    fn entry(mfa: MfaContext, external_id: bool, member_role: &str) -> Refusal {
        let denied = error(
            ErrorClass::Denied,
            "AssumeRole",
            "AccessDenied",
            "not authorized",
        );
        let caller_arn = "arn:aws:iam::111111111111:user/alice".to_owned();
        Refusal::from_entry_error(
            &denied,
            Some(member_role),
            &AssumeRoleContext {
                caller_arn,
                mfa,
                external_id,
                management: false,
            },
        )
    }

    #[test]
    fn role_denial_names_what_request_lacked() {
        let refusal = entry(MfaContext::No, false, ROLE);
        assert_eq!(refusal.outcome.reason, Some(Reason::RoleDenied));
        let detail = refusal.into_outcome().detail;
        assert!(
            detail
                .starts_with("requested without MFA and without an ExternalId: AssumeRole of arn:"),
            "{detail}"
        );
        assert!(
            detail.contains("set identity.mfa_serial")
                && detail.contains("set identity.external_id"),
            "{detail}"
        );
        let advice = entry(MfaContext::Yes, true, ROLE).advice.unwrap();
        assert!(
            advice.contains("compare identity.external_id") && !advice.contains("requires MFA"),
            "{advice}"
        );
        for (mfa, part) in [
            (MfaContext::NotPropagated, "does not propagate"),
            (MfaContext::NotPossible, "must not require MFA"),
        ] {
            let advice = entry(mfa, false, ROLE).advice.unwrap();
            assert!(
                advice.contains(part) && !advice.contains("mfa_serial"),
                "{advice}"
            );
        }
    }

    #[test]
    fn error_has_reason_and_advice() {
        let hop = entry(
            MfaContext::Yes,
            false,
            "arn:aws:iam::333333333333:role/DragnetRead",
        );
        assert_eq!(hop.outcome.reason, Some(Reason::HopDenied));
        assert!(hop.advice.unwrap().contains("role/DragnetRead is a hop"));
        for (error, reason, part) in [
            (
                error(ErrorClass::Expired, "AssumeRole", "ExpiredToken", ""),
                Reason::SourceCredentials,
                "log in again",
            ),
            (
                error(
                    ErrorClass::Refused,
                    "AssumeRole",
                    "PackedPolicyTooLarge",
                    "",
                ),
                Reason::Error,
                "scope_down = false",
            ),
            (
                error(
                    ErrorClass::Denied,
                    "GetCallerIdentity",
                    "InvalidClientTokenId",
                    "",
                ),
                Reason::SourceCredentials,
                "check the keys",
            ),
            (
                error(
                    ErrorClass::Denied,
                    "DescribeLogGroups",
                    "AccessDeniedException",
                    "a service control policy",
                ),
                Reason::AccessDenied,
                "service control policy",
            ),
        ] {
            let refusal = Refusal::from_call_error(&error);
            assert_eq!(refusal.outcome.reason, Some(reason));
            assert!(refusal.advice.unwrap().contains(part));
        }
    }
}
