//! Compares policy documents by meaning. IAM returns what was written, but people and tools write
//! the same policy in many ways.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The policy that blocks a principal: it denies every action on every resource.
///
/// Source: IAM user guide, "Policy evaluation logic": an explicit deny wins over every allow.
pub const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// The policy that denies everything until a time. A request has the time of the server that
/// checks it, so the deny ends on its own.
///
/// Source: IAM user guide, "AWS global condition context keys": `aws:CurrentTime`.
pub(super) fn deny_all_until(until: Timestamp) -> String {
    let condition = json!({"DateLessThan": {"aws:CurrentTime": format!("{until:.0}")}});
    conditional_deny(&condition)
}

/// The policy that denies everything to sessions with these user ids. The caller of
/// `AssumeRole` chooses the name of the session, so a new session with another name is not denied.
///
/// Source: IAM user guide, "IAM policy elements: Variables and tags": `aws:userid` of an assumed
/// role is `role-id:caller-specified-role-name`.
pub(super) fn deny_sessions_document(sessions: &[String]) -> String {
    conditional_deny(&json!({"StringEquals": {"aws:userid": sessions}}))
}

fn conditional_deny(condition: &Value) -> String {
    let action = json!(["*"]);
    let statement = json!({
        "Effect": "Deny", "Action": action, "Resource": action, "Condition": condition,
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// Whether two documents are equivalent. Order, white space, one item or a list of one, letter case
/// of actions and statement ids do not matter. Two texts that are not policies are equivalent if
/// they are equal.
pub fn are_equivalent(one: &str, other: &str) -> bool {
    one == other
        || matches!((canonical_form(one), canonical_form(other)), (Some(one), Some(other)) if one == other)
}

/// Whether a policy denies everything, whatever else it contains.
pub fn denies_all(document: &str) -> bool {
    let Some(Value::Array(statements)) =
        canonical_form(document).and_then(|mut policy| policy.remove("Statement"))
    else {
        return false;
    };
    let contains_any = |statement: &Value, key: &str, words: &[&str]| {
        let values = statement.get(key).and_then(Value::as_array);
        values.is_some_and(|values| {
            values
                .iter()
                .any(|value| words.iter().any(|word| value == word))
        })
    };
    statements.iter().any(|statement| {
        statement
            .get("Effect")
            .is_some_and(|effect| effect == "Deny")
            && contains_any(statement, "Action", &["*", "*:*"])
            && contains_any(statement, "Resource", &["*"])
            && statement.get("Condition").is_none()
    })
}

/// The size of a document as IAM counts it: characters without white space.
///
/// Source: IAM user guide, "IAM and AWS STS quotas".
pub fn counted_size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// Returns a document in canonical form: sorted lists everywhere, without elements that have no
/// effect. `None` if the text is not a policy.
fn canonical_form(text: &str) -> Option<Map<String, Value>> {
    let Value::Object(mut policy) = serde_json::from_str(text).ok()? else {
        return None;
    };
    policy.remove("Id");
    // The version only decides whether `${…}` is a variable.
    if !text.contains("${") {
        policy.remove("Version");
    }
    let mut statements: Vec<Value> = to_list(policy.remove("Statement")?)
        .into_iter()
        .map(canonical_statement)
        .collect();
    sort_and_dedup(&mut statements);
    policy.insert("Statement".to_owned(), Value::Array(statements));
    Some(policy)
}

fn canonical_statement(statement: Value) -> Value {
    let Value::Object(parts) = statement else {
        return statement;
    };
    let parts = parts
        .into_iter()
        .filter(|(key, _)| key != "Sid")
        .filter_map(|(key, value)| {
            let value = match (key.as_str(), value) {
                ("Effect", effect) => effect,
                // Actions are case-insensitive.
                ("Action" | "NotAction", actions) => {
                    canonical_list(actions, str::to_ascii_lowercase)
                }
                ("Condition", Value::Object(operators)) if operators.is_empty() => return None,
                ("Condition", Value::Object(operators)) => canonical_condition(operators),
                ("Principal" | "NotPrincipal", Value::Object(kinds)) => {
                    canonical_members(kinds, str::to_owned)
                }
                (_, value) => canonical_list(value, str::to_owned),
            };
            Some((key, value))
        });
    Value::Object(parts.collect())
}

/// Condition keys are case-insensitive.
fn canonical_condition(operators: Map<String, Value>) -> Value {
    let operators = operators.into_iter().map(|(operator, keys)| match keys {
        Value::Object(keys) => (operator, canonical_members(keys, str::to_ascii_lowercase)),
        other => (operator, other),
    });
    Value::Object(operators.collect())
}

fn canonical_members(values: Map<String, Value>, normalize_key: impl Fn(&str) -> String) -> Value {
    Value::Object(
        values
            .into_iter()
            .map(|(name, value)| (normalize_key(&name), canonical_list(value, str::to_owned)))
            .collect(),
    )
}

/// Returns a sorted list without duplicates. Policies treat booleans and numbers as texts.
fn canonical_list(value: Value, normalize: impl Fn(&str) -> String) -> Value {
    let text = |value: Value| match value {
        Value::String(text) => Value::String(normalize(&text)),
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        other => other,
    };
    let mut values: Vec<Value> = to_list(value).into_iter().map(text).collect();
    sort_and_dedup(&mut values);
    Value::Array(values)
}

fn to_list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        one => vec![one],
    }
}

fn sort_and_dedup(values: &mut Vec<Value>) {
    values.sort_by_cached_key(Value::to_string);
    values.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_deny_all_are_equivalent() {
        for same in [
            r#"{"Statement":{"Effect":"Deny","Action":["*"],"Resource":["*"]}}"#,
            r#"{"Version":"2008-10-17","Id":"x","Statement":[{"Sid":"a","Effect":"Deny","Resource":"*","Action":"*"}]}"#,
            "{\n \"Statement\": [ { \"Action\": [\"*\", \"*\"], \"Effect\": \"Deny\", \"Resource\": \"*\", \"Condition\": {} } ] }",
        ] {
            assert!(are_equivalent(DENY_ALL, same) && denies_all(same), "{same}");
        }
        for other in [
            "",
            "{}",
            "[]",
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Deny","NotAction":"*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::a"}]}"#,
            r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:ViaAWSService":"true"}}}]}"#,
        ] {
            assert!(
                !are_equivalent(DENY_ALL, other) && !denies_all(other),
                "{other}"
            );
        }
        let more = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"*:*","Resource":"*"}]}"#;
        assert!(!are_equivalent(DENY_ALL, more) && denies_all(more));
    }

    #[test]
    fn conditional_denies_do_not_count_as_deny_all() {
        let until = deny_all_until("2026-03-02T16:00:00Z".parse().unwrap());
        assert!(until.contains(r#"{"DateLessThan":{"aws:CurrentTime":"2026-03-02T16:00:00Z"}}"#));
        let sessions = deny_sessions_document(&["AROAX:eve".to_owned()]);
        assert!(sessions.contains(r#"{"StringEquals":{"aws:userid":["AROAX:eve"]}}"#));
        for document in [until, sessions] {
            assert!(
                !denies_all(&document) && !are_equivalent(DENY_ALL, &document),
                "{document}"
            );
        }
    }

    #[test]
    fn order_and_case_do_not_matter_but_values_do() {
        let document = |action: &str, condition: &str| {
            format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":{action},"Resource":"*","Condition":{condition}}}]}}"#
            )
        };
        let one = document(
            r#"["s3:GetObject","s3:PutObject"]"#,
            r#"{"Bool":{"aws:SecureTransport":true}}"#,
        );
        let same = document(
            r#"["S3:putobject","s3:GetObject"]"#,
            r#"{"Bool":{"aws:securetransport":["true"]}}"#,
        );
        let other = document(
            r#"["s3:GetObject","s3:PutObject"]"#,
            r#"{"Bool":{"aws:SecureTransport":"false"}}"#,
        );
        assert!(are_equivalent(&one, &same) && !are_equivalent(&one, &other));
    }

    #[test]
    fn version_matters_with_policy_variables() {
        let document = |version: &str| {
            format!(
                r#"{{"Version":"{version}","Statement":{{"Effect":"Allow","Action":"*","Resource":"a/${{aws:username}}"}}}}"#
            )
        };
        assert!(!are_equivalent(
            &document("2008-10-17"),
            &document("2012-10-17")
        ));
    }
}
