//! `dragnet setup lake-query`: prints a query for CloudTrail Lake. Lake is closed to new customers, so dragnet does not
//! search it; the query is to be pasted where an event data store exists.

use std::io::{self, Write};

use crate::search::quote_text;
use dragnet_model::{Indicator, IndicatorValue};

/// Writes the query for some indicators.
///
/// Source: CloudTrail user guide, "CloudTrail Lake SQL constraints", "Create or edit a query".
pub(super) fn write(indicators: &[Indicator], out: &mut dyn Write) -> io::Result<()> {
    let mut conditions = Vec::new();
    for indicator in indicators {
        match condition(indicator.value()) {
            Some(condition) => conditions.push(condition),
            None => writeln!(
                out,
                "-- {} has no column of its own; search it with dragnet sweep",
                one_line(&indicator.to_string())
            )?,
        }
    }
    writeln!(
        out,
        "-- Replace EVENT_DATA_STORE_ID and the times. This compares whole values of single columns; dragnet sweep finds an
-- indicator anywhere in a record."
    )?;
    if conditions.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "SELECT eventTime, eventName, eventSource, awsRegion, recipientAccountId, userIdentity.arn, sourceIPAddress, userAgent, errorCode, eventID
FROM EVENT_DATA_STORE_ID
WHERE eventTime >= '2026-01-01 00:00:00' AND eventTime < '2026-02-01 00:00:00'
  AND ({})
ORDER BY eventTime",
        conditions.join("\n    OR ")
    )
}

fn condition(value: &IndicatorValue) -> Option<String> {
    let (column, text) = match value {
        IndicatorValue::Ip(address) => ("sourceIPAddress", address.to_string()),
        IndicatorValue::AccessKey(key) => ("userIdentity.accessKeyId", key.clone()),
        IndicatorValue::Arn(arn) => ("userIdentity.arn", arn.to_string()),
        IndicatorValue::User(name) => ("userIdentity.userName", name.clone()),
        IndicatorValue::Account(id) => ("recipientAccountId", id.to_string()),
        IndicatorValue::EventName(name) => ("eventName", name.clone()),
        IndicatorValue::UserAgent(agent) => ("userAgent", agent.clone()),
        _ => return None,
    };
    let is_one_line = !text.contains(char::is_control);
    is_one_line.then(|| format!("{column} = {}", quote_text(&text)))
}

/// A text without line breaks, so that it stays in a comment.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(indicators: &[&str]) -> String {
        let indicators: Vec<Indicator> = indicators
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let mut text = Vec::new();
        write(&indicators, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn each_kind_has_its_column() {
        let text = query(&[
            "192.0.2.1",
            "AKIAIOSFODNN7EXAMPLE",
            "user:obrien",
            "text:x\ny",
        ]);
        assert!(text.contains("(sourceIPAddress = '192.0.2.1'\n"), "{text}");
        assert!(text.contains("userIdentity.accessKeyId = 'AKIAIOSFODNN7EXAMPLE'"));
        assert!(text.contains("userIdentity.userName = 'obrien'"));
        assert!(text.starts_with("-- text:x y has no column"), "{text}");
    }
}
