//! Calls that attackers commonly make, each with the reason.
//!
//! Most of these calls are also made every day: the table marks what to look at first, and is no
//! verdict.
//!
//! Sources: the API references of the services for what the calls do; MITRE ATT&CK, Enterprise, for
//! the techniques.

/// Calls of a service that attackers commonly make for the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AbusedCalls {
    /// The `eventSource`, without `.amazonaws.com`.
    pub(super) service: &'static str,
    /// What the calls are good for.
    pub(super) reason: &'static str,
    /// The technique in MITRE ATT&CK.
    pub(super) technique: &'static str,
    /// Each `eventName`; those of Lambda without the version at the end.
    pub(super) event_names: &'static [&'static str],
}

impl AbusedCalls {
    /// Finds the row of an event.
    pub(super) fn find(event_source: &str, event_name: &str) -> Option<&'static Self> {
        let service = event_source.strip_suffix(".amazonaws.com")?;
        // Lambda adds the version of its API: `CreateFunction20150331`.
        let name = if service == "lambda" {
            event_name
                .split(|c: char| c.is_ascii_digit())
                .next()
                .unwrap_or_default()
        } else {
            event_name
        };
        ABUSED_CALLS
            .iter()
            .find(|calls| calls.service == service && calls.event_names.contains(&name))
    }
}

/// Defines the table: service, technique and reason, then the names of the events.
macro_rules! abused_calls {
    ($($service:literal $technique:literal $reason:literal: $($name:ident)+;)+) => {
        const ABUSED_CALLS: &[AbusedCalls] = &[$(AbusedCalls {
            service: $service,
            reason: $reason,
            technique: $technique,
            event_names: &[$(stringify!($name)),+],
        }),+];
    };
}

abused_calls! {
    "iam" "T1136.003" "creates an identity that stays": CreateUser CreateRole;
    "iam" "T1098.001" "creates a credential that stays":
        CreateAccessKey CreateServiceSpecificCredential;
    "iam" "T1098.001" "can activate a credential again": UpdateAccessKey;
    "iam" "T1098.001" "gives a user a console password": CreateLoginProfile;
    "iam" "T1098.001" "replaces the console password of a user": UpdateLoginProfile;
    "iam" "T1098.003" "extends permissions":
        AttachUserPolicy AttachRolePolicy AttachGroupPolicy PutUserPolicy PutRolePolicy
        PutGroupPolicy AddUserToGroup CreatePolicyVersion SetDefaultPolicyVersion;
    "iam" "T1484.002" "changes who can assume a role": UpdateAssumeRolePolicy;
    "iam" "T1484.002" "trusts another identity provider":
        CreateSAMLProvider UpdateSAMLProvider CreateOpenIDConnectProvider;
    "iam" "T1556.006" "weakens sign-in": DeactivateMFADevice DeleteVirtualMFADevice;
    "iam" "T1556.006" "can lock out the owner of a user": EnableMFADevice;
    "iam" "T1087.004" "lists all identities with their permissions": GetAccountAuthorizationDetails;
    "iam" "T1069.003" "finds out what an identity may do": SimulatePrincipalPolicy;
    "rolesanywhere" "T1484.002" "trusts another certificate authority": CreateTrustAnchor;
    "sso" "T1098.003" "extends permissions": CreateAccountAssignment;
    "sts" "T1087.004" "finds out whose key it is": GetCallerIdentity;
    "sts" "T1098.001" "makes a session that outlives its key": GetFederationToken;
    "sts" "T1078.004" "takes root permissions in a member account": AssumeRoot;
    "signin" "T1078.004" "makes a console session from a key": GetSigninToken;
    "organizations" "T1666" "takes an account out of the organization's control": LeaveOrganization;
    "organizations" "T1666" "brings another account into the organization":
        InviteAccountToOrganization;
    "organizations" "T1666" "creates an account": CreateAccount;
    "organizations" "T1666" "removes a guardrail": DetachPolicy DisablePolicyType;
    "account" "T1535" "opens a Region that is rarely watched": EnableRegion;
    "cloudtrail" "T1562.008" "cuts the recording": StopLogging DeleteTrail;
    "cloudtrail" "T1562.008" "can cut the recording": UpdateTrail PutEventSelectors;
    "cloudtrail" "T1562.008" "destroys records": DeleteEventDataStore;
    "logs" "T1562.008" "destroys records": DeleteLogGroup DeleteLogStream;
    "logs" "T1562.008" "can destroy records": PutRetentionPolicy;
    "ec2" "T1562.008" "cuts the recording of traffic": DeleteFlowLogs;
    "config" "T1562.008" "cuts the recording of configurations":
        StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel;
    "guardduty" "T1562.001" "switches detection off": DeleteDetector StopMonitoringMembers;
    "guardduty" "T1562.001" "can switch detection off": UpdateDetector;
    "guardduty" "T1562.001" "can suppress findings": CreateFilter CreateIPSet;
    "guardduty" "T1562.001" "takes findings from the security team":
        DisassociateFromAdministratorAccount;
    "securityhub" "T1562.001" "switches detection off": DisableSecurityHub;
    "secretsmanager" "T1555.006" "reads secrets": GetSecretValue BatchGetSecretValue;
    "ssm" "T1555.006" "can read secrets": GetParameter GetParameters GetParametersByPath;
    "ssm" "T1651" "runs commands on instances": SendCommand;
    "ssm" "T1651" "opens a shell on an instance": StartSession;
    "ec2-instance-connect" "T1098.004" "opens a shell on an instance":
        SendSSHPublicKey SendSerialConsoleSSHPublicKey;
    "ec2" "T1552" "reads the administrator's password of an instance": GetPasswordData;
    "ec2" "T1552" "can read secrets in user data": DescribeInstanceAttribute;
    "ec2" "T1578" "can replace user data, which runs as root": ModifyInstanceAttribute;
    "ec2" "T1578.002" "starts instances, often for mining": RunInstances;
    "ec2" "T1562.007" "opens a firewall": AuthorizeSecurityGroupIngress;
    "ec2" "T1578.001" "copies a disk": CreateSnapshot;
    "ec2" "T1537" "can share a disk with another account": ModifySnapshotAttribute;
    "ec2" "T1537" "can share an image with another account": ModifyImageAttribute;
    "ec2" "T1098.004" "creates a credential for instances": CreateKeyPair ImportKeyPair;
    "rds" "T1537" "can share a database with another account":
        ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute;
    "rds" "T1578" "copies a database": RestoreDBInstanceFromDBSnapshot;
    "rds" "T1485" "destroys data": DeleteDBInstance;
    "s3" "T1619" "lists what can be stolen": ListBuckets;
    "s3" "T1537" "can open a bucket to another account": PutBucketPolicy PutBucketAcl;
    "s3" "T1537" "can copy a bucket to another account": PutBucketReplication;
    "s3" "T1537" "can open a bucket to everybody": DeleteBucketPublicAccessBlock;
    "s3" "T1485.001" "can destroy objects, also records":
        PutBucketLifecycle PutBucketLifecycleConfiguration;
    "s3" "T1485" "destroys data": DeleteObjects DeleteBucket;
    "kms" "T1485" "makes data unreadable": ScheduleKeyDeletion;
    "kms" "T1486" "makes data unreadable": DisableKey;
    "kms" "T1098.003" "changes who can use a key": PutKeyPolicy;
    "kms" "T1098.003" "lets another identity use a key": CreateGrant;
    "lambda" "T1648" "runs code with a role": CreateFunction UpdateFunctionCode;
    "lambda" "T1648" "can run code with a role": UpdateFunctionConfiguration;
    "lambda" "T1648" "lets others run a function": AddPermission;
    "lambda" "T1648" "opens a function to the Internet": CreateFunctionUrlConfig;
    "cloudformation" "T1578" "creates resources with a role": CreateStack;
    "ecs" "T1610" "runs code with a role": RunTask;
    "eks" "T1098.006" "gives access to a cluster": CreateAccessEntry;
    "ses" "T1496.004" "finds out how much mail can be sent": GetSendQuota GetAccount;
    "ses" "T1496.004" "lets mail be sent": UpdateAccountSendingEnabled;
    "bedrock" "T1496.004" "uses models at the owner's cost":
        InvokeModel InvokeModelWithResponseStream Converse ConverseStream;
    "bedrock" "T1496.004" "gets access to models": PutUseCaseForModelAccess;
    "servicequotas" "T1496" "prepares the use of many resources": RequestServiceQuotaIncrease;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_by_service_and_name() {
        let reason = |source: &str, name: &str| AbusedCalls::find(source, name).map(|c| c.reason);
        assert_eq!(
            reason("cloudtrail.amazonaws.com", "StopLogging"),
            Some("cuts the recording")
        );
        assert_eq!(
            reason("lambda.amazonaws.com", "UpdateFunctionCode20150331v2"),
            Some("runs code with a role")
        );
        assert_eq!(reason("s3.amazonaws.com", "StopLogging"), None);
        assert_eq!(reason("cloudtrail", "StopLogging"), None);
    }

    #[test]
    fn every_call_has_one_row_and_a_technique() {
        let mut names: Vec<(&str, &str)> = ABUSED_CALLS
            .iter()
            .flat_map(|row| row.event_names.iter().map(|name| (row.service, *name)))
            .collect();
        let number = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), number);
        for row in ABUSED_CALLS {
            assert!(row.technique.starts_with('T'), "{row:?}");
            assert!(
                row.reason.starts_with(|c: char| c.is_ascii_lowercase()),
                "{row:?}"
            );
        }
    }
}
