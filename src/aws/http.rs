//! The HTTP client for every service, and the check that refuses plain HTTP to other hosts.

use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::network::NetworkSettings;

/// How long idle connections are kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The hosts from which credentials are fetched over plain HTTP; their link-local addresses never
/// leave the host.
///
/// Source: the SDK's credential providers for instances (IMDS), containers and EKS pods.
const CREDENTIAL_HOSTS: [&str; 5] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
];

/// The client for real endpoints: TLS by rustls, HTTP keep-alive, and encrypted requests through
/// the proxy if there is one.
pub(super) fn network_client(
    network: NetworkSettings,
    insecure_endpoint: bool,
    idle_per_host: usize,
) -> SharedHttpClient {
    let inner = aws_smithy_http_client::Builder::new().build_with_connector_fn(
        move |settings, components| {
            let mut builder = Connector::builder()
                .pool_max_idle_per_host(idle_per_host)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .proxy_config(network.proxy.clone());
            builder.set_connector_settings(settings.cloned());
            builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            builder
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(network.tls.clone())
                .build()
        },
    );
    if insecure_endpoint {
        inner
    } else {
        SharedHttpClient::new(LoopbackPlainHttpConnector(inner))
    }
}

/// Refuses plain HTTP to other hosts.
#[derive(Debug)]
struct LoopbackPlainHttpConnector<T>(T);

impl HttpClient for LoopbackPlainHttpConnector<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(LoopbackPlainHttpConnector(
            self.0.http_connector(settings, components),
        ))
    }
}

impl HttpConnector for LoopbackPlainHttpConnector<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if is_allowed(request.uri()) {
            return self.0.call(request);
        }
        let refusal = format!(
            "endpoint {} is plain http to another host; use https, or allow it with --insecure-endpoint",
            request.uri().split('?').next().unwrap_or_default()
        );
        HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into())))
    }
}

fn is_allowed(uri: &str) -> bool {
    let host = uri
        .parse::<http::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(str::to_owned));
    is_encrypted_or_loopback(uri)
        || host.is_some_and(|host| CREDENTIAL_HOSTS.contains(&host.as_str()))
}

/// Whether requests to `uri` are encrypted or stay on this host.
pub(super) fn is_encrypted_or_loopback(uri: &str) -> bool {
    let Ok(uri) = uri.parse::<http::Uri>() else {
        return false;
    };
    if uri.scheme() == Some(&http::uri::Scheme::HTTPS) {
        return true;
    }
    let host = uri.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_allowed_only_on_this_host() {
        for good in [
            "https://logs.us-east-1.amazonaws.com/",
            "http://127.0.0.1:4580/",
            "http://localhost:1/",
            "http://[::1]:1/",
            "http://169.254.169.254/latest/api/token",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "http://10.0.0.1/",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "ftp://x/",
            "",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
