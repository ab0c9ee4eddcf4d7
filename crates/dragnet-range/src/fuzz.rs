//! Property tests: the range responds to every input and never panics.

use bytes::Bytes;
use http::Request;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use super::access::{Caller, Principal};
use super::call::Call;
use super::dispatch::perform;
use super::faults::FaultEffect;
use super::policy::{Document, PolicyKind};
use super::wire::{Input, Params, Protocol, Service};
use super::{ADMINISTRATOR, Range, Scenario};

/// The operations that are called.
#[expect(clippy::too_many_lines, reason = "a list")]
fn operations(service: Service) -> &'static [&'static str] {
    match service {
        Service::Athena => &[
            "GetQueryExecution",
            "GetQueryResults",
            "GetTableMetadata",
            "GetWorkGroup",
            "StartQueryExecution",
            "StopQueryExecution",
        ],
        Service::CloudTrail => &[
            "DescribeTrails",
            "GetTrailStatus",
            "GetChannel",
            "GetEventSelectors",
            "ListChannels",
            "ListEventDataStores",
            "ListPublicKeys",
            "ListTrails",
            "LookupEvents",
        ],
        Service::Ec2 => &["DescribeRegions", "DescribeFlowLogs"],
        Service::Iam => &[
            "CreateUser",
            "GetUser",
            "ListUsers",
            "PutUserPolicy",
            "PutRolePolicy",
            "AttachGroupPolicy",
            "CreateRole",
            "UpdateAssumeRolePolicy",
            "CreateAccessKey",
            "UpdateAccessKey",
            "GetAccountAuthorizationDetails",
            "AddUserToGroup",
            "ListAttachedRolePolicies",
            "CreateLoginProfile",
            "GetLoginProfile",
            "DeleteLoginProfile",
            "ListMFADevices",
            "DeactivateMFADevice",
            "ListSSHPublicKeys",
            "UpdateSSHPublicKey",
            "ListServiceSpecificCredentials",
            "UpdateServiceSpecificCredential",
            "ListSigningCertificates",
            "UpdateSigningCertificate",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            "PutUserPermissionsBoundary",
            "DeleteUserPermissionsBoundary",
        ],
        Service::Logs => &[
            "CreateLogGroup",
            "CreateLogStream",
            "DeleteLogStream",
            "DescribeImportTasks",
            "DescribeLogGroups",
            "DescribeDeliveries",
            "DescribeDeliveryDestinations",
            "DescribeLogStreams",
            "DescribeSubscriptionFilters",
            "FilterLogEvents",
            "GetLogEvents",
            "GetLogObject",
            "GetLogRecord",
            "GetQueryResults",
            "ListLogGroups",
            "PutLogEvents",
            "PutRetentionPolicy",
            "StartQuery",
            "StopQuery",
            "DescribeQueries",
        ],
        Service::ObservabilityAdmin => &[
            "ListCentralizationRulesForOrganization",
            "ListTelemetryPipelines",
            "ListTelemetryRules",
            "ListTelemetryRulesForOrganization",
        ],
        Service::Organizations => &[
            "ListAccounts",
            "ListAccountsForParent",
            "ListOrganizationalUnitsForParent",
            "ListTagsForResource",
            "CreateAccount",
            "CloseAccount",
            "MoveAccount",
            "TagResource",
            "ListParents",
            "ListRoots",
        ],
        Service::S3 => &[
            "GetBucketLocation",
            "GetBucketLogging",
            "GetBucketPolicy",
            "GetObject",
            "HeadBucket",
            "HeadObject",
            "ListBuckets",
            "ListObjects",
            "ListObjectsV2",
            "PutObject",
        ],
        Service::Sts => &["AssumeRole", "GetSessionToken", "GetCallerIdentity"],
    }
}

/// Names of parameters that operations read, and values that they accept, so that inputs pass the
/// first checks.
const NAMES: [&str; 40] = [
    "logGroupName",
    "logGroupIdentifier",
    "logStreamName",
    "startTime",
    "endTime",
    "limit",
    "nextToken",
    "queryString",
    "filterPattern",
    "logEvents",
    "unmask",
    "logRecordPointer",
    "queryId",
    "NextToken",
    "MaxResults",
    "StartTime",
    "EndTime",
    "EventCategory",
    "LookupAttributes",
    "UserName",
    "RoleName",
    "GroupName",
    "PolicyName",
    "PolicyDocument",
    "AssumeRolePolicyDocument",
    "Marker",
    "MaxItems",
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "Policy",
    "PermissionsBoundary",
    "SerialNumber",
    "Status",
    "prefix",
    "delimiter",
    "start-after",
    "marker",
    "continuation-token",
    "encoding-type",
];
/// Keys of lookup attributes, valid and not.
const ATTRIBUTE_KEYS: [&str; 4] = ["ReadOnly", "ResourceName", "Username", "username"];
const VALUES: [&str; 18] = [
    "aws-controltower/CloudTrailLogs",
    "",
    "responder",
    "{ $.a = 1 }",
    "stats count(*) by bin(1h)",
    "%x%",
    r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#,
    "arn:aws:iam::333333333333:role/DragnetRead",
    "9223372036854775807",
    "AAAA",
    "é\u{0}\u{2028}",
    "arn:aws:logs:us-east-1:111111111111:log-group:x:*",
    "arn:aws:iam::aws:policy/AWSDenyAll",
    "Inactive",
    "insight",
    "/",
    "AWSLogs/o-practice00/",
    "url",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(&VALUES[..]).prop_map(str::to_owned),
        any::<String>()
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0i64..2_000_000_000_000).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        let event = (any::<i64>(), text())
            .prop_map(|(timestamp, message)| json!({ "timestamp": timestamp, "message": message }));
        let attribute = (proptest::sample::select(&ATTRIBUTE_KEYS[..]), text())
            .prop_map(|(key, value)| json!({ "AttributeKey": key, "AttributeValue": value }));
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(event, 0..4).prop_map(Value::from),
            vec(attribute, 0..3).prop_map(Value::from)
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

fn call() -> impl Strategy<Value = (Service, &'static str, Input)> {
    let operation = proptest::sample::select(Service::ALL.to_vec())
        .prop_flat_map(|service| (Just(service), proptest::sample::select(operations(service))));
    operation.prop_flat_map(|(service, operation)| {
        let json = btree_map(name(), value(), 0..6);
        let form = btree_map(name(), text(), 0..6);
        (json, form).prop_map(move |(json, form)| {
            let form = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            let input = match service.protocol() {
                Protocol::Json | Protocol::RestJson => {
                    Input::Json(Value::Object(json.into_iter().collect()))
                }
                Protocol::Query | Protocol::Ec2 => Input::Form(Params::decode(form.as_bytes())),
                Protocol::RestXml => rest_input(&form),
            };
            (service, operation, input)
        })
    })
}

/// A request for the bucket of a trail. Pages are small, because every object is generated.
fn rest_input(form: &str) -> Input {
    let uri = format!("http://127.0.0.1/cloudtrail-111111111111/{form}?{form}&max-keys=3");
    let request = Request::get(uri).header("range", "bytes=1-").body(());
    let parts = request.unwrap().into_parts().0;
    Input::decode(Service::S3, &parts, &Bytes::new()).unwrap()
}

fn range() -> Range {
    let scenario = Scenario::builtin("small").unwrap();
    Range::new(&scenario, None, scenario.clock()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn no_input_panics() {
    let range = range();
    let caller = Caller {
        account: range.management_account(),
        principal: Principal::User {
            name: ADMINISTRATOR.to_owned(),
        },
        access_key_id: String::new(),
        session: None,
        region: "us-east-1".parse().unwrap(),
    };
    let now = range.clock().now();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let outcome = runner.run(&call(), |(service, operation, input)| {
        let world = &mut range.state().world;
        let call = Call {
            world,
            caller: &caller,
            service,
            operation,
            input: &input,
            global_endpoint: false,
            now,
        };
        _ = perform(call, &FaultEffect::default());
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_request_gets_an_error_response() {
    let range = range();
    let header = || proptest::option::of("[ -~]{0,60}");
    let strategy = (vec(any::<u8>(), 0..200), header(), header(), header());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let requests: Vec<_> = (0..256)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    for (body, target, content_type, authorization) in requests {
        let mut request = Request::post("/");
        for (name, value) in [
            ("x-amz-target", target),
            ("content-type", content_type),
            ("authorization", authorization),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let response = range
            .handle(request.body(Bytes::from(body)).unwrap())
            .await
            .unwrap();
        assert!(response.status().is_client_error(), "{}", response.status());
    }
}

proptest! {
    #[test]
    fn no_policy_panics(text in any::<String>(), effect in text(), key in text(), value in value()) {
        _ = Document::parse(&text, PolicyKind::Identity);
        let policy = json!({ "Statement": { "Effect": effect, "Action": value, "Resource": "*",
            "Condition": { "StringLike": { key: value } } } });
        _ = Document::parse(&policy.to_string(), PolicyKind::Trust);
    }
}
