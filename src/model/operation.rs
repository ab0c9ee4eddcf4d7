//! The AWS operations that Dragnet calls, and the permission that each of them needs.

use std::fmt;

/// An operation that Dragnet calls. A call cannot name any other, so every list of permissions (session
/// policies, the roles to deploy, `dragnet doctor`) can be held against this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// STS: enter a role.
    AssumeRole,
    /// CloudWatch Logs: which log groups there are.
    DescribeLogGroups,
    /// EC2: which Regions an account has enabled.
    DescribeRegions,
    /// CloudWatch Logs: read events.
    FilterLogEvents,
    /// STS: who calls.
    GetCallerIdentity,
    /// STS: a session with the mark of an MFA code.
    GetSessionToken,
    /// Organizations: which accounts there are.
    ListAccounts,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 7] = [
        Self::AssumeRole,
        Self::DescribeLogGroups,
        Self::DescribeRegions,
        Self::FilterLogEvents,
        Self::GetCallerIdentity,
        Self::GetSessionToken,
        Self::ListAccounts,
    ];

    /// What a sweep calls in each account: all that the read role must allow.
    pub const SWEEP: [Self; 3] = [Self::DescribeRegions, Self::DescribeLogGroups, Self::FilterLogEvents];

    /// Its name, as AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::DescribeLogGroups => "DescribeLogGroups",
            Self::DescribeRegions => "DescribeRegions",
            Self::FilterLogEvents => "FilterLogEvents",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::GetSessionToken => "GetSessionToken",
            Self::ListAccounts => "ListAccounts",
        }
    }

    /// The action that a policy must allow; `None` where AWS asks for no permission.
    ///
    /// Source: Service Authorization Reference; STS API (`GetCallerIdentity` and `GetSessionToken` need none).
    pub fn action(self) -> Option<&'static str> {
        match self {
            Self::AssumeRole => Some("sts:AssumeRole"),
            Self::DescribeLogGroups => Some("logs:DescribeLogGroups"),
            Self::DescribeRegions => Some("ec2:DescribeRegions"),
            Self::FilterLogEvents => Some("logs:FilterLogEvents"),
            Self::ListAccounts => Some("organizations:ListAccounts"),
            Self::GetCallerIdentity | Self::GetSessionToken => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
