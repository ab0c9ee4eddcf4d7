//! The calls that issue temporary credentials.

use serde_json::{Value, json};

use super::Case;
use crate::lineage::test_records::credentials;

fn assumed_role(key: &str) -> Value {
    json!({
        "credentials": credentials(key),
        "assumedRoleUser": {
            "assumedRoleId": "AROAAPP:hop",
            "arn": "arn:aws:sts::222222222222:assumed-role/App/hop",
        },
    })
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn issuing_calls() -> Vec<Case> {
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
            "sts",
            "GetScopedCredentials",
            Value::Null,
            json!({"credentials": credentials("ASIA1")}),
            "access key ASIA1 [ASIA1]",
        ),
        (
            "sts",
            "GetDelegatedAccessToken",
            Value::Null,
            json!({
                "credentials": credentials("ASIA1"),
                "assumedPrincipal": "arn:aws:iam::222222222222:role/App",
            }),
            "access key ASIA1 [ASIA1]",
        ),
        (
            "signin",
            "CreateBearerToken",
            Value::Null,
            Value::Null,
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
