//! The AWS operations that Dragnet calls, and the permission that each of them needs.

use std::fmt;

/// An operation that Dragnet calls. A call cannot name any other, so every list of permissions (session
/// policies, the roles to deploy, `dragnet doctor`) can be held against this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// STS: enter a role.
    AssumeRole,
    /// EC2: which VPC flow logs there are.
    DescribeFlowLogs,
    /// CloudWatch Logs: which log groups there are.
    DescribeLogGroups,
    /// EC2: which Regions an account has enabled.
    DescribeRegions,
    /// CloudTrail: which trails record an account's Region.
    DescribeTrails,
    /// CloudWatch Logs: read events.
    FilterLogEvents,
    /// STS: who calls.
    GetCallerIdentity,
    /// CloudTrail: what a trail keeps.
    GetEventSelectors,
    /// STS: a session with the mark of an MFA code.
    GetSessionToken,
    /// CloudTrail: whether a trail is switched on and delivers.
    GetTrailStatus,
    /// Organizations: which accounts there are.
    ListAccounts,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::AssumeRole,
        Self::DescribeFlowLogs,
        Self::DescribeLogGroups,
        Self::DescribeRegions,
        Self::DescribeTrails,
        Self::FilterLogEvents,
        Self::GetCallerIdentity,
        Self::GetEventSelectors,
        Self::GetSessionToken,
        Self::GetTrailStatus,
        Self::ListAccounts,
    ];

    /// What a sweep calls in each account: all that the read role must allow.
    pub const SWEEP: [Self; 7] = [
        Self::DescribeRegions,
        Self::DescribeLogGroups,
        Self::FilterLogEvents,
        Self::DescribeTrails,
        Self::GetTrailStatus,
        Self::GetEventSelectors,
        Self::DescribeFlowLogs,
    ];

    /// What `dragnet sources` calls in each account.
    pub const SOURCES: [Self; 6] = [
        Self::DescribeRegions,
        Self::DescribeLogGroups,
        Self::DescribeTrails,
        Self::GetTrailStatus,
        Self::GetEventSelectors,
        Self::DescribeFlowLogs,
    ];

    /// Its name, as AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::DescribeFlowLogs => "DescribeFlowLogs",
            Self::DescribeLogGroups => "DescribeLogGroups",
            Self::DescribeRegions => "DescribeRegions",
            Self::DescribeTrails => "DescribeTrails",
            Self::FilterLogEvents => "FilterLogEvents",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::GetEventSelectors => "GetEventSelectors",
            Self::GetSessionToken => "GetSessionToken",
            Self::GetTrailStatus => "GetTrailStatus",
            Self::ListAccounts => "ListAccounts",
        }
    }

    /// The action that a policy must allow; `None` where AWS asks for no permission.
    ///
    /// Source: Service Authorization Reference; STS API (`GetCallerIdentity` and `GetSessionToken` need none).
    pub fn action(self) -> Option<&'static str> {
        match self {
            Self::AssumeRole => Some("sts:AssumeRole"),
            Self::DescribeFlowLogs => Some("ec2:DescribeFlowLogs"),
            Self::DescribeLogGroups => Some("logs:DescribeLogGroups"),
            Self::DescribeRegions => Some("ec2:DescribeRegions"),
            Self::DescribeTrails => Some("cloudtrail:DescribeTrails"),
            Self::FilterLogEvents => Some("logs:FilterLogEvents"),
            Self::GetEventSelectors => Some("cloudtrail:GetEventSelectors"),
            Self::GetTrailStatus => Some("cloudtrail:GetTrailStatus"),
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
