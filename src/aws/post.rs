//! POST requests to servers other than AWS: the webhooks of a watch. They share the TLS stack of
//! the AWS calls and follow the same rule: no plain HTTP to another host.

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

use super::error::causes;
use super::http::is_encrypted_or_loopback;

/// Sends POST requests. It follows no redirects, and of a response it reads only the status.
#[derive(Debug)]
pub struct Poster {
    /// For encrypted requests: through a proxy, if the environment names one.
    encrypted: Connector,
    /// For plain HTTP: never through a proxy, which is another host and could read everything.
    plain: Connector,
    insecure_endpoint: bool,
}

/// Why a POST request failed. No message contains the URL, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The URL is plain HTTP to another host, or not a URL.
    #[error(
        "the URL is plain http to another host; use https, or allow it with --insecure-endpoint"
    )]
    Insecure,
    /// The request is malformed.
    #[error("malformed request: {0}")]
    Malformed(String),
    /// There was no response.
    #[error("no response: {0}")]
    NoResponse(String),
    /// The response has an error status.
    #[error("HTTP {0}")]
    Status(u16),
}

impl Poster {
    /// Creates a client. `insecure_endpoint` allows plain HTTP to other hosts.
    pub fn new(insecure_endpoint: bool) -> Self {
        let connector = |proxy| {
            Connector::builder()
                .proxy_config(proxy)
                .pool_max_idle_per_host(1)
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .build()
        };
        Self {
            encrypted: connector(ProxyConfig::from_env()),
            plain: connector(ProxyConfig::disabled()),
            insecure_endpoint,
        }
    }

    /// Checks that requests may be sent to this URL.
    ///
    /// # Errors
    /// It is plain HTTP to another host, or not a URL.
    pub fn check_address(&self, url: &str) -> Result<(), PostError> {
        if self.insecure_endpoint || is_encrypted_or_loopback(url) {
            Ok(())
        } else {
            Err(PostError::Insecure)
        }
    }

    /// Returns the connector for a URL.
    fn connector(&self, url: &str) -> &Connector {
        let url = url.parse::<http::Uri>();
        if url.is_ok_and(|url| url.scheme() == Some(&http::uri::Scheme::HTTPS)) {
            &self.encrypted
        } else {
            &self.plain
        }
    }

    /// Sends `body` as JSON with additional headers. There is no timeout.
    ///
    /// # Errors
    /// The request was not sent, got no response, or was rejected.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<(), PostError> {
        self.check_address(url)?;
        let mut request = http::Request::post(url).header("content-type", "application/json");
        request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        let malformed = |error: &dyn std::error::Error| PostError::Malformed(causes(error));
        let request = request
            .body(SdkBody::from(body))
            .map_err(|error| malformed(&error))?;
        let request = HttpRequest::try_from(request).map_err(|error| malformed(&error))?;
        let response = self
            .connector(url)
            .call(request)
            .await
            .map_err(|error| PostError::NoResponse(causes(&error)))?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(PostError::Status(status)),
        }
    }
}
