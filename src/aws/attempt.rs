//! One attempt at a call: its permit and credentials, the exchange, and its entry in the audit.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::time::Instant;

use super::call_context::CallContext;
use super::call_limiter::Permit;
use super::client::Aws;
use super::error::{CallError, Diagnosis};
use super::quota_limiter::QuotaLimiter;
use super::response_budget::{ResponsePermit, with_response_permit};
use dragnet_model::{AccountId, ApiCall};

/// What the audit says about an attempt before it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttemptContext<'a> {
    pub call: CallContext<'a>,
    /// The account whose quota is used; `None` until the caller's account is known.
    pub account: Option<AccountId>,
    /// The number of the attempt, from 1.
    pub number: u32,
}

/// The result of one attempt.
pub(super) struct Attempt<T> {
    pub result: Result<T, Diagnosis>,
    pub response_permit: Option<ResponsePermit>,
    pub latency: Duration,
}

impl Aws {
    /// Waits until an attempt may be sent. Returns its permit, which may be given, and its
    /// credentials; `None` after cancellation.
    pub(super) async fn admit(
        &self,
        mut permit: Option<Permit>,
        context: CallContext<'_>,
        quota_limiter: &QuotaLimiter,
    ) -> Result<Option<(Permit, Credentials)>, CallError> {
        let mut credentials = self.credentials(context.session).await?;
        if permit.is_none() {
            // `run_until_cancelled` would store the future twice, in every task that waits here.
            permit = tokio::select! {
                biased;
                () = self.stop.cancelled() => None,
                permit = self.call_limiter.acquire(quota_limiter) => permit,
            };
        }
        if !self.is_fresh(&credentials) {
            // They expired in the queue. Refreshing them needs a concurrency permit too; the
            // rate-limit permit remains valid.
            drop(permit.take());
            credentials = self.credentials(context.session).await?;
            permit = self.call_limiter.acquire_concurrency().await;
        }
        Ok(permit.map(|permit| (permit, credentials)))
    }

    /// Sends one attempt that has its permit, and records it in the audit.
    pub(super) async fn attempt<T, E>(
        &self,
        permit: Permit,
        context: AttemptContext<'_>,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Attempt<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let time = self.clock.now();
        let started = Instant::now();
        let (result, response_permit) = with_response_permit(call).await;
        match &response_permit {
            Some(response_permit) => self
                .call_limiter
                .release(permit, response_permit.had_to_wait),
            None => drop(permit),
        }
        let latency = started.elapsed();
        let result = result.map_err(|error| Diagnosis::from_sdk_error(&error));
        let (status, request_id) = match &result {
            Ok(output) => ("ok", output.request_id().unwrap_or_default()),
            Err(diagnosis) => (diagnosis.code.as_str(), diagnosis.request_id.as_str()),
        };
        self.record(ApiCall {
            time,
            account: context.account,
            region: context.call.region.clone(),
            operation: context.call.operation.as_str().into(),
            status: status.to_owned(),
            request_id: request_id.to_owned(),
            attempt: context.number,
            milliseconds: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        })
        .await;
        Attempt {
            result,
            response_permit,
            latency,
        }
    }

    async fn record(&self, call: ApiCall) {
        let Some(audit) = &self.audit else { return };
        // The receiver is gone if the run is being abandoned.
        if let Ok(permit) = audit.reserve().await {
            permit.send(call);
        }
    }
}
