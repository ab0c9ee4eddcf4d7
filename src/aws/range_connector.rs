//! An HTTP client for the AWS SDK that sends its requests to a practice range in the same process.
//!
//! With it the SDK runs as in production, but without a socket and on paused tokio time, so retries
//! and waits take no real time. The range itself (`dragnet_range`) does not know the SDK.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use dragnet_range::Range;

/// Returns an HTTP client that sends every request to `range`, whatever its endpoint.
pub fn http_client(range: Range) -> SharedHttpClient {
    // The SDK requests a connector for every request, so it is created only once.
    SharedHttpClient::new(InProcess {
        connector: SharedHttpConnector::new(Connector { range }),
    })
}

#[derive(Debug)]
struct InProcess {
    connector: SharedHttpConnector,
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.connector.clone()
    }
}

struct Connector {
    range: Range,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let range = self.range.clone();
        HttpConnectorFuture::new(async move { exchange(&range, request).await })
    }
}

async fn exchange(range: &Range, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let (parts, body) = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?
        .into_parts();
    // The body is read to its end first; otherwise the stalled-stream protection of the SDK
    // mistakes a slow response for a stuck upload.
    let body = body_bytes(body).await?;
    let response = range
        .handle(http::Request::from_parts(parts, body))
        .await
        .map_err(|reset| ConnectorError::io(reset.into()))?
        .map(SdkBody::from);
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

async fn body_bytes(body: SdkBody) -> Result<Bytes, ConnectorError> {
    axum::body::to_bytes(axum::body::Body::new(body), usize::MAX)
        .await
        .map_err(|error| ConnectorError::io(error.into()))
}
