//! The table, with a record in AWS's form for each call.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::test_records::{EVE, credentials, parse, record_json};
use super::{LINEAGE_CALLS, NewIdentity};

/// Returns what a call gave, as `identity [key]`.
fn granted(record: &Value) -> Vec<String> {
    let parsed = parse(record);
    let grants = parsed.iter().flat_map(|record| &record.grants);
    grants
        .map(|grant| match &grant.access_key_id {
            Some(key) => format!("{} [{key}]", grant.identity),
            None => grant.identity.to_string(),
        })
        .collect()
}

fn assumed_role(key: &str) -> Value {
    json!({
        "credentials": credentials(key),
        "assumedRoleUser": {
            "assumedRoleId": "AROAAPP:hop",
            "arn": "arn:aws:sts::222222222222:assumed-role/App/hop",
        },
    })
}

/// A call: service, event name, request, response, and what it gives.
type Case = (&'static str, &'static str, Value, Value, &'static str);

fn issuing_calls() -> Vec<Case> {
    let role = json!({"roleArn": "arn:aws:iam::222222222222:role/App", "roleSessionName": "hop"});
    let session = "session hop of role App in 222222222222 [ASIA1]";
    vec![
        (
            "sts",
            "AssumeRole",
            role.clone(),
            assumed_role("ASIA1"),
            session,
        ),
        (
            "sts",
            "AssumeRoleWithSAML",
            role.clone(),
            assumed_role("ASIA1"),
            session,
        ),
        (
            "sts",
            "AssumeRoleWithWebIdentity",
            role,
            assumed_role("ASIA1"),
            session,
        ),
        (
            "sts",
            "AssumeRoot",
            json!({"targetPrincipal": "222222222222"}),
            json!({"credentials": credentials("ASIA1")}),
            "root session in 222222222222 [ASIA1]",
        ),
        (
            "sts",
            "GetSessionToken",
            json!({"durationSeconds": 900}),
            json!({"credentials": credentials("ASIA1")}),
            "access key ASIA1",
        ),
        (
            "sts",
            "GetFederationToken",
            json!({"name": "bob"}),
            json!({
                "credentials": credentials("ASIA1"),
                "federatedUser": {
                    "federatedUserId": "111111111111:bob",
                    "arn": "arn:aws:sts::111111111111:federated-user/bob",
                },
            }),
            "federated user bob in 111111111111 [ASIA1]",
        ),
        (
            "sts",
            "GetWebIdentityToken",
            json!({"audience": ["https://example.com"]}),
            json!({"webIdentityTokenId": "token-1"}),
            "token-1 (GetWebIdentityToken)",
        ),
        (
            "signin",
            "GetSigninToken",
            Value::Null,
            json!({"GetSigninToken": "Success"}),
            "password of user eve in 111111111111",
        ),
        (
            "signin",
            "CreateOAuth2Token",
            Value::Null,
            Value::Null,
            "password of user eve in 111111111111",
        ),
        (
            "sso",
            "GetRoleCredentials",
            json!({"accountId": "222222222222", "roleName": "Admin"}),
            Value::Null,
            "permission set Admin in 222222222222",
        ),
        (
            "rolesanywhere",
            "CreateSession",
            Value::Null,
            json!({"credentialSet": [assumed_role("ASIA1")]}),
            session,
        ),
        (
            "cognito-identity",
            "GetCredentialsForIdentity",
            Value::Null,
            json!({"credentials": credentials("ASIA1")}),
            "access key ASIA1 [ASIA1]",
        ),
    ]
}

fn iam_calls() -> Vec<Case> {
    let eric = || json!({"userName": "eric"});
    let credential = "credential C1 of user eric in 111111111111";
    vec![
        (
            "iam",
            "CreateUser",
            json!({"userName": "eric", "path": "/x/"}),
            json!({"user": {"userId": "AIDAERIC", "arn": "arn:aws:iam::111111111111:user/x/eric"}}),
            "user eric in 111111111111",
        ),
        (
            "iam",
            "CreateRole",
            json!({"roleName": "R", "assumeRolePolicyDocument": "{}"}),
            json!({"role": {"roleId": "AROAR", "arn": "arn:aws:iam::111111111111:role/R"}}),
            "role R in 111111111111",
        ),
        (
            "iam",
            "CreateAccessKey",
            eric(),
            json!({"accessKey": {"accessKeyId": "AKIA1", "status": "Active", "userName": "eric"}}),
            "access key AKIA1",
        ),
        (
            "iam",
            "UpdateAccessKey",
            json!({"userName": "eric", "accessKeyId": "AKIA1", "status": "Active"}),
            Value::Null,
            "access key AKIA1",
        ),
        (
            "iam",
            "CreateLoginProfile",
            eric(),
            json!({"loginProfile": {"userName": "eric"}}),
            "password of user eric in 111111111111",
        ),
        (
            "iam",
            "UpdateLoginProfile",
            eric(),
            Value::Null,
            "password of user eric in 111111111111",
        ),
        (
            "iam",
            "ChangePassword",
            Value::Null,
            Value::Null,
            "password of user eve in 111111111111",
        ),
        (
            "iam",
            "CreateServiceSpecificCredential",
            eric(),
            json!({"serviceSpecificCredential": {"serviceSpecificCredentialId": "C1"}}),
            credential,
        ),
        (
            "iam",
            "ResetServiceSpecificCredential",
            json!({"userName": "eric", "serviceSpecificCredentialId": "C1"}),
            Value::Null,
            credential,
        ),
        (
            "iam",
            "UploadSSHPublicKey",
            eric(),
            json!({"sSHPublicKey": {"sSHPublicKeyId": "C1"}}),
            credential,
        ),
        (
            "iam",
            "UploadSigningCertificate",
            eric(),
            json!({"certificate": {"certificateId": "C1"}}),
            credential,
        ),
    ]
}

/// The calls that extend access, which have their identity in the request.
fn extending_calls() -> Vec<Case> {
    let policy = "arn:aws:iam::aws:policy/AdministratorAccess";
    let principals =
        json!({"userName": "eric", "roleName": "R", "groupName": "G", "policyArn": policy});
    let mut cases = Vec::new();
    for call in LINEAGE_CALLS {
        let expected = match call.new_identity {
            NewIdentity::ExistingUser => "user eric in 111111111111",
            NewIdentity::ExistingRole => "role R in 111111111111",
            NewIdentity::ExistingGroup => "group G in 111111111111",
            _ => continue,
        };
        cases.push((
            call.service,
            call.event_name,
            principals.clone(),
            Value::Null,
            expected,
        ));
    }
    for (event_name, expected) in [
        (
            "CreatePolicyVersion",
            "arn:aws:iam::aws:policy/AdministratorAccess (CreatePolicyVersion)",
        ),
        (
            "SetDefaultPolicyVersion",
            "arn:aws:iam::aws:policy/AdministratorAccess (SetDefaultPolicyVersion)",
        ),
    ] {
        cases.push(("iam", event_name, principals.clone(), Value::Null, expected));
    }
    cases
}

fn provider_calls() -> Vec<Case> {
    let saml = "arn:aws:iam::111111111111:saml-provider/P";
    let oidc = "arn:aws:iam::111111111111:oidc-provider/p.example.com";
    let shown_saml = "identity provider arn:aws:iam::111111111111:saml-provider/P";
    let shown_oidc = "identity provider arn:aws:iam::111111111111:oidc-provider/p.example.com";
    let anchor = "identity provider ta-1";
    vec![
        (
            "iam",
            "CreateSAMLProvider",
            json!({"name": "P"}),
            json!({"sAMLProviderArn": saml}),
            shown_saml,
        ),
        (
            "iam",
            "UpdateSAMLProvider",
            json!({"sAMLProviderArn": saml}),
            Value::Null,
            shown_saml,
        ),
        (
            "iam",
            "CreateOpenIDConnectProvider",
            Value::Null,
            json!({"openIDConnectProviderArn": oidc}),
            shown_oidc,
        ),
        (
            "iam",
            "AddClientIDToOpenIDConnectProvider",
            json!({"openIDConnectProviderArn": oidc}),
            Value::Null,
            shown_oidc,
        ),
        (
            "iam",
            "UpdateOpenIDConnectProviderThumbprint",
            json!({"openIDConnectProviderArn": oidc}),
            Value::Null,
            shown_oidc,
        ),
        (
            "rolesanywhere",
            "CreateTrustAnchor",
            Value::Null,
            json!({"trustAnchor": {"trustAnchorArn": "ta-1"}}),
            anchor,
        ),
        (
            "rolesanywhere",
            "UpdateTrustAnchor",
            json!({"trustAnchorId": "ta-1"}),
            Value::Null,
            anchor,
        ),
        (
            "rolesanywhere",
            "CreateProfile",
            json!({"name": "p"}),
            Value::Null,
            "p (CreateProfile)",
        ),
        (
            "iam",
            "AcceptDelegationRequest",
            json!({"delegationRequestId": "d-1"}),
            Value::Null,
            "d-1 (AcceptDelegationRequest)",
        ),
        (
            "sso",
            "CreateAccountAssignment",
            json!({"permissionSetArn": "ps-1"}),
            Value::Null,
            "ps-1 (CreateAccountAssignment)",
        ),
        (
            "eks",
            "CreateAccessEntry",
            json!({"principalArn": "arn:x"}),
            Value::Null,
            "arn:x (CreateAccessEntry)",
        ),
    ]
}

fn workload_calls() -> Vec<Case> {
    let instance = "instance i-1 in 111111111111";
    let function = json!({"functionName": "f", "role": "arn:aws:iam::111111111111:role/L"});
    let shown_function = "function f with role L in 111111111111";
    let profile = json!({"AssociateIamInstanceProfileRequest": {"InstanceId": "i-1"}});
    let replaced = json!({"ReplaceIamInstanceProfileAssociationResponse": {
        "iamInstanceProfileAssociation": {"instanceId": "i-1"},
    }});
    vec![
        (
            "ec2",
            "RunInstances",
            json!({"iamInstanceProfile": {"name": "P"}}),
            json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
            instance,
        ),
        (
            "ec2",
            "AssociateIamInstanceProfile",
            profile,
            Value::Null,
            instance,
        ),
        (
            "ec2",
            "ReplaceIamInstanceProfileAssociation",
            Value::Null,
            replaced,
            instance,
        ),
        (
            "lambda",
            "CreateFunction",
            function.clone(),
            function.clone(),
            shown_function,
        ),
        (
            "lambda",
            "UpdateFunctionCode",
            json!({"functionName": "f"}),
            function.clone(),
            shown_function,
        ),
        (
            "lambda",
            "UpdateFunctionConfiguration",
            function.clone(),
            function.clone(),
            shown_function,
        ),
        (
            "lambda",
            "AddPermission",
            function.clone(),
            Value::Null,
            "f (AddPermission)",
        ),
        (
            "lambda",
            "CreateFunctionUrlConfig",
            function,
            Value::Null,
            "f (CreateFunctionUrlConfig)",
        ),
        (
            "cloudformation",
            "CreateStack",
            json!({"stackName": "s"}),
            Value::Null,
            "s (CreateStack)",
        ),
    ]
}

/// Returns the record of a role that was switched in the console.
fn switched_role() -> Value {
    let mut record = record_json(
        "signin",
        "SwitchRole",
        &Value::Null,
        &json!({"SwitchRole": "Success"}),
    );
    record["userIdentity"] = json!({
        "type": "AssumedRole", "principalId": "AROAAPP:eve",
        "arn": "arn:aws:sts::222222222222:assumed-role/App/eve",
    });
    record["additionalEventData"] = json!({"SwitchFrom": EVE});
    record
}

#[test]
fn every_call_of_the_table_gives_what_its_record_shows() {
    let mut tested = BTreeSet::from([("signin", "SwitchRole")]);
    let cases = [
        issuing_calls(),
        iam_calls(),
        extending_calls(),
        provider_calls(),
        workload_calls(),
    ];
    for (service, event_name, request, response, expected) in cases.into_iter().flatten() {
        let record = record_json(service, event_name, &request, &response);
        assert_eq!(granted(&record), [expected], "{event_name}");
        tested.insert((service, event_name));
    }
    assert_eq!(
        granted(&switched_role()),
        ["session eve of role App in 222222222222"]
    );
    for call in LINEAGE_CALLS {
        let has_case = tested.contains(&(call.service, call.event_name));
        assert!(has_case, "{} has no record", call.event_name);
    }
}

#[test]
fn calls_that_give_nothing_are_left_out() {
    let inactive = json!({"userName": "eric", "accessKeyId": "AKIA1", "status": "Inactive"});
    let without_role = json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}});
    for record in [
        record_json("iam", "UpdateAccessKey", &inactive, &Value::Null),
        record_json("ec2", "RunInstances", &json!({}), &without_role),
        record_json("s3", "ListBuckets", &Value::Null, &Value::Null),
    ] {
        assert_eq!(parse(&record), None, "{record}");
    }
}

#[test]
fn versions_of_lambda_and_unlisted_calls_are_found() {
    let function = json!({"functionName": "f", "role": "arn:aws:iam::111111111111:role/L"});
    let versioned = record_json("lambda", "CreateFunction20150331", &function, &function);
    assert_eq!(
        granted(&versioned),
        ["function f with role L in 111111111111"]
    );
    let response = json!({"credentials": credentials("ASIA9")});
    let unlisted = record_json("sts", "GetScopedCredentials", &Value::Null, &response);
    assert_eq!(granted(&unlisted), ["access key ASIA9 [ASIA9]"]);
}

#[test]
fn a_session_without_response_is_that_of_the_request() {
    let role =
        json!({"roleArn": "arn:aws:iam::222222222222:role/team/App", "roleSessionName": "hop"});
    let record = record_json("sts", "AssumeRole", &role, &Value::Null);
    assert_eq!(
        granted(&record),
        ["session hop of role App in 222222222222"]
    );
}
