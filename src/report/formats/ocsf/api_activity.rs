//! CloudTrail records as events of the class API Activity.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{Classified, named_endpoint, put_text};
use dragnet_model::{EventDetails, Sighting, UserIdentity};

/// The class API Activity.
pub(super) const CLASS: u32 = 6_003;

dragnet_model::word_enum! {
    /// What a call does, with the caption of the schema.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Activity {
        Create => "Create",
        Read => "Read",
        Update => "Update",
        Delete => "Delete",
        Other => "Other",
    }
}

/// The first words of event names that say what a call does. All other events are
/// [`Activity::Other`].
const VERBS: [(Activity, &[&str]); 4] = [
    (
        Activity::Create,
        &[
            "Allocate", "Clone", "Copy", "Create", "Import", "Issue", "Register", "Request", "Run",
        ],
    ),
    (
        Activity::Read,
        &[
            "BatchGet", "Describe", "Download", "Filter", "Get", "Head", "List", "Lookup", "Query",
            "Scan", "Search", "Select", "View",
        ],
    ),
    (
        Activity::Update,
        &[
            "Add",
            "Associate",
            "Attach",
            "Authorize",
            "Change",
            "Disable",
            "Enable",
            "Modify",
            "Put",
            "Replace",
            "Reset",
            "Restore",
            "Set",
            "Start",
            "Stop",
            "Tag",
            "Untag",
            "Update",
        ],
    ),
    (
        Activity::Delete,
        &[
            "Cancel",
            "Delete",
            "Deregister",
            "Detach",
            "Disassociate",
            "Purge",
            "Release",
            "Remove",
            "Revoke",
            "Terminate",
        ],
    ),
];

impl Activity {
    fn from_event_name(name: &str) -> Self {
        VERBS
            .iter()
            .find(|(_, verbs)| verbs.iter().any(|verb| starts_with_word(name, verb)))
            .map_or(Self::Other, |(activity, _)| *activity)
    }

    /// Source: OCSF 1.5.0, `api_activity.json`, `activity_id`.
    fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Read => 2,
            Self::Update => 3,
            Self::Delete => 4,
            Self::Other => 99,
        }
    }
}

/// Whether a name in camel case starts with a word: `GetObject` with `Get`, and `Getaway` not.
fn starts_with_word(name: &str, word: &str) -> bool {
    name.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
}

/// Maps a CloudTrail record.
pub(super) fn classify_call(sighting: &Sighting) -> Classified {
    let details = &sighting.details;
    let activity = Activity::from_event_name(&details.event_name);
    let activity_name = if activity == Activity::Other {
        // The schema wants the name of the source for an activity that it does not know.
        operation(details).to_owned()
    } else {
        activity.to_string()
    };
    let mut members = Map::new();
    members.insert("api".to_owned(), api(details));
    members.insert("actor".to_owned(), actor(details));
    members.insert("src_endpoint".to_owned(), source(details));
    if !details.user_agent.is_empty() {
        let request = json!({ "user_agent": details.user_agent });
        members.insert("http_request".to_owned(), request);
    }
    put_status(&mut members, details);
    Classified {
        category: 6,
        category_name: "Application Activity",
        class: CLASS,
        class_name: "API Activity",
        activity: activity.id(),
        activity_name,
        members,
    }
}

fn operation<'d>(details: &'d EventDetails<'_>) -> &'d str {
    if details.event_name.is_empty() {
        "Unknown"
    } else {
        &details.event_name
    }
}

fn api(details: &EventDetails<'_>) -> Value {
    let mut api = Map::new();
    api.insert("operation".to_owned(), json!(operation(details)));
    if !details.event_source.is_empty() {
        let service = json!({ "name": details.event_source });
        api.insert("service".to_owned(), service);
    }
    if !details.request_id.is_empty() {
        let request = json!({ "uid": details.request_id });
        api.insert("request".to_owned(), request);
    }
    if !details.error_code.is_empty() {
        let response = json!({ "error": details.error_code });
        api.insert("response".to_owned(), response);
    }
    Value::Object(api)
}

/// Source: OCSF 1.5.0, `objects/actor.json`: one of several attributes is required.
fn actor(details: &EventDetails<'_>) -> Value {
    let identity = &details.identity;
    let mut user = Map::new();
    put_text(&mut user, "uid", &identity.arn);
    put_text(&mut user, "uid_alt", &identity.principal_id);
    put_text(&mut user, "credential_uid", &identity.access_key_id);
    if !user.contains_key("uid") {
        // A user needs an id or a name.
        put_text(&mut user, "name", &identity.principal_id);
    }
    let mut actor = Map::new();
    if user.contains_key("uid") || user.contains_key("name") {
        put_user_type(&mut user, identity);
        actor.insert("user".to_owned(), Value::Object(user));
    } else {
        let caller = [&*identity.access_key_id, &*details.event_source]
            .into_iter()
            .find(|text| !text.is_empty());
        put_text(&mut actor, "invoked_by", caller.unwrap_or("unknown"));
    }
    if !identity.session_issuer_arn.is_empty() {
        let session = json!({ "issuer": identity.session_issuer_arn });
        actor.insert("session".to_owned(), session);
    }
    Value::Object(actor)
}

/// Source: OCSF 1.5.0, `objects/user.json`, `type_id`; CloudTrail user guide, "CloudTrail
/// userIdentity element", `type`.
fn put_user_type(user: &mut Map<String, Value>, identity: &UserIdentity<'_>) {
    let (id, caption) = match &*identity.kind {
        "" => (0, "Unknown"),
        "Root" => (2, "Admin"),
        "IAMUser" | "IdentityCenterUser" => (1, "User"),
        "AWSService" => (3, "System"),
        other => (99, other),
    };
    user.insert("type_id".to_owned(), json!(id));
    user.insert("type".to_owned(), json!(caption));
}

/// Returns where the call came from: an address, or the name of a service.
///
/// Source: CloudTrail user guide, "CloudTrail record contents", `sourceIPAddress`.
fn source(details: &EventDetails<'_>) -> Value {
    match details.source_ip.parse::<IpAddr>() {
        Ok(address) => json!({ "ip": address.to_string() }),
        Err(_) => named_endpoint("svc_name", &details.source_ip),
    }
}

fn put_status(members: &mut Map<String, Value>, details: &EventDetails<'_>) {
    let (id, caption) = if details.succeeded() {
        (1, "Success")
    } else {
        (2, "Failure")
    };
    members.insert("status_id".to_owned(), json!(id));
    members.insert("status".to_owned(), json!(caption));
    put_text(members, "status_code", &details.error_code);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::formats::testing::cloudtrail;

    #[test]
    fn verbs_decide_the_activity() {
        for (name, activity) in [
            ("GetObject", Activity::Read),
            ("RunInstances", Activity::Create),
            ("PutRolePolicy", Activity::Update),
            ("TerminateInstances", Activity::Delete),
            ("ConsoleLogin", Activity::Other),
            ("Getaway", Activity::Other),
            ("", Activity::Other),
        ] {
            assert_eq!(Activity::from_event_name(name), activity, "{name}");
        }
    }

    #[test]
    fn a_denied_call_is_a_failure_of_its_actor() {
        let call = classify_call(&cloudtrail("{}").sighting).members;
        assert_eq!(call["status_id"], 2);
        assert_eq!(call["status_code"], "AccessDenied");
        assert_eq!(call["api"]["operation"], "GetObject");
        assert_eq!(call["api"]["service"]["name"], "s3.amazonaws.com");
        assert_eq!(call["actor"]["user"]["type"], "AssumedRole");
        assert_eq!(call["actor"]["user"]["credential_uid"], "ASIAEXAMPLE");
        assert_eq!(call["src_endpoint"]["ip"], "192.0.2.1");
    }

    #[test]
    fn calls_without_an_identity_still_have_an_actor_and_a_source() {
        let mut sighting = cloudtrail("{}").sighting;
        sighting.details.identity = UserIdentity::default();
        sighting.details.source_ip = "ec2.amazonaws.com".into();
        let call = classify_call(&sighting).members;
        assert_eq!(call["actor"]["invoked_by"], "s3.amazonaws.com");
        assert_eq!(call["src_endpoint"]["svc_name"], "ec2.amazonaws.com");
        sighting.details.source_ip = "".into();
        sighting.details.event_source = "".into();
        let call = classify_call(&sighting).members;
        assert_eq!(call["actor"]["invoked_by"], "unknown");
        assert_eq!(call["src_endpoint"]["name"], "unknown");
    }
}
