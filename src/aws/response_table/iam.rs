//! The responses of IAM.

use crate::aws::response_shape::{Content, EmptyList, Member, member};

/// AWS always writes it, but moto does not. The marker decides whether there is another page.
const IS_TRUNCATED: Member = member(&["IsTruncated"], Content::OptionalFlag);

const MARKER: Member = member(&["Marker"], Content::Token);

/// Source: IAM API, `GenerateServiceLastAccessedDetails`.
pub(super) const JOB_ID: &[Member] = &[member(&["JobId"], Content::Text)];

/// Source: IAM API, `GetServiceLastAccessedDetails`: the services are there when the job is
/// complete.
pub(super) const SERVICES_USED: &[Member] = &[
    member(&["JobStatus"], Content::Text),
    Member {
        names: &["ServicesLastAccessed"],
        content: Content::List(
            &[member(&["ServiceNamespace"], Content::Text)],
            EmptyList::Unproven,
        ),
        condition: Some(("JobStatus", "COMPLETED")),
    },
];

/// Source: IAM API, `GetAccessKeyLastUsed`, `AccessKeyLastUsed`: the service is `N/A` if the key
/// was never used.
pub(super) const KEY_LAST_USED: &[Member] = &[member(
    &["AccessKeyLastUsed"],
    Content::Structure(&[member(&["ServiceName"], Content::Text)]),
)];

const RECORDED_DETAILS: EmptyList = EmptyList::Recorded(
    "localstack, tests/aws/services/iam/test_iam_account_authorization_details.snapshot.json",
);

/// Source: IAM API, `AttachedPolicy`.
const ATTACHED_POLICIES: Member = member(
    &["AttachedManagedPolicies"],
    Content::OptionalList(&[
        member(&["PolicyName"], Content::Text),
        member(&["PolicyArn"], Content::Text),
    ]),
);

/// The lists of kinds that the request excludes are there too, without items. The lists inside of
/// an item are not required: in the API reference, a user without inline policies has none.
///
/// Source: IAM API, `GetAccountAuthorizationDetails`.
pub(super) const AUTHORIZATION_DETAILS: &[Member] = &[
    member(
        &["UserDetailList"],
        Content::List(
            &[
                member(&["Arn"], Content::Text),
                member(&["UserId"], Content::Text),
                member(&["UserPolicyList"], Content::OptionalList(INLINE_POLICY)),
                ATTACHED_POLICIES,
            ],
            RECORDED_DETAILS,
        ),
    ),
    member(
        &["GroupDetailList"],
        Content::List(
            &[
                member(&["Arn"], Content::Text),
                member(&["GroupId"], Content::Text),
                member(&["GroupPolicyList"], Content::OptionalList(INLINE_POLICY)),
                ATTACHED_POLICIES,
            ],
            RECORDED_DETAILS,
        ),
    ),
    member(
        &["RoleDetailList"],
        Content::List(
            &[
                member(&["Arn"], Content::Text),
                member(&["RoleId"], Content::Text),
                member(&["RolePolicyList"], Content::OptionalList(INLINE_POLICY)),
                ATTACHED_POLICIES,
            ],
            RECORDED_DETAILS,
        ),
    ),
    IS_TRUNCATED,
    MARKER,
];

/// Source: IAM API, `GetGroup`.
pub(super) const GROUP: &[Member] = &[
    member(
        &["Group"],
        Content::Structure(&[
            member(&["Arn"], Content::Text),
            member(&["GroupId"], Content::Text),
        ]),
    ),
    member(
        &["Users"],
        Content::List(
            &[member(&["UserName"], Content::Text)],
            EmptyList::Recorded(
                "localstack, tests/aws/services/iam/test_iam_groups.snapshot.json, test_get_group_with_path",
            ),
        ),
    ),
    IS_TRUNCATED,
    MARKER,
];

/// Source: IAM API, `GetRole`.
pub(super) const ROLE: &[Member] = &[member(
    &["Role"],
    Content::Structure(&[
        member(&["Arn"], Content::Text),
        member(&["RoleId"], Content::Text),
    ]),
)];

/// Source: IAM API, `GetUser`.
pub(super) const USER: &[Member] = &[member(
    &["User"],
    Content::Structure(&[
        member(&["Arn"], Content::Text),
        member(&["UserId"], Content::Text),
    ]),
)];

/// Source: IAM API, `GetGroupPolicy`, `GetRolePolicy`, `GetUserPolicy`, `PolicyDetail`.
pub(super) const INLINE_POLICY: &[Member] = &[
    member(&["PolicyName"], Content::Text),
    member(&["PolicyDocument"], Content::Text),
];

/// A user has at most two keys, so the list is never truncated.
///
/// Source: IAM API, `ListAccessKeys`, `AccessKeyMetadata`.
pub(super) const ACCESS_KEYS: &[Member] = &[member(
    &["AccessKeyMetadata"],
    Content::List(
        &[
            member(&["AccessKeyId"], Content::Text),
            member(&["Status"], Content::Text),
        ],
        EmptyList::Recorded(
            "localstack, tests/aws/services/iam/test_iam_users.snapshot.json, test_access_key_lifecycle",
        ),
    ),
)];

/// Source: IAM API, `ListServiceSpecificCredentials`, `ServiceSpecificCredentialMetadata`.
pub(super) const SERVICE_SPECIFIC_CREDENTIALS: &[Member] = &[
    member(
        &["ServiceSpecificCredentials"],
        Content::List(
            &[
                member(&["ServiceSpecificCredentialId"], Content::Text),
                member(&["ServiceName"], Content::Text),
                member(&["Status"], Content::Text),
            ],
            EmptyList::Unproven,
        ),
    ),
    IS_TRUNCATED,
    MARKER,
];

/// Source: IAM API, `ListSSHPublicKeys`, `SSHPublicKeyMetadata`.
pub(super) const SSH_PUBLIC_KEYS: &[Member] = &[
    member(
        &["SSHPublicKeys"],
        Content::List(
            &[
                member(&["SSHPublicKeyId"], Content::Text),
                member(&["Status"], Content::Text),
            ],
            EmptyList::Unproven,
        ),
    ),
    IS_TRUNCATED,
    MARKER,
];

/// Source: IAM API, `ListSigningCertificates`, `SigningCertificate`.
pub(super) const SIGNING_CERTIFICATES: &[Member] = &[
    member(
        &["Certificates"],
        Content::List(
            &[
                member(&["CertificateId"], Content::Text),
                member(&["Status"], Content::Text),
            ],
            EmptyList::Unproven,
        ),
    ),
    IS_TRUNCATED,
    MARKER,
];

/// Source: IAM API, `ListMFADevices`, `MFADevice`.
pub(super) const MFA_DEVICES: &[Member] = &[
    member(
        &["MFADevices"],
        Content::List(
            &[member(&["SerialNumber"], Content::Text)],
            EmptyList::Unproven,
        ),
    ),
    IS_TRUNCATED,
    MARKER,
];

/// A user without a password has no login profile: the call fails with `NoSuchEntity`.
///
/// Source: IAM API, `GetLoginProfile`, `LoginProfile`.
pub(super) const LOGIN_PROFILE: &[Member] = &[member(
    &["LoginProfile"],
    Content::Structure(&[
        member(&["UserName"], Content::Text),
        member(&["CreateDate"], Content::Text),
    ]),
)];

/// Source: IAM API, `ListUsers`.
pub(super) const USERS: &[Member] = &[
    member(
        &["Users"],
        Content::List(
            &[member(&["UserName"], Content::Text)],
            EmptyList::Recorded(
                "cloud-custodian, tests/data/placebo/test_iam_user_delete/iam.ListUsers_2.json",
            ),
        ),
    ),
    IS_TRUNCATED,
    MARKER,
];

/// Source: IAM API, `SimulatePrincipalPolicy`, `EvaluationResult`.
pub(super) const EVALUATIONS: &[Member] = &[member(
    &["EvaluationResults"],
    Content::List(
        &[
            member(&["EvalActionName"], Content::Text),
            member(&["EvalDecision"], Content::Text),
        ],
        EmptyList::Never("each action of the request has a result"),
    ),
)];
