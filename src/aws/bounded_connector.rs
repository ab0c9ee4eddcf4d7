//! The HTTP connector that bounds every exchange, with AWS or with the practice range. It adds
//! Dragnet to the user agent, limits the time that a response may take and its size, and reads a
//! body only when the response budget allows it.

use std::time::Duration;

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
use futures::StreamExt;
use tokio::time::timeout;

use super::object_buffers::ObjectBuffers;
use super::response_budget::ResponseBudget;

/// First in the user agent, so that a sweep can be found in the organization's own CloudTrail.
const PRODUCT: &str = concat!("dragnet/", env!("CARGO_PKG_VERSION"));

/// The largest response that is read. A page of events has 1 MB of messages, which JSON may spell
/// six times as long. The limit keeps an endless response from filling the memory, and is that of
/// objects too.
pub(super) const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// The timeouts for the head of a response and for its body. Between the two, a response waits
/// without a timeout for its permit from the response budget.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
const BODY_TIMEOUT: Duration = Duration::from_mins(1);

/// The most memory that is taken for an object because of what its response says, before it arrives. No
/// object is read in larger parts.
const MOST_EXPECTED: usize = 8 << 20;

const USER_AGENT: &str = "user-agent";
const CONTENT_LENGTH: &str = "content-length";

/// In the URI of each request for an object, and of no other request.
///
/// Source: the SDK's model of S3, `GetObject`, `http` (`/{Key+}?x-id=GetObject`).
const OBJECT_REQUEST: &str = "x-id=GetObject";

/// Sends every exchange of `client` through a [`BoundedConnector`].
pub(super) fn bound_responses(
    client: SharedHttpClient,
    response_budget: ResponseBudget,
) -> SharedHttpClient {
    SharedHttpClient::new(BoundedConnector {
        inner: client,
        response_budget,
        object_buffers: ObjectBuffers::default(),
    })
}

#[derive(Debug)]
struct BoundedConnector<T> {
    inner: T,
    response_budget: ResponseBudget,
    object_buffers: ObjectBuffers,
}

impl HttpClient for BoundedConnector<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(BoundedConnector {
            inner,
            response_budget: self.response_budget.clone(),
            object_buffers: self.object_buffers.clone(),
        })
    }
}

impl HttpConnector for BoundedConnector<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        // The header can still be changed, because the signature does not cover it: proxies change
        // it.
        let agent = request
            .headers()
            .get(USER_AGENT)
            .map_or(PRODUCT.to_owned(), |sdk| format!("{PRODUCT} {sdk}"));
        request.headers_mut().insert(USER_AGENT, agent);
        let is_object = request.uri().contains(OBJECT_REQUEST);
        let object_buffers = is_object.then(|| self.object_buffers.clone());
        let response = self.inner.call(request);
        let response_budget = self.response_budget.clone();
        HttpConnectorFuture::new(async move {
            let response = with_timeout(HEAD_TIMEOUT, response).await?;
            response_budget.acquire().await;
            // On the heap, because a call waits mostly for the head of its response.
            let response = Box::pin(with_timeout(
                BODY_TIMEOUT,
                read_body(response, MAX_RESPONSE_BYTES, object_buffers.as_ref()),
            ))
            .await?;
            // An object may be any text, also one that starts like XML.
            if is_object {
                return Ok(response);
            }
            require_complete_xml(response)
        })
    }
}

async fn with_timeout<T>(
    limit: Duration,
    response: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<T, ConnectorError> {
    timeout(limit, response)
        .await
        .unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into())))
}

/// Reads the whole response; nothing that Dragnet reads is too large for that. `object_buffers` are given
/// if it is an object.
async fn read_body(
    mut response: HttpResponse,
    max_bytes: usize,
    object_buffers: Option<&ObjectBuffers>,
) -> Result<HttpResponse, ConnectorError> {
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    let body = Body::new(std::mem::replace(response.body_mut(), SdkBody::taken()));
    let bytes = if let Some(buffers) = object_buffers {
        read_object(body, length, max_bytes, buffers).await?
    } else {
        let read = to_bytes(body, max_bytes).await;
        read.map_err(|error| ConnectorError::io(error.into()))?
    };
    *response.body_mut() = SdkBody::from(bytes);
    Ok(response)
}

/// Reads a body of about `length` bytes into a buffer that is used again. Each piece is dropped at once, so
/// that the connection can use the memory of it for the next one.
async fn read_object(
    body: Body,
    length: usize,
    max_bytes: usize,
    buffers: &ObjectBuffers,
) -> Result<Bytes, ConnectorError> {
    let mut content = buffers.take(length.min(MOST_EXPECTED));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| ConnectorError::io(error.into()))?;
        if content.len().saturating_add(piece.len()) > max_bytes {
            let problem = format!("the object has more than {max_bytes} bytes");
            return Err(ConnectorError::io(problem.into()));
        }
        content.extend(&piece);
    }
    Ok(content.into_bytes())
}

/// Returns the response, unless its body is an XML document without its end.
fn require_complete_xml(response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    if is_complete_xml(response.body().bytes().unwrap_or_default()) {
        Ok(response)
    } else {
        Err(ConnectorError::io("the response is truncated".into()))
    }
}

/// Whether an XML document ends with its closing tag. The SDK accepts a truncated one, so a list of
/// Regions would silently be shorter. Truncated JSON is invalid, which the SDK reports itself.
fn is_complete_xml(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    let Some(mut rest) = text.strip_prefix(b"<") else {
        return true;
    };
    if rest.starts_with(b"!") {
        // An HTML page, which no service sends.
        return true;
    }
    if rest.starts_with(b"?") {
        let Some(at) = memchr::memmem::find(rest, b"?>") else {
            return false;
        };
        let Some(root) = rest.get(at + 2..).map(<[u8]>::trim_ascii_start) else {
            return false;
        };
        rest = root.strip_prefix(b"<").unwrap_or_default();
    }
    let length = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
    let Some(root) = length.and_then(|length| rest.get(..length)) else {
        return false;
    };
    text.ends_with(&[b"</", root, b">"].concat())
        || (text.ends_with(b"/>") && !rest.contains(&b'<'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn body_over_the_limit_is_refused() {
        let response = |bytes: &'static [u8]| {
            let http_response = http::Response::builder()
                .status(200)
                .body(SdkBody::from(bytes))
                .unwrap();
            HttpResponse::try_from(http_response).unwrap()
        };
        let buffers = ObjectBuffers::default();
        for buffers in [None, Some(&buffers)] {
            let whole = read_body(response(b"12345"), 5, buffers).await.unwrap();
            assert_eq!(whole.body().bytes(), Some(&b"12345"[..]));
            let longer = read_body(response(b"123456"), 5, buffers).await;
            assert!(longer.unwrap_err().is_io());
        }
    }

    #[test]
    fn truncated_xml_is_recognised() {
        for complete in [
            "",
            "{}",
            "<a/>",
            "<a></a>\n",
            "<?xml version=\"1.0\"?>\n<a xmlns=\"u\"><b/></a>",
            "[<",
            "<!DOCTYPE html><p>",
        ] {
            assert!(is_complete_xml(complete.as_bytes()), "{complete}");
        }
        for truncated in [
            "<",
            "<?xml",
            "<?xml ?>",
            "<?xml ?>\n<a",
            "<a>",
            "<a><b></b>",
            "<a><b/>",
            "<a></b>",
            "<a></",
        ] {
            assert!(!is_complete_xml(truncated.as_bytes()), "{truncated}");
        }
    }
}
