//! The part of a bucket in which services write the folders of accounts.

use std::fmt;

use dragnet_model::AccountId;

/// The folder below which all services write.
const LOGS: &str = "AWSLogs/";
const HIVE_ACCOUNT: &str = "aws-account-id=";

/// `[prefix/]AWSLogs/[o-ID/]`: the folder that has one folder for each account.
///
/// Sources: CloudTrail user guide, "Finding your CloudTrail log files" (organization trails have
/// the id of the organization); VPC user guide, "Flow log files". AWS Control Tower sets the id of
/// the organization as the prefix too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogRoot {
    /// What comes before `AWSLogs/`: empty, or with a slash at its end.
    pub prefix: String,
    /// The id of the organization, if there is a folder for it.
    pub organization: Option<String>,
}

impl LogRoot {
    /// The root for a prefix as `DescribeTrails` and `DescribeFlowLogs` have it.
    pub fn new(prefix: &str, organization: Option<&str>) -> Self {
        let prefix = match prefix {
            "" => String::new(),
            prefix if prefix.ends_with('/') => prefix.to_owned(),
            prefix => format!("{prefix}/"),
        };
        Self {
            prefix,
            organization: organization.map(str::to_owned),
        }
    }

    /// The path, with a slash at its end.
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// Returns the account of a common prefix that a list of this root has; `None` if it is not the
    /// folder of an account.
    pub fn account_in(&self, common_prefix: &str) -> Option<AccountId> {
        let folder = self.folder_in(common_prefix)?;
        let id = folder.strip_prefix(HIVE_ACCOUNT).unwrap_or(folder);
        id.parse().ok()
    }

    /// Returns the organization of a common prefix that a list of this root has.
    pub fn organization_in(&self, common_prefix: &str) -> Option<String> {
        let folder = self.folder_in(common_prefix)?;
        is_organization(folder).then(|| folder.to_owned())
    }

    fn folder_in<'a>(&self, common_prefix: &'a str) -> Option<&'a str> {
        let rest = common_prefix.strip_prefix(self.path().as_str())?;
        rest.strip_suffix('/')
            .filter(|folder| !folder.contains('/'))
    }

    /// Reads the root of a key, and returns the rest of the key.
    pub(super) fn split(key: &str) -> Option<(Self, &str)> {
        // A prefix may have the same name, so the last folder counts.
        let at = key
            .rmatch_indices(LOGS)
            .map(|(at, _)| at)
            .find(|at| is_folder_start(key, *at))?;
        let (prefix, rest) = key.split_at_checked(at)?;
        let rest = rest.strip_prefix(LOGS)?;
        let (organization, rest) = match rest.split_once('/') {
            Some((folder, rest)) if is_organization(folder) => (Some(folder.to_owned()), rest),
            _ => (None, rest),
        };
        let root = Self {
            prefix: prefix.to_owned(),
            organization,
        };
        Some((root, rest))
    }
}

fn is_folder_start(key: &str, at: usize) -> bool {
    key.get(..at)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// Source: Organizations API, `Organization`, `Id`: `^o-[a-z0-9]{10,32}$`.
fn is_organization(folder: &str) -> bool {
    folder.strip_prefix("o-").is_some_and(|id| {
        !id.is_empty()
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

impl fmt::Display for LogRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{LOGS}", self.prefix)?;
        match &self.organization {
            Some(organization) => write!(f, "{organization}/"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_prefixes_are_accounts_or_organizations() {
        let root = LogRoot::new("logs", None);
        assert_eq!(root.path(), "logs/AWSLogs/");
        let account = |common_prefix: &str| root.account_in(common_prefix).map(|id| id.to_string());
        for prefix in [
            "logs/AWSLogs/111111111111/",
            "logs/AWSLogs/aws-account-id=111111111111/",
        ] {
            assert_eq!(account(prefix).as_deref(), Some("111111111111"), "{prefix}");
        }
        for prefix in [
            "logs/AWSLogs/o-abcdefghij/",
            "logs/AWSLogs/111111111111/CloudTrail/",
            "AWSLogs/111111111111/",
        ] {
            assert_eq!(account(prefix), None, "{prefix}");
        }
        let organization = root.organization_in("logs/AWSLogs/o-abcdefghij/");
        assert_eq!(organization.as_deref(), Some("o-abcdefghij"));
        assert_eq!(root.organization_in("logs/AWSLogs/111111111111/"), None);
        let tower = LogRoot::new("o-abcdefghij", organization.as_deref());
        assert_eq!(tower.path(), "o-abcdefghij/AWSLogs/o-abcdefghij/");
    }

    #[test]
    fn last_folder_of_the_name_is_the_root() {
        let (root, rest) = LogRoot::split("AWSLogs/copy/AWSLogs/111111111111/x").unwrap();
        assert_eq!(
            (root.prefix.as_str(), rest),
            ("AWSLogs/copy/", "111111111111/x")
        );
        assert_eq!(LogRoot::split("MyAWSLogs/111111111111/x"), None);
    }
}
