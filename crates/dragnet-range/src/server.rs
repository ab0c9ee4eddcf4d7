//! Serves the range over loopback, for boto3, the AWS CLI and other SDKs.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use tokio::net::TcpListener;

use super::{ConnectionReset, Range};

/// The limit on the size of a body that is read. It is far above the limit of every operation, so
/// that the dispatcher can reject a large body with AWS's error.
const READ_LIMIT: usize = 64 << 20;

/// Why the range cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener is not on a loopback address. Other hosts could use the range and mistake it
    /// for AWS.
    #[error("the practice range cannot listen on {0}: use a loopback address, such as 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// The listener failed.
    #[error("cannot serve the practice range")]
    Io(#[from] io::Error),
}

/// Serves the range on a listener until `shutdown` is ready. Exchanges in progress are completed
/// first.
///
/// # Errors
/// The listener is not on a loopback address, or it fails.
pub async fn serve(
    range: Range,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let service = Router::new().fallback(handle_request).with_state(range);
    axum::serve(listener, service)
        .with_graceful_shutdown(shutdown)
        .await?;
    Ok(())
}

async fn handle_request(
    State(range): State<Range>,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, READ_LIMIT).await else {
        let mut rejected = Response::new(Body::empty());
        *rejected.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(rejected);
    };
    Ok(match range.handle(Request::from_parts(parts, body)).await {
        Ok(response) => response.map(Body::from),
        Err(reset) => broken_response(reset),
    })
}

/// A response whose body fails immediately, so that the server closes the connection.
fn broken_response(reset: ConnectionReset) -> Response<Body> {
    Response::new(Body::from_stream(futures::stream::once(async move {
        Err::<Bytes, _>(reset)
    })))
}
