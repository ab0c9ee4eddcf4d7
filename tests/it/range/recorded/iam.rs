//! Source: `tests/aws/services/iam/test_iam.py` and its snapshots.

use serde_json::{Value, json};

use super::client::Client;
use super::{ACCOUNT, Expected, Tally, administrator, error};

const ROLE: &str =
    "Role.Arn Role.AssumeRolePolicyDocument Role.CreateDate Role.Path Role.RoleId Role.RoleName";
const GOT_ROLE: &str = "Role.Arn Role.AssumeRolePolicyDocument Role.CreateDate Role.MaxSessionDuration=3600 Role.Path \
                        Role.RoleId Role.RoleLastUsed= Role.RoleName";
const LISTED_ROLE: &str = "IsTruncated=false Roles.Arn Roles.AssumeRolePolicyDocument Roles.CreateDate \
                           Roles.MaxSessionDuration=3600 Roles.Path Roles.RoleId Roles.RoleName";
const EMPTY: &str = "";

/// Policies that name encoded ARNs.
const ENCODED: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["apigatway:PUT"], "Resource": ["arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije"]}]}"#;
const ENCODED_TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}, "Effect": "Allow", "Condition": {"StringEquals": {"aws:SourceArn": "arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije"}}}]}"#;

fn trust(service: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Action": "sts:AssumeRole", "Principal": {"Service": service}, "Effect": "Allow"}],
    })
    .to_string()
}

fn role(name: &str, path: &str) -> Value {
    json!({"RoleName": name, "Path": path, "AssumeRolePolicyDocument": trust("ec2.amazonaws.com")})
}

pub(super) async fn replay(tally: &mut Tally) {
    let client = administrator();
    roles(&client, tally).await;
    attached_policies(&client, tally).await;
    encoded_policies(&client, tally).await;
    simulation(&client, tally).await;
}

async fn roles(client: &Client, tally: &mut Tally) {
    let test = "test_update_assume_role_policy";
    let created = client.send("iam", "CreateRole", role("first", "/")).await;
    tally.compare(test, "created_role", &created, Expected::Members(ROLE));
    let update = json!({"RoleName": "first", "PolicyDocument": trust("ec2.amazonaws.com")});
    let updated = client.send("iam", "UpdateAssumeRolePolicy", update).await;
    tally.compare(test, "updated_policy", &updated, Expected::Members(EMPTY));

    let test = "test_create_role_with_malformed_assume_role_policy_document";
    let bad = json!({"RoleName": "bad", "AssumeRolePolicyDocument": r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}, ]}"#});
    let refused = client.send("iam", "CreateRole", bad).await;
    let expected = error(
        400,
        "MalformedPolicyDocument",
        "This policy contains invalid Json",
    );
    tally.compare(test, "invalid-json", &refused, expected);

    let test = "test_list_roles_with_permission_boundary";
    let mut bounded = role("bounded", "/bounded/");
    bounded["PermissionsBoundary"] = json!("arn:aws:iam::aws:policy/ReadOnlyAccess");
    client.send("iam", "CreateRole", bounded).await;
    let listed = client
        .send("iam", "ListRoles", json!({"PathPrefix": "/bounded/"}))
        .await;
    tally.compare(
        test,
        "list_roles_result",
        &listed,
        Expected::Members(LISTED_ROLE),
    );

    let test = "test_create_describe_role";
    described_role(client, tally, test, role("described", "/described/"), "").await;
    let test = "test_role_with_path_lifecycle";
    described_role(client, tally, test, role("nested", "/a/b/c/"), "").await;
    let delete = json!({"RoleName": "nested"});
    let deleted = client.send("iam", "DeleteRole", delete).await;
    tally.compare(
        test,
        "delete-role-response",
        &deleted,
        Expected::Members(EMPTY),
    );
    let test = "test_role_with_tags";
    let mut tagged = role("tagged", "/role-with-tags/");
    tagged["Tags"] = json!([{"Key": "test", "Value": "value"}]);
    described_role(client, tally, test, tagged, "tagged").await;

    let test = "test_delete_user_after_service_credential_created";
    let created = client
        .send("iam", "CreateUser", json!({"UserName": "plain"}))
        .await;
    let user = "User.Arn User.CreateDate User.Path=/ User.UserId User.UserName=plain";
    tally.compare(
        test,
        "create-user-response",
        &created,
        Expected::Members(user),
    );
}

/// Creates, reads and lists a role.
async fn described_role(client: &Client, tally: &mut Tally, test: &str, role: Value, kind: &str) {
    let name = role["RoleName"].clone();
    let path = role["Path"].clone();
    let (created, got) = match kind {
        "tagged" => (
            "Role.Arn Role.AssumeRolePolicyDocument Role.CreateDate Role.Path Role.RoleId Role.RoleName \
             Role.Tags.Key=test Role.Tags.Value=value",
            "Role.Arn Role.AssumeRolePolicyDocument Role.CreateDate Role.MaxSessionDuration=3600 Role.Path \
             Role.RoleId Role.RoleLastUsed= Role.RoleName Role.Tags.Key=test Role.Tags.Value=value",
        ),
        _ => (ROLE, GOT_ROLE),
    };
    let answer = client.send("iam", "CreateRole", role).await;
    tally.compare(test, "create-role", &answer, Expected::Members(created));
    let answer = client
        .send("iam", "GetRole", json!({"RoleName": name}))
        .await;
    tally.compare(test, "get-role", &answer, Expected::Members(got));
    let answer = client
        .send("iam", "ListRoles", json!({"PathPrefix": path}))
        .await;
    tally.compare(test, "list-roles", &answer, Expected::Members(LISTED_ROLE));
}

async fn attached_policies(client: &Client, tally: &mut Tally) {
    client
        .send("iam", "CreateUser", json!({"UserName": "attached"}))
        .await;
    client
        .send("iam", "CreateRole", role("attached", "/"))
        .await;
    for (test, operation, parameter) in [
        ("test_role_attach_policy", "AttachRolePolicy", "RoleName"),
        ("test_user_attach_policy", "AttachUserPolicy", "UserName"),
    ] {
        let missing = format!("arn:aws:iam::{ACCOUNT}:policy/other123");
        for (step, arn, expected) in [
            (
                "non_existent_malformed_policy_arn",
                "longpolicynamebutnoarn",
                error(400, "ValidationError", "Invalid ARN:  Could not be parsed!"),
            ),
            (
                "existing_policy_name_provided",
                "ReadOnlyAccess",
                error(400, "ValidationError", "Invalid ARN:  Could not be parsed!"),
            ),
            (
                "valid_arn_not_existent",
                missing.as_str(),
                error(
                    404,
                    "NoSuchEntity",
                    format!("Policy {missing} does not exist or is not attachable."),
                ),
            ),
            (
                "valid_policy_arn",
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                Expected::Members(EMPTY),
            ),
        ] {
            let mut input = json!({"PolicyArn": arn});
            input[parameter] = json!("attached");
            let answer = client.send("iam", operation, input).await;
            tally.compare(test, step, &answer, expected);
        }
    }
}

async fn encoded_policies(client: &Client, tally: &mut Tally) {
    let test = "test_put_role_policy_encoding";
    let created = json!({"RoleName": "encoded", "Path": "/encoded/", "AssumeRolePolicyDocument": ENCODED_TRUST});
    described_role(client, tally, test, created, "").await;
    client
        .send("iam", "CreateUser", json!({"UserName": "encoded"}))
        .await;
    client
        .send("iam", "CreateGroup", json!({"GroupName": "encoded"}))
        .await;
    for (kind, members) in [
        ("User", "PolicyDocument PolicyName UserName"),
        ("Role", "PolicyDocument PolicyName RoleName"),
        ("Group", "PolicyDocument PolicyName GroupName"),
    ] {
        let mut input = json!({"PolicyName": "p", "PolicyDocument": ENCODED});
        input[format!("{kind}Name")] = json!("encoded");
        client
            .send("iam", &format!("Put{kind}Policy"), input.clone())
            .await;
        input.as_object_mut().unwrap().remove("PolicyDocument");
        let answer = client.send("iam", &format!("Get{kind}Policy"), input).await;
        let test = format!("test_put_{}_policy_encoding", kind.to_lowercase());
        tally.compare(
            &test,
            "get-policy-response",
            &answer,
            Expected::Members(members),
        );
        let document: Vec<(String, String)> =
            form_urlencoded::parse(format!("d={}", answer.text("PolicyDocument")).as_bytes())
                .into_owned()
                .collect();
        assert_eq!(document[0].1, ENCODED, "{test}");
    }
}

async fn simulation(client: &Client, tally: &mut Tally) {
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}"#;
    client
        .send("iam", "CreateUser", json!({"UserName": "simulated"}))
        .await;
    client
        .send("iam", "CreateGroup", json!({"GroupName": "simulated"}))
        .await;
    client
        .send("iam", "CreateRole", role("simulated", "/"))
        .await;
    for kind in ["Role", "Group", "User"] {
        let mut input = json!({"PolicyName": "put", "PolicyDocument": policy});
        input[format!("{kind}Name")] = json!("simulated");
        client.send("iam", &format!("Put{kind}Policy"), input).await;
    }
    tokio::time::advance(std::time::Duration::from_mins(5)).await;
    for kind in ["role", "group", "user"] {
        let simulate = |actions: Value| {
            json!({
                "PolicySourceArn": format!("arn:aws:iam::{ACCOUNT}:{kind}/simulated"),
                "ActionNames": actions,
                "ResourceArns": ["arn:aws:s3:::bucket"],
            })
        };
        // The recorded answer has both actions. Here they are asked for one after the other, since
        // the paths of the members of a list are the same.
        let test = format!("test_simulate_principle_policy[{kind}]");
        let allowed = "IsTruncated=false EvaluationResults.EvalActionName=s3:PutObject \
            EvaluationResults.EvalDecision=allowed EvaluationResults.EvalDecisionDetails= \
            EvaluationResults.EvalResourceName=arn:aws:s3:::bucket \
            EvaluationResults.MatchedStatements.EndPosition.Column=113 \
            EvaluationResults.MatchedStatements.EndPosition.Line=1 \
            EvaluationResults.MatchedStatements.SourcePolicyId \
            EvaluationResults.MatchedStatements.SourcePolicyType \
            EvaluationResults.MatchedStatements.StartPosition.Column=41 \
            EvaluationResults.MatchedStatements.StartPosition.Line=1 \
            EvaluationResults.MissingContextValues= \
            EvaluationResults.OrganizationsDecisionDetail.AllowedByOrganizations=true \
            EvaluationResults.ResourceSpecificResults.EvalResourceDecision=allowed \
            EvaluationResults.ResourceSpecificResults.EvalResourceName=arn:aws:s3:::bucket \
            EvaluationResults.ResourceSpecificResults.MatchedStatements.EndPosition.Column=113 \
            EvaluationResults.ResourceSpecificResults.MatchedStatements.EndPosition.Line=1 \
            EvaluationResults.ResourceSpecificResults.MatchedStatements.SourcePolicyId \
            EvaluationResults.ResourceSpecificResults.MatchedStatements.SourcePolicyType \
            EvaluationResults.ResourceSpecificResults.MatchedStatements.StartPosition.Column=41 \
            EvaluationResults.ResourceSpecificResults.MatchedStatements.StartPosition.Line=1 \
            EvaluationResults.ResourceSpecificResults.MissingContextValues=";
        let input = simulate(json!(["s3:PutObject"]));
        let answer = client.send("iam", "SimulatePrincipalPolicy", input).await;
        tally.compare(
            &test,
            "response, allowed",
            &answer,
            Expected::Members(allowed),
        );
        let denied = "IsTruncated=false EvaluationResults.EvalActionName=s3:GetObjectVersion \
            EvaluationResults.EvalDecision=implicitDeny EvaluationResults.EvalDecisionDetails= \
            EvaluationResults.EvalResourceName=arn:aws:s3:::bucket EvaluationResults.MatchedStatements= \
            EvaluationResults.MissingContextValues= \
            EvaluationResults.OrganizationsDecisionDetail.AllowedByOrganizations=true \
            EvaluationResults.ResourceSpecificResults.EvalResourceDecision=implicitDeny \
            EvaluationResults.ResourceSpecificResults.EvalResourceName=arn:aws:s3:::bucket \
            EvaluationResults.ResourceSpecificResults.MatchedStatements= \
            EvaluationResults.ResourceSpecificResults.MissingContextValues=";
        let input = simulate(json!(["s3:GetObjectVersion"]));
        let answer = client.send("iam", "SimulatePrincipalPolicy", input).await;
        tally.compare(
            &test,
            "response, denied",
            &answer,
            Expected::Members(denied),
        );
    }
}
