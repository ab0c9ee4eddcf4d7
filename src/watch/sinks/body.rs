//! The bodies of webhooks that have a template.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::plain_text;
use crate::config::BodyTemplate;
use crate::report::escape;
use crate::watch::alert::{Alert, Row};

/// Returns the body of an alert. One-line values contain no control characters.
pub(super) fn render(
    template: &BodyTemplate,
    alert: &Alert,
    secret: Option<&SecretString>,
) -> String {
    template.render(|name| match name {
        "accounts" => distinct(&alert.rows, plain_text::account),
        "at" => json!(alert.at),
        "count" => json!(alert.count),
        "id" => json!(alert.id),
        "kind" => json!(alert.kind.as_str()),
        "next_step" => json!(escape(&alert.next_step)),
        "principals" => distinct(&alert.rows, |row| {
            Some(plain_text::column_text(row, "principal_arn")).filter(|arn| !arn.is_empty())
        }),
        "rows" => json!(alert.rows),
        "run" => json!(escape(&alert.run)),
        "run_url" => json!(alert.run_url),
        "schedule" => json!(alert.schedule),
        "secret" => json!(secret.map(ExposeSecret::expose_secret)),
        "severity" => json!(alert.severity),
        "text" => json!(plain_text::text(alert)),
        "title" => json!(escape(&alert.title)),
        // A template with another name is not accepted.
        _ => Value::Null,
    })
}

/// Returns the distinct texts of the rows, joined by commas.
fn distinct(rows: &[Row], text: impl Fn(&Row) -> Option<String>) -> Value {
    let mut seen = BTreeSet::new();
    let texts = rows
        .iter()
        .filter_map(text)
        .filter(|text| seen.insert(text.clone()))
        .map(|text| escape(&text).into_owned());
    Value::String(texts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::alert::testing::alert;
    use dragnet_model::Severity;

    const HOSTILE: &str =
        "\"}],\"x\":{{secret}} {{count}}\n<!channel> [a](https://evil.example) **b** \u{1b}[2J \\";

    fn hostile() -> Alert {
        let row = json!({
            "event_account_id": "111111111111", "account_name": HOSTILE, "principal_arn": HOSTILE, "event_name": HOSTILE,
            "message": HOSTILE,
        });
        Alert {
            severity: Severity::High,
            title: HOSTILE.repeat(30),
            next_step: HOSTILE.to_owned(),
            run: HOSTILE.to_owned(),
            run_url: "https://soc.example/x".to_owned(),
            rows: vec![row.as_object().unwrap().clone(); 50],
            count: 70,
            ..alert("s-1")
        }
    }

    /// Returns the document without its texts: only keys, and the types of the values.
    fn shape(value: &Value) -> Value {
        match value {
            Value::Array(values) => values.iter().map(shape).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| (key.clone(), shape(value)))
                .collect(),
            Value::String(_) => json!("text"),
            other => other.clone(),
        }
    }

    fn rendered(template: &str, alert: &Alert) -> Value {
        let secret = SecretString::from("routing-key");
        let template = BodyTemplate::parse(template).unwrap();
        serde_json::from_str(&render(&template, alert, Some(&secret))).unwrap()
    }

    /// Renders a template with harmless and with hostile content, and returns the latter.
    fn checked(template: &str) -> Value {
        let hostile = rendered(template, &hostile());
        let mut harmless = alert("s-1");
        harmless.count = 70;
        assert_eq!(shape(&hostile), shape(&rendered(template, &harmless)));
        let shown = hostile.to_string();
        assert!(!shown.contains("\\u001b"), "{shown}");
        hostile
    }

    #[test]
    fn jira_issue_has_its_form() {
        let body = checked(include_str!("../../../config/webhooks/jira.json"));
        let fields = &body["fields"];
        let summary = fields["summary"].as_str().unwrap();
        assert!(summary.starts_with("[high] ") && summary.chars().count() <= 255);
        assert!(!summary.contains('\n'), "a summary is one line");
        let block = &fields["description"]["content"][0];
        assert_eq!(block["type"], "codeBlock");
        let text = block["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("severity: high") && text.contains("(111111111111)"));
        // The text of a node must not be empty.
        let test = Alert::for_test("2026-03-01T12:00:00Z".parse().unwrap(), None);
        let test = rendered(include_str!("../../../config/webhooks/jira.json"), &test);
        let text = &test["fields"]["description"]["content"][0]["content"][0]["text"];
        assert!(text.as_str().unwrap().contains("this is a test"));
    }

    #[test]
    fn servicenow_event_has_its_form() {
        let body = checked(include_str!("../../../config/webhooks/servicenow.json"));
        assert_eq!(body["severity"], "2");
        assert_eq!(body["message_key"], "s-1");
        for field in ["source", "node", "resource"] {
            assert!(
                body[field].as_str().unwrap().chars().count() <= 100,
                "{field}"
            );
        }
    }

    #[test]
    fn pagerduty_event_has_its_form() {
        let body = checked(include_str!("../../../config/webhooks/pagerduty.json"));
        assert_eq!(body["routing_key"], "routing-key");
        assert_eq!(body["event_action"], "trigger");
        let payload = &body["payload"];
        assert_eq!(payload["severity"], "error");
        assert_eq!(payload["custom_details"]["count"], 70);
        assert!(payload["summary"].as_str().unwrap().chars().count() <= 1_024);
        assert_eq!(body.to_string().matches("routing-key").count(), 1);
        assert_eq!(body["links"][0]["href"], "https://soc.example/x");
    }

    #[test]
    fn teams_card_has_its_form() {
        let body = checked(include_str!("../../../config/webhooks/teams.json"));
        let attachment = &body["attachments"][0];
        assert_eq!(
            attachment["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        let card = &attachment["content"];
        assert_eq!(card["actions"][0]["url"], "https://soc.example/x");
        // Markdown is only interpreted in a TextBlock.
        let blocks = card["body"].as_array().unwrap();
        assert!(blocks.iter().all(|block| block["type"] == "RichTextBlock"));
        // Source: Microsoft Teams, "Limits and specifications": 28 KB.
        assert!(body.to_string().len() < 28_000);
    }
}
