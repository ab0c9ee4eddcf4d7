//! The calls that create principals and their credentials.

use serde_json::{Value, json};

use super::Case;

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn iam_calls() -> Vec<Case> {
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
        (
            "iam",
            "AcquireRole",
            json!({"templateArn": "arn:aws:iam::aws:role-template/T"}),
            json!({"role": {"roleId": "AROAR", "arn": "arn:aws:iam::111111111111:role/R"}}),
            "role R in 111111111111",
        ),
        (
            "iam",
            "UpdateServiceSpecificCredential",
            json!({"userName": "eric", "serviceSpecificCredentialId": "C1", "status": "Active"}),
            Value::Null,
            credential,
        ),
        (
            "iam",
            "UpdateSSHPublicKey",
            json!({"userName": "eric", "sSHPublicKeyId": "C1", "status": "Active"}),
            Value::Null,
            credential,
        ),
        (
            "iam",
            "UpdateSigningCertificate",
            json!({"userName": "eric", "certificateId": "C1", "status": "Active"}),
            Value::Null,
            credential,
        ),
    ]
}
