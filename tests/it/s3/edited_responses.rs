//! Responses that the practice range does not send: lists that contradict themselves, empty pages, and
//! checksums of parts. What a call returns is complete, or an error.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use dragnet::aws::{
    Aws, CallError, CodeSource, ConnectOptions, ListQuery, ListedObject, MfaCode, S3Failure,
    StaticCredentials, Wire,
};
use dragnet::config::Identity;
use dragnet::throttle::{QuotaTable, Quotas};
use dragnet_range::{PracticeCredentials, Range};
use futures::future::BoxFuture;
use http::{HeaderValue, Response};
use parking_lot::Mutex;

use super::Archive;
use crate::scenario::{Bucket, ScenarioBuilder};
use crate::world::World;

const OWNER: &str = "222222222222";
const BUCKET: &str = "logs";

/// Changes the response with an object.
type Change = fn(Response<Bytes>) -> Response<Bytes>;

/// What a test changes in the responses of S3.
#[derive(Debug, Default)]
struct Edits {
    /// The bodies of the responses to lists, in order; the last one is repeated. If there are none,
    /// the range responds.
    lists: Vec<String>,
    change_object: Option<Change>,
    /// The queries of the lists so far.
    queries: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Client(SharedHttpConnector);

impl HttpClient for Client {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[derive(Clone, Debug)]
struct Connector {
    range: Range,
    edits: Arc<Edits>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.exchange(request).await })
    }
}

impl Connector {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (parts, body) = request.try_into_http1x().unwrap().into_parts();
        let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let response = if let Some(list) = self.edits.next_list(&query) {
            let response = Response::builder().header("content-type", "application/xml");
            response.body(Bytes::from(list)).unwrap()
        } else {
            let request = http::Request::from_parts(parts, body);
            let response = self.range.handle(request).await.unwrap();
            match self.edits.change_object {
                Some(change) if query.contains("x-id=GetObject") => change(response),
                _ => response,
            }
        };
        let response = HttpResponse::try_from(response.map(SdkBody::from));
        response.map_err(|error| ConnectorError::other(error.into(), None))
    }
}

impl Edits {
    fn next_list(&self, query: &str) -> Option<String> {
        if self.lists.is_empty() || !query.contains("list-type=2") {
            return None;
        }
        let mut queries = self.queries.lock();
        let number = queries.len().min(self.lists.len() - 1);
        queries.push(query.to_owned());
        Some(self.lists[number].clone())
    }
}

/// The source of MFA codes if there is no device.
#[derive(Debug)]
struct NoCodes;

impl CodeSource for NoCodes {
    fn next_code<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MfaCode, String>> {
        Box::pin(async { Err("there is no device".to_owned()) })
    }
}

/// Enters the account that owns the bucket by a connection with edited responses.
async fn enter(edits: Edits) -> (Archive, Arc<Edits>) {
    let object = format!(
        "[[objects]]\nbucket = '{BUCKET}'\nkey = 'a/1'\nat = '1h ago'\ntext = '0123456789'\n"
    );
    let scenario = ScenarioBuilder::new("edited")
        .account(OWNER, "archive")
        .with(&Bucket::new(BUCKET, OWNER, "us-east-1"))
        .with(&object);
    let world = World::from_toml(&scenario.toml());
    let edits = Arc::new(edits);
    let connector = Connector {
        range: world.range().clone(),
        edits: Arc::clone(&edits),
    };
    let PracticeCredentials {
        access_key_id,
        secret_access_key,
        region,
    } = world.range().credentials();
    let options = ConnectOptions {
        wire: Wire::InProcess {
            http: SharedHttpClient::new(Client(SharedHttpConnector::new(connector))),
            credentials: StaticCredentials {
                access_key_id,
                secret_access_key: secret_access_key.into(),
                portal_token: None,
            },
            region,
        },
        identity: Identity::default(),
        codes: Arc::new(NoCodes),
        mfa_sessions: None,
        clock: world.environment().clock(),
        quotas: Quotas::new(QuotaTable::built_in().unwrap(), 1.0),
        concurrency: None,
        audit: None,
    };
    let aws = Aws::connect(options).await.unwrap();
    (Archive::enter_by(world, aws, OWNER).await, edits)
}

/// The body of a page with these keys, each of an object of one byte.
fn list(keys: &[&str], token: Option<&str>) -> String {
    let objects: Vec<String> = keys
        .iter()
        .map(|key| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-03-02T10:00:00.000Z</LastModified>\
                 <ETag>&quot;e&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
        })
        .collect();
    let objects = objects.concat();
    let next = token.map(|token| format!("<NextContinuationToken>{token}</NextContinuationToken>"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{BUCKET}</Name>\
         <Prefix>a/</Prefix>{}<KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys>\
         <IsTruncated>{}</IsTruncated>{objects}</ListBucketResult>",
        next.unwrap_or_default(),
        keys.len(),
        token.is_some()
    )
}

/// Lists `a/` with these responses. Returns the keys, the number of pages and the queries.
async fn list_all(lists: Vec<String>) -> Result<(Vec<String>, usize, Vec<String>), CallError> {
    let edits = Edits {
        lists,
        ..Edits::default()
    };
    let (archive, edits) = enter(edits).await;
    let bucket = archive.bucket(BUCKET).await;
    let query = ListQuery {
        prefix: "a/".to_owned(),
        start_after: Some("a/0".to_owned()),
        ..ListQuery::default()
    };
    let (objects, _, pages) = archive.list(&bucket, query).await?;
    let keys = objects.into_iter().map(|object| object.key).collect();
    let queries = edits.queries.lock().clone();
    Ok((keys, pages, queries))
}

#[tokio::test(start_paused = true)]
async fn empty_page_with_a_token_is_not_the_end() {
    let lists = vec![
        list(&[], Some("one")),
        list(&[], Some("two")),
        list(&["a/1", "a/2"], Some("three")),
        list(&["a/3"], None),
    ];
    let (keys, pages, queries) = list_all(lists).await.unwrap();
    assert_eq!(keys, ["a/1", "a/2", "a/3"]);
    assert_eq!((pages, queries.len()), (4, 4));
    assert!(queries[0].contains("start-after=a%2F0"), "{queries:?}");
    for (query, token) in queries[1..].iter().zip(["one", "two", "three"]) {
        let continues = query.contains(&format!("continuation-token={token}"));
        assert!(continues, "{queries:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_out_of_order_or_repeated_are_refused() {
    for pages in [
        vec![list(&["a/2", "a/1"], None)],
        vec![list(&["a/1", "a/1"], None)],
        // Before the start, and without the prefix.
        vec![list(&["a/0"], None)],
        vec![list(&["b/1"], None)],
        // The second page begins again.
        vec![list(&["a/1"], Some("one")), list(&["a/1"], None)],
        vec![list(&["a/2"], Some("one")), list(&["a/1"], None)],
    ] {
        let error = list_all(pages.clone()).await.unwrap_err();
        let failure = S3Failure::from_error(&error);
        assert_eq!(failure, S3Failure::Unreadable, "{error}: {pages:?}");
    }
    let endless = vec![list(&["a/1"], Some("one")), list(&["a/2"], Some("one"))];
    assert!(list_all(endless).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn page_that_lacks_something_is_requested_again() {
    let whole = list(&["a/1", "a/2"], None);
    let (first_half, _) = whole.split_at(whole.find("<Contents>").unwrap());
    let (without_last, _) = whole.split_at(whole.rfind("<Contents>").unwrap());
    let error = "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>";
    for broken in [
        // Breaks off, within an element and between two.
        whole[..whole.len() - 5].to_owned(),
        first_half.to_owned(),
        without_last.to_owned(),
        // One object less than the count.
        format!("{without_last}</ListBucketResult>"),
        whole.replace("<KeyCount>2</KeyCount>", "<KeyCount>3</KeyCount>"),
        whole.replace("<KeyCount>2</KeyCount>", ""),
        // Truncated, without the token of the rest.
        whole.replace("<IsTruncated>false", "<IsTruncated>true"),
        whole.replace("<Size>1</Size>", ""),
        error.to_owned(),
        String::new(),
    ] {
        let repaired = list_all(vec![broken.clone(), whole.clone()]).await;
        let (keys, ..) = repaired.unwrap_or_else(|error| panic!("{error}: {broken}"));
        assert_eq!(keys, ["a/1", "a/2"], "{broken}");
        assert!(list_all(vec![broken.clone()]).await.is_err(), "{broken}");
    }
}

/// Reads the only object with a changed response.
async fn read(change: Change) -> Result<Bytes, S3Failure> {
    let edits = Edits {
        change_object: Some(change),
        ..Edits::default()
    };
    let (archive, _) = enter(edits).await;
    let bucket = archive.bucket(BUCKET).await;
    let object: ListedObject = archive.objects(&bucket, "").await.remove(0);
    let permit = archive.aws.object_permit(object.size).await.unwrap();
    let content = archive
        .aws
        .object(&archive.session, &bucket, &object, permit);
    match content.await {
        Ok(content) => Ok(content.bytes),
        Err(error) => Err(S3Failure::from_error(&error)),
    }
}

/// Sets the checksum of an object that was uploaded in three parts.
///
/// Source: S3 user guide, "Checking object integrity in Amazon S3": a composite checksum is that of
/// the checksums of the parts, followed by their number.
fn with_composite_checksum(mut response: Response<Bytes>) -> Response<Bytes> {
    let headers = response.headers_mut();
    headers.remove("x-amz-checksum-crc64nvme");
    let checksum = HeaderValue::from_static("AAAAAA==-3");
    headers.insert("x-amz-checksum-crc32", checksum);
    let kind = HeaderValue::from_static("COMPOSITE");
    headers.insert("x-amz-checksum-type", kind);
    response
}

/// Replaces the content.
fn with_content(response: Response<Bytes>, content: &'static [u8]) -> Response<Bytes> {
    let mut response = response.map(|_| Bytes::from_static(content));
    let length = HeaderValue::from(content.len());
    response.headers_mut().insert("content-length", length);
    response
}

#[tokio::test(start_paused = true)]
async fn checksum_of_parts_is_no_reason_to_refuse_an_object() {
    let whole = read(with_composite_checksum).await;
    assert_eq!(whole.unwrap(), "0123456789");
    // Such a checksum is not compared, so the length counts.
    let shorter: Change = |response| with_content(with_composite_checksum(response), b"012345678");
    assert_eq!(read(shorter).await, Err(S3Failure::Unreadable));
    let longer: Change = |response| with_content(with_composite_checksum(response), b"0123456789x");
    assert_eq!(read(longer).await, Err(S3Failure::Unreadable));
}

#[tokio::test(start_paused = true)]
async fn checksum_of_another_content_is_noticed() {
    let changed: Change = |response| with_content(response, b"0123456780");
    assert_eq!(read(changed).await, Err(S3Failure::Unreadable));
}
