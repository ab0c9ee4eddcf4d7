//! Evaluates one statement for one request.

use std::borrow::Cow;

use super::condition::{Condition, Facts, expand};
use super::glob;

/// A request to be authorized.
pub(crate) struct Ask<'a> {
    /// The action, e.g. `logs:FilterLogEvents`.
    pub(crate) action: &'a str,
    /// The ARN of the resource, or `*`.
    pub(crate) resource: &'a str,
    /// The values that conditions and principals are compared with.
    pub(crate) facts: &'a Facts,
}

/// The result of evaluating one or several policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A statement denies the request.
    Deny,
    /// A statement allows the request, and none denies it.
    Allow,
    /// No statement applies to the request.
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

impl Verdict {
    pub(super) fn of(effects: impl Iterator<Item = Effect>) -> Self {
        let each = effects.map(|effect| {
            if effect == Effect::Deny {
                Self::Deny
            } else {
                Self::Allow
            }
        });
        Self::all(each)
    }

    /// Combines the verdicts of several policies of one kind.
    pub(crate) fn all(verdicts: impl Iterator<Item = Self>) -> Self {
        let mut joint = Self::Silent;
        for verdict in verdicts {
            match verdict {
                Self::Deny => return Self::Deny,
                Self::Allow => joint = Self::Allow,
                Self::Silent => {}
            }
        }
        joint
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
    pub(super) fn applies(&self, ask: &Ask<'_>) -> bool {
        let action = self
            .actions
            .iter()
            .any(|pattern| same_action(pattern, ask.action))
            != self.actions_inverted;
        let resource = || {
            let named = self.resources.iter().any(|pattern| {
                let pattern: Cow<'_, str> = expand(pattern, ask.facts);
                pattern == "*" || glob(&pattern, ask.resource)
            });
            named != self.resources_inverted
        };
        let principal = || {
            self.principals
                .as_ref()
                .is_none_or(|principals| principals.include(ask.facts))
        };
        action
            && resource()
            && principal()
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(ask.facts))
    }
}

impl Statement {
    /// Whether the statement names this principal by its own ARN, not through its account or `*`.
    pub(super) fn names(&self, arn: &str) -> bool {
        self.principals.as_ref().is_some_and(|principals| {
            !principals.inverted && principals.aws.iter().any(|p| p == arn)
        })
    }
}

/// Actions are case-insensitive.
fn same_action(pattern: &str, action: &str) -> bool {
    pattern == "*" || glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

impl Principals {
    fn include(&self, facts: &Facts) -> bool {
        let named = self.aws.iter().any(|principal| {
            principal == "*"
                || *principal == facts.account
                || *principal == facts.account_root
                || *principal == facts.principal_arn
                || facts.session_arn.as_deref() == Some(principal)
        });
        named != self.inverted
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, PolicyKind};
    use super::*;

    fn facts() -> Facts {
        Facts {
            account: "111111111111".to_owned(),
            account_root: "arn:aws:iam::111111111111:root".to_owned(),
            principal_arn: "arn:aws:iam::111111111111:user/alice".to_owned(),
            username: Some("alice".to_owned()),
            ..Facts::default()
        }
    }

    fn verdict(statement: &str, kind: PolicyKind, action: &str, resource: &str) -> Verdict {
        let document = Document::parse(&format!(r#"{{"Statement":{statement}}}"#), kind).unwrap();
        document.verdict(&Ask {
            action,
            resource,
            facts: &facts(),
        })
    }

    #[test]
    fn deny_beats_allow_and_silence_is_neither() {
        let both = r#"[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]"#;
        let of = |action| verdict(both, PolicyKind::Identity, action, "*");
        assert_eq!(
            (of("iam:ListUsers"), of("logs:FilterLogEvents")),
            (Verdict::Deny, Verdict::Allow)
        );
        let one = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"arn:aws:logs:*"}"#;
        assert_eq!(
            verdict(one, PolicyKind::Identity, "IAM:listusers", "arn:aws:logs:x"),
            Verdict::Silent
        );
        assert_eq!(
            verdict(one, PolicyKind::Identity, "logs:X", "arn:aws:s3:::b"),
            Verdict::Silent
        );
    }

    #[test]
    fn a_resource_may_name_the_caller() {
        let own = r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
        let of = |who| {
            verdict(
                own,
                PolicyKind::Identity,
                "iam:GetUser",
                &format!("arn:aws:iam::1:user/{who}"),
            )
        };
        assert_eq!((of("alice"), of("bob")), (Verdict::Allow, Verdict::Silent));
    }

    #[test]
    fn trust_is_in_an_account_a_principal_or_everyone() {
        for trusted in [
            r#""*""#,
            r#"{"AWS":"111111111111"}"#,
            r#"{"AWS":["arn:aws:iam::111111111111:user/alice"]}"#,
        ] {
            let policy =
                format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{trusted}}}"#);
            assert_eq!(
                verdict(&policy, PolicyKind::Trust, "sts:AssumeRole", "*"),
                Verdict::Allow,
                "{trusted}"
            );
        }
        let other = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::222222222222:root"}}"#;
        assert_eq!(
            verdict(other, PolicyKind::Trust, "sts:AssumeRole", "*"),
            Verdict::Silent
        );
    }
}
