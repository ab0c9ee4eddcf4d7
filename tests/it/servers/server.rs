//! A server to test against, and clients of it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

/// Where it listens: `http://127.0.0.1:5000`. A test has it for itself, since tests make it forget everything.
pub struct Server {
    pub url: String,
    _turn: MutexGuard<'static, ()>,
}

/// Whose turn it is, for each server.
static TURNS: Mutex<BTreeMap<String, &'static Mutex<()>>> = Mutex::new(BTreeMap::new());

/// A test that failed leaves nothing behind that the next would not reset.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A principal's keys.
#[derive(Clone)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Server {
    /// The server that the environment names. `None`, and a word about it, if it names none.
    pub fn from_env(variable: &str) -> Option<Self> {
        let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
        if url.is_none() {
            eprintln!("skipped: {variable} is not set (.ci/run starts the server and sets it)");
        }
        let url = url?;
        let turn: &'static Mutex<()> = locked(&TURNS)
            .entry(url.clone())
            .or_insert_with(|| Box::leak(Box::default()));
        Some(Self {
            url,
            _turn: locked(turn),
        })
    }

    /// Makes it forget what earlier tests left; `path` is the server's own for that.
    pub fn reset(&self, path: &str) {
        self.ask("POST", path);
    }

    /// The body of its answer to a request without one.
    pub fn ask(&self, method: &str, path: &str) -> String {
        self.send(method, path, "", "")
    }

    /// Makes a bucket in the account of these keys. There is no S3 client: nothing else needs one.
    pub fn create_bucket(&self, name: &str, keys: &Keys) {
        let scope = format!("Credential={}/20260301/us-east-1/s3/aws4_request", keys.id);
        let signed =
            format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n");
        self.send("PUT", &format!("/{name}"), &signed, "");
    }

    /// A call of a service that takes its parameters as a form: `Action=CreateTopic&Name=a`. It is not signed.
    pub fn query(&self, service: &str, path: &str, form: &str, keys: &Keys) -> String {
        let scope = format!(
            "Credential={}/20260301/us-east-1/{service}/aws4_request",
            keys.id
        );
        let signed =
            format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n");
        let headers = format!("{signed}Content-Type: application/x-www-form-urlencoded\r\n");
        self.send("POST", path, &headers, form)
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
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(head.split(' ').nth(1), Some("200"), "{answer}");
        body.to_owned()
    }

    /// A client's configuration for this principal in a Region.
    pub fn config(&self, keys: &Keys, region: &str) -> SdkConfig {
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
