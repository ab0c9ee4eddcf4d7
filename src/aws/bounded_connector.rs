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
use tokio::time::timeout;

use super::response_budget::ResponseBudget;

/// First in the user agent, so that a sweep can be found in the organization's own CloudTrail.
const PRODUCT: &str = concat!("dragnet/", env!("CARGO_PKG_VERSION"));

/// The largest response that is read. A page of events has 1 MB of messages, which JSON may spell
/// six times as long. The limit keeps an endless response from filling the memory.
const LARGEST_ANSWER: usize = 64 << 20;

/// The timeouts for the head of a response and for its body. Between the two, a response waits
/// without a timeout for its permit from the response budget.
const HEAD: Duration = Duration::from_mins(1);
const BODY: Duration = Duration::from_mins(1);

const USER_AGENT: &str = "user-agent";

/// Sends every exchange of `client` through a [`BoundedConnector`].
pub(super) fn enveloped(
    client: SharedHttpClient,
    response_budget: ResponseBudget,
) -> SharedHttpClient {
    SharedHttpClient::new(BoundedConnector {
        wire: client,
        response_budget,
    })
}

#[derive(Debug)]
struct BoundedConnector<T> {
    wire: T,
    response_budget: ResponseBudget,
}

impl HttpClient for BoundedConnector<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let wire = self.wire.http_connector(settings, components);
        SharedHttpConnector::new(BoundedConnector {
            wire,
            response_budget: self.response_budget.clone(),
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
        let answer = self.wire.call(request);
        let response_budget = self.response_budget.clone();
        HttpConnectorFuture::new(async move {
            let answer = in_time(HEAD, answer).await?;
            response_budget.acquire().await;
            // On the heap, because a call waits mostly for the head of its response.
            Box::pin(in_time(BODY, bounded(answer, LARGEST_ANSWER))).await
        })
    }
}

async fn in_time<T>(
    time: Duration,
    answer: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<T, ConnectorError> {
    timeout(time, answer)
        .await
        .unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
}

/// Reads the whole response; no operation that Dragnet uses streams its response.
async fn bounded(mut answer: HttpResponse, largest: usize) -> Result<HttpResponse, ConnectorError> {
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    let read = to_bytes(Body::new(body), largest).await;
    let bytes = read.map_err(|error| ConnectorError::io(error.into()))?;
    if !ends_as_it_began(&bytes) {
        return Err(ConnectorError::io(
            "the answer breaks off in the middle".into(),
        ));
    }
    *answer.body_mut() = SdkBody::from(bytes);
    Ok(answer)
}

/// Whether an XML document ends with its closing tag. The SDK accepts a truncated one, so a list of
/// Regions would silently be shorter. Truncated JSON is invalid, which the SDK reports itself.
fn ends_as_it_began(body: &[u8]) -> bool {
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
    async fn an_answer_that_does_not_end_is_cut_off() {
        let answer = |bytes: &'static [u8]| {
            let response = http::Response::builder()
                .status(200)
                .body(SdkBody::from(bytes))
                .unwrap();
            HttpResponse::try_from(response).unwrap()
        };
        let whole = bounded(answer(b"12345"), 5).await.unwrap();
        assert_eq!(whole.body().bytes(), Some(&b"12345"[..]));
        assert!(bounded(answer(b"123456"), 5).await.unwrap_err().is_io());
    }

    #[test]
    fn xml_that_breaks_off_is_not_taken_for_a_shorter_list() {
        for whole in [
            "",
            "{}",
            "<a/>",
            "<a></a>\n",
            "<?xml version=\"1.0\"?>\n<a xmlns=\"u\"><b/></a>",
            "[<",
            "<!DOCTYPE html><p>",
        ] {
            assert!(ends_as_it_began(whole.as_bytes()), "{whole}");
        }
        for cut in [
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
            assert!(!ends_as_it_began(cut.as_bytes()), "{cut}");
        }
    }
}
