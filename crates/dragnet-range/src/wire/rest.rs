//! S3's REST protocol: the method, host, path, query and headers of a request, and responses with
//! headers of their own.
//!
//! Source: S3 user guide, "Virtual hosting of buckets"; S3 API, the syntax of each operation.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use super::{Params, Service, Xml};

const DOMAINS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];
/// Parts of a bucket or an object that a request can name instead of its content. The range does
/// not have them.
const OTHER_SUBRESOURCES: [&str; 24] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "retention",
    "tagging",
    "torrent",
    "uploads",
    "versioning",
    "versions",
];

/// The endpoint that a request was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `s3.amazonaws.com`, which is in us-east-1.
    Global,
    /// The endpoint of a Region.
    Regional(String),
    /// A custom endpoint, such as a loopback address. It is in the Region of the signature.
    Custom,
}

/// A decoded REST request.
#[derive(Clone, Debug)]
pub(crate) struct RestInput {
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) endpoint: Endpoint,
    /// The parameters of the query.
    pub(crate) params: Params,
    /// The content that the request sends.
    pub(crate) body: Bytes,
    headers: HeaderMap,
}

/// A successful response of a REST operation.
#[derive(Debug)]
pub(crate) struct RestReply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl RestReply {
    /// A response with an XML document, whose root element is `root`.
    pub(crate) fn xml(root: &str, write: impl FnOnce(&mut Xml)) -> Self {
        let mut content = Xml::default();
        write(&mut content);
        let namespace = Service::S3.namespace();
        let content = content.into_string();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{namespace}\">{content}</{root}>"
        );
        Self {
            status: 200,
            content_type: "application/xml",
            headers: Vec::new(),
            body: body.into(),
        }
    }
}

/// Whether a request is for S3: its host is an endpoint of S3, or it was signed for S3.
pub(super) fn is_s3_request(parts: &Parts) -> bool {
    let is_signed = header_text(&parts.headers, AUTHORIZATION.as_str())
        .is_some_and(|authorization| authorization.contains("/s3/aws4_request"));
    is_signed || bucket_and_endpoint(host(parts)).is_some()
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The host of a request. HTTP/1.1 sends it as a header; the in-process connector leaves it in the
/// URI.
fn host(parts: &Parts) -> &str {
    let host = header_text(&parts.headers, HOST.as_str())
        .or_else(|| parts.uri.host())
        .unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// The bucket and the endpoint in a host name; `None` if it is not one of S3.
fn bucket_and_endpoint(host: &str) -> Option<(Option<&str>, Endpoint)> {
    let name = DOMAINS
        .iter()
        .find_map(|domain| host.strip_suffix(domain))?;
    let regional = |region: &str| {
        let region = region.strip_prefix("dualstack.").unwrap_or(region);
        Endpoint::Regional(region.to_owned())
    };
    if name == "s3" {
        Some((None, Endpoint::Global))
    } else if let Some(region) = name.strip_prefix("s3.") {
        Some((None, regional(region)))
    } else if let Some(bucket) = name.strip_suffix(".s3") {
        Some((Some(bucket), Endpoint::Global))
    } else {
        let (bucket, region) = name.rsplit_once(".s3.")?;
        Some((Some(bucket), regional(region)))
    }
}

impl RestInput {
    pub(super) fn decode(parts: &Parts) -> Self {
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8_lossy();
            Some(text.into_owned()).filter(|text| !text.is_empty())
        };
        let path = parts.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let from_host = bucket_and_endpoint(host(parts));
        let endpoint = from_host
            .as_ref()
            .map_or(Endpoint::Custom, |(_, endpoint)| endpoint.clone());
        let (bucket, key) = match from_host.and_then(|(bucket, _)| bucket) {
            Some(bucket) => (Some(bucket.to_owned()), decoded(path)),
            None => match path.split_once('/') {
                Some((bucket, key)) => (decoded(bucket), decoded(key)),
                None => (decoded(path), None),
            },
        };
        Self {
            bucket,
            key,
            endpoint,
            params: Params::decode(parts.uri.query().unwrap_or_default().as_bytes()),
            body: Bytes::new(),
            headers: parts.headers.clone(),
        }
    }

    /// The same request with its content.
    pub(super) fn with_body(self, body: &Bytes) -> Self {
        Self {
            body: body.clone(),
            ..self
        }
    }

    /// The name of the operation. An operation that the range does not have gets a name that no
    /// operation has.
    pub(super) fn operation(&self, method: &Method) -> String {
        let has_other = OTHER_SUBRESOURCES
            .iter()
            .any(|name| self.params.contains(name));
        let name = match (method, &self.bucket, &self.key) {
            _ if has_other => "",
            (&Method::GET, None, _) => "ListBuckets",
            (&Method::HEAD, Some(_), None) => "HeadBucket",
            (&Method::GET, Some(_), None) => self.bucket_operation(),
            (&Method::GET, Some(_), Some(_)) => "GetObject",
            (&Method::HEAD, Some(_), Some(_)) => "HeadObject",
            // With a part number, it would be a part of a multipart upload, and with a source a copy.
            (&Method::PUT, Some(_), Some(_)) if self.is_plain_upload() => "PutObject",
            _ => "",
        };
        if name.is_empty() {
            format!("{method} (unknown)")
        } else {
            name.to_owned()
        }
    }

    fn is_plain_upload(&self) -> bool {
        !self.params.contains("uploadId") && self.header("x-amz-copy-source").is_none()
    }

    fn bucket_operation(&self) -> &'static str {
        let named = [
            ("location", "GetBucketLocation"),
            ("logging", "GetBucketLogging"),
            ("policy", "GetBucketPolicy"),
        ];
        let named = named.iter().find(|(name, _)| self.params.contains(name));
        match named {
            Some(&(_, operation)) => operation,
            None if self.params.get("list-type") == Some("2") => "ListObjectsV2",
            None => "ListObjects",
        }
    }

    /// The value of a header, if it is present and visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header_text(&self.headers, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(method: Method, uri: &str) -> (RestInput, String) {
        let request = http::Request::builder().method(method).uri(uri);
        let parts = request.body(()).unwrap().into_parts().0;
        let input = RestInput::decode(&parts);
        let operation = input.operation(&parts.method);
        (input, operation)
    }

    #[test]
    fn buckets_are_in_the_host_or_in_the_path() {
        let regional = |region: &str| Endpoint::Regional(region.to_owned());
        for (uri, bucket, key, endpoint) in [
            (
                "https://logs.s3.eu-west-1.amazonaws.com/a%3Db/c",
                "logs",
                "a=b/c",
                regional("eu-west-1"),
            ),
            (
                "https://a.b.s3.amazonaws.com/k",
                "a.b",
                "k",
                Endpoint::Global,
            ),
            (
                "https://s3.us-east-1.amazonaws.com/logs/k//x",
                "logs",
                "k//x",
                regional("us-east-1"),
            ),
            (
                "https://logs.s3.cn-north-1.amazonaws.com.cn/k",
                "logs",
                "k",
                regional("cn-north-1"),
            ),
            (
                "http://127.0.0.1:4000/logs/k",
                "logs",
                "k",
                Endpoint::Custom,
            ),
        ] {
            let (input, operation) = decode(Method::GET, uri);
            assert_eq!(input.bucket.as_deref(), Some(bucket), "{uri}");
            assert_eq!(input.key.as_deref(), Some(key), "{uri}");
            assert_eq!(
                (input.endpoint, operation.as_str()),
                (endpoint, "GetObject"),
                "{uri}"
            );
        }
        assert_eq!(bucket_and_endpoint("sts.us-east-1.amazonaws.com"), None);
    }

    #[test]
    fn method_path_and_query_name_the_operation() {
        for (method, path, expected) in [
            (Method::GET, "/", "ListBuckets"),
            (Method::HEAD, "/b", "HeadBucket"),
            (Method::GET, "/b/?location", "GetBucketLocation"),
            (Method::GET, "/b?logging", "GetBucketLogging"),
            (Method::GET, "/b?policy", "GetBucketPolicy"),
            (Method::GET, "/b?list-type=2&prefix=", "ListObjectsV2"),
            (Method::GET, "/b?marker=x", "ListObjects"),
            (Method::HEAD, "/b/k", "HeadObject"),
            (Method::GET, "/b?versions", "GET (unknown)"),
            (Method::PUT, "/b/k", "PutObject"),
            (Method::PUT, "/b/k?partNumber=1&uploadId=x", "PUT (unknown)"),
            (Method::PUT, "/b", "PUT (unknown)"),
        ] {
            let uri = format!("http://127.0.0.1{path}");
            assert_eq!(decode(method, &uri).1, expected, "{uri}");
        }
    }
}
