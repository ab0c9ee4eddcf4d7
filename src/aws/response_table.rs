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

mod athena;
mod cloudtrail;
mod iam;
mod logs;
mod observability;
mod organizations;
mod portal;

use super::response_shape::{Content, EmptyList, Member, NEXT_TOKEN, Shape, member};
use dragnet_model::Operation;

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

impl Shape {
    /// Returns the row of an operation.
    pub(super) fn of(operation: Operation) -> Self {
        match operation {
            Operation::AssumeRole | Operation::GetSessionToken => Self::Query(CREDENTIALS),
            Operation::DescribeDeliveries => Self::Json(logs::DELIVERIES),
            Operation::DescribeDeliveryDestinations => Self::Json(logs::DELIVERY_DESTINATIONS),
            Operation::DescribeFlowLogs => Self::Ec2(FLOW_LOGS),
            Operation::DescribeImportTasks => Self::Json(logs::IMPORTS),
            Operation::DescribeLogGroups => Self::Json(logs::LOG_GROUPS),
            Operation::DescribeLogStreams => Self::Json(logs::LOG_STREAMS),
            Operation::DescribeRegions => Self::Ec2(REGIONS),
            Operation::DescribeSubscriptionFilters => Self::Json(logs::SUBSCRIPTION_FILTERS),
            Operation::DescribeTrails => Self::Json(cloudtrail::TRAILS),
            Operation::FilterLogEvents => Self::Json(logs::EVENTS),
            Operation::GenerateServiceLastAccessedDetails => Self::Query(iam::JOB_ID),
            // Source: S3 API, `GetBucketLogging`: a bucket that is not logged has no members.
            Operation::GetBucketLogging => Self::Document("BucketLoggingStatus"),
            // That of logs is an event stream, whose messages have checksums. Source: CloudWatch Logs API, `GetLogObject`.
            Operation::GetLogObject | Operation::GetObject => Self::Object,
            Operation::HeadBucket | Operation::PutObject => Self::HeadersOnly,
            Operation::ListObjectsV2 => Self::ObjectList,
            Operation::ListPublicKeys => Self::Json(cloudtrail::PUBLIC_KEYS),
            Operation::GetAthenaQueryResults => Self::Json(athena::RESULTS),
            Operation::GetQueryExecution => Self::Json(athena::EXECUTION),
            Operation::GetTableMetadata => Self::Json(athena::TABLE),
            Operation::GetWorkGroup => Self::Json(athena::WORKGROUP),
            Operation::StartQueryExecution => Self::Json(athena::EXECUTION_ID),
            // Source: Athena API, `StopQueryExecution`: an empty body.
            Operation::GetAccessKeyLastUsed => Self::Query(iam::KEY_LAST_USED),
            Operation::GetAccountAuthorizationDetails => Self::Query(iam::AUTHORIZATION_DETAILS),
            Operation::GetCallerIdentity => Self::Query(CALLER_IDENTITY),
            Operation::GetEventSelectors => Self::Json(cloudtrail::EVENT_SELECTORS),
            Operation::GetChannel => Self::Json(cloudtrail::CHANNEL),
            Operation::GetGroup => Self::Query(iam::GROUP),
            Operation::GetGroupPolicy | Operation::GetRolePolicy | Operation::GetUserPolicy => {
                Self::Query(iam::INLINE_POLICY)
            }
            Operation::GetLoginProfile => Self::Query(iam::LOGIN_PROFILE),
            Operation::GetQueryResults => Self::Json(logs::QUERY_RESULTS),
            Operation::GetRole => Self::Query(iam::ROLE),
            Operation::GetRoleCredentials => Self::Json(portal::CREDENTIALS),
            Operation::GetServiceLastAccessedDetails => Self::Query(iam::SERVICES_USED),
            Operation::GetTrailStatus => Self::Json(cloudtrail::TRAIL_STATUS),
            Operation::GetUser => Self::Query(iam::USER),
            Operation::ListAccessKeys => Self::Query(iam::ACCESS_KEYS),
            Operation::ListAccounts => Self::Json(organizations::ACCOUNTS),
            Operation::ListAccountRoles => Self::Json(portal::ROLES),
            Operation::ListAssignedAccounts => Self::Json(portal::ACCOUNTS),
            Operation::ListCentralizationRulesForOrganization => {
                Self::Json(observability::CENTRALIZATION_RULES)
            }
            Operation::ListChannels => Self::Json(cloudtrail::CHANNELS),
            Operation::ListEventDataStores => Self::Json(cloudtrail::EVENT_DATA_STORES),
            Operation::ListMFADevices => Self::Query(iam::MFA_DEVICES),
            Operation::ListSSHPublicKeys => Self::Query(iam::SSH_PUBLIC_KEYS),
            Operation::ListServiceSpecificCredentials => {
                Self::Query(iam::SERVICE_SPECIFIC_CREDENTIALS)
            }
            Operation::ListSigningCertificates => Self::Query(iam::SIGNING_CERTIFICATES),
            Operation::ListOrganizationalUnitsForParent => {
                Self::Json(organizations::ORGANIZATIONAL_UNITS)
            }
            Operation::ListParents => Self::Json(organizations::PARENTS),
            Operation::ListRoots => Self::Json(organizations::ROOTS),
            Operation::ListTagsForResource => Self::Json(organizations::TAGS),
            Operation::ListTelemetryPipelines => Self::Json(observability::PIPELINES),
            Operation::ListTelemetryRules | Operation::ListTelemetryRulesForOrganization => {
                Self::Json(observability::TELEMETRY_RULES)
            }
            Operation::ListTrails => Self::Json(cloudtrail::TRAIL_LIST),
            Operation::ListUsers => Self::Query(iam::USERS),
            Operation::LookupEvents => Self::Json(cloudtrail::HISTORY_EVENTS),
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
            Operation::SimulatePrincipalPolicy => Self::Query(iam::EVALUATIONS),
            Operation::StartQuery => Self::Json(logs::QUERY_ID),
            // Nothing follows from `success`: a query that is not stopped ends by itself.
            Operation::StopQuery | Operation::StopQueryExecution => Self::Json(&[]),
            Operation::Decrypt | Operation::Unmask => Self::NoCall,
        }
    }
}
