//! Further rows of the lineage table: calls that issue credentials, run code with a role, or extend
//! access in services whose records do not show the new sessions. Most show a resource.
//!
//! The calls and their parameters are those of the API reference that stands above each group.
//! CloudTrail writes the first letter of a parameter in lower case.
//!
//! Source: CloudTrail user guide, "CloudTrail record contents" (`requestParameters`).

use super::call::{LineageCall, NewIdentity, row};
use super::grant::EdgeKind;

/// A call that runs code with a role that it names. What the code does is not recorded under a name
/// that this record shows, so it is an open end.
const fn runs(
    service: &'static str,
    event_name: &'static str,
    resource: &'static [&'static str],
) -> LineageCall {
    row(
        service,
        event_name,
        EdgeKind::RunsWithRole,
        NewIdentity::Resource(resource),
    )
}

/// A call that extends access, or runs code where a role exists already. It is shown, not followed.
const fn extends(
    service: &'static str,
    event_name: &'static str,
    resource: &'static [&'static str],
) -> LineageCall {
    row(
        service,
        event_name,
        EdgeKind::ExtendsAccess,
        NewIdentity::Resource(resource),
    )
}

/// A call that issues a token or a key that AWS does not record under a name of its own.
const fn issues(
    service: &'static str,
    event_name: &'static str,
    resource: &'static [&'static str],
) -> LineageCall {
    row(
        service,
        event_name,
        EdgeKind::IssuesCredentials,
        NewIdentity::Resource(resource),
    )
}

/// A call whose response has temporary credentials.
const fn issues_keys(service: &'static str, event_name: &'static str) -> LineageCall {
    row(
        service,
        event_name,
        EdgeKind::IssuesCredentials,
        NewIdentity::Credentials,
    )
}

const DELEGATION: &[&str] = &["/requestParameters/delegationRequestId"];
const PERMISSION_SET: &[&str] = &["/requestParameters/permissionSetArn"];
const PROFILE: &[&str] = &["/requestParameters/profileId"];
const PROJECT: &[&str] = &["/requestParameters/projectName"];
const NAME: &[&str] = &["/requestParameters/name"];
const STACK: &[&str] = &["/requestParameters/stackName"];
const MACHINE: &[&str] = &["/requestParameters/stateMachineArn"];
const INSTANCE: &[&str] = &["/requestParameters/instanceId"];
const CLUSTER: &[&str] = &["/requestParameters/clusterName"];
const FUNCTION: &[&str] = &["/requestParameters/functionName"];

/// The rows. See [`super::LINEAGE_CALLS`].
pub const ACCESS_CALLS: &[LineageCall] = &[
    // IAM API reference. The first two let the management account sign in as the root user of its
    // members, the third lets principals obtain tokens for other services.
    extends("iam", "EnableOrganizationsRootSessions", &[]),
    extends("iam", "EnableOrganizationsRootCredentialsManagement", &[]),
    extends("iam", "EnableOutboundWebIdentityFederation", &[]),
    extends("iam", "AssociateDelegationRequest", DELEGATION),
    extends("iam", "SendDelegationToken", DELEGATION),
    // AWS Sign-In API reference.
    issues(
        "signin",
        "CreateOAuth2TokenWithIAM",
        &["/requestParameters/resource"],
    ),
    issues(
        "signin",
        "CreateOAuth2TokenWithTokenExchange",
        &["/requestParameters/resource"],
    ),
    // IAM Identity Center OIDC API reference.
    issues(
        "sso-oauth",
        "CreateTokenWithIAM",
        &["/requestParameters/clientId"],
    ),
    // Amazon Lightsail API reference.
    issues(
        "lightsail",
        "CreateBucketAccessKey",
        &[
            "/responseElements/accessKey/accessKeyId",
            "/requestParameters/bucketName",
        ],
    ),
    // AWS Lake Formation and Amazon DataZone API references.
    issues_keys("lakeformation", "AssumeDecoratedRoleWithSAML"),
    issues_keys("lakeformation", "GetTemporaryGlueTableCredentials"),
    issues_keys("lakeformation", "GetTemporaryGluePartitionCredentials"),
    issues_keys("lakeformation", "GetTemporaryGlueFunctionCredentials"),
    issues_keys("datazone", "GetEnvironmentCredentials"),
    issues_keys("datazone", "GetConnection"),
    // IAM Identity Center API reference.
    extends("sso", "CreatePermissionSet", NAME),
    extends("sso", "UpdatePermissionSet", PERMISSION_SET),
    extends("sso", "PutInlinePolicyToPermissionSet", PERMISSION_SET),
    extends("sso", "AttachManagedPolicyToPermissionSet", PERMISSION_SET),
    extends(
        "sso",
        "AttachCustomerManagedPolicyReferenceToPermissionSet",
        PERMISSION_SET,
    ),
    extends(
        "sso",
        "PutPermissionsBoundaryToPermissionSet",
        PERMISSION_SET,
    ),
    extends(
        "sso",
        "DeletePermissionsBoundaryFromPermissionSet",
        PERMISSION_SET,
    ),
    extends("sso", "ProvisionPermissionSet", PERMISSION_SET),
    extends("sso", "CreateTrustedTokenIssuer", NAME),
    // Identity Store API reference, and Service Authorization Reference, "Actions, resources, and
    // condition keys for AWS IAM Identity Center directory".
    extends(
        "identitystore",
        "CreateUser",
        &["/requestParameters/userName"],
    ),
    extends(
        "identitystore",
        "CreateGroupMembership",
        &["/requestParameters/groupId"],
    ),
    extends(
        "sso-directory",
        "CreateUser",
        &["/requestParameters/userName"],
    ),
    extends(
        "sso-directory",
        "AddMemberToGroup",
        &["/requestParameters/groupId"],
    ),
    extends(
        "sso-directory",
        "UpdatePassword",
        &["/requestParameters/userId"],
    ),
    // IAM Roles Anywhere API reference.
    extends("rolesanywhere", "UpdateProfile", PROFILE),
    extends("rolesanywhere", "EnableProfile", PROFILE),
    extends("rolesanywhere", "PutAttributeMapping", PROFILE),
    extends(
        "rolesanywhere",
        "EnableTrustAnchor",
        &["/requestParameters/trustAnchorId"],
    ),
    // AWS Organizations API reference. A new account has a role that the management account can
    // assume.
    extends(
        "organizations",
        "CreateAccount",
        &["/requestParameters/accountName"],
    ),
    extends(
        "organizations",
        "RegisterDelegatedAdministrator",
        &["/requestParameters/accountId"],
    ),
    // AWS Systems Manager and EC2 Instance Connect API references. They run commands where the
    // credentials of an instance profile are.
    extends(
        "ssm",
        "SendCommand",
        &[
            "/requestParameters/instanceIds/0",
            "/requestParameters/documentName",
        ],
    ),
    extends("ssm", "StartSession", &["/requestParameters/target"]),
    extends("ssm", "ResumeSession", &["/requestParameters/sessionId"]),
    extends("ec2-instance-connect", "SendSSHPublicKey", INSTANCE),
    extends(
        "ec2-instance-connect",
        "SendSerialConsoleSSHPublicKey",
        INSTANCE,
    ),
    runs("ssm", "CreateActivation", &["/requestParameters/iamRole"]),
    runs(
        "autoscaling",
        "CreateLaunchConfiguration",
        &["/requestParameters/launchConfigurationName"],
    ),
    // AWS Lambda API reference.
    extends("lambda", "UpdateFunctionUrlConfig", FUNCTION),
    extends("lambda", "CreateEventSourceMapping", FUNCTION),
    // AWS CodeBuild API reference (`serviceRole`).
    runs("codebuild", "CreateProject", NAME),
    runs("codebuild", "UpdateProject", NAME),
    runs("codebuild", "StartBuild", PROJECT),
    runs("codebuild", "StartBuildBatch", PROJECT),
    // AWS CodePipeline API reference (`pipeline.roleArn`).
    runs(
        "codepipeline",
        "CreatePipeline",
        &["/requestParameters/pipeline/name"],
    ),
    runs(
        "codepipeline",
        "UpdatePipeline",
        &["/requestParameters/pipeline/name"],
    ),
    // AWS CloudFormation API reference (`RoleARN`).
    runs("cloudformation", "UpdateStack", STACK),
    runs("cloudformation", "CreateChangeSet", STACK),
    runs(
        "cloudformation",
        "CreateStackSet",
        &["/requestParameters/stackSetName"],
    ),
    runs(
        "cloudformation",
        "UpdateStackSet",
        &["/requestParameters/stackSetName"],
    ),
    // AWS Glue API reference (`RoleArn`, `Role`).
    runs(
        "glue",
        "CreateDevEndpoint",
        &["/requestParameters/endpointName"],
    ),
    runs("glue", "CreateJob", NAME),
    runs("glue", "UpdateJob", &["/requestParameters/jobName"]),
    runs("glue", "CreateSession", &["/requestParameters/id"]),
    // Amazon SageMaker AI API reference (`RoleArn`). The URL opens a notebook that has a role.
    runs(
        "sagemaker",
        "CreateNotebookInstance",
        &["/requestParameters/notebookInstanceName"],
    ),
    runs(
        "sagemaker",
        "CreateTrainingJob",
        &["/requestParameters/trainingJobName"],
    ),
    runs(
        "sagemaker",
        "CreateProcessingJob",
        &["/requestParameters/processingJobName"],
    ),
    extends(
        "sagemaker",
        "CreatePresignedNotebookInstanceUrl",
        &["/requestParameters/notebookInstanceName"],
    ),
    // Amazon ECS API reference (`taskRoleArn`, `overrides.taskRoleArn`).
    runs(
        "ecs",
        "RegisterTaskDefinition",
        &["/requestParameters/family"],
    ),
    runs("ecs", "RunTask", &["/requestParameters/taskDefinition"]),
    extends("ecs", "ExecuteCommand", &["/requestParameters/task"]),
    // Amazon EKS API reference (`roleArn`, `accessPolicy`).
    runs("eks", "CreatePodIdentityAssociation", CLUSTER),
    runs("eks", "UpdatePodIdentityAssociation", CLUSTER),
    extends(
        "eks",
        "AssociateAccessPolicy",
        &["/requestParameters/principalArn"],
    ),
    extends(
        "eks",
        "UpdateAccessEntry",
        &["/requestParameters/principalArn"],
    ),
    // AWS Step Functions, EventBridge Scheduler, Amazon EMR and AWS Batch API references.
    runs("states", "CreateStateMachine", NAME),
    runs("states", "UpdateStateMachine", MACHINE),
    runs("scheduler", "CreateSchedule", NAME),
    runs("scheduler", "UpdateSchedule", NAME),
    runs("elasticmapreduce", "RunJobFlow", NAME),
    runs(
        "batch",
        "RegisterJobDefinition",
        &["/requestParameters/jobDefinitionName"],
    ),
];
