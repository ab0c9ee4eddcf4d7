//! The `Condition` block: operators, keys and policy variables.

use std::borrow::Cow;

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::Value;

use super::glob;
use super::problem::Problem;
use super::validity::is_date;

/// The properties of a request: the values of condition keys, principals and policy variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestContext {
    /// The id of the calling account.
    pub(crate) account: String,
    /// `arn:aws:iam::ACCOUNT:root`, which in a trust policy means the whole account.
    pub(crate) account_root: String,
    /// `aws:PrincipalArn`: the ARN of the user or role.
    pub(crate) principal_arn: String,
    /// The ARN of the assumed-role session, if there is one.
    pub(crate) session_arn: Option<String>,
    /// `aws:userid`.
    pub(crate) user_id: String,
    /// `aws:username`; only IAM users have one.
    pub(crate) username: Option<String>,
    /// `aws:PrincipalOrgID`; only accounts in an organization have one.
    pub(crate) organization: Option<String>,
    /// `aws:RequestedRegion`.
    pub(crate) region: String,
    /// `aws:CurrentTime`.
    pub(crate) now: Timestamp,
    /// When the temporary credentials were issued; `None` for the access key of a user.
    pub(crate) token_issued: Option<Timestamp>,
    /// When an MFA code was checked: when the session was issued, or with this call.
    pub(crate) mfa_at: Option<Timestamp>,
    /// `aws:SourceIdentity`.
    pub(crate) source_identity: Option<String>,
    /// The keys that only this call has, such as `sts:ExternalId` and `sts:RoleSessionName`, in
    /// lower case.
    pub(crate) request_keys: Vec<(&'static str, String)>,
}

impl RequestContext {
    /// The value of a condition key, whose name is case-insensitive.
    fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        let key = key.to_ascii_lowercase();
        let text = |value: &str| Some(Cow::Owned(value.to_owned()));
        match key.as_str() {
            "aws:principalaccount" => text(&self.account),
            "aws:principalarn" => text(&self.principal_arn),
            "aws:principalorgid" => self.organization.as_deref().map(Cow::Borrowed),
            "aws:principaltype" => text(if self.username.is_some() {
                "User"
            } else {
                "AssumedRole"
            }),
            "aws:userid" => text(&self.user_id),
            "aws:username" => self.username.as_deref().map(Cow::Borrowed),
            "aws:requestedregion" => text(&self.region),
            "aws:currenttime" => text(&self.now.to_string()),
            "aws:epochtime" => text(&self.now.as_second().to_string()),
            "aws:securetransport" => text("true"),
            "aws:sourceip" => text("127.0.0.1"),
            "aws:sourceidentity" => self.source_identity.as_deref().map(Cow::Borrowed),
            "aws:tokenissuetime" => self.token_issued.map(|at| Cow::Owned(at.to_string())),
            // With a long-term key, neither of the following keys is present, which differs from
            // `false`.
            "aws:multifactorauthpresent" => match self.mfa_at {
                Some(_) => Some(Cow::Borrowed("true")),
                None => self.token_issued.map(|_| Cow::Borrowed("false")),
            },
            "aws:multifactorauthage" => self
                .mfa_at
                .map(|at| Cow::Owned(self.now.duration_since(at).as_secs().to_string())),
            key => self
                .request_keys
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| Cow::Borrowed(value.as_str())),
        }
    }
}

/// Replaces policy variables such as `${aws:username}`. A variable without a value is kept as text,
/// so the pattern matches nothing.
pub(super) fn expand<'a>(text: &'a str, context: &RequestContext) -> Cow<'a, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            expanded.push_str("${");
            rest = after;
            continue;
        };
        match context.get(name) {
            Some(value) => expanded.push_str(&value),
            None if matches!(name, "*" | "?" | "$") => expanded.push_str(name),
            None => expanded.extend(["${", name, "}"]),
        }
        rest = after;
    }
    expanded.push_str(rest);
    Cow::Owned(expanded)
}

/// One operator with one key and its values.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    test: Test,
    negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    EqualIgnoringCase,
    Like,
    Bool,
    Null,
    Ip,
    Number(Order),
    Date(Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Order {
    fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// The operators, and whether each negates its test.
const OPERATORS: [(&str, Test, bool); 26] = [
    ("StringEquals", Test::Equal, false),
    ("StringNotEquals", Test::Equal, true),
    ("StringEqualsIgnoreCase", Test::EqualIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Test::EqualIgnoringCase, true),
    ("StringLike", Test::Like, false),
    ("StringNotLike", Test::Like, true),
    // Both ARN operators accept wildcards.
    ("ArnEquals", Test::Like, false),
    ("ArnNotEquals", Test::Like, true),
    ("ArnLike", Test::Like, false),
    ("ArnNotLike", Test::Like, true),
    ("Bool", Test::Bool, false),
    ("Null", Test::Null, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    ("NumericLessThanEquals", Test::Number(Order::AtMost), false),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    (
        "NumericGreaterThanEquals",
        Test::Number(Order::AtLeast),
        false,
    ),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::AtMost), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::AtLeast), false),
];

impl Condition {
    pub(super) fn parse(block: &Value) -> Result<Vec<Self>, Problem> {
        let block = block.as_object().ok_or(Problem::Syntax)?;
        let mut conditions = Vec::new();
        for (operator, keys) in block {
            let keys = keys.as_object().ok_or(Problem::Syntax)?;
            // AWS does not look at the name of an operator without keys.
            if keys.is_empty() {
                continue;
            }
            // Every key of the range has a single value, so the set operators have no effect.
            let name = match operator.split_once(':') {
                None => operator.as_str(),
                Some(("ForAllValues" | "ForAnyValue", name)) => name,
                Some(_) => return Err(Problem::Syntax),
            };
            let (name, if_exists) = name
                .strip_suffix("IfExists")
                .map_or((name, false), |name| (name, true));
            let (_, test, negated) = *OPERATORS
                .iter()
                .find(|row| row.0 == name)
                .ok_or(Problem::Syntax)?;
            for (key, values) in keys {
                let values = texts(values)?;
                if matches!(test, Test::Date(_)) && !values.iter().all(|value| is_date(value)) {
                    return Err(Problem::legacy());
                }
                conditions.push(Self {
                    test,
                    negated,
                    if_exists,
                    key: key.clone(),
                    values,
                });
            }
        }
        Ok(conditions)
    }

    pub(super) fn holds(&self, context: &RequestContext) -> bool {
        let actual = context.get(&self.key);
        if self.test == Test::Null {
            return self
                .values
                .iter()
                .any(|value| (value == "true") == actual.is_none());
        }
        match actual {
            // A missing key fails a plain test and passes a negated one.
            None => self.if_exists || self.negated,
            Some(actual) => {
                self.values
                    .iter()
                    .any(|value| self.test.passes(&actual, &expand(value, context)))
                    != self.negated
            }
        }
    }
}

impl Test {
    fn passes(self, actual: &str, expected: &str) -> bool {
        match self {
            Self::Equal => actual == expected,
            Self::EqualIgnoringCase | Self::Bool => actual.eq_ignore_ascii_case(expected),
            Self::Like => glob(expected, actual),
            Self::Null => false,
            Self::Ip => match (parse_network(actual), parse_network(expected)) {
                (Some(actual), Some(expected)) => expected.contains(&actual),
                _ => false,
            },
            Self::Number(order) => match (actual.parse::<f64>(), expected.parse::<f64>()) {
                (Ok(actual), Ok(expected)) => order.holds(&actual, &expected),
                _ => false,
            },
            Self::Date(order) => match (parse_date(actual), parse_date(expected)) {
                (Some(actual), Some(expected)) => order.holds(&actual, &expected),
                _ => false,
            },
        }
    }
}

fn parse_network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// Parses ISO 8601, a plain date, or seconds since the Unix epoch.
fn parse_date(text: &str) -> Option<Timestamp> {
    let at_midnight = || format!("{text}T00:00:00Z").parse().ok();
    let epoch = || Timestamp::from_second(text.parse().ok()?).ok();
    text.parse().ok().or_else(at_midnight).or_else(epoch)
}

/// Returns the values of a member that is a single value or a list.
///
/// AWS ignores `null` in a list.
pub(super) fn texts(value: &Value) -> Result<Vec<String>, Problem> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let all = match value {
        Value::Array(list) => list
            .iter()
            .filter(|item| !item.is_null())
            .map(scalar)
            .collect(),
        value => scalar(value).map(|text| vec![text]),
    };
    all.ok_or(Problem::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(block: &str, context: &RequestContext) -> bool {
        let parsed = Condition::parse(&serde_json::from_str(block).unwrap()).unwrap();
        parsed.iter().all(|condition| condition.holds(context))
    }

    #[test]
    fn mfa_condition_without_context_with_false_and_with_true() {
        let requires_mfa = r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        let key = RequestContext::default();
        let plain = RequestContext {
            token_issued: Some(Timestamp::UNIX_EPOCH),
            ..RequestContext::default()
        };
        let with_mfa = RequestContext {
            mfa_at: Some(Timestamp::UNIX_EPOCH),
            ..plain.clone()
        };
        assert!(
            !holds(requires_mfa, &key)
                && !holds(requires_mfa, &plain)
                && holds(requires_mfa, &with_mfa)
        );
        let requires_mfa_if_present = r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#;
        assert!(holds(requires_mfa_if_present, &key) && !holds(requires_mfa_if_present, &plain));
        assert!(holds(
            r#"{"Null":{"aws:MultiFactorAuthAge":"true"}}"#,
            &plain
        ));
    }

    #[test]
    fn operators_evaluate() {
        let context = RequestContext {
            region: "eu-west-1".to_owned(),
            now: "2026-03-01T00:00:00Z".parse().unwrap(),
            token_issued: Some("2026-02-01T00:00:00Z".parse().unwrap()),
            request_keys: vec![("sts:externalid", "s3cret".to_owned())],
            ..RequestContext::default()
        };
        for true_block in [
            r#"{"StringEquals":{"sts:ExternalId":["x","s3cret"]}}"#,
            r#"{"StringNotEquals":{"aws:RequestedRegion":["us-east-1"]}}"#,
            r#"{"StringLike":{"AWS:requestedregion":"eu-*"}}"#,
            r#"{"DateLessThan":{"aws:TokenIssueTime":"2026-02-15T00:00:00Z"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}"#,
            r#"{"NumericGreaterThan":{"aws:EpochTime":1}}"#,
            r#"{"ForAnyValue:StringEquals":{"sts:ExternalId":"s3cret"}}"#,
        ] {
            assert!(holds(true_block, &context), "{true_block}");
        }
        for false_block in [
            r#"{"StringEquals":{"sts:ExternalId":"S3CRET"}}"#,
            r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
            r#"{"DateGreaterThan":{"aws:TokenIssueTime":"2026-02-15"}}"#,
        ] {
            assert!(!holds(false_block, &context), "{false_block}");
        }
    }
}
