//! Sessions on the range: which roles can be assumed, and what the sessions may do.

use aws_sdk_sts::error::ProvideErrorMetadata;

use super::clients::{World, long_term, temporary};

#[tokio::test(start_paused = true)]
async fn session_has_the_identity_of_its_role() {
    let world = World::small();
    let config = world
        .assume("333333333333", "DragnetRead", "us-east-1")
        .await;
    let identity = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(
        identity.arn(),
        Some("arn:aws:sts::333333333333:assumed-role/DragnetRead/practice")
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_role_is_denied_like_a_closed_account() {
    let world = World::small();
    let sts = aws_sdk_sts::Client::new(&world.responder());
    for arn in [
        "arn:aws:iam::333333333333:role/Nobody",
        "arn:aws:iam::141414141414:role/DragnetRead",
    ] {
        let error = sts
            .assume_role()
            .role_arn(arn)
            .role_session_name("x1")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("AccessDenied"), "{arn}");
        assert!(
            error
                .message()
                .unwrap()
                .contains("is not authorized to perform: sts:AssumeRole on resource")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn session_expires() {
    let world = World::small();
    let config = world
        .assume("333333333333", "DragnetRead", "us-east-1")
        .await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    logs.describe_log_groups().send().await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(3_601)).await;
    let error = logs.describe_log_groups().send().await.unwrap_err();
    assert_eq!(error.code(), Some("ExpiredTokenException"));
}

#[tokio::test(start_paused = true)]
async fn wrong_secret_and_unknown_key_are_rejected() {
    let world = World::small();
    let mut user = world.range.credentials();
    user.secret_access_key.push('x');
    let sts = aws_sdk_sts::Client::new(&world.config(long_term(&user), "us-east-1"));
    let error = sts.get_caller_identity().send().await.unwrap_err();
    assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
    user.access_key_id = "AKIANOBODY2222222222".to_owned();
    let sts = aws_sdk_sts::Client::new(&world.config(long_term(&user), "us-east-1"));
    let error = sts.get_caller_identity().send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidClientTokenId"));
}

#[tokio::test(start_paused = true)]
async fn regions_differ_by_account_and_disabled_ones_are_rejected() {
    let world = World::small();
    for (account, expected) in [
        ("333333333333", "opted-in"),
        ("444444444444", "not-opted-in"),
    ] {
        let config = world.assume(account, "DragnetRead", "us-east-1").await;
        let response = aws_sdk_ec2::Client::new(&config)
            .describe_regions()
            .all_regions(true)
            .send()
            .await
            .unwrap();
        let ap_east_1 = response
            .regions()
            .iter()
            .find(|region| region.region_name() == Some("ap-east-1"))
            .unwrap();
        assert_eq!(ap_east_1.opt_in_status(), Some(expected));
    }
    let config = world
        .assume("444444444444", "DragnetRead", "ap-east-1")
        .await;
    let error = aws_sdk_cloudwatchlogs::Client::new(&config)
        .describe_log_groups()
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    let error = aws_sdk_ec2::Client::new(&config)
        .describe_regions()
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("AuthFailure"));
}

#[tokio::test(start_paused = true)]
async fn scp_denial_names_the_policy() {
    let world = World::small();
    let config = world
        .assume("777777777777", "DragnetRead", "eu-central-1")
        .await;
    let error = aws_sdk_cloudwatchlogs::Client::new(&config)
        .describe_log_groups()
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    let message = error.message().unwrap();
    assert!(
        message
            .contains("with an explicit deny in a service control policy: arn:aws:organizations::"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn role_can_require_mfa_and_external_id() {
    let world = World::tiny(
        r#"
        [[roles]]
        name = "Careful"
        mfa = true
        external_id = "s3cret"
        allow = ["logs:*"]
        "#,
    );
    let arn = "arn:aws:iam::222222222222:role/Careful";
    let assume = |config: aws_config::SdkConfig, id: Option<&str>| {
        let request = aws_sdk_sts::Client::new(&config)
            .assume_role()
            .role_arn(arn)
            .role_session_name("x1");
        request.set_external_id(id.map(str::to_owned)).send()
    };
    assert!(
        assume(world.responder(), Some("s3cret")).await.is_err(),
        "no MFA"
    );
    let device = world.range.mfa();
    let code = world.range.mfa_code();
    let sts = aws_sdk_sts::Client::new(&world.responder());
    let get_session_token = || {
        sts.get_session_token()
            .serial_number(&device.serial)
            .token_code(&code)
            .send()
    };
    let response = get_session_token().await.unwrap();
    let with_mfa = world.config(temporary(response.credentials().unwrap()), "us-east-1");
    assert!(
        assume(with_mfa.clone(), None).await.is_err(),
        "no ExternalId"
    );
    assert!(assume(with_mfa, Some("s3cret")).await.is_ok());
    let reused = get_session_token().await.unwrap_err();
    assert_eq!(reused.code(), Some("AccessDenied"));
    assert!(
        reused
            .message()
            .unwrap()
            .contains("MultiFactorAuthentication failed")
    );
}

#[tokio::test(start_paused = true)]
async fn first_page_of_accounts_may_be_empty() {
    let world = World::small();
    let organizations = aws_sdk_organizations::Client::new(&world.responder());
    let first = organizations.list_accounts().send().await.unwrap();
    assert!(first.accounts().is_empty() && first.next_token().is_some());
    let second = organizations
        .list_accounts()
        .set_next_token(first.next_token)
        .send()
        .await
        .unwrap();
    assert_eq!(second.accounts().len(), 12);
    assert!(second.next_token().is_none());
}
