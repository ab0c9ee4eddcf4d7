//! Amazon Resource Names, as far as Dragnet needs them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AccountId, Partition};

/// An ARN, split at its first five colons: `arn:partition:service:region:account:resource`.
///
/// Region and account may be empty (`arn:aws:s3:::bucket`). For resources of AWS itself, the
/// account may be `aws`. The resource must not be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    text: String,
    /// The positions of the first five colons. More may follow in the resource.
    colons: [usize; 5],
}

/// Why a text is not the expected ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{arn}` is not {expected}: {problem}")]
pub struct InvalidArn {
    arn: String,
    expected: &'static str,
    problem: &'static str,
}

impl InvalidArn {
    pub(super) fn new(arn: &str, expected: &'static str, problem: &'static str) -> Self {
        Self {
            arn: arn.to_owned(),
            expected,
            problem,
        }
    }
}

impl Arn {
    fn field(&self, n: usize) -> &str {
        &self.text[self.colons[n - 1] + 1..self.colons.get(n).copied().unwrap_or(self.text.len())]
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition field as a text; see [`Arn::partition`] for the parsed one.
    pub fn partition_id(&self) -> &str {
        self.field(1)
    }

    /// The partition, if this version of Dragnet knows it.
    pub fn partition(&self) -> Option<Partition> {
        self.partition_id().parse().ok()
    }

    /// The service field: `iam`, `sts`, `logs` …
    pub fn service(&self) -> &str {
        self.field(2)
    }

    /// The Region field, which is often empty.
    pub fn region(&self) -> &str {
        self.field(3)
    }

    /// The account, if the field contains an account id.
    pub fn account(&self) -> Option<AccountId> {
        self.field(4).parse().ok()
    }

    /// Everything after the fifth colon: `user/alice`, `log-group:/aws/x:*`.
    pub fn resource(&self) -> &str {
        self.field(5)
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem| InvalidArn::new(text, "an ARN", problem);
        let positions: Vec<usize> = text.match_indices(':').map(|(at, _)| at).take(5).collect();
        let colons: [usize; 5] = positions
            .try_into()
            .map_err(|_| invalid("expected arn:partition:service:region:account:resource"))?;
        let arn = Self {
            text: text.to_owned(),
            colons,
        };
        if &text[..colons[0]] != "arn" {
            return Err(invalid("it does not start with `arn:`"));
        }
        if !arn.partition_id().starts_with("aws") {
            return Err(invalid(
                "the partition is not one of AWS's (aws, aws-cn, aws-us-gov …)",
            ));
        }
        if arn.service().is_empty() || arn.resource().is_empty() {
            return Err(invalid("the service or the resource is empty"));
        }
        if !matches!(arn.field(4), "" | "aws") && arn.account().is_none() {
            return Err(invalid("the account is not 12 digits"));
        }
        if text.chars().any(char::is_control) || text.contains(char::is_whitespace) {
            return Err(invalid("it contains white space or control characters"));
        }
        Ok(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The ARN of an IAM role: `arn:aws:iam::111111111111:role/path/Name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn {
    arn: Arn,
    account: AccountId,
}

impl RoleArn {
    /// The ARN of the role `name` in `account`. The name may include a path.
    ///
    /// # Errors
    /// `name` is not a role name.
    pub fn new(partition: Partition, account: AccountId, name: &str) -> Result<Self, InvalidArn> {
        format!("arn:{partition}:iam::{account}:role/{name}").parse()
    }

    /// The account of the role.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The name of the role without its path.
    pub fn name(&self) -> &str {
        let resource = self.arn.resource();
        resource.rsplit_once('/').map_or(resource, |(_, name)| name)
    }

    /// The name of the role with its path, if it has one: `team/Audit`.
    pub fn name_with_path(&self) -> &str {
        let resource = self.arn.resource();
        resource.strip_prefix("role/").unwrap_or(resource)
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        self.arn.as_str()
    }
}

impl FromStr for RoleArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem| InvalidArn::new(text, "a role ARN", problem);
        let arn: Arn = text.parse()?;
        let (Some(account), "iam", "", Some(name)) = (
            arn.account(),
            arn.service(),
            arn.region(),
            arn.resource().strip_prefix("role/"),
        ) else {
            return Err(invalid("expected arn:aws:iam::111111111111:role/Name"));
        };
        // IAM API, CreateRole: RoleName is 1 to 64 characters of [\w+=,.@-].
        let last = name.rsplit('/').next().unwrap_or_default();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if last.is_empty()
            || last.len() > 64
            || !name.split('/').all(|part| part.chars().all(is_allowed))
        {
            return Err(invalid(
                "a role name is 1 to 64 letters, digits and _+=,.@-",
            ));
        }
        Ok(Self { arn, account })
    }
}

impl TryFrom<String> for RoleArn {
    type Error = InvalidArn;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RoleArn> for String {
    fn from(role: RoleArn) -> Self {
        role.arn.text
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arn.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_separated() {
        let arn: Arn = "arn:aws-cn:logs:cn-north-1:111111111111:log-group:/a/b:*"
            .parse()
            .unwrap();
        assert_eq!(arn.partition(), Some(Partition::AwsCn));
        assert_eq!((arn.service(), arn.region()), ("logs", "cn-north-1"));
        assert_eq!(arn.account().unwrap().to_string(), "111111111111");
        assert_eq!(arn.resource(), "log-group:/a/b:*");
        let bucket: Arn = "arn:aws:s3:::bucket/key".parse().unwrap();
        assert_eq!((bucket.account(), bucket.resource()), (None, "bucket/key"));
    }

    #[test]
    fn malformed_arns_are_refused() {
        for bad in [
            "",
            "arn",
            "arn:aws:iam::1:user/a",
            "arn:gcp:iam::111111111111:user/a",
            "urn:aws:iam::111111111111:user/a",
            "arn:aws:iam::111111111111:",
            "arn:aws:iam::111111111111:user/a b",
            "arn:aws::::",
        ] {
            assert!(bad.parse::<Arn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_have_names_and_paths() {
        let role: RoleArn = "arn:aws:iam::111111111111:role/team/Audit".parse().unwrap();
        assert_eq!(
            (role.name(), role.account().to_string().as_str()),
            ("Audit", "111111111111")
        );
        for bad in [
            "arn:aws:iam::111111111111:user/a",
            "arn:aws:sts::111111111111:assumed-role/a/b",
            "arn:aws:iam::111111111111:role/",
            "arn:aws:iam::aws:role/x",
            "arn:aws:iam::111111111111:role/a!b",
        ] {
            assert!(bad.parse::<RoleArn>().is_err(), "{bad}");
        }
    }
}
