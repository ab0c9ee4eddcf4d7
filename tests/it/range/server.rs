//! The range as a server on loopback.

use std::net::SocketAddr;

use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use dragnet_model::time::Clock;
use dragnet_range::server::{ServeError, serve};
use dragnet_range::{Range, Scenario};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::clients::long_term;
use crate::scenario::{Fault, ScenarioBuilder};

/// Serves a range until the sender is dropped.
async fn start_server(scenario: &Scenario) -> (Range, SocketAddr, oneshot::Sender<()>) {
    let range = Range::new(scenario, None, Clock::wall()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (shutdown, dropped) = oneshot::channel();
    tokio::spawn(serve(range.clone(), listener, async { _ = dropped.await }));
    (range, address, shutdown)
}

fn config(range: &Range, address: SocketAddr) -> aws_config::SdkConfig {
    aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .endpoint_url(format!("http://{address}"))
        .region(aws_config::Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(long_term(
                &range.credentials(),
            )),
        )
        .build()
}

#[tokio::test]
async fn only_loopback_addresses_are_served() {
    let scenario = Scenario::builtin("small").unwrap();
    let range = Range::new(&scenario, None, scenario.clock()).unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = serve(range, listener, std::future::pending())
        .await
        .unwrap_err();
    assert!(matches!(error, ServeError::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn unknown_request_gets_an_aws_error() {
    let (_range, address, _shutdown) = start_server(&Scenario::builtin("small").unwrap()).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    assert!(
        response.starts_with("HTTP/1.1 400 ") && response.contains("UnknownOperationException"),
        "{response}"
    );
}

#[tokio::test]
async fn sdk_connects_and_a_reset_fault_breaks_the_connection() {
    let faulty = ScenarioBuilder::new("faulty")
        .with(&Fault::new("GetCallerIdentity", "reset").every(2))
        .toml();
    let (range, address, _shutdown) = start_server(&Scenario::from_toml(&faulty).unwrap()).await;
    let sts = aws_sdk_sts::Client::new(&config(&range, address));
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("111111111111"));
    let broken = sts.get_caller_identity().send().await.unwrap_err();
    assert_eq!(broken.code(), None, "{broken:?}");
    assert!(sts.get_caller_identity().send().await.is_ok());
}
