//! What every exchange has, wherever it leads: requests say who asks, answers are of a bounded size.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::body::{Body, to_bytes};

/// Stands first in the user agent, by which people find a sweep in their own CloudTrail.
const PRODUCT: &str = concat!("dragnet/", env!("CARGO_PKG_VERSION"));

/// The largest answer that is read. A page of events holds 1 MB of messages, which JSON may spell six
/// times as long; a server that goes on for ever must not fill the memory.
const LARGEST_ANSWER: usize = 64 << 20;

const USER_AGENT: &str = "user-agent";

/// Puts every exchange of `client` into this envelope.
pub(super) fn enveloped(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Enveloped(client))
}

#[derive(Debug)]
struct Enveloped<T>(T);

impl HttpClient for Enveloped<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Enveloped(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Enveloped<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        // The signature leaves this header out, since proxies change it: it can still be changed here.
        let agent = request.headers().get(USER_AGENT).map_or(PRODUCT.to_owned(), |sdk| format!("{PRODUCT} {sdk}"));
        request.headers_mut().insert(USER_AGENT, agent);
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move { bounded(answer.await?, LARGEST_ANSWER).await })
    }
}

/// Reads an answer whole: nothing that is asked here is streamed.
async fn bounded(mut answer: HttpResponse, largest: usize) -> Result<HttpResponse, ConnectorError> {
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    let read = to_bytes(Body::new(body), largest).await;
    let bytes = read.map_err(|error| ConnectorError::io(error.into()))?;
    *answer.body_mut() = SdkBody::from(bytes);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_does_not_end_is_cut_off() {
        let answer = |bytes: &'static [u8]| {
            let response = http::Response::builder().status(200).body(SdkBody::from(bytes)).unwrap();
            HttpResponse::try_from(response).unwrap()
        };
        let whole = bounded(answer(b"12345"), 5).await.unwrap();
        assert_eq!(whole.body().bytes(), Some(&b"12345"[..]));
        assert!(bounded(answer(b"123456"), 5).await.unwrap_err().is_io());
    }
}
