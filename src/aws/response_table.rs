//! What AWS writes into a successful response to each operation.
//!
//! The SDK reads an absent list as an empty one, so an absent list must be told apart from "nothing
//! there". This table says, for every operation, which members a response always has, and how AWS
//! writes an empty list. [`super::required_members`] checks every response against it before the
//! SDK reads it. The match in [`Shape::of`] has no wildcard: an operation without a row does not
//! compile.
//!
//! Sources: the API reference of each service; responses of AWS that localstack and cloud-custodian
//! recorded for their tests. Both record what boto3 parsed, which leaves out absent lists, so a
//! recorded `[]` shows that AWS wrote the list.

use dragnet_model::Operation;

/// The format of a response, and the members that it always has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A JSON object.
    Json(&'static [Member]),
    /// XML: the members are in `<OperationResult>` inside of `<OperationResponse>`.
    Query(&'static [Member]),
    /// XML: `<OperationResponse>` without a result.
    QueryWithoutResult,
    /// XML: the members are in `<OperationResponse>`.
    Ec2(&'static [Member]),
    /// A permission; no call has this name.
    NoCall,
}

/// A member of a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// The name, or several names of which at least one is there.
    pub(super) names: &'static [&'static str],
    pub(super) content: Content,
    /// The member is there only if the sibling with this name has this text.
    pub(super) condition: Option<(&'static str, &'static str)>,
}

/// The content of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// A text that is not empty.
    Text,
    /// A text that may be empty.
    AnyText,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A flag that some servers leave out.
    OptionalFlag,
    /// An object, or an element with elements.
    Structure(&'static [Member]),
    /// A list whose items have these members.
    List(&'static [Member], EmptyList),
    /// A list that AWS leaves out of some responses; its items have these members.
    OptionalList(&'static [Member]),
    /// A list of lists whose items have these members.
    Rows(&'static [Member], EmptyList),
    /// The token of the next page, which the last page does not have. Only its spelling is checked.
    Token,
}

/// How AWS writes the list if it is empty.
#[derive(Clone, Copy, Debug)]
pub(super) enum EmptyList {
    /// The list is there, without items. The text names a response that AWS sent.
    Recorded(&'static str),
    /// No response with an empty list is known. A list without items is accepted; an absent list
    /// fails as `UnprovenEmpty`, because it may be AWS's spelling of "nothing there" or a broken
    /// response.
    Unproven,
    /// The list has items in every response. The text names the reason.
    Never(&'static str),
}

const fn member(name: &'static [&'static str; 1], content: Content) -> Member {
    Member {
        names: name,
        content,
        condition: None,
    }
}

const NEXT_TOKEN: Member = member(&["nextToken"], Content::Token);
/// AWS always writes it, but moto does not. The marker decides whether there is another page.
const IS_TRUNCATED: Member = member(&["IsTruncated"], Content::OptionalFlag);
const MARKER: Member = member(&["Marker"], Content::Token);

/// Source: STS API, `Credentials`: all four are required.
const CREDENTIALS: &[Member] = &[member(
    &["Credentials"],
    Content::Structure(&[
        member(&["AccessKeyId"], Content::Text),
        member(&["SecretAccessKey"], Content::Text),
        member(&["SessionToken"], Content::Text),
        member(&["Expiration"], Content::Text),
    ]),
)];

/// Source: STS API, `GetCallerIdentity`, "Sample response".
const CALLER_IDENTITY: &[Member] = &[
    member(&["Arn"], Content::Text),
    member(&["Account"], Content::Text),
];

/// Source: EC2 API, `DescribeRegions`; EC2 user guide, "Regions and Zones": Regions that do not
/// require opting in cannot be disabled.
const REGIONS: &[Member] = &[member(
    &["regionInfo"],
    Content::List(
        &[member(&["regionName"], Content::Text)],
        EmptyList::Never("every account has Regions that cannot be disabled"),
    ),
)];

/// Source: EC2 API, `DescribeFlowLogs`, `FlowLog`; the status is in every recorded response.
const FLOW_LOGS: &[Member] = &[
    member(
        &["flowLogSet"],
        Content::List(
            &[
                member(&["flowLogId"], Content::Text),
                member(&["flowLogStatus"], Content::Text),
            ],
            EmptyList::Recorded(
                "cloud-custodian, tests/data/placebo/test_vpc_create_flow_logs/ec2.DescribeFlowLogs_1.json",
            ),
        ),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `DescribeLogGroups`.
const LOG_GROUPS: &[Member] = &[
    member(
        &["logGroups"],
        Content::List(
            &[member(&["logGroupName"], Content::Text)],
            // The test asserts `describe_log_groups(…).get('logGroups') == []` on AWS's response.
            EmptyList::Recorded("cloud-custodian, tests/test_cwl.py, test_tagged_log_group_delete"),
        ),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `DescribeLogStreams`.
const LOG_STREAMS: &[Member] = &[
    member(
        &["logStreams"],
        Content::List(
            &[member(&["logStreamName"], Content::Text)],
            EmptyList::Unproven,
        ),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `FilterLogEvents`, `FilteredLogEvent`.
const EVENTS: &[Member] = &[
    member(
        &["events"],
        Content::List(
            &[
                member(&["eventId"], Content::Text),
                member(&["timestamp"], Content::Number),
                member(&["message"], Content::AnyText),
            ],
            EmptyList::Recorded("github.com/boto/boto3/issues/1524 and 2265, responses of AWS"),
        ),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `GetQueryResults`, `ResultField`. The fields of a row depend on the
/// query; `ResultRow::into_event` checks those of events. The rows of a query that is not complete
/// are not used. An absent list of a complete query is accepted if the statistics of the response
/// count no row (`has_no_rows` in `required_members.rs`).
const QUERY_RESULTS: &[Member] = &[
    member(&["status"], Content::Text),
    NEXT_TOKEN,
    Member {
        names: &["results"],
        content: Content::Rows(&[member(&["field"], Content::Text)], EmptyList::Unproven),
        condition: Some(("status", "Complete")),
    },
];

/// Source: CloudWatch Logs API, `StartQuery`.
const QUERY_ID: &[Member] = &[member(&["queryId"], Content::Text)];

/// Source: CloudTrail API, `DescribeTrails`. [`super::trail_list`] asks `ListTrails` if the list is
/// absent.
const TRAILS: &[Member] = &[member(
    &["trailList"],
    Content::List(&[member(&["TrailARN"], Content::Text)], EmptyList::Unproven),
)];

/// Source: CloudTrail API, `ListTrails`.
const TRAIL_LIST: &[Member] = &[
    member(
        &["Trails"],
        Content::List(&[member(&["TrailARN"], Content::Text)], EmptyList::Unproven),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: CloudTrail API, `GetTrailStatus`.
const TRAIL_STATUS: &[Member] = &[member(&["IsLogging"], Content::Flag)];

/// A trail has basic or advanced event selectors. Source for one without basic selectors: a
/// response of AWS in github.com/nccgroup/ScoutSuite/issues/1424. A new trail has a default
/// selector (CloudTrail user guide, "Managing trails with the AWS CLI", get-event-selectors), so
/// AWS probably never writes an empty list; moto does.
const EVENT_SELECTORS: &[Member] = &[Member {
    names: &["EventSelectors", "AdvancedEventSelectors"],
    content: Content::List(&[], EmptyList::Unproven),
    condition: None,
}];

/// Source: Organizations API, `ListAccounts`: a page may be "an empty set of results" although
/// there are more pages.
const ACCOUNTS: &[Member] = &[
    member(
        &["Accounts"],
        Content::List(&[member(&["Id"], Content::Text)], EmptyList::Unproven),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListRoots`, `Root`.
const ROOTS: &[Member] = &[
    member(
        &["Roots"],
        Content::List(
            &[member(&["Id"], Content::Text)],
            EmptyList::Never("every organization has a root"),
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListOrganizationalUnitsForParent`, `OrganizationalUnit`.
const ORGANIZATIONAL_UNITS: &[Member] = &[
    member(
        &["OrganizationalUnits"],
        Content::List(
            &[
                member(&["Id"], Content::Text),
                member(&["Name"], Content::Text),
            ],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListParents`: "a child can have only a single parent".
const PARENTS: &[Member] = &[
    member(
        &["Parents"],
        Content::List(
            &[member(&["Id"], Content::Text)],
            EmptyList::Never("every account and organizational unit has a parent"),
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListTagsForResource`, `Tag`.
const TAGS: &[Member] = &[
    member(
        &["Tags"],
        Content::List(
            &[
                member(&["Key"], Content::Text),
                member(&["Value"], Content::AnyText),
            ],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: EventBridge API, `PutEvents`: the response has one entry for each entry of the request.
const PUT_EVENTS: &[Member] = &[
    member(&["FailedEntryCount"], Content::Number),
    member(
        &["Entries"],
        Content::List(
            &[Member {
                names: &["EventId", "ErrorCode"],
                content: Content::Text,
                condition: None,
            }],
            EmptyList::Never("a request has an entry"),
        ),
    ),
];

/// Source: SNS API, `Publish`.
const MESSAGE_ID: &[Member] = &[member(&["MessageId"], Content::Text)];

/// Source: IAM API, `GenerateServiceLastAccessedDetails`.
const JOB_ID: &[Member] = &[member(&["JobId"], Content::Text)];

/// Source: IAM API, `GetServiceLastAccessedDetails`: the services are there when the job is
/// complete.
const SERVICES_USED: &[Member] = &[
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
const KEY_LAST_USED: &[Member] = &[member(
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
const AUTHORIZATION_DETAILS: &[Member] = &[
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
const GROUP: &[Member] = &[
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
const ROLE: &[Member] = &[member(
    &["Role"],
    Content::Structure(&[
        member(&["Arn"], Content::Text),
        member(&["RoleId"], Content::Text),
    ]),
)];

/// Source: IAM API, `GetUser`.
const USER: &[Member] = &[member(
    &["User"],
    Content::Structure(&[
        member(&["Arn"], Content::Text),
        member(&["UserId"], Content::Text),
    ]),
)];

/// Source: IAM API, `GetGroupPolicy`, `GetRolePolicy`, `GetUserPolicy`, `PolicyDetail`.
const INLINE_POLICY: &[Member] = &[
    member(&["PolicyName"], Content::Text),
    member(&["PolicyDocument"], Content::Text),
];

/// A user has at most two keys, so the list is never truncated.
///
/// Source: IAM API, `ListAccessKeys`, `AccessKeyMetadata`.
const ACCESS_KEYS: &[Member] = &[member(
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
const SERVICE_SPECIFIC_CREDENTIALS: &[Member] = &[
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
const SSH_PUBLIC_KEYS: &[Member] = &[
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
const SIGNING_CERTIFICATES: &[Member] = &[
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
const MFA_DEVICES: &[Member] = &[
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
const LOGIN_PROFILE: &[Member] = &[member(
    &["LoginProfile"],
    Content::Structure(&[
        member(&["UserName"], Content::Text),
        member(&["CreateDate"], Content::Text),
    ]),
)];

/// Source: IAM API, `ListUsers`.
const USERS: &[Member] = &[
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
const EVALUATIONS: &[Member] = &[member(
    &["EvaluationResults"],
    Content::List(
        &[
            member(&["EvalActionName"], Content::Text),
            member(&["EvalDecision"], Content::Text),
        ],
        EmptyList::Never("each action of the request has a result"),
    ),
)];

impl Shape {
    /// Returns the row of an operation.
    pub(super) fn of(operation: Operation) -> Self {
        match operation {
            Operation::AssumeRole | Operation::GetSessionToken => Self::Query(CREDENTIALS),
            Operation::DescribeFlowLogs => Self::Ec2(FLOW_LOGS),
            Operation::DescribeLogGroups => Self::Json(LOG_GROUPS),
            Operation::DescribeLogStreams => Self::Json(LOG_STREAMS),
            Operation::DescribeRegions => Self::Ec2(REGIONS),
            Operation::DescribeTrails => Self::Json(TRAILS),
            Operation::FilterLogEvents => Self::Json(EVENTS),
            Operation::GenerateServiceLastAccessedDetails => Self::Query(JOB_ID),
            Operation::GetAccessKeyLastUsed => Self::Query(KEY_LAST_USED),
            Operation::GetAccountAuthorizationDetails => Self::Query(AUTHORIZATION_DETAILS),
            Operation::GetCallerIdentity => Self::Query(CALLER_IDENTITY),
            Operation::GetEventSelectors => Self::Json(EVENT_SELECTORS),
            Operation::GetGroup => Self::Query(GROUP),
            Operation::GetGroupPolicy | Operation::GetRolePolicy | Operation::GetUserPolicy => {
                Self::Query(INLINE_POLICY)
            }
            Operation::GetLoginProfile => Self::Query(LOGIN_PROFILE),
            Operation::GetQueryResults => Self::Json(QUERY_RESULTS),
            Operation::GetRole => Self::Query(ROLE),
            Operation::GetServiceLastAccessedDetails => Self::Query(SERVICES_USED),
            Operation::GetTrailStatus => Self::Json(TRAIL_STATUS),
            Operation::GetUser => Self::Query(USER),
            Operation::ListAccessKeys => Self::Query(ACCESS_KEYS),
            Operation::ListAccounts => Self::Json(ACCOUNTS),
            Operation::ListMFADevices => Self::Query(MFA_DEVICES),
            Operation::ListSSHPublicKeys => Self::Query(SSH_PUBLIC_KEYS),
            Operation::ListServiceSpecificCredentials => Self::Query(SERVICE_SPECIFIC_CREDENTIALS),
            Operation::ListSigningCertificates => Self::Query(SIGNING_CERTIFICATES),
            Operation::ListOrganizationalUnitsForParent => Self::Json(ORGANIZATIONAL_UNITS),
            Operation::ListParents => Self::Json(PARENTS),
            Operation::ListRoots => Self::Json(ROOTS),
            Operation::ListTagsForResource => Self::Json(TAGS),
            Operation::ListTrails => Self::Json(TRAIL_LIST),
            Operation::ListUsers => Self::Query(USERS),
            Operation::Publish => Self::Query(MESSAGE_ID),
            Operation::PutEvents => Self::Json(PUT_EVENTS),
            // Source: IAM API: these return no data.
            Operation::DeactivateMFADevice
            | Operation::DeleteGroupPolicy
            | Operation::DeleteLoginProfile
            | Operation::DeleteRolePermissionsBoundary
            | Operation::DeleteRolePolicy
            | Operation::DeleteUserPermissionsBoundary
            | Operation::DeleteUserPolicy
            | Operation::PutGroupPolicy
            | Operation::PutRolePermissionsBoundary
            | Operation::PutRolePolicy
            | Operation::PutUserPermissionsBoundary
            | Operation::PutUserPolicy
            | Operation::UpdateAccessKey
            | Operation::UpdateAssumeRolePolicy
            | Operation::UpdateSSHPublicKey
            | Operation::UpdateServiceSpecificCredential
            | Operation::UpdateSigningCertificate => Self::QueryWithoutResult,
            Operation::SimulatePrincipalPolicy => Self::Query(EVALUATIONS),
            Operation::StartQuery => Self::Json(QUERY_ID),
            // Nothing follows from `success`: a query that is not stopped ends by itself.
            Operation::StopQuery => Self::Json(&[]),
            Operation::Unmask => Self::NoCall,
        }
    }
}
