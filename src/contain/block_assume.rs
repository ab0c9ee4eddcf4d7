//! The trust policy of a role, with a statement that denies everybody to assume it.

use serde_json::{Value, json};

use super::document::are_equivalent;

/// The start of the id of the statement, so that people see who added it.
const STATEMENT_ID: &str = "DragnetBlockAssume";

/// The limit on the size of a trust policy, in characters without white space. AWS raises it on
/// request.
///
/// Source: IAM user guide, "IAM and AWS STS quotas", role trust policy length.
pub(super) const TRUST_POLICY_LIMIT: usize = 2_048;

/// Returns a trust policy with the statement added. Returns it unchanged if it has such a statement,
/// and `None` if the text is not a policy.
///
/// Sources: IAM user guide, "Policy evaluation logic": an explicit deny wins over every allow; "AWS
/// global condition context keys", `aws:PrincipalIsAWSService`: a deny of the principal `*` also
/// denies AWS services, unless a condition excludes them.
pub(super) fn block_assume(trust: &str) -> Option<String> {
    let Ok(Value::Object(mut policy)) = serde_json::from_str(trust) else {
        return None;
    };
    let mut statements = match policy.remove("Statement")? {
        Value::Array(statements) => statements,
        one => vec![one],
    };
    if statements.iter().any(blocks_everybody) {
        return Some(trust.to_owned());
    }
    let id = unused_id(&statements);
    statements.push(deny_statement(&id));
    policy.insert("Statement".to_owned(), Value::Array(statements));
    Some(Value::Object(policy).to_string())
}

/// A trust policy may only contain the actions that assume a role, without wildcards.
///
/// Source: STS API, `AssumeRole`, `AssumeRoleWithSAML`, `AssumeRoleWithWebIdentity`.
fn deny_statement(id: &str) -> Value {
    json!({
        "Sid": id,
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
    })
}

fn blocks_everybody(statement: &Value) -> bool {
    let as_policy = |statement: &Value| json!({ "Statement": [statement] }).to_string();
    are_equivalent(&as_policy(statement), &as_policy(&deny_statement("")))
}

/// Returns an id that no statement has. IAM refuses a policy with the same id twice.
fn unused_id(statements: &[Value]) -> String {
    let is_used = |id: &str| {
        statements
            .iter()
            .any(|statement| statement.get("Sid").is_some_and(|used| used == id))
    };
    let mut id = STATEMENT_ID.to_owned();
    while is_used(&id) {
        id.push('X');
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: &str = r#"{ "Version":"2012-10-17", "Statement": {"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"} }"#;

    #[test]
    fn deny_is_added_once_and_the_rest_is_kept() {
        let blocked = block_assume(TRUST).unwrap();
        let policy: Value = serde_json::from_str(&blocked).unwrap();
        assert_eq!(policy["Version"], "2012-10-17");
        assert_eq!(policy["Statement"][0]["Principal"]["AWS"], "111111111111");
        assert_eq!(policy["Statement"][1]["Sid"], STATEMENT_ID);
        assert_eq!(policy["Statement"][1]["Effect"], "Deny");
        assert!(!are_equivalent(TRUST, &blocked));
        assert_eq!(block_assume(&blocked).as_ref(), Some(&blocked));
    }

    #[test]
    fn other_denies_do_not_count_and_ids_stay_unique() {
        for statement in [
            r#"{"Sid":"DragnetBlockAssume","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#,
            r#"{"Sid":"DragnetBlockAssume","Effect":"Deny","Principal":{"AWS":"111111111111"},"Action":["sts:AssumeRole","sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"]}"#,
            r#"{"Sid":"DragnetBlockAssume","Effect":"Deny","Principal":"*","Action":["sts:AssumeRole","sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
        ] {
            let trust = format!(r#"{{"Statement":[{statement}]}}"#);
            let policy: Value = serde_json::from_str(&block_assume(&trust).unwrap()).unwrap();
            assert_eq!(policy["Statement"].as_array().unwrap().len(), 2, "{trust}");
            assert_eq!(policy["Statement"][1]["Sid"], "DragnetBlockAssumeX");
        }
    }

    #[test]
    fn what_is_not_a_policy_is_not_changed() {
        for text in ["", "{}", "[]", "x"] {
            assert_eq!(block_assume(text), None, "{text}");
        }
    }
}
