//! Reads CloudTrail records that a CloudWatch pipeline rewrote in the Open Cybersecurity Schema
//! Framework (OCSF).
//!
//! Such a record has another name for each field, and keeps some fields only as part of others. It
//! gives the same event details as the original. For hunts it is translated back, as far as the
//! mapping is exact; fields without an exact mapping are left out, so a search that reads it is
//! never complete.
//!
//! Sources: CloudWatch user guide, "Parser processors" (schema `cloud_trail`, version 1.5);
//! github.com/ocsf/examples, "Event Dossier: Amazon CloudTrail" (the mapping of each field).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use dragnet_model::{EventDetails, UserIdentity};

/// The classes to which AWS maps the events of CloudTrail: Account Change, Authentication and API
/// Activity.
const CLASSES: [u32; 3] = [3001, 3002, 6003];

/// The class of sign-ins, whose result is in `status`.
const AUTHENTICATION: u32 = 3002;

/// The text that every event in OCSF contains, and no ordinary CloudTrail record.
pub(crate) const OCSF_MARK: &str = "class_uid";

/// Texts are optional: a member of any of these structures may be absent or null.
type Text = Option<String>;

#[derive(Debug, Deserialize)]
struct OcsfRecord {
    class_uid: u32,
    /// Milliseconds since the Unix epoch.
    time: i64,
    #[serde(default)]
    status: Text,
    cloud: Cloud,
    api: Api,
    #[serde(default)]
    actor: Option<Actor>,
    #[serde(default)]
    src_endpoint: Option<Endpoint>,
    #[serde(default)]
    http_request: Option<HttpRequest>,
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
struct Cloud {
    provider: String,
    region: String,
    #[serde(default)]
    account: Option<Uid>,
}

#[derive(Debug, Deserialize)]
struct Uid {
    #[serde(default)]
    uid: Text,
}

#[derive(Debug, Deserialize)]
struct Api {
    operation: String,
    service: Service,
    #[serde(default)]
    request: Option<Uid>,
    #[serde(default)]
    response: Option<Response>,
}

#[derive(Debug, Deserialize)]
struct Service {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
struct Response {
    #[serde(default)]
    error: Text,
    #[serde(default)]
    message: Text,
}

#[derive(Debug, Default, Deserialize)]
struct Actor {
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    session: Option<Session>,
}

#[derive(Debug, Default, Deserialize)]
struct User {
    #[serde(default)]
    uid: Text,
    #[serde(default)]
    uid_alt: Text,
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    credential_uid: Text,
    #[serde(default)]
    account: Option<Uid>,
}

#[derive(Debug, Default, Deserialize)]
struct Session {
    #[serde(default)]
    issuer: Text,
}

#[derive(Debug, Default, Deserialize)]
struct Endpoint {
    #[serde(default)]
    ip: Text,
    #[serde(default)]
    domain: Text,
}

#[derive(Debug, Default, Deserialize)]
struct HttpRequest {
    #[serde(default)]
    user_agent: Text,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    uid: String,
}

/// Returns the event details of a CloudTrail record in OCSF, without an account if it names none;
/// `None` if the message is no such record.
pub(super) fn parse_ocsf_record(message: &str) -> Option<EventDetails<'static>> {
    Some(OcsfRecord::parse(message)?.into_details())
}

/// Translates a record in OCSF into the form of CloudTrail, with the fields whose mapping is exact.
/// `None` if the message is no such record.
pub(crate) fn translate_ocsf_record(message: &str) -> Option<String> {
    let record = OcsfRecord::parse(message)?;
    let time = Timestamp::from_millisecond(record.time).ok()?;
    Some(record.into_cloudtrail(time).to_string())
}

impl OcsfRecord {
    fn parse(message: &str) -> Option<Self> {
        if !message.trim_start().starts_with('{') {
            return None;
        }
        memchr::memmem::find(message.as_bytes(), OCSF_MARK.as_bytes())?;
        let record: Self = serde_json::from_str(message).ok()?;
        let is_of_cloudtrail = CLASSES.contains(&record.class_uid)
            && record.cloud.provider.eq_ignore_ascii_case("aws")
            && !record.metadata.uid.is_empty()
            && Timestamp::from_millisecond(record.time).is_ok();
        is_of_cloudtrail.then_some(record)
    }

    /// The address of the caller, or the name of the service that called.
    fn caller(&self) -> &str {
        let endpoint = self.src_endpoint.as_ref();
        endpoint
            .and_then(|endpoint| endpoint.ip.as_deref().or(endpoint.domain.as_deref()))
            .unwrap_or_default()
    }

    fn into_details(self) -> EventDetails<'static> {
        let source_ip = self.caller().to_owned();
        let Actor { user, session } = self.actor.unwrap_or_default();
        let user = user.unwrap_or_default();
        let response = self.api.response.unwrap_or_default();
        let is_sign_in = self.class_uid == AUTHENTICATION && self.api.operation == "ConsoleLogin";
        let console_login = self.status.filter(|_| is_sign_in).unwrap_or_default();
        EventDetails {
            time_ms: self.time,
            account: owned(self.cloud.account.and_then(|account| account.uid)),
            region: self.cloud.region.into(),
            event_name: self.api.operation.into(),
            event_source: self.api.service.name.into(),
            identity: UserIdentity {
                kind: owned(user.kind),
                principal_id: owned(user.uid_alt),
                arn: owned(user.uid),
                access_key_id: owned(user.credential_uid),
                session_issuer_arn: owned(session.and_then(|session| session.issuer)),
            },
            source_ip: source_ip.into(),
            user_agent: owned(self.http_request.and_then(|request| request.user_agent)),
            error_code: owned(response.error),
            has_error_message: response.message.is_some(),
            console_login: console_login.into(),
            record_id: self.metadata.uid.into(),
            request_id: owned(self.api.request.and_then(|request| request.uid)),
            is_transformed: true,
        }
    }

    fn into_cloudtrail(self, time: Timestamp) -> Value {
        let source_ip = self.caller().to_owned();
        let Actor { user, session } = self.actor.unwrap_or_default();
        let user = user.unwrap_or_default();
        let response = self.api.response.unwrap_or_default();
        let issuer = session.and_then(|session| session.issuer);
        let issuer = object([("arn", issuer.map(Value::from))]);
        let identity = object([
            ("type", user.kind.map(Value::from)),
            ("principalId", user.uid_alt.map(Value::from)),
            ("arn", user.uid.map(Value::from)),
            (
                "accountId",
                user.account
                    .and_then(|account| account.uid)
                    .map(Value::from),
            ),
            ("accessKeyId", user.credential_uid.map(Value::from)),
            ("userName", user.name.map(Value::from)),
            (
                "sessionContext",
                issuer.and_then(|issuer| object([("sessionIssuer", Some(issuer))])),
            ),
        ]);
        let account = self.cloud.account.and_then(|account| account.uid);
        let user_agent = self.http_request.and_then(|request| request.user_agent);
        let request_id = self.api.request.and_then(|request| request.uid);
        let record = object([
            ("eventTime", Some(time.to_string().into())),
            ("eventID", Some(self.metadata.uid.into())),
            ("eventName", Some(self.api.operation.into())),
            ("eventSource", Some(self.api.service.name.into())),
            ("awsRegion", Some(self.cloud.region.into())),
            ("recipientAccountId", account.map(Value::from)),
            (
                "sourceIPAddress",
                (!source_ip.is_empty()).then(|| source_ip.into()),
            ),
            ("userAgent", user_agent.map(Value::from)),
            ("errorCode", response.error.map(Value::from)),
            ("errorMessage", response.message.map(Value::from)),
            ("requestID", request_id.map(Value::from)),
            ("userIdentity", identity),
        ]);
        record.unwrap_or_default()
    }
}

/// An object with the members that have a value; `None` if no member has one.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Option<Value> {
    let members: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

fn owned(text: Text) -> std::borrow::Cow<'static, str> {
    text.unwrap_or_default().into()
}
