//! The calls that let others in: identity providers, trust anchors, assignments.

use serde_json::{Value, json};

use super::Case;

pub(super) fn provider_calls() -> Vec<Case> {
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
            "UpdateOpenIDConnectProvider",
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
