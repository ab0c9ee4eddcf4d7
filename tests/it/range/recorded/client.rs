//! Sends signed requests to a range and reads the raw answers, because an SDK hides which members a
//! response has.

use std::collections::BTreeMap;

use bytes::Bytes;
use dragnet_range::Range;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use serde_json::Value;
use sha2::{Digest, Sha256};

use dragnet_model::time::Clock;

/// A caller of the range.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) range: Range,
    pub(super) clock: Clock,
    pub(super) key: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

/// A raw answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    is_json: bool,
}

impl Client {
    /// Calls an operation of `iam`, `sts` or `logs`.
    pub(super) async fn send(&self, service: &str, operation: &str, input: Value) -> Answer {
        let is_json = service == "logs";
        let (content_type, body) = if is_json {
            ("application/x-amz-json-1.1", input.to_string())
        } else {
            let version = if service == "iam" {
                "2010-05-08"
            } else {
                "2011-06-15"
            };
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Action", operation);
            form.append_pair("Version", version);
            flatten("", &input, &mut |name, value| {
                form.append_pair(name, value);
            });
            ("application/x-www-form-urlencoded", form.finish())
        };
        let date = self.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let host = format!("{service}.us-east-1.amazonaws.com");
        let mut request = Request::post("/")
            .header("host", &host)
            .header("content-type", content_type)
            .header("x-amz-date", &date)
            .header("authorization", self.sign(service, &host, &date, &body));
        if is_json {
            request = request.header("x-amz-target", format!("Logs_20140328.{operation}"));
        }
        if let Some(token) = &self.token {
            request = request.header("x-amz-security-token", token);
        }
        let request = request.body(Bytes::from(body)).unwrap();
        let response = self.range.handle(request).await.unwrap();
        Answer {
            status: response.status().as_u16(),
            body: String::from_utf8(response.body().to_vec()).unwrap(),
            is_json,
        }
    }

    /// The `Authorization` header.
    ///
    /// Source: IAM user guide, "Create a signed AWS API request".
    fn sign(&self, service: &str, host: &str, date: &str, body: &str) -> String {
        let day = &date[..8];
        let scope = format!("{day}/us-east-1/{service}/aws4_request");
        let hash = |text: &str| hex::encode(Sha256::digest(text));
        let canonical = format!(
            "POST\n/\n\nhost:{host}\nx-amz-date:{date}\n\nhost;x-amz-date\n{}",
            hash(body)
        );
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(&canonical));
        let first = format!("AWS4{}", self.secret).into_bytes();
        let key = [day, "us-east-1", service, "aws4_request"]
            .iter()
            .fold(first, |key, part| hmac(&key, part));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=host;x-amz-date, Signature={}",
            self.key,
            hex::encode(hmac(&key, &to_sign))
        )
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Passes the parameters of a Query request to `add`.
fn flatten(name: &str, value: &Value, add: &mut dyn FnMut(&str, &str)) {
    let below = |part: &str| {
        if name.is_empty() {
            part.to_owned()
        } else {
            format!("{name}.{part}")
        }
    };
    match value {
        Value::Object(members) => {
            for (part, value) in members {
                flatten(&below(part), value, add);
            }
        }
        Value::Array(items) => {
            for (number, value) in (1..).zip(items) {
                flatten(&below(&format!("member.{number}")), value, add);
            }
        }
        Value::String(text) => add(name, text),
        other => add(name, &other.to_string()),
    }
}

impl Answer {
    /// The leaves of the answer by their paths, without numbers of list members.
    pub(super) fn leaves(&self) -> BTreeMap<String, String> {
        let mut leaves = BTreeMap::new();
        if self.is_json {
            let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
            json_leaves("", &body, &mut leaves);
        } else {
            for (path, text) in xml_leaves(&self.body) {
                if let Some(path) = path.strip_prefix("Result.") {
                    leaves.insert(path.to_owned(), text);
                }
            }
        }
        leaves
    }

    /// The text of a leaf.
    pub(super) fn text(&self, path: &str) -> String {
        let leaves = self.leaves();
        let text = leaves.get(path);
        text.unwrap_or_else(|| panic!("no {path}: {}", self.body))
            .clone()
    }

    /// The code and the message of an error.
    pub(super) fn error(&self) -> (String, String) {
        if self.is_json {
            let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            let code = text("__type");
            let code = code.rsplit('#').next().unwrap_or_default().to_owned();
            return (code, format!("{}{}", text("message"), text("Message")));
        }
        let leaves: BTreeMap<String, String> = xml_leaves(&self.body).into_iter().collect();
        let text = |name: &str| leaves.get(name).cloned().unwrap_or_default();
        assert_eq!(text("Error.Type"), "Sender", "{}", self.body);
        (text("Error.Code"), text("Error.Message"))
    }
}

fn json_leaves(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                json_leaves(&path, value, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                json_leaves(path, item, leaves);
            }
        }
        Value::Object(_) | Value::Array(_) if path.is_empty() => {}
        Value::Object(_) | Value::Array(_) => {
            leaves.insert(path.to_owned(), String::new());
        }
        Value::String(text) => {
            leaves.insert(path.to_owned(), text.clone());
        }
        other => {
            leaves.insert(path.to_owned(), other.to_string());
        }
    }
}

/// The leaves of an XML document. The root is left out, the name of a result is `Result`, and
/// `member` is left out.
fn xml_leaves(body: &str) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    let mut stack: Vec<(String, bool)> = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        if tag.starts_with('?') {
            continue;
        }
        if tag.starts_with('/') {
            stack.pop();
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        let name = if stack.len() == 1 && name.ends_with("Result") {
            "Result"
        } else {
            name
        };
        stack.push((name.to_owned(), tag.ends_with('/')));
        let path: Vec<&str> = stack
            .iter()
            .skip(1)
            .map(|(name, _)| name.as_str())
            .filter(|name| *name != "member")
            .collect();
        let path = path.join(".");
        // An element that has children is no leaf: its text is followed by the tag of a child.
        leaves.push((path, unescape(text)));
        if stack.last().is_some_and(|(_, is_empty)| *is_empty) {
            stack.pop();
        }
    }
    let parents: Vec<String> = leaves.iter().map(|(path, _)| format!("{path}.")).collect();
    let is_leaf = |path: &str| {
        let below = format!("{path}.");
        !path.is_empty()
            && !parents
                .iter()
                .any(|other| *other != below && other.starts_with(&below))
    };
    leaves.retain(|(path, _)| is_leaf(path));
    leaves
}

fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
