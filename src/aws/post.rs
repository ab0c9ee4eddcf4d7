//! A POST to somebody who is not AWS: the webhooks of a watch. It lives here since it shares the TLS stack of
//! all other calls, and follows the same rule: nothing in clear text to another machine.

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

use super::error::causes;
use super::http::stays_private;

/// Sends POSTs. No redirect is followed, and of an answer nothing but its status is read.
#[derive(Debug)]
pub struct Poster {
    connector: Connector,
    insecure_endpoint: bool,
}

/// A POST that was not taken. No text of it holds the address, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// It is plain HTTP and not on this machine, or no address at all.
    #[error("its address is not https, and not on this machine")]
    Insecure,
    /// It cannot be written as a request.
    #[error("it cannot be sent: {0}")]
    Malformed(String),
    /// No answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The answer is not one of success.
    #[error("HTTP {0}")]
    Status(u16),
}

impl Poster {
    /// A poster; `insecure_endpoint`: plain HTTP to other machines is allowed.
    pub fn new(insecure_endpoint: bool) -> Self {
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .pool_max_idle_per_host(1)
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build();
        Self {
            connector,
            insecure_endpoint,
        }
    }

    /// Sends `body` as JSON, with these headers beside. It has no time limit of its own.
    ///
    /// # Errors
    /// It was not sent, not answered, or not taken.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<(), PostError> {
        if !self.insecure_endpoint && !stays_private(url) {
            return Err(PostError::Insecure);
        }
        let mut request = http::Request::post(url).header("content-type", "application/json");
        request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        let malformed = |error: &dyn std::error::Error| PostError::Malformed(causes(error));
        let request = request
            .body(SdkBody::from(body))
            .map_err(|error| malformed(&error))?;
        let request = HttpRequest::try_from(request).map_err(|error| malformed(&error))?;
        let answer = self
            .connector
            .call(request)
            .await
            .map_err(|error| PostError::NoAnswer(causes(&error)))?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(PostError::Status(status)),
        }
    }
}
