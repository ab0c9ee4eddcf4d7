//! Parses policy documents, and rejects malformed ones as IAM does.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::condition::{Condition, texts};
use super::problem::Problem;
use super::statement::{AccessRequest, Decision, Effect, Principals, Statement};
use super::validity;

/// The reason why a policy is malformed; the text is the message of `MalformedPolicyDocument`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct MalformedPolicy(pub(crate) String);

/// The kind of policy, which decides what its statements must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// A policy of a user, role, group, session or organization: it has resources, but no
    /// principals.
    Identity,
    /// The trust policy of a role: it has principals, but no resources.
    Trust,
    /// The policy of a bucket or key: it has principals and resources.
    Resource,
}

/// A parsed policy document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDocument {
    #[serde(rename = "Version")]
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    #[serde(rename = "Statement")]
    statement: Value,
}

impl Document {
    /// Parses a policy.
    ///
    /// # Errors
    /// The text is not JSON, or violates the grammar of IAM policies.
    pub(crate) fn parse(text: &str, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        parse_document(text, kind).map_err(|problem| MalformedPolicy(problem.to_string()))
    }

    /// Whether a statement of a trust policy allows this principal by its own ARN.
    pub(crate) fn allows_by_name(&self, principal_arn: &str) -> bool {
        self.statements.iter().any(|statement| {
            statement.effect == Effect::Allow && statement.names_principal(principal_arn)
        })
    }

    /// Whether a statement of a resource policy allows the request to the caller itself or to
    /// everyone. A statement that names only the account lets the account's own policies decide.
    pub(crate) fn allows_directly(&self, request: &AccessRequest<'_>) -> bool {
        self.statements.iter().any(|statement| {
            statement.effect == Effect::Allow
                && statement.names_caller(request.context)
                && statement.applies(request)
        })
    }

    /// Whether each statement applies to a request, in order.
    pub(crate) fn applying_statements(&self, request: &AccessRequest<'_>) -> Vec<bool> {
        let applies = |statement: &Statement| statement.applies(request);
        self.statements.iter().map(applies).collect()
    }

    /// Evaluates this policy alone for a request.
    pub(crate) fn evaluate(&self, request: &AccessRequest<'_>) -> Decision {
        Decision::from_effects(
            self.statements
                .iter()
                .filter(|statement| statement.applies(request))
                .map(|statement| statement.effect),
        )
    }
}

fn parse_document(text: &str, kind: PolicyKind) -> Result<Document, Problem> {
    let raw: RawDocument = serde_json::from_str(text).map_err(|error| {
        if kind == PolicyKind::Trust && !error.is_data() {
            Problem::said("This policy contains invalid Json")
        } else {
            Problem::Syntax
        }
    })?;
    let version = raw.version.as_deref();
    if version.is_some_and(|version| !matches!(version, "2012-10-17" | "2008-10-17")) {
        return Err(Problem::Syntax);
    }
    let statements = match raw.statement {
        Value::Array(list) => list,
        single => vec![single],
    };
    if statements.is_empty() {
        return Err(Problem::Syntax);
    }
    let mut sids = BTreeSet::new();
    let statements = statements
        .into_iter()
        .map(|value| match value {
            Value::Object(mut fields) => {
                check_sid(&mut fields, &mut sids)?;
                parse_statement(fields, kind)
            }
            _ => Err(Problem::Syntax),
        })
        .collect::<Result<_, _>>()?;
    Ok(Document { statements })
}

/// Removes the id of a statement, which must be unique.
fn check_sid(fields: &mut Map<String, Value>, sids: &mut BTreeSet<String>) -> Result<(), Problem> {
    match fields.remove("Sid") {
        None => Ok(()),
        Some(Value::String(sid)) => {
            if sid.is_empty() || sids.insert(sid) {
                Ok(())
            } else {
                Err(Problem::said(
                    "Statement IDs (SID) in a single policy must be unique.",
                ))
            }
        }
        Some(_) => Err(Problem::Syntax),
    }
}

fn parse_statement(mut fields: Map<String, Value>, kind: PolicyKind) -> Result<Statement, Problem> {
    let effect = match fields.remove("Effect").as_ref().and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(other) if ["allow", "deny"].contains(&&*other.to_ascii_lowercase()) => {
            return Err(Problem::legacy());
        }
        _ => return Err(Problem::Syntax),
    };
    let (actions, actions_inverted) = remove_either(&mut fields, "Action", "NotAction")?
        .ok_or_else(|| Problem::said("Policy statement must contain actions."))?;
    validity::check_vendors(&actions)?;
    let resources = remove_either(&mut fields, "Resource", "NotResource")?;
    let principals = parse_principals(&mut fields)?;
    let (resources, resources_inverted) = match (kind, resources, &principals) {
        (PolicyKind::Identity, _, Some(_)) => {
            return Err(Problem::said(
                "Policy document should not specify a principal.",
            ));
        }
        (PolicyKind::Identity, None, None) => {
            return Err(Problem::said("Policy statement must contain resources."));
        }
        (PolicyKind::Identity, Some(resources), None) => {
            validity::check_resources(&resources.0)?;
            resources
        }
        (PolicyKind::Resource, Some(resources), Some(_)) => resources,
        (PolicyKind::Trust, Some(_), _) => {
            return Err(Problem::said("Has prohibited field Resource"));
        }
        (PolicyKind::Trust, None, None) | (PolicyKind::Resource, Some(_), None) => {
            return Err(Problem::said("Missing required field Principal"));
        }
        (PolicyKind::Trust, None, Some(_)) => (vec!["*".to_owned()], false),
        (PolicyKind::Resource, None, _) => {
            return Err(Problem::said("Missing required field Resource"));
        }
    };
    validity::check_colons(&actions)?;
    let conditions = match fields.remove("Condition") {
        Some(value) => Condition::parse(&value)?,
        None => Vec::new(),
    };
    if !fields.is_empty() {
        return Err(Problem::Syntax);
    }
    Ok(Statement {
        effect,
        actions,
        actions_inverted,
        resources,
        resources_inverted,
        principals,
        conditions,
    })
}

/// Returns the one of two mutually exclusive lists that is present, and whether it is the inverted
/// one.
fn remove_either(
    fields: &mut Map<String, Value>,
    plain: &str,
    inverted: &str,
) -> Result<Option<(Vec<String>, bool)>, Problem> {
    match (fields.remove(plain), fields.remove(inverted)) {
        (Some(_), Some(_)) => Err(Problem::Syntax),
        (Some(value), None) => Ok(Some((texts(&value)?, false))),
        (None, Some(value)) => Ok(Some((texts(&value)?, true))),
        (None, None) => Ok(None),
    }
}

fn parse_principals(fields: &mut Map<String, Value>) -> Result<Option<Principals>, Problem> {
    let (value, inverted) = match (fields.remove("Principal"), fields.remove("NotPrincipal")) {
        (None, None) => return Ok(None),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (Some(_), Some(_)) => return Err(Problem::Syntax),
    };
    let aws = match &value {
        Value::String(everyone) if everyone == "*" => vec!["*".to_owned()],
        Value::Object(kinds) => match kinds.get("AWS") {
            Some(value) => texts(value)?,
            // Services and federated users can also assume roles, but they never call the range.
            None => Vec::new(),
        },
        _ => return Err(Problem::said("Invalid principal in policy")),
    };
    Ok(Some(Principals { aws, inverted }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_policies_are_rejected() {
        for bad in [
            "",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#,
            r#"{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"ListUsers","Resource":"*"}}"#,
            r#"{"Version":"2020-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"a:b":"c"}}}}"#,
        ] {
            assert!(Document::parse(bad, PolicyKind::Identity).is_err(), "{bad}");
        }
    }

    #[test]
    fn version_is_optional() {
        let policy = r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
        assert!(Document::parse(policy, PolicyKind::Identity).is_ok());
    }
}
