//! The resource of a call: what it read, changed or created, according to its CloudTrail record.
//!
//! `RESOURCE_MEMBERS` says for each event source which members of a record name the resource.
//! Another event source is read by rule: the ARNs in `resources`, otherwise the request parameters
//! whose names end in `Arn`, `Name` or `Id`. A denied call has no request parameters in many
//! services, so the resource in its error message counts. All names are untrusted text.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::resource_members::RESOURCE_MEMBERS;
use dragnet_model::{EventDetails, Sighting};

/// The maximum number of resources of one record.
const MOST_RESOURCES: usize = 8;

/// The maximum length of a name, in bytes. An ARN of a principal is shorter.
const LONGEST_NAME: usize = 512;

/// The members of a record that may name a resource. All others are skipped, not parsed.
#[derive(Deserialize)]
struct RecordMembers<'m> {
    #[serde(rename = "eventID", default)]
    event_id: Option<IgnoredAny>,
    #[serde(rename = "requestParameters", default)]
    request_parameters: Value,
    #[serde(rename = "responseElements", default)]
    response_elements: Value,
    #[serde(default)]
    resources: Value,
    /// Not parsed with the others: CloudTrail truncates it, possibly within an escape.
    #[serde(rename = "errorMessage", borrow, default)]
    error_message: Option<&'m RawValue>,
}

/// An event of EventBridge, which has the record in `detail`.
///
/// Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
#[derive(Deserialize)]
struct Envelope<'m> {
    #[serde(borrow)]
    detail: RecordMembers<'m>,
}

/// Returns the members of a record that may name a resource, as JSON.
pub(super) fn parse_record(message: &str) -> Option<Value> {
    let members: RecordMembers<'_> = serde_json::from_str(message).ok()?;
    let members = if members.event_id.is_some() {
        members
    } else {
        let envelope: Envelope<'_> = serde_json::from_str(message).ok()?;
        envelope.detail
    };
    let error_message: Option<String> = members
        .error_message
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    Some(Value::from_iter([
        ("requestParameters", members.request_parameters),
        ("responseElements", members.response_elements),
        ("resources", members.resources),
        ("errorMessage", error_message.into()),
    ]))
}

/// Returns the resources of a sighting as one text, separated by semicolons; empty if the event is
/// no CloudTrail record, or names none.
pub(super) fn describe_resource(sighting: &Sighting) -> String {
    let details = &sighting.details;
    if !details.is_cloudtrail() {
        return String::new();
    }
    parse_record(&sighting.message)
        .map(|record| find_resources(details, &record).join(";"))
        .unwrap_or_default()
}

/// Returns the names of the resources of a call, each only once.
pub(super) fn find_resources(details: &EventDetails<'_>, record: &Value) -> Vec<String> {
    let source = &*details.event_source;
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    if matches!(service, "s3" | "s3express" | "s3-object-lambda")
        && let Some(object) = find_object(record)
    {
        return vec![object];
    }
    let mut found = Vec::new();
    if let Some((_, paths)) = RESOURCE_MEMBERS.iter().find(|(known, _)| *known == service) {
        for path in *paths {
            collect_texts(record, path, &mut found);
        }
    }
    // Source: CloudTrail user guide, "CloudTrail record contents" (`resources`).
    if found.is_empty() {
        collect_texts(record, "resources.*.ARN", &mut found);
    }
    if found.is_empty() {
        collect_named_parameters(record, &mut found);
    }
    if found.is_empty() {
        found.extend(find_denied_resource(record));
    }
    found
        .into_iter()
        .map(|name| shorten(name).into_owned())
        .collect()
}

/// Returns the bucket, with the key of an object: `bucket/key`.
///
/// Source: S3 user guide, "Example: Amazon S3 log file entries" (`bucketName`, `key`).
fn find_object(record: &Value) -> Option<String> {
    let request = record.get("requestParameters")?;
    let bucket = request.get("bucketName")?.as_str()?;
    let name = match request.get("key").and_then(Value::as_str) {
        Some(key) => format!("{bucket}/{key}"),
        None => bucket.to_owned(),
    };
    Some(shorten(&name).into_owned())
}

/// Collects the texts at a path, each only once.
fn collect_texts<'r>(value: &'r Value, path: &str, found: &mut Vec<&'r str>) {
    if path.is_empty() {
        add_text(value, found);
        return;
    }
    let (member, rest) = path.split_once('.').unwrap_or((path, ""));
    if member == "*" {
        for item in value.as_array().into_iter().flatten() {
            collect_texts(item, rest, found);
        }
    } else if let Some(inner) = value.get(member) {
        collect_texts(inner, rest, found);
    }
}

fn add_text<'r>(value: &'r Value, found: &mut Vec<&'r str>) {
    if let Some(text) = value.as_str()
        && !text.is_empty()
        && found.len() < MOST_RESOURCES
        && !found.contains(&text)
    {
        found.push(text);
    }
}

/// Collects the request parameters whose names look like those of a resource.
fn collect_named_parameters<'r>(record: &'r Value, found: &mut Vec<&'r str>) {
    let parameters = record.get("requestParameters").and_then(Value::as_object);
    for (name, value) in parameters.into_iter().flatten() {
        let is_resource = ["Arn", "ARN", "Name", "Id"]
            .iter()
            .any(|ending| name.ends_with(ending))
            || matches!(name.as_str(), "name" | "arn" | "id");
        if is_resource {
            add_text(value, found);
        }
    }
}

/// Returns the resource of a denied call from its error message.
///
/// Source: IAM user guide, "Troubleshoot access denied error messages": `User: … is not authorized
/// to perform: service:Action on resource: arn… because …`.
fn find_denied_resource(record: &Value) -> Option<&str> {
    let message = record.get("errorMessage")?.as_str()?;
    let (_, after) = message.split_once(" on resource: ")?;
    after
        .split_whitespace()
        .next()
        .filter(|name| !name.is_empty())
}

/// Returns a name, cut off if it is very long.
pub(super) fn shorten(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME {
        return Cow::Borrowed(name);
    }
    let end = name.floor_char_boundary(LONGEST_NAME);
    Cow::Owned(format!("{}…", name.get(..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(source: &str, more: &str) -> Vec<String> {
        let details = EventDetails {
            event_source: format!("{source}.amazonaws.com").into(),
            ..EventDetails::default()
        };
        let record = parse_record(&format!("{{\"eventID\":\"e\",{more}}}")).unwrap();
        find_resources(&details, &record)
    }

    #[test]
    fn table_names_the_resources_of_its_services() {
        for (source, more, expected) in [
            (
                "iam",
                r#""requestParameters":{"userName":"bob","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#,
                &["bob", "arn:aws:iam::aws:policy/ReadOnlyAccess"][..],
            ),
            (
                "iam",
                r#""requestParameters":null,"responseElements":{"accessKey":{"userName":"bob","accessKeyId":"AKIA1"}}"#,
                &["bob", "AKIA1"],
            ),
            (
                "ec2",
                r#""requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"},{"instanceId":"i-1"}]}}"#,
                &["i-1", "i-2"],
            ),
            (
                "s3",
                r#""requestParameters":{"bucketName":"b","key":"a/k"}"#,
                &["b/a/k"],
            ),
            ("s3", r#""requestParameters":{"bucketName":"b"}"#, &["b"]),
            (
                "cloudtrail",
                r#""requestParameters":{"name":"org-trail"}"#,
                &["org-trail"],
            ),
        ] {
            assert_eq!(resources(source, more), expected, "{more}");
        }
    }

    #[test]
    fn other_services_are_read_by_rule() {
        let arn = "arn:aws:kms:us-east-1:111111111111:key/k";
        for (source, more, expected) in [
            (
                "kms",
                format!(r#""requestParameters":{{}},"resources":[{{"ARN":"{arn}"}}]"#),
                vec![arn],
            ),
            (
                "glue",
                r#""requestParameters":{"maxResults":5,"jobName":"j","clientToken":"t"}"#.to_owned(),
                vec!["j"],
            ),
            (
                "iam",
                r#""requestParameters":null,"errorMessage":"User: u is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::1:user/x because no identity-based policy allows it""#.to_owned(),
                vec!["arn:aws:iam::1:user/x"],
            ),
            ("sts", r#""requestParameters":null"#.to_owned(), vec![]),
        ] {
            assert_eq!(resources(source, &more), expected, "{more}");
        }
    }

    #[test]
    fn hostile_names_are_limited() {
        let long = "é".repeat(2_000);
        let names = resources(
            "iam",
            &format!(r#""requestParameters":{{"userName":"{long}"}}"#),
        );
        assert!(names[0].len() <= LONGEST_NAME + '…'.len_utf8());
        let items: Vec<String> = (0..99)
            .map(|number| format!(r#"{{"instanceId":"i-{number}"}}"#))
            .collect();
        let many = format!(
            r#""requestParameters":{{"instancesSet":{{"items":[{}]}}}}"#,
            items.join(",")
        );
        assert_eq!(resources("ec2", &many).len(), MOST_RESOURCES);
    }

    #[test]
    fn record_in_event_of_eventbridge_is_found() {
        let message = r#"{"id":"i","detail":{"eventID":"e","requestParameters":{"name":"t"}}}"#;
        let record = parse_record(message).unwrap();
        assert_eq!(record["requestParameters"]["name"], "t");
        assert_eq!(parse_record("plain"), None);
        assert_eq!(parse_record("{}"), None);
    }
}
