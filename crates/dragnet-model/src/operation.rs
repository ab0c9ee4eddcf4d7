//! The AWS operations that Dragnet calls, and the permission that each of them needs.

use std::fmt;

/// Returns the name of an operation: the word, if there is one, because two services have operations
/// of the same name.
macro_rules! word {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $word:literal) => {
        $word
    };
}

/// Declares the operations, each with the action that a policy must allow.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident $(as $word:literal)? => $action:expr,)*) => {
        /// An operation that Dragnet calls. A call can only name one of these, so every list of
        /// permissions (session policies, the roles to deploy, `dragnet doctor`) can be checked
        /// against this list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[$doc])* $name,)*
        }

        impl Operation {
            /// All operations.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];

            /// The name of the operation, as AWS spells it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => word!($name $($word)?),)*
                }
            }

            /// The action that a policy must allow. `None` if AWS requires no permission.
            ///
            /// Source: Service Authorization Reference; STS API (`GetCallerIdentity` and
            /// `GetSessionToken` need none).
            pub fn action(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => $action,)*
                }
            }
        }
    };
}

operations! {
    /// STS: assume a role.
    AssumeRole => Some("sts:AssumeRole"),
    /// IAM: take an MFA device from a user.
    DeactivateMFADevice => Some("iam:DeactivateMFADevice"),
    /// KMS: let S3 decrypt the objects that it returns. This is a permission, not a separate call.
    Decrypt => Some("kms:Decrypt"),
    /// IAM: delete an inline policy of a group.
    DeleteGroupPolicy => Some("iam:DeleteGroupPolicy"),
    /// IAM: delete the console password of a user.
    DeleteLoginProfile => Some("iam:DeleteLoginProfile"),
    /// IAM: remove the permissions boundary of a role.
    DeleteRolePermissionsBoundary => Some("iam:DeleteRolePermissionsBoundary"),
    /// IAM: delete an inline policy of a role.
    DeleteRolePolicy => Some("iam:DeleteRolePolicy"),
    /// IAM: remove the permissions boundary of a user.
    DeleteUserPermissionsBoundary => Some("iam:DeleteUserPermissionsBoundary"),
    /// IAM: delete an inline policy of a user.
    DeleteUserPolicy => Some("iam:DeleteUserPolicy"),
    /// CloudWatch Logs: list what AWS services deliver, and to which destinations.
    DescribeDeliveries => Some("logs:DescribeDeliveries"),
    /// CloudWatch Logs: list the destinations of deliveries.
    DescribeDeliveryDestinations => Some("logs:DescribeDeliveryDestinations"),
    /// EC2: list VPC flow logs.
    DescribeFlowLogs => Some("ec2:DescribeFlowLogs"),
    /// CloudWatch Logs: list the imports of event data stores.
    DescribeImportTasks => Some("logs:DescribeImportTasks"),
    /// CloudWatch Logs: list log groups.
    DescribeLogGroups => Some("logs:DescribeLogGroups"),
    /// CloudWatch Logs: list the log streams of a log group.
    DescribeLogStreams => Some("logs:DescribeLogStreams"),
    /// EC2: list the Regions that an account has enabled.
    DescribeRegions => Some("ec2:DescribeRegions"),
    /// CloudWatch Logs: list where the events of a log group are sent.
    DescribeSubscriptionFilters => Some("logs:DescribeSubscriptionFilters"),
    /// CloudTrail: list the trails that record an account-Region.
    DescribeTrails => Some("cloudtrail:DescribeTrails"),
    /// CloudWatch Logs: read events.
    FilterLogEvents => Some("logs:FilterLogEvents"),
    /// IAM: start the report about the services that a principal used.
    GenerateServiceLastAccessedDetails => Some("iam:GenerateServiceLastAccessedDetails"),
    /// IAM: read when an access key was last used.
    GetAccessKeyLastUsed => Some("iam:GetAccessKeyLastUsed"),
    /// IAM: read all users, groups and roles with their policies.
    GetAccountAuthorizationDetails => Some("iam:GetAccountAuthorizationDetails"),
    /// Athena: read the results of a query. AWS calls it `GetQueryResults`, like that of Insights.
    GetAthenaQueryResults => Some("athena:GetQueryResults"),
    /// S3: read where reads of a bucket are logged.
    GetBucketLogging => Some("s3:GetBucketLogging"),
    /// STS: identify the caller.
    GetCallerIdentity => None,
    /// CloudTrail: read which events a channel receives, and for which service.
    GetChannel => Some("cloudtrail:GetChannel"),
    /// CloudTrail: read the event selectors of a trail.
    GetEventSelectors => Some("cloudtrail:GetEventSelectors"),
    /// IAM: read a group and its members.
    GetGroup => Some("iam:GetGroup"),
    /// IAM: read an inline policy of a group.
    GetGroupPolicy => Some("iam:GetGroupPolicy"),
    /// IAM: read whether a user has a console password.
    GetLoginProfile => Some("iam:GetLoginProfile"),
    /// S3: read an object.
    GetObject => Some("s3:GetObject"),
    /// CloudWatch Logs: read the rest of a truncated event. The permission is that of `GetLogRecord`: AWS
    /// names it in the error of a call without it.
    GetLogObject => Some("logs:GetLogRecord"),
    /// Athena: read the state of a query.
    GetQueryExecution => Some("athena:GetQueryExecution"),
    /// CloudWatch Logs Insights: read the results of a query.
    GetQueryResults => Some("logs:GetQueryResults"),
    /// IAM Identity Center: create a session of a permission set. The token of the login is the
    /// permission.
    GetRoleCredentials => None,
    /// IAM: read a role.
    GetRole => Some("iam:GetRole"),
    /// IAM: read an inline policy of a role.
    GetRolePolicy => Some("iam:GetRolePolicy"),
    /// IAM: read the report about the services that a principal used.
    GetServiceLastAccessedDetails => Some("iam:GetServiceLastAccessedDetails"),
    /// STS: create a session with MFA.
    GetSessionToken => None,
    /// CloudTrail: read whether a trail is logging and delivers.
    GetTrailStatus => Some("cloudtrail:GetTrailStatus"),
    /// Athena: read the columns of a table.
    GetTableMetadata => Some("athena:GetTableMetadata"),
    /// IAM: read a user.
    GetUser => Some("iam:GetUser"),
    /// IAM: read an inline policy of a user.
    GetUserPolicy => Some("iam:GetUserPolicy"),
    /// Athena: read the settings of a workgroup.
    GetWorkGroup => Some("athena:GetWorkGroup"),
    /// S3: find the Region of a bucket.
    HeadBucket => Some("s3:ListBucket"),
    /// IAM: list the access keys of a user.
    ListAccessKeys => Some("iam:ListAccessKeys"),
    /// Organizations: list the accounts.
    ListAccounts => Some("organizations:ListAccounts"),
    /// IAM Identity Center: list the permission sets of the user in an account.
    ListAccountRoles => None,
    /// IAM Identity Center: list the accounts that are assigned to the user.
    ListAssignedAccounts as "ListAccounts" => None,
    /// CloudWatch: list the rules that copy log groups of the organization to one account.
    ListCentralizationRulesForOrganization =>
        Some("observabilityadmin:ListCentralizationRulesForOrganization"),
    /// CloudTrail: list the channels of an account-Region.
    ListChannels => Some("cloudtrail:ListChannels"),
    /// CloudTrail: list the event data stores of CloudTrail Lake.
    ListEventDataStores => Some("cloudtrail:ListEventDataStores"),
    /// IAM: list the MFA devices of a user.
    ListMFADevices => Some("iam:ListMFADevices"),
    /// S3: list the objects in a bucket.
    ListObjectsV2 => Some("s3:ListBucket"),
    /// CloudTrail: list the keys with which the digests of a Region were signed.
    ListPublicKeys => Some("cloudtrail:ListPublicKeys"),
    /// IAM: list the SSH public keys of a user.
    ListSSHPublicKeys => Some("iam:ListSSHPublicKeys"),
    /// IAM: list the service-specific credentials of a user.
    ListServiceSpecificCredentials => Some("iam:ListServiceSpecificCredentials"),
    /// IAM: list the signing certificates of a user.
    ListSigningCertificates => Some("iam:ListSigningCertificates"),
    /// Organizations: list the organizational units below a parent.
    ListOrganizationalUnitsForParent => Some("organizations:ListOrganizationalUnitsForParent"),
    /// Organizations: read the parent of an account or organizational unit.
    ListParents => Some("organizations:ListParents"),
    /// Organizations: list the roots.
    ListRoots => Some("organizations:ListRoots"),
    /// Organizations: list the tags of an account.
    ListTagsForResource => Some("organizations:ListTagsForResource"),
    /// CloudWatch: list the pipelines that process logs.
    ListTelemetryPipelines => Some("observabilityadmin:ListTelemetryPipelines"),
    /// CloudWatch: list the rules that make AWS services deliver logs of an account.
    ListTelemetryRules => Some("observabilityadmin:ListTelemetryRules"),
    /// CloudWatch: list the rules that make AWS services deliver logs of the organization.
    ListTelemetryRulesForOrganization =>
        Some("observabilityadmin:ListTelemetryRulesForOrganization"),
    /// CloudTrail: list the trails of an account.
    ListTrails => Some("cloudtrail:ListTrails"),
    /// IAM: list the users with their last sign-in.
    ListUsers => Some("iam:ListUsers"),
    /// CloudTrail: read the event history of an account-Region.
    LookupEvents => Some("cloudtrail:LookupEvents"),
    /// SNS: publish an alert to a topic.
    Publish => Some("sns:Publish"),
    /// EventBridge: send an alert to an event bus.
    PutEvents => Some("events:PutEvents"),
    /// IAM: write an inline policy of a group.
    PutGroupPolicy => Some("iam:PutGroupPolicy"),
    /// S3: write the plan, the checkpoints and the results of a sweep in shards.
    PutObject => Some("s3:PutObject"),
    /// IAM: set the permissions boundary of a role.
    PutRolePermissionsBoundary => Some("iam:PutRolePermissionsBoundary"),
    /// IAM: write an inline policy of a role.
    PutRolePolicy => Some("iam:PutRolePolicy"),
    /// IAM: set the permissions boundary of a user.
    PutUserPermissionsBoundary => Some("iam:PutUserPermissionsBoundary"),
    /// IAM: write an inline policy of a user.
    PutUserPolicy => Some("iam:PutUserPolicy"),
    /// IAM: evaluate what the policies of a principal allow.
    SimulatePrincipalPolicy => Some("iam:SimulatePrincipalPolicy"),
    /// CloudWatch Logs Insights: start a query.
    StartQuery => Some("logs:StartQuery"),
    /// Athena: start a query.
    StartQueryExecution => Some("athena:StartQueryExecution"),
    /// CloudWatch Logs Insights: stop a query whose results are no longer needed.
    StopQuery => Some("logs:StopQuery"),
    /// Athena: stop a query whose results are no longer needed.
    StopQueryExecution => Some("athena:StopQueryExecution"),
    /// CloudWatch Logs: let `FilterLogEvents` return masked values unmasked. This is a permission,
    /// not a separate call.
    Unmask => Some("logs:Unmask"),
    /// IAM: activate or deactivate an access key.
    UpdateAccessKey => Some("iam:UpdateAccessKey"),
    /// IAM: write the trust policy of a role.
    UpdateAssumeRolePolicy => Some("iam:UpdateAssumeRolePolicy"),
    /// IAM: activate or deactivate an SSH public key.
    UpdateSSHPublicKey => Some("iam:UpdateSSHPublicKey"),
    /// IAM: activate or deactivate a service-specific credential.
    UpdateServiceSpecificCredential => Some("iam:UpdateServiceSpecificCredential"),
    /// IAM: activate or deactivate a signing certificate.
    UpdateSigningCertificate => Some("iam:UpdateSigningCertificate"),
}

impl Operation {
    /// The operations that a sweep calls in each account, which the read role must allow.
    pub const SWEEP: [Self; 23] = [
        Self::DescribeRegions,
        Self::DescribeLogGroups,
        Self::DescribeImportTasks,
        Self::FilterLogEvents,
        Self::GetLogObject,
        Self::StartQuery,
        Self::GetQueryResults,
        Self::StopQuery,
        Self::DescribeLogStreams,
        Self::DescribeTrails,
        Self::ListTrails,
        Self::GetTrailStatus,
        Self::GetEventSelectors,
        Self::ListChannels,
        Self::GetChannel,
        Self::LookupEvents,
        Self::DescribeFlowLogs,
        Self::HeadBucket,
        Self::ListObjectsV2,
        Self::GetObject,
        Self::Decrypt,
        Self::GetBucketLogging,
        Self::ListPublicKeys,
    ];

    /// The operations that `dragnet sources` calls in each account.
    pub const SOURCES: [Self; 19] = [
        Self::DescribeRegions,
        Self::DescribeLogGroups,
        Self::DescribeTrails,
        Self::ListTrails,
        Self::GetTrailStatus,
        Self::GetEventSelectors,
        Self::ListChannels,
        Self::GetChannel,
        Self::ListEventDataStores,
        Self::ListTelemetryPipelines,
        Self::ListTelemetryRules,
        Self::DescribeDeliveries,
        Self::DescribeDeliveryDestinations,
        Self::DescribeSubscriptionFilters,
        Self::LookupEvents,
        Self::DescribeFlowLogs,
        Self::HeadBucket,
        Self::ListObjectsV2,
        Self::GetBucketLogging,
    ];

    /// The operations on buckets, which a policy can allow for some buckets only.
    pub const BUCKET: [Self; 5] = [
        Self::Decrypt,
        Self::GetBucketLogging,
        Self::GetObject,
        Self::HeadBucket,
        Self::ListObjectsV2,
    ];

    /// The operations of a session that reads a bucket. The others prove that the session works, and
    /// read the keys with which the digests in the bucket were signed.
    pub const BUCKET_SESSION: [Self; 7] = [
        Self::Decrypt,
        Self::DescribeRegions,
        Self::GetBucketLogging,
        Self::GetObject,
        Self::HeadBucket,
        Self::ListObjectsV2,
        Self::ListPublicKeys,
    ];

    /// The operations of a session that queries Athena. `DescribeRegions` proves that it works.
    pub const ATHENA: [Self; 7] = [
        Self::DescribeRegions,
        Self::GetAthenaQueryResults,
        Self::GetQueryExecution,
        Self::GetTableMetadata,
        Self::GetWorkGroup,
        Self::StartQueryExecution,
        Self::StopQueryExecution,
    ];

    /// The operations that list and select the accounts of an organization, and list its rules about
    /// logs. Only `ListAccounts` is called if the scope has no accounts, organizational units or tags.
    pub const ORGANIZATION: [Self; 7] = [
        Self::ListCentralizationRulesForOrganization,
        Self::ListTelemetryRulesForOrganization,
        Self::ListAccounts,
        Self::ListOrganizationalUnitsForParent,
        Self::ListParents,
        Self::ListRoots,
        Self::ListTagsForResource,
    ];

    /// The operations that containment calls in each account, which the contain role must allow.
    pub const CONTAIN: [Self; 30] = [
        Self::DeactivateMFADevice,
        Self::DeleteGroupPolicy,
        Self::DeleteLoginProfile,
        Self::DeleteRolePermissionsBoundary,
        Self::DeleteRolePolicy,
        Self::DeleteUserPermissionsBoundary,
        Self::DeleteUserPolicy,
        Self::GetGroup,
        Self::GetGroupPolicy,
        Self::GetLoginProfile,
        Self::GetRole,
        Self::GetRolePolicy,
        Self::GetUser,
        Self::GetUserPolicy,
        Self::ListAccessKeys,
        Self::ListMFADevices,
        Self::ListSSHPublicKeys,
        Self::ListServiceSpecificCredentials,
        Self::ListSigningCertificates,
        Self::PutGroupPolicy,
        Self::PutRolePermissionsBoundary,
        Self::PutRolePolicy,
        Self::PutUserPermissionsBoundary,
        Self::PutUserPolicy,
        Self::SimulatePrincipalPolicy,
        Self::UpdateAccessKey,
        Self::UpdateAssumeRolePolicy,
        Self::UpdateSSHPublicKey,
        Self::UpdateServiceSpecificCredential,
        Self::UpdateSigningCertificate,
    ];

    /// The operations that listing principals and planning containment call in each account. They
    /// only read.
    pub const SURVEY: [Self; 12] = [
        Self::DescribeRegions,
        Self::GenerateServiceLastAccessedDetails,
        Self::GetAccessKeyLastUsed,
        Self::GetAccountAuthorizationDetails,
        Self::GetLoginProfile,
        Self::GetServiceLastAccessedDetails,
        Self::ListAccessKeys,
        Self::ListMFADevices,
        Self::ListSSHPublicKeys,
        Self::ListServiceSpecificCredentials,
        Self::ListSigningCertificates,
        Self::ListUsers,
    ];
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
