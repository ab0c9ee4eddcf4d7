//! Source: `tests/aws/services/sts/test_sts.py` and its snapshots.

use serde_json::{Value, json};

use super::client::Client;
use super::{ACCOUNT, Expected, Tally, administrator, error};

const ROLE: &str =
    "Role.Arn Role.AssumeRolePolicyDocument Role.CreateDate Role.Path=/ Role.RoleId Role.RoleName";

fn role(name: &str, actions: &Value) -> Value {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Action": actions, "Principal": {"AWS": ACCOUNT}, "Effect": "Allow"}],
    });
    json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()})
}

fn assume(role: &str, session: &str, more: &Value) -> Value {
    let mut input = json!({
        "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
        "RoleSessionName": session,
    });
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        input[name] = value;
    }
    input
}

pub(super) async fn replay(tally: &mut Tally) {
    let client = administrator();
    plain_roles(&client, tally).await;
    session_tags(&client, tally).await;
    invalid_parameters(&client, tally).await;
}

async fn plain_roles(client: &Client, tally: &mut Tally) {
    let test = "test_assume_role";
    let created = client
        .send("iam", "CreateRole", role("plain", &json!("sts:AssumeRole")))
        .await;
    tally.compare(test, "create-role", &created, Expected::Members(ROLE));
    let input = assume("plain", "test-assume-role", &json!({}));
    let assumed = client.send("sts", "AssumeRole", input).await;
    let members = "AssumedRoleUser.Arn AssumedRoleUser.AssumedRoleId Credentials.AccessKeyId Credentials.Expiration \
                   Credentials.SecretAccessKey Credentials.SessionToken";
    tally.compare(test, "assume-role", &assumed, Expected::Members(members));
}

async fn session_tags(client: &Client, tally: &mut Tally) {
    let tagging = json!(["sts:AssumeRole", "sts:TagSession"]);
    let test = "test_iam_role_chaining_override_transitive_tags";
    for (step, name) in [("role-1", "first"), ("role-2", "second")] {
        let created = client.send("iam", "CreateRole", role(name, &tagging)).await;
        tally.compare(test, step, &created, Expected::Members(ROLE));
    }
    let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}"#;
    let put = json!({"RoleName": "first", "PolicyName": "p", "PolicyDocument": allow});
    client.send("iam", "PutRolePolicy", put).await;
    tokio::time::advance(std::time::Duration::from_mins(5)).await;
    let tag = |key: &str| json!([{"Key": key, "Value": "SessionValue1"}]);
    let more = json!({"Tags": tag("SessionTag1"), "TransitiveTagKeys": ["SessionTag1"]});
    let first = client
        .send("sts", "AssumeRole", assume("first", "Session1", &more))
        .await;
    let session = Client {
        key: first.text("Credentials.AccessKeyId"),
        secret: first.text("Credentials.SecretAccessKey"),
        token: Some(first.text("Credentials.SessionToken")),
        ..client.clone()
    };
    for (step, key) in [
        ("override-transitive-tag-error", "SessionTag1"),
        ("override-transitive-tag-case-ignore-error", "sessiontag1"),
    ] {
        let input = assume("second", "Session2", &json!({"Tags": tag(key)}));
        let refused = session.send("sts", "AssumeRole", input).await;
        let message = "One of the specified transitive tag keys can't be set because it conflicts with a transitive \
                       tag key from the calling session.";
        tally.compare(
            test,
            step,
            &refused,
            error(400, "InvalidParameterValue", message),
        );
    }

    let test = "test_assume_role_tag_validation";
    let created = client
        .send("iam", "CreateRole", role("validated", &tagging))
        .await;
    tally.compare(test, "role-1", &created, Expected::Members(ROLE));
    let more = json!({"Tags": tag("SessionTag1"), "TransitiveTagKeys": ["InvalidKey"]});
    let refused = client
        .send("sts", "AssumeRole", assume("validated", "Session1", &more))
        .await;
    let message = "The specified transitive tag key must be included in the requested tags.";
    let expected = error(400, "InvalidParameterValue", message);
    tally.compare(test, "invalid-transitive-tag-keys", &refused, expected);
    let more = json!({"Tags": tag("SessionTag1"), "TransitiveTagKeys": ["sessiontag1"]});
    let accepted = client
        .send("sts", "AssumeRole", assume("validated", "Session1", &more))
        .await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    let tags = json!([{"Key": "SessionTag1", "Value": "a"}, {"Key": "sessiontag1", "Value": "b"}]);
    let more = json!({"Tags": tags, "TransitiveTagKeys": ["sessiontag1"]});
    let refused = client
        .send("sts", "AssumeRole", assume("validated", "Session1", &more))
        .await;
    let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    let expected = error(400, "InvalidParameterValue", message);
    tally.compare(
        test,
        "duplicate-tag-keys-different-casing",
        &refused,
        expected,
    );
}

async fn invalid_parameters(client: &Client, tally: &mut Tally) {
    let test = "test_sts_invalid_parameters";
    for (step, arn) in [
        ("malformed-arn", "nothing-valid-in-here"),
        ("no-partition", "arn::b:::something/test-role"),
        ("no-service", "arn:a::::something/test-role"),
        ("not-enough-colons", "arn:a:::something/test-role"),
        ("no-resource", "arn:a:a::aaaaaaaaaa:"),
    ] {
        let input = json!({"RoleArn": arn, "RoleSessionName": "Session1"});
        let refused = client.send("sts", "AssumeRole", input).await;
        let expected = error(400, "ValidationError", format!("{arn} is invalid"));
        tally.compare(test, step, &refused, expected);
    }
    let input = assume("plain", "Session1:2", &json!({}));
    let refused = client.send("sts", "AssumeRole", input).await;
    let message = "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: \
                   Member must satisfy regular expression pattern: [\\w+=,.@-]*";
    let expected = error(400, "ValidationError", message);
    tally.compare(test, "invalid-session-name", &refused, expected);
}
