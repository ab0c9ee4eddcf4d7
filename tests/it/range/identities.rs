//! IAM on the range: policies that block, and calls that AWS rejects.

use aws_config::SdkConfig;
use aws_sdk_iam::error::ProvideErrorMetadata;

use super::clients::World;

const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// Returns the error codes of one call each to logs, ec2, iam and sts. `None` means that the call
/// succeeded.
async fn codes(config: &SdkConfig) -> [Option<String>; 4] {
    fn code<T, E: ProvideErrorMetadata>(response: Result<T, E>) -> Option<String> {
        response
            .err()
            .map(|error| error.code().unwrap_or("(none)").to_owned())
    }
    let assume = aws_sdk_sts::Client::new(config).assume_role();
    let assume = assume
        .role_arn("arn:aws:iam::222222222222:role/Open")
        .role_session_name("x1");
    [
        code(
            aws_sdk_cloudwatchlogs::Client::new(config)
                .describe_log_groups()
                .send()
                .await,
        ),
        code(
            aws_sdk_ec2::Client::new(config)
                .describe_regions()
                .send()
                .await,
        ),
        code(aws_sdk_iam::Client::new(config).list_users().send().await),
        code(assume.send().await),
    ]
}

fn blocked() -> [Option<String>; 4] {
    [
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDenied",
    ]
    .map(|code| Some(code.to_owned()))
}

fn world() -> World {
    World::tiny(
        r#"
        [[users]]
        account = "222222222222"
        name = "mallory"
        access_keys = ["AKIAMALLORY222222222"]
        groups = ["staff"]
        attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
        [[user_groups]]
        account = "222222222222"
        name = "staff"
        [[roles]]
        name = "Admin"
        attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
        [[roles]]
        name = "Open"
        trusts = ["222222222222", "111111111111"]
        allow = ["*"]
        [[roles]]
        name = "AWSServiceRoleForX"
        path = "/aws-service-role/x.amazonaws.com/"
        "#,
    )
}

/// Returns IAM in the member account, as its administrator.
async fn iam_as_admin(world: &World) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::new(&world.assume("222222222222", "Admin", "us-east-1").await)
}

/// The result of [`codes`] when every call succeeds.
fn allowed() -> [Option<String>; 4] {
    [const { None }; 4]
}

#[tokio::test(start_paused = true)]
async fn deny_all_blocks_a_user() {
    let world = world();
    let iam = iam_as_admin(&world).await;
    let mallory = world.user("AKIAMALLORY222222222");
    assert_eq!(codes(&mallory).await, allowed());
    iam.put_user_policy()
        .user_name("mallory")
        .policy_name("DenyAll")
        .policy_document(DENY_ALL)
        .send()
        .await
        .unwrap();
    assert_eq!(codes(&mallory).await, blocked());
    let identity = aws_sdk_sts::Client::new(&mallory)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(
        identity.account(),
        Some("222222222222"),
        "GetCallerIdentity requires no permission"
    );
    iam.delete_user_policy()
        .user_name("mallory")
        .policy_name("DenyAll")
        .send()
        .await
        .unwrap();
    assert_eq!(codes(&mallory).await, allowed());
}

#[tokio::test(start_paused = true)]
async fn deny_all_on_a_group_blocks_its_user() {
    let world = world();
    let iam = iam_as_admin(&world).await;
    let mallory = world.user("AKIAMALLORY222222222");
    iam.put_group_policy()
        .group_name("staff")
        .policy_name("DenyAll")
        .policy_document(DENY_ALL)
        .send()
        .await
        .unwrap();
    assert_eq!(codes(&mallory).await, blocked());
    iam.delete_group_policy()
        .group_name("staff")
        .policy_name("DenyAll")
        .send()
        .await
        .unwrap();
    assert_eq!(codes(&mallory).await, allowed());
}

#[tokio::test(start_paused = true)]
async fn deny_all_on_a_role_blocks_a_live_session() {
    let world = world();
    let iam = iam_as_admin(&world).await;
    let session = world.assume("222222222222", "Open", "us-east-1").await;
    assert_eq!(codes(&session).await, allowed());
    iam.put_role_policy()
        .role_name("Open")
        .policy_name("DenyAll")
        .policy_document(DENY_ALL)
        .send()
        .await
        .unwrap();
    assert_eq!(codes(&session).await, blocked());
    iam.delete_role_policy()
        .role_name("Open")
        .policy_name("DenyAll")
        .send()
        .await
        .unwrap();
    assert_eq!(codes(&session).await, allowed());
}

#[tokio::test(start_paused = true)]
async fn invalid_iam_calls_are_rejected() {
    let world = world();
    let iam = iam_as_admin(&world).await;
    let put = |user: &str, policy: &str| {
        iam.put_user_policy()
            .user_name(user)
            .policy_name("P")
            .policy_document(policy)
            .send()
    };
    assert_eq!(
        put("nobody", DENY_ALL).await.unwrap_err().code(),
        Some("NoSuchEntity")
    );
    assert_eq!(
        put("mallory", "{}").await.unwrap_err().code(),
        Some("MalformedPolicyDocument")
    );
    let oversized = format!(
        r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::{}"}}}}"#,
        "b".repeat(2_048)
    );
    assert_eq!(
        put("mallory", &oversized).await.unwrap_err().code(),
        Some("LimitExceeded")
    );
    let protected = iam
        .put_role_policy()
        .role_name("AWSServiceRoleForX")
        .policy_name("P")
        .policy_document(DENY_ALL);
    assert_eq!(
        protected.send().await.unwrap_err().code(),
        Some("UnmodifiableEntity")
    );
    assert_eq!(
        iam.delete_user()
            .user_name("mallory")
            .send()
            .await
            .unwrap_err()
            .code(),
        Some("DeleteConflict")
    );
    assert_eq!(
        iam.create_user()
            .user_name("mallory")
            .send()
            .await
            .unwrap_err()
            .code(),
        Some("EntityAlreadyExists")
    );
}

#[tokio::test(start_paused = true)]
async fn inactive_key_is_rejected_and_details_are_paginated() {
    let world = world();
    let iam = iam_as_admin(&world).await;
    let update = iam
        .update_access_key()
        .user_name("mallory")
        .access_key_id("AKIAMALLORY222222222");
    update
        .status(aws_sdk_iam::types::StatusType::Inactive)
        .send()
        .await
        .unwrap();
    let expected = [
        "UnrecognizedClientException",
        "AuthFailure",
        "InvalidClientTokenId",
        "InvalidClientTokenId",
    ];
    assert_eq!(
        codes(&world.user("AKIAMALLORY222222222")).await,
        expected.map(|code| Some(code.to_owned()))
    );

    let mut roles = Vec::new();
    let mut marker = None;
    loop {
        let page = iam
            .get_account_authorization_details()
            .max_items(1)
            .set_marker(marker)
            .send()
            .await
            .unwrap();
        roles.extend(
            page.role_detail_list()
                .iter()
                .filter_map(|role| role.role_name().map(str::to_owned)),
        );
        marker = page.marker().map(str::to_owned);
        if !page.is_truncated() {
            break;
        }
    }
    assert_eq!(roles, ["AWSServiceRoleForX", "Admin", "Open"]);
}

#[tokio::test(start_paused = true)]
async fn published_quotas_throttle() {
    let world = world();
    world.range.enforce(dragnet_range::Quotas::Real).unwrap();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.responder());
    let mut throttled = 0;
    for _ in 0..12 {
        throttled += usize::from(
            logs.describe_log_groups()
                .send()
                .await
                .is_err_and(|e| e.code() == Some("ThrottlingException")),
        );
    }
    assert_eq!(throttled, 2);
    let counts = world.range.calls();
    assert_eq!(
        (
            counts[0].count,
            counts[0].throttled,
            counts[0].busiest_second
        ),
        (12, 2, 12)
    );
}
