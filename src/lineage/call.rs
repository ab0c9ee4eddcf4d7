//! The lineage table: the calls that issue credentials, or that create or extend access, and where
//! their records have the new identity.
//!
//! Sources, by event source: IAM user guide, "Logging IAM and AWS STS API calls with AWS
//! CloudTrail" and "Track privileged tasks in CloudTrail"; STS and IAM API references; CloudTrail
//! user guide, "AWS Management Console sign-in events"; IAM Identity Center user guide, "Logging IAM
//! Identity Center API calls with AWS CloudTrail"; Lambda developer guide, "Logging AWS Lambda API
//! calls using AWS CloudTrail"; EC2, Roles Anywhere, Cognito, CloudFormation,
//! EKS and Sign-In API references.

use EdgeKind::{
    AddsCredential, ChangesTrust, CreatesPrincipal, CreatesProvider, ExtendsAccess,
    IssuesCredentials, RunsWithRole,
};
use NewIdentity::{
    AccessKey, ActivatedCredential, ActivatedKey, Actor, AssumedRole, Credentials, ExistingGroup,
    ExistingRole, ExistingUser, FederatedUser, Function, InstanceWithProfile, Instances, Password,
    PermissionSet, Provider, Resource, Role, RootSession, SwitchedRole, User, UserCredential,
    UserSession,
};

use super::grant::EdgeKind;

/// Where a record has the identity that its call created or extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewIdentity {
    /// `responseElements.assumedRoleUser` and `credentials`; without them, the requested role and
    /// session name.
    AssumedRole,
    /// `responseElements.credentials`: a session of the calling user.
    UserSession,
    /// `responseElements.federatedUser` and `credentials`.
    FederatedUser,
    /// `requestParameters.targetPrincipal` and `responseElements.credentials`.
    RootSession,
    /// `serviceEventDetails.account_id` and `role_name`. The record has no access key.
    PermissionSet,
    /// `userIdentity` is the new session, and `additionalEventData.SwitchFrom` the actor.
    SwitchedRole,
    /// The actor itself, in the console or with renewed keys.
    Actor,
    /// The access key in `responseElements`, in any of its forms.
    Credentials,
    /// `responseElements.accessKey`; without a user name, of the actor.
    AccessKey,
    /// `requestParameters.accessKeyId` with the status `Active`.
    ActivatedKey,
    /// `responseElements.user`.
    User,
    /// `responseElements.role`.
    Role,
    /// The password of `requestParameters.userName`; without it, of the actor.
    Password,
    /// The credential at the first of these pointers that exists, of `requestParameters.userName`.
    UserCredential(&'static [&'static str]),
    /// The same, with the status `Active`.
    ActivatedCredential(&'static [&'static str]),
    /// The user `requestParameters.userName`, which exists.
    ExistingUser,
    /// The role `requestParameters.roleName`, which exists.
    ExistingRole,
    /// The group `requestParameters.groupName`, which exists.
    ExistingGroup,
    /// The ARN of an identity provider at the first of these pointers that exists.
    Provider(&'static [&'static str]),
    /// The instances of `responseElements.instancesSet`, if they have an instance profile.
    Instances,
    /// The instance that gets an instance profile.
    InstanceWithProfile,
    /// `functionName` and `role`.
    Function,
    /// The name at the first of these pointers that exists.
    Resource(&'static [&'static str]),
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineageCall {
    /// The `eventSource`, without `.amazonaws.com`.
    pub service: &'static str,
    /// The `eventName`; that of Lambda without the date at its end.
    pub event_name: &'static str,
    /// How the call connects its actor to the identity.
    pub kind: EdgeKind,
    /// Where the identity is.
    pub new_identity: NewIdentity,
}

pub(super) const fn row(
    service: &'static str,
    event_name: &'static str,
    kind: EdgeKind,
    new_identity: NewIdentity,
) -> LineageCall {
    LineageCall {
        service,
        event_name,
        kind,
        new_identity,
    }
}

/// CloudTrail writes `SSHPublicKeyId` in camel case; both spellings are read.
const SSH_KEY: NewIdentity = UserCredential(&[
    "/responseElements/sSHPublicKey/sSHPublicKeyId",
    "/responseElements/sshPublicKey/sshPublicKeyId",
    "/responseElements/sSHPublicKey/sshPublicKeyId",
]);
const CERTIFICATE: NewIdentity = UserCredential(&["/responseElements/certificate/certificateId"]);
const SERVICE_CREDENTIAL: NewIdentity = UserCredential(&[
    "/responseElements/serviceSpecificCredential/serviceSpecificCredentialId",
    "/requestParameters/serviceSpecificCredentialId",
]);
const SAML_PROVIDER: NewIdentity = Provider(&[
    "/responseElements/sAMLProviderArn",
    "/responseElements/samlProviderArn",
    "/requestParameters/sAMLProviderArn",
    "/requestParameters/samlProviderArn",
]);
const OIDC_PROVIDER: NewIdentity = Provider(&[
    "/responseElements/openIDConnectProviderArn",
    "/requestParameters/openIDConnectProviderArn",
]);
const TRUST_ANCHOR: NewIdentity = Provider(&[
    "/responseElements/trustAnchor/trustAnchorArn",
    "/requestParameters/trustAnchorId",
]);
const POLICY: NewIdentity = Resource(&["/requestParameters/policyArn"]);
const FUNCTION_NAME: NewIdentity = Resource(&["/requestParameters/functionName"]);

/// The table. Any other call with `responseElements.credentials.accessKeyId` issues credentials
/// too: AWS adds such calls.
pub const LINEAGE_CALLS: &[LineageCall] = &[
    row("sts", "AssumeRole", IssuesCredentials, AssumedRole),
    row("sts", "AssumeRoleWithSAML", IssuesCredentials, AssumedRole),
    row(
        "sts",
        "AssumeRoleWithWebIdentity",
        IssuesCredentials,
        AssumedRole,
    ),
    row("sts", "AssumeRoot", IssuesCredentials, RootSession),
    row("sts", "GetSessionToken", IssuesCredentials, UserSession),
    row(
        "sts",
        "GetFederationToken",
        IssuesCredentials,
        FederatedUser,
    ),
    row(
        "sts",
        "GetWebIdentityToken",
        IssuesCredentials,
        Resource(&[
            "/responseElements/webIdentityTokenId",
            "/requestParameters/audience/0",
        ]),
    ),
    row(
        "sts",
        "GetScopedCredentials",
        IssuesCredentials,
        Credentials,
    ),
    row(
        "sts",
        "GetDelegatedAccessToken",
        IssuesCredentials,
        Credentials,
    ),
    row("signin", "GetSigninToken", IssuesCredentials, Actor),
    row("signin", "CreateBearerToken", IssuesCredentials, Actor),
    row("signin", "CreateOAuth2Token", IssuesCredentials, Actor),
    row("signin", "SwitchRole", IssuesCredentials, SwitchedRole),
    row(
        "sso",
        "GetRoleCredentials",
        IssuesCredentials,
        PermissionSet,
    ),
    row(
        "rolesanywhere",
        "CreateSession",
        IssuesCredentials,
        Credentials,
    ),
    row(
        "cognito-identity",
        "GetCredentialsForIdentity",
        IssuesCredentials,
        Credentials,
    ),
    row("iam", "CreateUser", CreatesPrincipal, User),
    row("iam", "CreateRole", CreatesPrincipal, Role),
    row("iam", "AcquireRole", CreatesPrincipal, Role),
    row("iam", "CreateAccessKey", AddsCredential, AccessKey),
    row("iam", "UpdateAccessKey", AddsCredential, ActivatedKey),
    row("iam", "CreateLoginProfile", AddsCredential, Password),
    row("iam", "UpdateLoginProfile", AddsCredential, Password),
    row("iam", "ChangePassword", AddsCredential, Password),
    row(
        "iam",
        "CreateServiceSpecificCredential",
        AddsCredential,
        SERVICE_CREDENTIAL,
    ),
    row(
        "iam",
        "ResetServiceSpecificCredential",
        AddsCredential,
        SERVICE_CREDENTIAL,
    ),
    row("iam", "UploadSSHPublicKey", AddsCredential, SSH_KEY),
    row(
        "iam",
        "UploadSigningCertificate",
        AddsCredential,
        CERTIFICATE,
    ),
    row(
        "iam",
        "UpdateServiceSpecificCredential",
        AddsCredential,
        ActivatedCredential(&["/requestParameters/serviceSpecificCredentialId"]),
    ),
    row(
        "iam",
        "UpdateSSHPublicKey",
        AddsCredential,
        ActivatedCredential(&[
            "/requestParameters/sSHPublicKeyId",
            "/requestParameters/sshPublicKeyId",
        ]),
    ),
    row(
        "iam",
        "UpdateSigningCertificate",
        AddsCredential,
        ActivatedCredential(&["/requestParameters/certificateId"]),
    ),
    row("iam", "UpdateAssumeRolePolicy", ChangesTrust, ExistingRole),
    row("iam", "AddUserToGroup", ExtendsAccess, ExistingUser),
    row("iam", "AttachUserPolicy", ExtendsAccess, ExistingUser),
    row("iam", "PutUserPolicy", ExtendsAccess, ExistingUser),
    row(
        "iam",
        "PutUserPermissionsBoundary",
        ExtendsAccess,
        ExistingUser,
    ),
    row(
        "iam",
        "DeleteUserPermissionsBoundary",
        ExtendsAccess,
        ExistingUser,
    ),
    row("iam", "EnableMFADevice", ExtendsAccess, ExistingUser),
    row("iam", "DeactivateMFADevice", ExtendsAccess, ExistingUser),
    row("iam", "AttachRolePolicy", ExtendsAccess, ExistingRole),
    row("iam", "PutRolePolicy", ExtendsAccess, ExistingRole),
    row(
        "iam",
        "PutRolePermissionsBoundary",
        ExtendsAccess,
        ExistingRole,
    ),
    row(
        "iam",
        "DeleteRolePermissionsBoundary",
        ExtendsAccess,
        ExistingRole,
    ),
    row(
        "iam",
        "AddRoleToInstanceProfile",
        ExtendsAccess,
        ExistingRole,
    ),
    row("iam", "AttachGroupPolicy", ExtendsAccess, ExistingGroup),
    row("iam", "PutGroupPolicy", ExtendsAccess, ExistingGroup),
    row("iam", "CreatePolicyVersion", ExtendsAccess, POLICY),
    row("iam", "SetDefaultPolicyVersion", ExtendsAccess, POLICY),
    row(
        "iam",
        "AcceptDelegationRequest",
        ExtendsAccess,
        Resource(&["/requestParameters/delegationRequestId"]),
    ),
    row("iam", "CreateSAMLProvider", CreatesProvider, SAML_PROVIDER),
    row("iam", "UpdateSAMLProvider", ExtendsAccess, SAML_PROVIDER),
    row(
        "iam",
        "CreateOpenIDConnectProvider",
        CreatesProvider,
        OIDC_PROVIDER,
    ),
    row(
        "iam",
        "AddClientIDToOpenIDConnectProvider",
        ExtendsAccess,
        OIDC_PROVIDER,
    ),
    row(
        "iam",
        "UpdateOpenIDConnectProviderThumbprint",
        ExtendsAccess,
        OIDC_PROVIDER,
    ),
    row(
        "iam",
        "UpdateOpenIDConnectProvider",
        ExtendsAccess,
        OIDC_PROVIDER,
    ),
    row(
        "rolesanywhere",
        "CreateTrustAnchor",
        CreatesProvider,
        TRUST_ANCHOR,
    ),
    row(
        "rolesanywhere",
        "UpdateTrustAnchor",
        ExtendsAccess,
        TRUST_ANCHOR,
    ),
    row(
        "rolesanywhere",
        "CreateProfile",
        ExtendsAccess,
        Resource(&[
            "/responseElements/profile/profileArn",
            "/requestParameters/name",
        ]),
    ),
    row(
        "sso",
        "CreateAccountAssignment",
        ExtendsAccess,
        Resource(&["/requestParameters/permissionSetArn"]),
    ),
    row("ec2", "RunInstances", RunsWithRole, Instances),
    row(
        "ec2",
        "AssociateIamInstanceProfile",
        RunsWithRole,
        InstanceWithProfile,
    ),
    row(
        "ec2",
        "ReplaceIamInstanceProfileAssociation",
        RunsWithRole,
        InstanceWithProfile,
    ),
    row("lambda", "CreateFunction", RunsWithRole, Function),
    row("lambda", "UpdateFunctionCode", RunsWithRole, Function),
    row(
        "lambda",
        "UpdateFunctionConfiguration",
        RunsWithRole,
        Function,
    ),
    row("lambda", "AddPermission", ExtendsAccess, FUNCTION_NAME),
    row(
        "lambda",
        "CreateFunctionUrlConfig",
        ExtendsAccess,
        FUNCTION_NAME,
    ),
    row(
        "cloudformation",
        "CreateStack",
        RunsWithRole,
        Resource(&["/responseElements/stackId", "/requestParameters/stackName"]),
    ),
    row(
        "eks",
        "CreateAccessEntry",
        ExtendsAccess,
        Resource(&["/requestParameters/principalArn"]),
    ),
];

/// A call that the table does not have, but whose record has new credentials.
pub(super) const UNLISTED: LineageCall = row("", "", IssuesCredentials, Credentials);
