//! A server to test against, and SDK configurations for it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use parking_lot::{Mutex, MutexGuard};

/// A server such as `http://127.0.0.1:5000`. A test uses it exclusively, because tests reset it.
pub(super) struct Server {
    pub url: String,
    _lock: MutexGuard<'static, ()>,
}

/// For each server, the lock of the test that uses it.
static LOCKS: Mutex<BTreeMap<String, &'static Mutex<()>>> = Mutex::new(BTreeMap::new());

/// Locks a mutex, even after a test failed: the next one resets the server.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// The access keys of a principal.
#[derive(Clone)]
pub(super) struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Server {
    /// Returns the server whose URL is in the environment variable. If it is unset, prints a note
    /// and returns `None`.
    pub(super) fn from_env(variable: &str) -> Option<Self> {
        let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
        if url.is_none() {
            eprintln!("skipped: {variable} is not set (.ci/run starts the server and sets it)");
        }
        let url = url?;
        let mutex: &'static Mutex<()> = lock(&LOCKS)
            .entry(url.clone())
            .or_insert_with(|| Box::leak(Box::default()));
        Some(Self {
            url,
            _lock: lock(mutex),
        })
    }

    /// Resets the state of the server. `path` is the server's own endpoint for that.
    pub(super) fn reset(&self, path: &str) {
        self.request("POST", path);
    }

    /// Sends a request without a body, and returns the body of the response.
    pub(super) fn request(&self, method: &str, path: &str) -> String {
        self.send(method, path, "", "")
    }

    /// Creates a member account of the organization, with this role if one is given, and returns
    /// its id.
    pub(super) async fn create_account(
        &self,
        keys: &Keys,
        name: &str,
        role: Option<&str>,
    ) -> String {
        let organizations = aws_sdk_organizations::Client::new(&self.config(keys, "us-east-1"));
        let create = organizations
            .create_account()
            .account_name(name)
            .email(format!("{name}@example.com"))
            .set_role_name(role.map(str::to_owned));
        let created = create.send().await.unwrap();
        created.create_account_status.unwrap().account_id.unwrap()
    }

    /// Creates a bucket in the account of these keys. There is no S3 client, because nothing else
    /// needs one.
    pub(super) fn create_bucket(&self, name: &str, keys: &Keys) {
        let scope = format!("Credential={}/20260301/us-east-1/s3/aws4_request", keys.id);
        let authorization =
            format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n");
        self.send("PUT", &format!("/{name}"), &authorization, "");
    }

    /// Calls a service that takes its parameters as a form, such as `Action=CreateTopic&Name=a`.
    /// The signature is a dummy.
    pub(super) fn send_form(&self, service: &str, path: &str, form: &str, keys: &Keys) -> String {
        let scope = format!(
            "Credential={}/20260301/us-east-1/{service}/aws4_request",
            keys.id
        );
        let authorization =
            format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n");
        let headers = format!("{authorization}Content-Type: application/x-www-form-urlencoded\r\n");
        self.send("POST", path, &headers, form)
    }

    /// Sends a JSON document to an endpoint of the server itself.
    #[cfg(feature = "athena")]
    pub(super) fn post_json(&self, path: &str, body: &serde_json::Value) {
        let headers = "Content-Type: application/json\r\n";
        self.send("POST", path, headers, &body.to_string());
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        let mut connection = TcpStream::connect(host).unwrap();
        let length = body.len();
        write!(
            connection,
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "200" | "201"), "{response}");
        body.to_owned()
    }

    /// Returns the SDK configuration for this principal in a Region.
    pub(super) fn config(&self, keys: &Keys, region: &str) -> SdkConfig {
        let credentials =
            Credentials::new(&keys.id, &keys.secret, keys.token.clone(), None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.url)
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }
}
