//! Distinguishes the events that a CloudWatch pipeline transformed from the records that CloudTrail
//! writes.

use super::document::Document;
use super::event_details::parse_event_details;
use super::ocsf_record::OCSF_MARK;

/// Whether an event of a log stream to which CloudTrail alone writes is JSON, but no CloudTrail record
/// in its original form. Only a doubtful event is parsed.
pub(crate) fn is_transformed(message: &str) -> bool {
    let has_mark = memchr::memmem::find(message.as_bytes(), OCSF_MARK.as_bytes()).is_some();
    let is_json = message.trim_start().starts_with('{');
    if !is_json || !has_mark && message.contains("\"eventID\"") {
        return false;
    }
    let details = parse_event_details(&Document::new(message), "", "", 0);
    details.is_transformed || !details.is_cloudtrail()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::event_details::event_details;
    use crate::search::ocsf_record::translate_ocsf_record;
    use dragnet_model::EventDetails;

    const RECORD: &str = r#"{"time":1772362800000,"class_name":"API Activity","class_uid":6003,"status":"Failure",
        "cloud":{"provider":"AWS","region":"eu-west-1","account":{"uid":"222222222222"}},
        "api":{"operation":"CreateAccessKey","service":{"name":"iam.amazonaws.com"},"request":{"uid":"r"},
        "response":{"error":"AccessDenied","message":"no"}},
        "actor":{"user":{"uid":"arn:aws:iam::222222222222:user/mallory","uid_alt":"AIDA","type":"IAMUser",
        "credential_uid":"AKIAIOSFODNN7EXAMPLE"},"session":{"issuer":"arn:aws:iam::222222222222:role/ops"}},
        "src_endpoint":{"ip":"198.51.100.99"},"http_request":{"user_agent":"cli"},"metadata":{"uid":"e"},"ratio":1.5}"#;

    fn details(message: &str) -> EventDetails<'static> {
        event_details(message, "111111111111", "us-east-1", 5)
    }

    #[test]
    fn transformed_record_has_the_details_of_its_original() {
        let found = details(RECORD);
        let translated = translate_ocsf_record(RECORD).unwrap();
        let original = EventDetails {
            is_transformed: true,
            ..details(&translated)
        };
        assert_eq!(found, original);
        assert_eq!(found.time_ms, 1_772_362_800_000);
        assert_eq!(
            (&*found.account, &*found.region, &*found.event_name),
            ("222222222222", "eu-west-1", "CreateAccessKey")
        );
        assert_eq!(found.identity.access_key_id, "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(
            found.identity.session_issuer_arn,
            "arn:aws:iam::222222222222:role/ops"
        );
        assert_eq!(found.source_ip, "198.51.100.99");
        assert!(found.is_cloudtrail() && !found.succeeded());
    }

    #[test]
    fn failed_sign_in_is_no_success() {
        let sign_in = |status: &str| {
            let record = RECORD
                .replace("6003", "3002")
                .replace("CreateAccessKey", "ConsoleLogin")
                .replace(r#""error":"AccessDenied","message":"no""#, "")
                .replace("Failure", status);
            details(&record).succeeded()
        };
        assert!(sign_in("Success") && !sign_in("Failure"));
    }

    #[test]
    fn what_is_no_record_of_cloudtrail_keeps_its_place() {
        for other in [
            RECORD.replace("6003", "2004"),
            RECORD.replace("\"AWS\"", "\"Azure\""),
            RECORD.replace("\"metadata\":{\"uid\":\"e\"}", "\"metadata\":{}"),
            RECORD.replace("1772362800000", "\"soon\""),
            RECORD.replace("\"ratio\"", "\"class_uid\""),
        ] {
            let found = details(&other);
            assert_eq!(&*found.account, "111111111111", "{other}");
            assert!(!found.is_cloudtrail() && is_transformed(&other));
            assert_eq!(translate_ocsf_record(&other), None);
        }
    }

    #[test]
    fn original_records_and_text_are_not_transformed() {
        let original = r#"{"eventID":"e","eventTime":"2026-03-01T11:00:00Z","eventName":"n","eventSource":"s","awsRegion":"r"}"#;
        let mentions = original.replacen('{', r#"{"requestParameters":{"class_uid":6003},"#, 1);
        for message in [original, &mentions, "class_uid", "", r#"{"eventID":"e"}"#] {
            assert!(!is_transformed(message), "{message}");
        }
        assert!(is_transformed(RECORD) && is_transformed("{}"));
    }
}
