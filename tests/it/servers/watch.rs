//! Alerts on SNS: a message that is published to a topic arrives in a queue that is subscribed to
//! it.

use super::dragnet::dragnet;
use super::server::{Keys, Server};

#[test]
fn alert_arrives_in_a_queue_subscribed_to_the_topic() {
    let Some(server) = Server::from_env("DRAGNET_MOTO_URL") else {
        return;
    };
    let keys = Keys {
        id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret: "secret".to_owned(),
        token: None,
    };
    let topic = "arn:aws:sns:us-east-1:123456789012:soc";
    let queue = "arn:aws:sqs:us-east-1:123456789012:soc";
    let created = server.send_form("sns", "/", "Action=CreateTopic&Name=soc", &keys);
    assert!(created.contains(topic), "{created}");
    server.send_form("sqs", "/", "Action=CreateQueue&QueueName=soc", &keys);
    let subscription = format!("Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={queue}");
    server.send_form("sns", "/", &subscription, &keys);

    // A schedule over an account that does not exist: its failure is an alert.
    let config = format!(
        r#"
[identity]
member_role = "self"
[scope]
include_accounts = ["999999999999"]
[watch]
state_dir = "state"
[[watch.sink]]
name = "soc"
kind = "sns"
topic_arn = "{topic}"
[[watch.schedule]]
name = "nowhere"
cron = "@hourly"
indicators = ["192.0.2.1"]
sinks = ["soc"]
"#
    );
    let (output, _home) = dragnet(&server, &keys, &config, &["watch", "once"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("alerts are waiting"), "{stderr}");

    let received = server.send_form("sqs", "/123456789012/soc", "Action=ReceiveMessage", &keys);
    for part in [
        "activation-failed",
        "nowhere: activation failed",
        "999999999999",
        "MessageAttributes",
    ] {
        assert!(received.contains(part), "{part}: {received}");
    }
}
