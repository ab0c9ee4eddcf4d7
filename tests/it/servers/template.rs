//! Deploys the CloudFormation template to moto, copies the resulting roles into a range, and sweeps
//! with them.

use std::io::{Read, Write};
use std::net::TcpStream;

use aws_sdk_iam::Client as Iam;
use percent_encoding::percent_decode_str;

use super::contain::assume_role;
use super::dragnet::dragnet;
use super::server::{Keys, Server};
use crate::identity::{GROUP, HEAD, MEMBER, SERIAL, with_mfa_device};
use crate::scenario::{Inline, Role};
use crate::world::World;

const PRINCIPAL: &str = "arn:aws:iam::111111111111:root";
const EXTERNAL_ID: &str = "between-us";
/// An account of moto in which no other test creates anything.
const ACCOUNT: &str = "121212121212";

/// Deploys the template of the management account, and sweeps with the role that it creates. It is
/// a part of the one moto test, which resets the server.
pub(super) async fn assert_template_creates_the_roles(server: &Server) {
    let keys = account_keys(server).await;
    let (output, _) = dragnet(
        server,
        &keys,
        "",
        &["setup", "cloudformation", "--management"],
    );
    create_stack(server, &keys, &String::from_utf8(output.stdout).unwrap());

    let iam = Iam::new(&server.config(&keys, "us-east-1"));
    let (trust, allowed) = read_role_documents(&iam).await;
    for role in ["DragnetContain", "DragnetOrganization"] {
        let created = iam.get_role().role_name(role).send().await;
        assert!(created.is_ok(), "{role}");
    }

    let statuses = tokio::task::spawn_blocking(move || sweep_with(&trust, &allowed))
        .await
        .unwrap();
    assert_eq!(
        statuses,
        ["complete", "incomplete"],
        "with and without the ExternalId"
    );
}

/// Returns the trust policy and the inline policy of the role `DragnetRead`.
async fn read_role_documents(iam: &Iam) -> (String, String) {
    let role = iam
        .get_role()
        .role_name("DragnetRead")
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    let policy = iam
        .get_role_policy()
        .role_name("DragnetRead")
        .policy_name("Read")
        .send()
        .await
        .unwrap();
    let decode = |document: &str| {
        percent_decode_str(document)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let trust = decode(role.assume_role_policy_document().unwrap());
    let allowed = decode(policy.policy_document());
    // moto stores the policy of a template in Python's notation.
    let allowed = allowed.replace('\'', "\"");
    (trust, allowed)
}

/// Returns the statuses of two sweeps of an account with this role: with everything that it
/// requires, and without the `ExternalId`.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn sweep_with(trust: &str, allowed: &str) -> [String; 2] {
    let role = Role::new("DragnetRead")
        .trust_policy(trust)
        .policies(Inline(&[("Read", allowed)]));
    let mut statuses = Vec::new();
    for external_id in [format!("external_id = \"{EXTERNAL_ID}\"\n"), String::new()] {
        let config = format!(
            r#"
[identity]
mfa_serial = "{SERIAL}"
source_identity = "alice"
{external_id}"#
        );
        let world = World::from_toml(&format!("{HEAD}{MEMBER}{GROUP}{role}")).with_config(&config);
        statuses.push(
            with_mfa_device(world)
                .0
                .sweep(&["192.0.2.1"])
                .await
                .status(),
        );
    }
    statuses.try_into().unwrap()
}

/// Returns keys of `ACCOUNT`. moto has a separate state for each account in which a role is
/// assumed.
async fn account_keys(server: &Server) -> Keys {
    let any_keys = Keys {
        id: "testing".to_owned(),
        secret: "testing".to_owned(),
        token: None,
    };
    assume_role(server, &any_keys, ACCOUNT, "deployer").await
}

/// Calls `CreateStack`, for which there is no SDK client here. moto checks the service and the key,
/// but not the signature.
fn create_stack(server: &Server, keys: &Keys, template: &str) {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs([
        ("Action", "CreateStack"),
        ("Version", "2010-05-15"),
        ("StackName", "dragnet"),
    ]);
    body.append_pair("TemplateBody", template);
    let parameters = [
        ("TrustedPrincipal", PRINCIPAL),
        ("ExternalId", EXTERNAL_ID),
        ("RequireMfa", "true"),
    ];
    for (number, (key, value)) in (1..).zip(parameters) {
        body.append_pair(&format!("Parameters.member.{number}.ParameterKey"), key);
        body.append_pair(&format!("Parameters.member.{number}.ParameterValue"), value);
    }
    let body = body.finish();
    let host = server
        .url
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let scope = format!("{}/20260302/us-east-1/cloudformation/aws4_request", keys.id);
    let mut connection = TcpStream::connect(host).unwrap();
    write!(
        connection,
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}
