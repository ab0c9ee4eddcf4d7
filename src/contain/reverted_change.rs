//! Recognizes in a CloudTrail record that somebody reverted a change of a containment: a policy
//! that was removed, an access key that was activated.
//!
//! Source: IAM API reference, "Actions"; CloudTrail user guide, "CloudTrail record contents":
//! `requestParameters` has the parameters of the call, whose names start with a lower-case letter.

use super::change::{Change, ResourceState};
use super::log_call::LogCall;
use dragnet_model::{Principal, PrincipalKind};

/// Describes how a successful call of IAM reverted a change of a principal, to follow the name of
/// the caller. `None` if it did not. `intended` has the states that the change intends.
pub(super) fn describe_reversal(
    principal: &Principal,
    change: &Change,
    intended: &[ResourceState],
    call: &LogCall,
) -> Option<String> {
    match change {
        Change::DenyAll { policy, .. }
        | Change::DenyAllUntil { policy, .. }
        | Change::DenySessions { policy, .. }
        | Change::RevokeSessions { policy } => policy_reversal(principal, policy, intended, call)
            .or_else(|| left_group(principal, call)),
        Change::DeactivateKey { key } => {
            is_activated(key, call).then(|| format!("activated its access key {key}"))
        }
        Change::DeactivateCredential { kind, id } => {
            is_activated(id, call).then(|| format!("activated its {} {id}", kind.describe()))
        }
        Change::DeleteLoginProfile {} => {
            let is_created = call.event_name() == "CreateLoginProfile";
            (is_created && names(principal, call))
                .then(|| "created a console password for it".to_owned())
        }
        Change::DeactivateMfa { serial } => {
            let is_enabled = call.event_name() == "EnableMFADevice";
            (is_enabled && call.has_parameter_value(serial))
                .then(|| format!("enabled its MFA device {serial}"))
        }
        Change::BlockAssume { .. } => {
            let written = call.parameter("policyDocument").to_owned();
            let is_changed = call.event_name() == "UpdateAssumeRolePolicy"
                && names(principal, call)
                && !is_intended(intended, &ResourceState::Trust(Some(written)));
            is_changed.then(|| "changed its trust policy".to_owned())
        }
        Change::Boundary { .. } => boundary_reversal(principal, intended, call),
        // It removes a deny, so there is nothing to revert.
        Change::RemoveDenyAll { .. } => None,
    }
}

/// The kind of a principal as the names of IAM's operations have it.
fn kind_in_operations(principal: &Principal) -> &'static str {
    match principal.kind() {
        PrincipalKind::Role => "Role",
        PrincipalKind::User => "User",
        PrincipalKind::Group => "Group",
    }
}

/// Whether the parameters of the call name the principal.
fn names(principal: &Principal, call: &LogCall) -> bool {
    let parameter = format!("{}Name", principal.kind());
    call.parameter(&parameter)
        .eq_ignore_ascii_case(principal.name())
}

/// Whether the step intended this state, so that writing it again reverts nothing.
fn is_intended(intended: &[ResourceState], written: &ResourceState) -> bool {
    written.denies_all() || intended.iter().any(|state| state.is_equivalent_to(written))
}

fn policy_reversal(
    principal: &Principal,
    policy: &str,
    intended: &[ResourceState],
    call: &LogCall,
) -> Option<String> {
    if !names(principal, call) || !call.parameter("policyName").eq_ignore_ascii_case(policy) {
        return None;
    }
    let kind = kind_in_operations(principal);
    let event = call.event_name();
    if event == format!("Delete{kind}Policy") {
        return Some(format!("removed its policy {policy}"));
    }
    let written = ResourceState::Policy(Some(call.parameter("policyDocument").to_owned()));
    let is_changed = event == format!("Put{kind}Policy") && !is_intended(intended, &written);
    is_changed.then(|| format!("changed its policy {policy}"))
}

/// The policy of a group binds only its members.
fn left_group(principal: &Principal, call: &LogCall) -> Option<String> {
    let is_left = principal.kind() == PrincipalKind::Group
        && call.event_name() == "RemoveUserFromGroup"
        && names(principal, call);
    is_left.then(|| format!("removed the user {} from it", call.parameter("userName")))
}

fn boundary_reversal(
    principal: &Principal,
    intended: &[ResourceState],
    call: &LogCall,
) -> Option<String> {
    if !names(principal, call) {
        return None;
    }
    let kind = kind_in_operations(principal);
    let event = call.event_name();
    if event == format!("Delete{kind}PermissionsBoundary") {
        return Some("removed its permissions boundary".to_owned());
    }
    let boundary = call.parameter("permissionsBoundary").to_owned();
    let is_changed = event == format!("Put{kind}PermissionsBoundary")
        && !is_intended(intended, &ResourceState::Boundary(Some(boundary)));
    is_changed.then(|| "changed its permissions boundary".to_owned())
}

/// Whether the call activated the credential with this id: `UpdateAccessKey`,
/// `UpdateServiceSpecificCredential`, `UpdateSSHPublicKey` or `UpdateSigningCertificate`.
fn is_activated(id: &str, call: &LogCall) -> bool {
    call.event_name().starts_with("Update")
        && call.parameter("status") == "Active"
        && call.has_parameter_value(id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::document::DENY_ALL;
    use super::*;

    fn reversal(arn: &str, change: &Change, event: &str, parameters: Value) -> Option<String> {
        let mut call = json!({"eventName": event});
        call["requestParameters"] = parameters;
        let call: LogCall = serde_json::from_value(call).unwrap();
        let intended = [change.result("")];
        describe_reversal(&arn.parse().unwrap(), change, &intended, &call)
    }

    #[test]
    fn policy_is_reverted_by_its_removal_or_another_document() {
        let change = Change::DenyAll {
            policy: "DenyAll".to_owned(),
            document: DENY_ALL.to_owned(),
        };
        let role = |event: &str, name: &str, document: &str| {
            let parameters =
                json!({"roleName": name, "policyName": "DenyAll", "policyDocument": document});
            reversal(
                "arn:aws:iam::111111111111:role/x/App",
                &change,
                event,
                parameters,
            )
        };
        let allow = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert!(role("DeleteRolePolicy", "App", "").is_some());
        assert!(role("DeleteRolePolicy", "Other", "").is_none());
        assert!(role("DeleteUserPolicy", "App", "").is_none());
        assert!(role("PutRolePolicy", "App", allow).is_some());
        assert!(role("PutRolePolicy", "App", DENY_ALL).is_none());
        let left = reversal(
            "arn:aws:iam::111111111111:group/staff",
            &change,
            "RemoveUserFromGroup",
            json!({"groupName": "staff", "userName": "eve"}),
        );
        assert_eq!(left.as_deref(), Some("removed the user eve from it"));
    }

    #[test]
    fn other_changes_are_reverted_by_their_own_calls() {
        let role = "arn:aws:iam::111111111111:role/App";
        let deny = "arn:aws:iam::aws:policy/AWSDenyAll";
        let boundary = Change::Boundary {
            policy: deny.to_owned(),
        };
        let block = Change::BlockAssume {
            document: DENY_ALL.to_owned(),
        };
        let put = |policy: &str| json!({"roleName": "App", "permissionsBoundary": policy});
        let event = "PutRolePermissionsBoundary";
        assert!(reversal(role, &boundary, event, put(deny)).is_none());
        assert!(reversal(role, &boundary, event, put("arn:x")).is_some());
        let removed = "DeleteRolePermissionsBoundary";
        assert!(reversal(role, &boundary, removed, json!({"roleName": "App"})).is_some());
        let trust = |document: &str| json!({"roleName": "App", "policyDocument": document});
        let event = "UpdateAssumeRolePolicy";
        assert!(reversal(role, &block, event, trust(DENY_ALL)).is_none());
        assert!(reversal(role, &block, event, trust("{}")).is_some());
        let user = "arn:aws:iam::111111111111:user/eve";
        let key = Change::DeactivateKey {
            key: "AKIAEVE".to_owned(),
        };
        let set =
            |status: &str| json!({"userName": "eve", "accessKeyId": "AKIAEVE", "status": status});
        assert!(reversal(user, &key, "UpdateAccessKey", set("Active")).is_some());
        assert!(reversal(user, &key, "UpdateAccessKey", set("Inactive")).is_none());
        let password = json!({"userName": "eve"});
        let deleted = Change::DeleteLoginProfile {};
        assert!(reversal(user, &deleted, "CreateLoginProfile", password).is_some());
    }
}
