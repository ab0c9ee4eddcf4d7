//! Parses policy documents, and rejects malformed ones as IAM does.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::condition::{Condition, texts};
use super::statement::{AccessRequest, Decision, Effect, Principals, Statement};

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
        let syntax = |problem: &dyn std::fmt::Display| {
            MalformedPolicy(format!("Syntax errors in policy. {problem}"))
        };
        let raw: RawDocument = serde_json::from_str(text).map_err(|error| syntax(&error))?;
        if raw
            .version
            .as_deref()
            .is_some_and(|version| !matches!(version, "2012-10-17" | "2008-10-17"))
        {
            return Err(syntax(
                &"The policy's Version is not 2012-10-17 or 2008-10-17.",
            ));
        }
        let statements = match raw.statement {
            Value::Array(list) => list,
            single => vec![single],
        };
        if statements.is_empty() {
            return Err(syntax(&"The policy has no Statement."));
        }
        let statements = statements
            .into_iter()
            .map(|value| match value {
                Value::Object(fields) => {
                    parse_statement(fields, kind).map_err(|problem| syntax(&problem))
                }
                _ => Err(syntax(&"A Statement is not an object.")),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
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

fn parse_statement(mut fields: Map<String, Value>, kind: PolicyKind) -> Result<Statement, String> {
    fields.remove("Sid");
    let effect = match fields.remove("Effect").as_ref().and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err("A Statement needs an Effect of Allow or Deny.".to_owned()),
    };
    let (actions, actions_inverted) = remove_either(&mut fields, "Action", "NotAction")?
        .ok_or("Policy statement must contain actions.")?;
    if actions
        .iter()
        .any(|action| action != "*" && !action.contains(':'))
    {
        return Err(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
        );
    }
    let resources = remove_either(&mut fields, "Resource", "NotResource")?;
    let principals = parse_principals(&mut fields)?;
    let (resources, resources_inverted) = match (kind, resources, &principals) {
        (PolicyKind::Identity, _, Some(_)) => {
            return Err("Policy document should not specify a principal.".to_owned());
        }
        (PolicyKind::Identity, None, None) => {
            return Err("Policy statement must contain resources.".to_owned());
        }
        (PolicyKind::Identity, Some(resources), None)
        | (PolicyKind::Resource, Some(resources), Some(_)) => resources,
        (PolicyKind::Trust, Some(_), _) => return Err("Has prohibited field Resource.".to_owned()),
        (PolicyKind::Trust, None, None) | (PolicyKind::Resource, Some(_), None) => {
            return Err("Missing required field Principal.".to_owned());
        }
        (PolicyKind::Trust, None, Some(_)) => (vec!["*".to_owned()], false),
        (PolicyKind::Resource, None, _) => {
            return Err("Missing required field Resource.".to_owned());
        }
    };
    let conditions = match fields.remove("Condition") {
        Some(value) => Condition::parse(&value)?,
        None => Vec::new(),
    };
    if let Some(unknown) = fields.keys().next() {
        return Err(format!("Unknown field {unknown}."));
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
) -> Result<Option<(Vec<String>, bool)>, String> {
    match (fields.remove(plain), fields.remove(inverted)) {
        (Some(_), Some(_)) => Err(format!("A Statement has both {plain} and {inverted}.")),
        (Some(value), None) => Ok(Some((texts(&value, plain)?, false))),
        (None, Some(value)) => Ok(Some((texts(&value, inverted)?, true))),
        (None, None) => Ok(None),
    }
}

fn parse_principals(fields: &mut Map<String, Value>) -> Result<Option<Principals>, String> {
    let (value, inverted) = match (fields.remove("Principal"), fields.remove("NotPrincipal")) {
        (None, None) => return Ok(None),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (Some(_), Some(_)) => {
            return Err("A Statement has both Principal and NotPrincipal.".to_owned());
        }
    };
    let aws = match &value {
        Value::String(everyone) if everyone == "*" => vec!["*".to_owned()],
        Value::Object(kinds) => match kinds.get("AWS") {
            Some(value) => texts(value, "Principal")?,
            // Services and federated users can also assume roles, but they never call the range.
            None => Vec::new(),
        },
        _ => return Err("Invalid principal in policy.".to_owned()),
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
