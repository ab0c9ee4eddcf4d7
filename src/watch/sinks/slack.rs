//! The message for Slack-compatible webhooks: blocks, and the same as text for notifications and
//! for receivers that know no blocks.
//!
//! Every text of an alert is untrusted. It is only in plain text or in code, with Slack's control
//! characters escaped, so that it cannot mention, link or format anything.

use serde_json::{Value, json};

use super::plain_text::{self, MAX_ROWS, row_lines, tally_lines};
use crate::report::escape;
use crate::watch::alert::Alert;

/// Source: Slack, Block Kit reference, "Header block": 150 characters; "Text object": 3,000
/// characters.
const MAX_HEADER_CHARS: usize = 150;
const MAX_TEXT_CHARS: usize = 3_000;
/// The maximum size of all rows, in characters. Slack refuses messages whose blocks are longer than
/// about 13,000 characters together (`msg_blocks_too_long`), which its reference does not mention.
const MAX_ROWS_CHARS: usize = 6_500;
/// The maximum size of the text without blocks. Source: Slack API, `chat.postMessage`, "Truncating
/// content": 4,000 characters are recommended.
const MAX_FALLBACK_CHARS: usize = 4_000;

/// The body of the POST request. It has at most 5 blocks besides those of the rows, and Slack
/// accepts 50. Source: Slack, Block Kit reference, "Blocks".
pub(super) fn message(alert: &Alert) -> String {
    let header = escape_text(&one_line(&alert.title), MAX_HEADER_CHARS);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": header, "emoji": false } }),
        facts(alert),
    ];
    let tally = tally_lines(alert);
    if !tally.is_empty() {
        blocks.push(section(&code(&tally.join("\n"), MAX_TEXT_CHARS)));
    }
    let rows = row_blocks(alert);
    let shown = rows.len() as u64;
    blocks.extend(rows);
    if alert.count > shown {
        blocks.push(section(&format!("… and {} more", alert.count - shown)));
    }
    blocks.push(section(&next_step(alert)));
    let text = code(&plain_text::text(alert), MAX_FALLBACK_CHARS);
    json!({ "text": text, "blocks": blocks }).to_string()
}

/// Severity, schedule, time and kind. Source: Slack, Block Kit reference, "Section block": at most
/// 10 fields of 2,000 characters.
fn facts(alert: &Alert) -> Value {
    let field = |label: &str, value: &str| {
        let value = inline_code(value, 200);
        json!({ "type": "mrkdwn", "text": format!("*{label}*\n{value}"), "verbatim": true })
    };
    let fields = [
        field("Severity", &alert.severity.to_string()),
        field("Schedule", &alert.schedule),
        field("Time", &alert.at),
        field("Kind", alert.kind.as_str()),
    ];
    json!({ "type": "section", "fields": fields })
}

fn row_blocks(alert: &Alert) -> Vec<Value> {
    let mut blocks = Vec::new();
    let mut size = 0;
    for row in alert.rows.iter().take(MAX_ROWS) {
        let text = code(&row_lines(alert.kind, row).join("\n"), MAX_TEXT_CHARS);
        size += text.chars().count();
        if size > MAX_ROWS_CHARS && !blocks.is_empty() {
            break;
        }
        blocks.push(section(&text));
    }
    blocks
}

fn next_step(alert: &Alert) -> String {
    let mut lines = vec![format!(
        "*Next step*\n{}",
        inline_code(&alert.next_step, 1_200)
    )];
    if !alert.run.is_empty() {
        lines.push(format!("*Run*\n{}", inline_code(&alert.run, 600)));
    }
    if !alert.run_url.is_empty() {
        // The address has none of the characters that end a link: see `RunUrl`.
        let url = alert.run_url.replace('&', "&amp;");
        lines.push(format!("<{url}|Open the run>"));
    }
    lines.join("\n")
}

/// `verbatim`: Slack does not turn addresses and names in the text into links. Source: Slack, Block
/// Kit reference, "Text object".
fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

/// A code block of at most this many characters.
fn code(text: &str, max_chars: usize) -> String {
    format!("```\n{}\n```", escape_text(text, max_chars - 8))
}

fn inline_code(text: &str, max_chars: usize) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    format!("`{}`", escape_text(&one_line(text), max_chars))
}

fn one_line(text: &str) -> String {
    escape(text).into_owned()
}

/// Escapes untrusted text for plain text and code, and truncates it to this many characters. Its
/// control characters other than line breaks were escaped before.
///
/// Source: Slack, "Formatting text for app surfaces", "Escaping text": only `&`, `<` and `>` are
/// escaped. A backtick would end the code.
fn escape_text(text: &str, max_chars: usize) -> String {
    let mut escaped = String::new();
    let mut size = 0;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let mut buffer = [0; 4];
        let part = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '`' => "\'",
            other => &*other.encode_utf8(&mut buffer),
        };
        let length = part.chars().count();
        let reserve = usize::from(characters.peek().is_some());
        if size + length + reserve > max_chars {
            escaped.push('…');
            break;
        }
        size += length;
        escaped.push_str(part);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::watch::alert::Row;
    use crate::watch::alert::testing::alert;
    use dragnet_model::Severity;

    fn parsed(alert: &Alert) -> Value {
        serde_json::from_str(&message(alert)).unwrap()
    }

    fn row(value: &Value) -> Row {
        value.as_object().unwrap().clone()
    }

    fn tally(name: &str) -> BTreeMap<String, BTreeMap<String, u64>> {
        let counts = BTreeMap::from([(name.to_owned(), 3)]);
        BTreeMap::from([("event_name".to_owned(), counts)])
    }

    /// Returns every text object of the blocks: its type and its text.
    fn texts(message: &Value) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut open = vec![&message["blocks"]];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(values) => open.extend(values),
                Value::Object(object) => {
                    if let (Some(kind), Some(Value::String(text))) =
                        (object["type"].as_str(), object.get("text"))
                    {
                        found.push((kind.to_owned(), text.clone()));
                    }
                    open.extend(object.values());
                }
                _ => {}
            }
        }
        found
    }

    #[test]
    fn message_has_severity_account_principal_next_step_and_link() {
        let principal =
            "arn:aws:sts::111111111111:assumed-role/DeploymentPipelineOfProduction/ci-runner";
        let sighting = json!({ "event_account_id": "111111111111", "account_name": "prod", "principal_arn": principal });
        let alert = Alert {
            severity: Severity::Critical,
            rows: vec![row(&sighting); 20],
            count: 30,
            run_url: "https://soc.example/run?a=1&b=2".to_owned(),
            ..alert("s-1")
        };
        let message = parsed(&alert);
        let all = texts(&message);
        for part in [
            "s: 1 sighting",
            "`critical`",
            "account: prod (111111111111)",
            principal,
            "… and 20 more",
            "`review the run`",
            "<https://soc.example/run?a=1&amp;b=2|Open the run>",
        ] {
            assert!(
                all.iter().any(|(_, text)| text.contains(part)),
                "{part}: {all:?}"
            );
        }
        assert!(message["text"].as_str().unwrap().contains(principal));
    }

    #[test]
    fn untrusted_text_is_escaped_in_every_field() {
        let hostile = "```<!channel> & <https://evil.example|ok>\n*x* `y` \u{1b}[2J";
        let sighting =
            json!({ "event_name": hostile, "account_name": hostile, "event_account_id": "1" });
        let alert = Alert {
            title: hostile.to_owned(),
            schedule: hostile.to_owned(),
            at: hostile.to_owned(),
            run: hostile.to_owned(),
            next_step: hostile.to_owned(),
            rows: vec![row(&sighting)],
            count: 1,
            tally: tally(hostile),
            ..alert("s-1")
        };
        let message = parsed(&alert);
        let mut all = texts(&message);
        all.push((
            "mrkdwn".to_owned(),
            message["text"].as_str().unwrap().to_owned(),
        ));
        assert!(all.len() >= 8, "{all:?}");
        for (kind, text) in all {
            assert!(!text.contains(['<', '\u{1b}']), "{text}");
            if kind == "mrkdwn" {
                // Outside of code there are only words of this file.
                let outside: String = text.replace("```", "`").split('`').step_by(2).collect();
                assert!(
                    !outside.contains("evil") && !outside.contains("*x*"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn limits_of_slack_are_kept() {
        let long = "<".repeat(10_000);
        let sighting = json!({ "principal_arn": long, "event_name": long });
        let alert = Alert {
            title: long.clone(),
            next_step: long.clone(),
            run: long.clone(),
            schedule: long.clone(),
            rows: vec![row(&sighting); 100],
            count: 100,
            tally: tally(&long),
            ..alert("s-1")
        };
        let message = parsed(&alert);
        assert!(message["blocks"].as_array().unwrap().len() <= 50);
        let all = texts(&message);
        let total: usize = all.iter().map(|(_, text)| text.chars().count()).sum();
        assert!(total < 13_000, "{total}");
        for (kind, text) in all {
            let limit = if kind == "plain_text" { 150 } else { 3_000 };
            assert!(text.chars().count() <= limit, "{kind}: {}", text.len());
            assert!(
                text.contains('…') || text.len() < 1_000,
                "it says that it is cut"
            );
        }
    }
}
