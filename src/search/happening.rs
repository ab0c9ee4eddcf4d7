//! What an event tells of itself: where and when it happened, and who did what.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::Happening;

/// The fields of a CloudTrail record that a report shows, borrowed from the message where it can be.
///
/// Source: CloudTrail user guide, "CloudTrail record contents".
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'a, str>,
    #[serde(rename = "eventTime", borrow)]
    event_time: Cow<'a, str>,
    #[serde(rename = "eventName", borrow)]
    event_name: Cow<'a, str>,
    #[serde(rename = "eventSource", borrow)]
    event_source: Cow<'a, str>,
    #[serde(rename = "awsRegion", borrow)]
    aws_region: Cow<'a, str>,
    #[serde(rename = "recipientAccountId", borrow, default)]
    recipient_account_id: Option<Cow<'a, str>>,
    #[serde(rename = "userIdentity", borrow, default)]
    user_identity: Option<UserIdentity<'a>>,
    #[serde(rename = "sourceIPAddress", borrow, default)]
    source_ip: Option<Cow<'a, str>>,
    #[serde(rename = "userAgent", borrow, default)]
    user_agent: Option<Cow<'a, str>>,
    #[serde(rename = "errorCode", borrow, default)]
    error_code: Option<Cow<'a, str>>,
    #[serde(rename = "requestID", borrow, default)]
    request_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct UserIdentity<'a> {
    #[serde(borrow, default)]
    arn: Option<Cow<'a, str>>,
    #[serde(rename = "accessKeyId", borrow, default)]
    access_key_id: Option<Cow<'a, str>>,
}

/// Reads what a message tells. What is not a CloudTrail record happened where and when it is stored.
pub fn happening(message: &str, account: &str, region: &str, timestamp_ms: i64) -> Happening {
    from_record(message, account).unwrap_or_else(|| Happening {
        time_ms: timestamp_ms,
        account: account.to_owned(),
        region: region.to_owned(),
        ..Happening::default()
    })
}

fn from_record(message: &str, stored_in: &str) -> Option<Happening> {
    if !message.trim_start().starts_with('{') {
        return None;
    }
    let record: Record<'_> = serde_json::from_str(message).ok()?;
    let time: Timestamp = record.event_time.parse().ok()?;
    let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned).unwrap_or_default();
    let (arn, key) = record.user_identity.map(|who| (who.arn, who.access_key_id)).unwrap_or_default();
    Some(Happening {
        time_ms: time.as_millisecond(),
        // Records of before 2014 do not name it; they are kept where they happened.
        account: record.recipient_account_id.map_or_else(|| stored_in.to_owned(), Cow::into_owned),
        region: record.aws_region.into_owned(),
        event_name: record.event_name.into_owned(),
        event_source: record.event_source.into_owned(),
        principal_arn: owned(arn),
        access_key_id: owned(key),
        source_ip: owned(record.source_ip),
        user_agent: owned(record.user_agent),
        error_code: owned(record.error_code),
        record_id: record.event_id.into_owned(),
        request_id: owned(record.request_id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloudtrail_record_tells_its_own_place_and_time() {
        let message = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::222222222222:user\/a",
            "accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"eventTime":"2026-03-01T11:00:00Z","eventSource":"s3.amazonaws.com",
            "eventName":"ListBuckets","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","userAgent":"cli",
            "requestID":"r","eventID":"e","recipientAccountId":"222222222222"}"#;
        let told = happening(message, "111111111111", "us-east-1", 5);
        assert_eq!((told.account.as_str(), told.region.as_str()), ("222222222222", "eu-west-1"));
        assert_eq!((told.principal_arn.as_str(), told.record_id.as_str()), ("arn:aws:iam::222222222222:user/a", "e"));
        assert_eq!(told.time_ms, 1_772_362_800_000);
        assert_eq!(told.error_code, "");
    }

    #[test]
    fn anything_else_happened_where_it_is_stored() {
        for message in ["", "plain", "{}", "{\"eventID\":1}", "[\"eventTime\"]", "{\"eventTime\":\"soon\"}"] {
            let told = happening(message, "111111111111", "us-east-1", 5);
            assert_eq!((told.account.as_str(), told.region.as_str(), told.time_ms), ("111111111111", "us-east-1", 5));
            assert_eq!(told.record_id, "");
        }
    }
}
