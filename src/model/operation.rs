//! The AWS operations that Dragnet calls, and the permission that each of them needs.

use std::fmt;

/// Declares the operations, each with the action that a policy must allow.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident => $action:expr,)*) => {
        /// An operation that Dragnet calls. A call cannot name any other, so every list of permissions (session
        /// policies, the roles to deploy, `dragnet doctor`) can be held against this one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[$doc])* $name,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];

            /// Its name, as AWS spells it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The action that a policy must allow; `None` where AWS asks for no permission.
            ///
            /// Source: Service Authorization Reference; STS API (`GetCallerIdentity` and `GetSessionToken` need none).
            pub fn action(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => $action,)*
                }
            }
        }
    };
}

operations! {
    /// STS: enter a role.
    AssumeRole => Some("sts:AssumeRole"),
    /// IAM: remove an inline policy of a group.
    DeleteGroupPolicy => Some("iam:DeleteGroupPolicy"),
    /// IAM: remove an inline policy of a role.
    DeleteRolePolicy => Some("iam:DeleteRolePolicy"),
    /// IAM: remove an inline policy of a user.
    DeleteUserPolicy => Some("iam:DeleteUserPolicy"),
    /// EC2: which VPC flow logs there are.
    DescribeFlowLogs => Some("ec2:DescribeFlowLogs"),
    /// CloudWatch Logs: which log groups there are.
    DescribeLogGroups => Some("logs:DescribeLogGroups"),
    /// CloudWatch Logs: which streams a log group has.
    DescribeLogStreams => Some("logs:DescribeLogStreams"),
    /// EC2: which Regions an account has enabled.
    DescribeRegions => Some("ec2:DescribeRegions"),
    /// CloudTrail: which trails record an account's Region.
    DescribeTrails => Some("cloudtrail:DescribeTrails"),
    /// CloudWatch Logs: read events.
    FilterLogEvents => Some("logs:FilterLogEvents"),
    /// IAM: begin the report of the services that a principal used.
    GenerateServiceLastAccessedDetails => Some("iam:GenerateServiceLastAccessedDetails"),
    /// IAM: when an access key was last used.
    GetAccessKeyLastUsed => Some("iam:GetAccessKeyLastUsed"),
    /// IAM: all users, groups and roles with their policies.
    GetAccountAuthorizationDetails => Some("iam:GetAccountAuthorizationDetails"),
    /// STS: who calls.
    GetCallerIdentity => None,
    /// CloudTrail: what a trail keeps.
    GetEventSelectors => Some("cloudtrail:GetEventSelectors"),
    /// IAM: a group and its members.
    GetGroup => Some("iam:GetGroup"),
    /// IAM: an inline policy of a group.
    GetGroupPolicy => Some("iam:GetGroupPolicy"),
    /// CloudWatch Logs Insights: what a query gave.
    GetQueryResults => Some("logs:GetQueryResults"),
    /// IAM: a role.
    GetRole => Some("iam:GetRole"),
    /// IAM: an inline policy of a role.
    GetRolePolicy => Some("iam:GetRolePolicy"),
    /// IAM: the report of the services that a principal used.
    GetServiceLastAccessedDetails => Some("iam:GetServiceLastAccessedDetails"),
    /// STS: a session with the mark of an MFA code.
    GetSessionToken => None,
    /// CloudTrail: whether a trail is switched on and delivers.
    GetTrailStatus => Some("cloudtrail:GetTrailStatus"),
    /// IAM: a user.
    GetUser => Some("iam:GetUser"),
    /// IAM: an inline policy of a user.
    GetUserPolicy => Some("iam:GetUserPolicy"),
    /// IAM: a user's access keys.
    ListAccessKeys => Some("iam:ListAccessKeys"),
    /// Organizations: which accounts there are.
    ListAccounts => Some("organizations:ListAccounts"),
    /// IAM: all users, with their last sign-in.
    ListUsers => Some("iam:ListUsers"),
    /// SNS: tell a topic of an alert.
    Publish => Some("sns:Publish"),
    /// EventBridge: tell a bus of an alert.
    PutEvents => Some("events:PutEvents"),
    /// IAM: put an inline policy on a group.
    PutGroupPolicy => Some("iam:PutGroupPolicy"),
    /// IAM: put an inline policy on a role.
    PutRolePolicy => Some("iam:PutRolePolicy"),
    /// IAM: put an inline policy on a user.
    PutUserPolicy => Some("iam:PutUserPolicy"),
    /// IAM: what a principal's policies would allow.
    SimulatePrincipalPolicy => Some("iam:SimulatePrincipalPolicy"),
    /// CloudWatch Logs Insights: begin a query.
    StartQuery => Some("logs:StartQuery"),
    /// CloudWatch Logs Insights: end a query that nobody waits for any more.
    StopQuery => Some("logs:StopQuery"),
    /// CloudWatch Logs: `FilterLogEvents` that shows masked values in clear; not a call of its own.
    Unmask => Some("logs:Unmask"),
    /// IAM: switch an access key on or off.
    UpdateAccessKey => Some("iam:UpdateAccessKey"),
}

impl Operation {
    /// What a sweep calls in each account: all that the read role must allow.
    pub const SWEEP: [Self; 11] = [
        Self::DescribeRegions,
        Self::DescribeLogGroups,
        Self::FilterLogEvents,
        Self::StartQuery,
        Self::GetQueryResults,
        Self::StopQuery,
        Self::DescribeLogStreams,
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

    /// What containing calls in each account: all that the contain role must allow.
    pub const CONTAIN: [Self; 15] = [
        Self::DeleteGroupPolicy,
        Self::DeleteRolePolicy,
        Self::DeleteUserPolicy,
        Self::GetGroup,
        Self::GetGroupPolicy,
        Self::GetRole,
        Self::GetRolePolicy,
        Self::GetUser,
        Self::GetUserPolicy,
        Self::ListAccessKeys,
        Self::PutGroupPolicy,
        Self::PutRolePolicy,
        Self::PutUserPolicy,
        Self::SimulatePrincipalPolicy,
        Self::UpdateAccessKey,
    ];

    /// What listing principals and planning to contain them call in each account; they only read.
    pub const SURVEY: [Self; 7] = [
        Self::DescribeRegions,
        Self::GenerateServiceLastAccessedDetails,
        Self::GetAccessKeyLastUsed,
        Self::GetAccountAuthorizationDetails,
        Self::GetServiceLastAccessedDetails,
        Self::ListAccessKeys,
        Self::ListUsers,
    ];
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
