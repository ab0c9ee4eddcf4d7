//! The one path that every AWS call takes: permits, attempts, the audit, and retries.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::time::sleep;

use super::attempt::{Attempt, AttemptContext};
use super::call_config::CallConfig;
use super::call_context::CallContext;
use super::call_limiter::Permit;
use super::client::Aws;
use super::error::CallError;
use super::response_budget::ResponsePermit;
use super::retry::{Attempts, NextStep, record_success};
use super::s3::Bucket;
use super::session::Session;
use crate::throttle::QuotaKey;
use dragnet_model::{AccountId, Operation};

/// Sends a request and returns its output. The request is built once, and sent with the
/// configuration of each attempt.
macro_rules! send {
    ($aws:expr, $context:expr, $request:expr) => {{
        let request = $request;
        $aws.call($context, |config| {
            request.clone().customize().config_override(config).send()
        })
        .await
    }};
}
pub(super) use send;

impl Aws {
    /// The context of a call to STS or a global service, which go to the home Region.
    pub(super) fn home_context<'a>(
        &'a self,
        session: &'a Session,
        operation: Operation,
    ) -> CallContext<'a> {
        CallContext {
            session,
            region: self.home(),
            operation,
        }
    }

    /// Makes a call, and retries it after throttling and server errors; expired credentials are
    /// refreshed once. `send` makes one attempt with the given configuration.
    pub(super) async fn call<T, E, F>(
        &self,
        context: CallContext<'_>,
        send: impl Fn(CallConfig) -> F,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.call_with(None, context, send)
            .await
            .map(|(output, _)| output)
    }

    /// Like [`Aws::call`], for a call on a bucket, which counts towards the quota of the bucket.
    pub(super) async fn call_on_bucket<T, E, F>(
        &self,
        context: CallContext<'_>,
        bucket: &Bucket,
        send: impl Fn(CallConfig) -> F,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let key = bucket.quota_key(context.operation);
        self.call_within_quota(key, None, context, send)
            .await
            .map(|(output, _)| output)
    }

    /// The quota that a call counts towards.
    pub(super) fn quota_key(&self, context: CallContext<'_>) -> QuotaKey {
        QuotaKey {
            account: self.calling_account(context),
            bucket: None,
            region: context.region.clone(),
            operation: context.operation.as_str(),
        }
    }

    /// The account that makes a call; `None` until it is known.
    fn calling_account(&self, context: CallContext<'_>) -> Option<AccountId> {
        context
            .session
            .account()
            .or(self.caller.get().map(|caller| caller.account))
    }

    /// Like [`Aws::call`], but the first attempt may already have its permit. Also returns the
    /// permit of the response in memory.
    pub(super) async fn call_with<T, E, F>(
        &self,
        first_permit: Option<Permit>,
        context: CallContext<'_>,
        send: impl Fn(CallConfig) -> F,
    ) -> Result<(T, Option<ResponsePermit>), CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let key = self.quota_key(context);
        self.call_within_quota(key, first_permit, context, send)
            .await
    }

    /// Makes one attempt with this permit, whatever comes of it.
    pub(super) async fn call_once<T, E, F>(
        &self,
        permit: Option<Permit>,
        context: CallContext<'_>,
        send: impl FnOnce(CallConfig) -> F,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let key = self.quota_key(context);
        let account = self.calling_account(context);
        let quota_limiter = self.call_limiter.quota_limiter(&key);
        let Some((permit, credentials)) = self.admit(permit, context, &quota_limiter).await? else {
            return Err(context.interrupted(0));
        };
        let mut attempts = Attempts::default();
        attempts.made += 1;
        let attempt_context = AttemptContext {
            call: context,
            account,
            number: attempts.made,
        };
        let call = Box::pin(send(CallConfig::new(context, credentials)));
        let attempt = Box::pin(self.attempt(permit, attempt_context, call)).await;
        match attempt.result {
            Ok(output) => {
                record_success(&quota_limiter, &key, attempt.latency);
                Ok(output)
            }
            Err(diagnosis) => {
                attempts.record_failure(&diagnosis, &quota_limiter, &key);
                Err(context.failed(diagnosis, account, attempts.made))
            }
        }
    }

    async fn call_within_quota<T, E, F>(
        &self,
        key: QuotaKey,
        mut first_permit: Option<Permit>,
        context: CallContext<'_>,
        send: impl Fn(CallConfig) -> F,
    ) -> Result<(T, Option<ResponsePermit>), CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        if let Some(gap) = context.region.partition().gap_of(context.operation) {
            return Err(context.not_in_partition(gap));
        }
        let account = self.calling_account(context);
        let quota_limiter = self.call_limiter.quota_limiter(&key);
        let mut attempts = Attempts::default();
        loop {
            if quota_limiter.limiter.is_closed() {
                return Err(context.throttled_for_too_long(account, attempts.made));
            }
            let Some((permit, credentials)) = self
                .admit(first_permit.take(), context, &quota_limiter)
                .await?
            else {
                return Err(context.interrupted(attempts.made));
            };
            attempts.made += 1;
            let attempt_context = AttemptContext {
                call: context,
                account,
                number: attempts.made,
            };
            // On the heap, because most calls wait for permits most of the time, and should be
            // small meanwhile. The call is boxed separately, or the attempt would store it twice.
            let call = Box::pin(send(CallConfig::new(context, credentials.clone())));
            let attempt = Box::pin(self.attempt(permit, attempt_context, call));
            let Attempt {
                result,
                response_permit,
                latency,
            } = attempt.await;
            let diagnosis = match result {
                Ok(output) => {
                    record_success(&quota_limiter, &key, latency);
                    return Ok((output, response_permit));
                }
                Err(diagnosis) => diagnosis,
            };
            // The caller is identified first, so it is known once AWS has responded.
            if attempts.is_network_unreachable(&diagnosis, self.caller.get().is_some()) {
                return Err(context.unreachable(diagnosis, attempts.made));
            }
            match attempts.record_failure(&diagnosis, &quota_limiter, &key) {
                NextStep::Retry(wait) => sleep(wait).await,
                NextStep::SlowDown => {}
                NextStep::Refresh => context.session.discard(&credentials).await,
                NextStep::GiveUp => {
                    return Err(context.failed(diagnosis, account, attempts.made));
                }
            }
        }
    }
}
