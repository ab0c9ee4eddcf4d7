//! Plain HTTP requests to the S3 of a range, signed here, so that no SDK hides what it sends or
//! receives.

use bytes::Bytes;
use dragnet_range::PracticeCredentials;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method, Request};
use sha2::{Digest, Sha256};

use super::clients::World;

/// A response.
#[derive(Debug)]
pub(super) struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A caller with the Region of its endpoint.
pub(super) struct S3Client<'a> {
    world: &'a World,
    keys: PracticeCredentials,
    token: Option<String>,
    region: String,
}

impl<'a> S3Client<'a> {
    /// An administrator of the management account.
    pub(super) fn administrator(world: &'a World, region: &str) -> Self {
        Self {
            world,
            keys: world.range.administrator(),
            token: None,
            region: region.to_owned(),
        }
    }

    /// A session of the responder in a role of another account.
    pub(super) async fn assume(world: &'a World, account: &str, role: &str, region: &str) -> Self {
        let sts = aws_sdk_sts::Client::new(&world.responder());
        let response = sts
            .assume_role()
            .role_arn(format!("arn:aws:iam::{account}:role/{role}"))
            .role_session_name("practice")
            .send()
            .await
            .unwrap();
        let session = response.credentials().unwrap();
        let keys = PracticeCredentials {
            access_key_id: session.access_key_id().to_owned(),
            secret_access_key: session.secret_access_key().to_owned(),
            region: region.parse().unwrap(),
        };
        Self {
            world,
            keys,
            token: Some(session.session_token().to_owned()),
            region: region.to_owned(),
        }
    }

    /// Sends a `GET` request for a path and query.
    pub(super) async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[]).await
    }

    /// Sends a request with path-style addressing to the endpoint of the Region.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let host = format!("s3.{}.amazonaws.com", self.region);
        self.send_to(&host, method, path, headers).await
    }

    /// Sends a request to a host.
    pub(super) async fn send_to(
        &self,
        host: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let now = self.world.clock().now();
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let hash = hex::encode(Sha256::digest(b""));
        let mut signed = vec![
            ("host", host),
            ("x-amz-content-sha256", hash.as_str()),
            ("x-amz-date", time.as_str()),
        ];
        if let Some(token) = &self.token {
            signed.push(("x-amz-security-token", token.as_str()));
        }
        let authorization = self.authorization(&method, path, &signed);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://{host}{path}"))
            .header("authorization", authorization);
        for (name, value) in signed.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        let (parts, body) = self.world.range.handle(request).await.unwrap().into_parts();
        Response {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    /// Source: S3 API, "Signature calculations for the authorization header".
    fn authorization(&self, method: &Method, path: &str, headers: &[(&str, &str)]) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut query: Vec<String> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let equals = if pair.contains('=') { "" } else { "=" };
                format!("{pair}{equals}")
            })
            .collect();
        query.sort();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let lines = lines.concat();
        let [_, (_, hash), (_, time), ..] = headers else {
            panic!("the headers are host, hash and time");
        };
        let canonical = format!(
            "{method}\n{path}\n{}\n{lines}\n{names}\n{hash}",
            query.join("&")
        );
        let day = &time[..8];
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let canonical_hash = hex::encode(Sha256::digest(canonical));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical_hash}");
        let first = format!("AWS4{}", self.keys.secret_access_key).into_bytes();
        let key = [day, self.region.as_str(), "s3", "aws4_request"]
            .iter()
            .fold(first, |key, part| hmac(&key, part));
        let signature = hex::encode(hmac(&key, &text));
        let id = &self.keys.access_key_id;
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
    }

    /// All keys of a bucket with a prefix, in pages of `size`.
    pub(super) async fn keys(&self, bucket: &str, prefix: &str, size: usize) -> Vec<String> {
        let list = format!("/{bucket}?list-type=2&max-keys={size}&prefix={prefix}");
        let mut keys = Vec::new();
        let mut token = String::new();
        loop {
            let page = self.get(&format!("{list}{token}")).await;
            assert_eq!(page.status, 200, "{}", page.text());
            let found = page.texts("Key");
            assert_eq!(page.texts("KeyCount"), [found.len().to_string()]);
            assert_eq!(page.texts("MaxKeys"), [size.to_string()]);
            keys.extend(found);
            let next = page.texts("NextContinuationToken");
            let is_truncated = page.texts("IsTruncated") == ["true"];
            assert_eq!(is_truncated, !next.is_empty());
            let Some(next) = next.first() else {
                return keys;
            };
            token = format!("&continuation-token={next}");
        }
    }

    /// The inflated content of an object.
    pub(super) async fn inflated(&self, bucket: &str, key: &str) -> String {
        let response = self.get(&format!("/{bucket}/{key}")).await;
        assert_eq!(response.status, 200, "{key}: {}", response.text());
        inflate(&response.body)
    }
}

pub(super) fn inflate(body: &[u8]) -> String {
    std::io::read_to_string(flate2::read::GzDecoder::new(body)).unwrap()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

impl Response {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The texts of all elements with this name.
    pub(super) fn texts(&self, element: &str) -> Vec<String> {
        let open = format!("<{element}>");
        let close = format!("</{element}>");
        let text = self.text();
        let parts = text.split(&open).skip(1);
        parts
            .map(|part| part.split(&close).next().unwrap().to_owned())
            .collect()
    }

    /// The status and the code of an error.
    pub(super) fn error(&self) -> (u16, String) {
        (self.status, self.texts("Code").concat())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
