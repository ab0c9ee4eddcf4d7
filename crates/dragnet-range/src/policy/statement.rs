//! Evaluates one statement for one request.

use std::borrow::Cow;

use super::condition::{Condition, RequestContext, expand};
use super::glob;

/// A request to be authorized.
pub(crate) struct AccessRequest<'a> {
    /// The action, e.g. `logs:FilterLogEvents`.
    pub(crate) action: &'a str,
    /// The ARN of the resource, or `*`.
    pub(crate) resource: &'a str,
    /// The values that conditions and principals are compared with.
    pub(crate) context: &'a RequestContext,
}

/// The result of evaluating one or several policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A statement denies the request.
    ExplicitDeny,
    /// A statement allows the request, and none denies it.
    Allow,
    /// No statement applies to the request.
    ImplicitDeny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

impl Decision {
    pub(super) fn from_effects(effects: impl Iterator<Item = Effect>) -> Self {
        let decisions = effects.map(|effect| {
            if effect == Effect::Deny {
                Self::ExplicitDeny
            } else {
                Self::Allow
            }
        });
        Self::combine(decisions)
    }

    /// Combines the decisions of several policies of one kind.
    pub(crate) fn combine(decisions: impl Iterator<Item = Self>) -> Self {
        let mut combined = Self::ImplicitDeny;
        for decision in decisions {
            match decision {
                Self::ExplicitDeny => return Self::ExplicitDeny,
                Self::Allow => combined = Self::Allow,
                Self::ImplicitDeny => {}
            }
        }
        combined
    }
}

/// The AWS principals in a statement of a trust policy.
#[derive(Clone, Debug)]
pub(super) struct Principals {
    pub(super) aws: Vec<String>,
    pub(super) inverted: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    pub(super) actions: Vec<String>,
    pub(super) actions_inverted: bool,
    pub(super) resources: Vec<String>,
    pub(super) resources_inverted: bool,
    pub(super) principals: Option<Principals>,
    pub(super) conditions: Vec<Condition>,
}

impl Statement {
    pub(super) fn applies(&self, request: &AccessRequest<'_>) -> bool {
        let has_action = self
            .actions
            .iter()
            .any(|pattern| action_matches(pattern, request.action))
            != self.actions_inverted;
        let has_resource = || {
            let named = self.resources.iter().any(|pattern| {
                let pattern: Cow<'_, str> = expand(pattern, request.context);
                pattern == "*" || glob(&pattern, request.resource)
            });
            named != self.resources_inverted
        };
        let has_principal = || {
            self.principals
                .as_ref()
                .is_none_or(|principals| principals.include(request.context))
        };
        has_action
            && has_resource()
            && has_principal()
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(request.context))
    }
}

impl Statement {
    /// Whether the statement names this principal by its own ARN, not through its account or `*`.
    pub(super) fn names_principal(&self, arn: &str) -> bool {
        self.principals.as_ref().is_some_and(|principals| {
            !principals.inverted && principals.aws.iter().any(|p| p == arn)
        })
    }

    /// Whether the statement names the caller by its ARN or that of its session, or everyone.
    pub(super) fn names_caller(&self, context: &RequestContext) -> bool {
        let named = |arn: &str| self.names_principal(arn);
        named("*")
            || named(&context.principal_arn)
            || context.session_arn.as_deref().is_some_and(named)
    }
}

/// Actions are case-insensitive.
fn action_matches(pattern: &str, action: &str) -> bool {
    pattern == "*" || glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

impl Principals {
    fn include(&self, context: &RequestContext) -> bool {
        let named = self.aws.iter().any(|principal| {
            principal == "*"
                || *principal == context.account
                || *principal == context.account_root
                || *principal == context.principal_arn
                || context.session_arn.as_deref() == Some(principal)
        });
        named != self.inverted
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, PolicyKind};
    use super::*;

    fn context() -> RequestContext {
        RequestContext {
            account: "111111111111".to_owned(),
            account_root: "arn:aws:iam::111111111111:root".to_owned(),
            principal_arn: "arn:aws:iam::111111111111:user/alice".to_owned(),
            username: Some("alice".to_owned()),
            ..RequestContext::default()
        }
    }

    fn evaluate(statement: &str, kind: PolicyKind, action: &str, resource: &str) -> Decision {
        let document = Document::parse(&format!(r#"{{"Statement":{statement}}}"#), kind).unwrap();
        document.evaluate(&AccessRequest {
            action,
            resource,
            context: &context(),
        })
    }

    #[test]
    fn explicit_deny_overrides_allow() {
        let both = r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]"#;
        let decide = |action| evaluate(both, PolicyKind::Identity, action, "*");
        assert_eq!(
            (decide("iam:ListUsers"), decide("logs:FilterLogEvents")),
            (Decision::ExplicitDeny, Decision::Allow)
        );
        let one = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:logs:*"}"#;
        assert_eq!(
            evaluate(one, PolicyKind::Identity, "IAM:listusers", "arn:aws:logs:x"),
            Decision::ImplicitDeny
        );
        assert_eq!(
            evaluate(one, PolicyKind::Identity, "logs:X", "arn:aws:s3:::b"),
            Decision::ImplicitDeny
        );
    }

    #[test]
    fn resource_expands_policy_variables() {
        let own = r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
        let decide = |user| {
            evaluate(
                own,
                PolicyKind::Identity,
                "iam:GetUser",
                &format!("arn:aws:iam::1:user/{user}"),
            )
        };
        assert_eq!(
            (decide("alice"), decide("bob")),
            (Decision::Allow, Decision::ImplicitDeny)
        );
    }

    #[test]
    fn trust_policy_names_account_principal_or_everyone() {
        for trusted in [
            r#""*""#,
            r#"{"AWS":"111111111111"}"#,
            r#"{"AWS":["arn:aws:iam::111111111111:user/alice"]}"#,
        ] {
            let policy =
                format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{trusted}}}"#);
            assert_eq!(
                evaluate(&policy, PolicyKind::Trust, "sts:AssumeRole", "*"),
                Decision::Allow,
                "{trusted}"
            );
        }
        let other = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::222222222222:root"}}"#;
        assert_eq!(
            evaluate(other, PolicyKind::Trust, "sts:AssumeRole", "*"),
            Decision::ImplicitDeny
        );
    }
}
