//! Reads from a trust policy which accounts can assume the role.
//!
//! Source: IAM API, `UpdateAssumeRolePolicy` (`PolicyDocument`); IAM user guide, "AWS JSON policy
//! elements: Principal".

use serde_json::Value;

use super::grant::EdgeKind;
use super::identity::{Identity, parse_account};
use dragnet_model::AccountId;

/// Returns the accounts besides `account` that a trust policy lets into its role, and whether
/// anyone can assume it.
pub(super) fn read_trusted(
    document: &str,
    account: AccountId,
    role: &str,
) -> Vec<(EdgeKind, Identity)> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let principals = allowed_principals(&document);
    let trusted = principals.into_iter().filter_map(|name| {
        if name == "*" {
            let anyone = format!("anyone who assumes role {role} in {account}");
            return Some((EdgeKind::ChangesTrust, Identity::Resource(anyone)));
        }
        let outsider = parse_account(name).filter(|outsider| *outsider != account)?;
        let identity = Identity::Outsider {
            account,
            role: role.to_owned(),
            outsider,
        };
        Some((EdgeKind::TrustsOutsider, identity))
    });
    trusted.collect()
}

/// Returns the AWS principals of the statements that allow: account ids, ARNs and `*`.
fn allowed_principals(document: &Value) -> Vec<&str> {
    let statements = document.get("Statement").map(each).unwrap_or_default();
    let allowed = statements
        .into_iter()
        .filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow"));
    let principals = allowed.filter_map(|statement| {
        let principal = statement.get("Principal")?;
        Some(principal.get("AWS").unwrap_or(principal))
    });
    principals
        .flat_map(each)
        .filter_map(Value::as_str)
        .collect()
}

/// Returns the elements of a list, or the value itself.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        _ => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(principal: &str) -> Vec<String> {
        let document = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}},
               {{"Effect":"Deny","Principal":{{"AWS":"888888888888"}},"Action":"*"}}]}}"#
        );
        let account = "222222222222".parse().unwrap();
        let trusted = read_trusted(&document, account, "App");
        trusted
            .into_iter()
            .map(|(kind, identity)| format!("{kind}: {identity}"))
            .collect()
    }

    #[test]
    fn other_accounts_and_anyone_are_trusted() {
        let outsider = "trusts-outsider: account 999999999999 with role App in 222222222222";
        let anyone = "changes-trust: anyone who assumes role App in 222222222222";
        let list = r#"{"AWS":["arn:aws:iam::999999999999:role/x","222222222222"]}"#;
        for (principal, expected) in [
            (r#"{"AWS":"999999999999"}"#, vec![outsider]),
            (list, vec![outsider]),
            (r#""*""#, vec![anyone]),
            (r#"{"AWS":"*"}"#, vec![anyone]),
            (r#"{"AWS":"arn:aws:iam::222222222222:root"}"#, vec![]),
            (r#"{"Service":"ec2.amazonaws.com"}"#, vec![]),
        ] {
            assert_eq!(trusted(principal), expected, "{principal}");
        }
        let account = "222222222222".parse().unwrap();
        assert!(read_trusted("no JSON", account, "App").is_empty());
    }
}
