//! The CloudFormation template, deployed to moto; the roles that it made, put into a range and swept with.

use std::io::{Read, Write};
use std::net::TcpStream;

use aws_sdk_iam::Client as Iam;
use percent_encoding::percent_decode_str;

use super::dragnet::dragnet;
use super::server::{Keys, Server};
use crate::identity::{HEAD, MEMBER, SERIAL, holding_the_device};
use crate::world::World;

const PRINCIPAL: &str = "arn:aws:iam::111111111111:root";
const EXTERNAL_ID: &str = "between-us";
/// An account of moto's that no other test makes anything in.
const ACCOUNT: &str = "121212121212";

/// Deploys the management account's template, and sweeps with the role that came of it. A part of moto's one
/// test, which resets the server.
pub async fn assert_template_makes_the_roles(server: &Server) {
    let keys = own_keys(server).await;
    let (output, _) = dragnet(
        server,
        &keys,
        "",
        &["setup", "cloudformation", "--management"],
    );
    create_stack(server, &keys, &String::from_utf8(output.stdout).unwrap());

    let iam = Iam::new(&server.config(&keys, "us-east-1"));
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
    let plain = |document: &str| {
        percent_decode_str(document)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let (trust, allowed) = (
        plain(role.assume_role_policy_document().unwrap()),
        plain(policy.policy_document()),
    );
    // moto keeps a template's policy as Python writes it down.
    let allowed = allowed.replace('\'', "\"");
    assert!(
        iam.get_role()
            .role_name("DragnetContain")
            .send()
            .await
            .is_ok()
    );
    assert!(
        iam.get_role()
            .role_name("DragnetOrganization")
            .send()
            .await
            .is_ok()
    );

    let swept = tokio::task::spawn_blocking(move || sweep_with(&trust, &allowed))
        .await
        .unwrap();
    assert_eq!(
        swept,
        ["complete", "incomplete"],
        "with and without the ExternalId"
    );
}

/// How sweeps end over an account that has this role: with everything that it asks for, and without the
/// `ExternalId`.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn sweep_with(trust: &str, allowed: &str) -> [String; 2] {
    let role = format!(
        "[[roles]]\nname = \"DragnetRead\"\ntrust_policy = '''{trust}'''\n[roles.policies]\nRead = '''{allowed}'''\n"
    );
    let group = "[[groups]]\naccount = \"prod\"\nregion = \"us-east-1\"\nname = \"/app\"\n";
    let mut ends = Vec::new();
    for more in [format!("external_id = \"{EXTERNAL_ID}\"\n"), String::new()] {
        let config =
            format!("[identity]\nmfa_serial = \"{SERIAL}\"\nsource_identity = \"alice\"\n{more}");
        let world = World::of(&[HEAD, MEMBER, group, &role].concat()).configured(&config);
        ends.push(
            holding_the_device(world)
                .0
                .sweep(&["192.0.2.1"])
                .await
                .status(),
        );
    }
    ends.try_into().unwrap()
}

/// Keys in an account of its own: moto gives each account that a role is assumed in a state of its own.
async fn own_keys(server: &Server) -> Keys {
    let anybody = Keys {
        id: "testing".to_owned(),
        secret: "testing".to_owned(),
        token: None,
    };
    let sts = aws_sdk_sts::Client::new(&server.config(&anybody, "us-east-1"));
    let role = format!("arn:aws:iam::{ACCOUNT}:role/deployer");
    let assumed = sts
        .assume_role()
        .role_arn(role)
        .role_session_name("deploying")
        .send()
        .await
        .unwrap();
    let credentials = assumed.credentials.unwrap();
    Keys {
        id: credentials.access_key_id,
        secret: credentials.secret_access_key,
        token: Some(credentials.session_token),
    }
}

/// `CreateStack`, for which there is no SDK here; moto looks at the service and the key, not at the signature.
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
    for (at, (key, value)) in (1..).zip(parameters) {
        body.append_pair(&format!("Parameters.member.{at}.ParameterKey"), key);
        body.append_pair(&format!("Parameters.member.{at}.ParameterValue"), value);
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
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
