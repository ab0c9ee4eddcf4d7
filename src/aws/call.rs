//! The one path that every AWS call takes: permits, attempts, the audit, and retries.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::time::{Instant, sleep};
use tracing::{debug, info};

use super::call_limiter::{Permit, QuotaLimiter};
use super::connect::Aws;
use super::error::{CallError, Diagnosis, ErrorClass};
use super::pages::Endless;
use super::response_budget::{ResponsePermit, with_response_permit};
use super::session::Session;
use crate::throttle::{QuotaKey, THROTTLED_LIMIT};
use dragnet_model::{AccountId, ApiCall, Operation, Region};

/// A throttled call waits in the queue of its quota, so retries cost little. All calls of a quota
/// fail after [`THROTTLED_LIMIT`] without a success.
const THROTTLED_ATTEMPTS: u32 = 50;
/// A server error or broken connection that lasts longer than about 20 s is returned.
const TRANSIENT_ATTEMPTS: u32 = 7;
const BACKOFF: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

/// The session, Region and operation of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallContext<'a> {
    pub session: &'a Session,
    pub region: &'a Region,
    pub operation: Operation,
}

/// Builds the configuration of a service for one call. Each SDK crate has its own type for it.
macro_rules! config_for {
    ($sdk:ident, $context:expr, $credentials:expr) => {
        $sdk::config::Builder::new()
            .region($sdk::config::Region::new($context.region.to_string()))
            .credentials_provider($credentials)
            .interceptor($crate::aws::required_members::RequiredMembers(
                $context.operation,
            ))
    };
}
pub(super) use config_for;

impl CallContext<'_> {
    /// The error for pages that do not end.
    pub(super) fn endless(self, endless: Endless) -> CallError {
        self.unreadable(endless.to_string())
    }

    /// The error for a response that cannot be interpreted.
    pub(super) fn unreadable(self, problem: impl Into<String>) -> CallError {
        CallError {
            class: ErrorClass::Refused,
            code: "BrokenAnswer".to_owned(),
            message: problem.into(),
            request_id: String::new(),
            operation: self.operation.as_str(),
            account: self.session.account(),
            role: None,
            region: self.region.clone(),
            attempts: 1,
        }
    }

    /// The error for a call that was not sent because the command is being interrupted.
    fn interrupted(self, attempts: u32) -> CallError {
        CallError {
            class: ErrorClass::Interrupted,
            code: "Interrupted".to_owned(),
            attempts,
            ..self.unreadable("the command is being interrupted")
        }
    }

    /// The error for a call that is not sent because AWS throttled all calls of its quota for
    /// [`THROTTLED_LIMIT`].
    fn throttled_for_too_long(self, account: Option<AccountId>, attempts: u32) -> CallError {
        let minutes = THROTTLED_LIMIT.as_secs() / 60;
        CallError {
            class: ErrorClass::Throttled,
            code: "Throttled".to_owned(),
            account,
            attempts,
            ..self.unreadable(format!(
                "AWS throttled every such call for {minutes} minutes; run the command again later"
            ))
        }
    }

    /// The error for a call whose last attempt failed.
    fn failed(self, diagnosis: Diagnosis, account: Option<AccountId>, attempts: u32) -> CallError {
        let Diagnosis {
            class,
            code,
            message,
            request_id,
        } = diagnosis;
        CallError {
            class,
            code,
            message,
            request_id,
            operation: self.operation.as_str(),
            account,
            role: None,
            region: self.region.clone(),
            attempts,
        }
    }
}

impl Aws {
    /// Makes a call, and retries it after throttling and server errors; expired credentials are
    /// refreshed once. `send` makes one attempt with the given credentials.
    pub(super) async fn call<T, E, F>(
        &self,
        context: CallContext<'_>,
        send: impl Fn(Credentials) -> F,
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

    /// The quota that a call counts towards.
    pub(super) fn quota_key(&self, context: CallContext<'_>) -> QuotaKey {
        let account = context
            .session
            .account()
            .or(self.caller.get().map(|caller| caller.account));
        QuotaKey {
            account,
            region: context.region.clone(),
            operation: context.operation.as_str(),
        }
    }

    /// Like [`Aws::call`], but the first attempt may already have its permit. Also returns the
    /// permit of the response in memory.
    pub(super) async fn call_with<T, E, F>(
        &self,
        mut first_permit: Option<Permit>,
        context: CallContext<'_>,
        send: impl Fn(Credentials) -> F,
    ) -> Result<(T, Option<ResponsePermit>), CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let key = self.quota_key(context);
        let quota_limiter = self.call_limiter.quota_limiter(&key);
        let mut attempts = Attempts::default();
        loop {
            if quota_limiter.limiter.is_closed() {
                return Err(context.throttled_for_too_long(key.account, attempts.made));
            }
            let Some((permit, credentials)) = self
                .admit(first_permit.take(), context, &quota_limiter)
                .await?
            else {
                return Err(context.interrupted(attempts.made));
            };
            attempts.made += 1;
            // On the heap, because most calls wait for permits most of the time, and should be
            // small meanwhile. The call is boxed separately, or the attempt would store it twice.
            let call = Box::pin(send(credentials.clone()));
            let attempt = Box::pin(self.attempt(permit, context, key.account, attempts.made, call));
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
            let next = attempts.record_failure(&diagnosis, &quota_limiter, &key);
            match next {
                NextStep::Retry(wait) => sleep(wait).await,
                NextStep::SlowDown => {}
                NextStep::Refresh => context.session.discard(&credentials).await,
                NextStep::GiveUp => {
                    return Err(context.failed(diagnosis, key.account, attempts.made));
                }
            }
        }
    }

    /// Waits until an attempt may be sent. Returns its permit, which may be given, and its
    /// credentials; `None` after cancellation.
    async fn admit(
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
    async fn attempt<T, E>(
        &self,
        permit: Permit,
        context: CallContext<'_>,
        account: Option<AccountId>,
        attempt: u32,
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
            account,
            region: context.region.clone(),
            operation: context.operation.as_str().into(),
            status: status.to_owned(),
            request_id: request_id.to_owned(),
            attempt,
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

/// The result of one attempt.
struct Attempt<T> {
    result: Result<T, Diagnosis>,
    response_permit: Option<ResponsePermit>,
    latency: Duration,
}

/// Records the response time of a successful call, which may raise the rate of its quota.
fn record_success(quota_limiter: &QuotaLimiter, key: &QuotaKey, latency: Duration) {
    quota_limiter.record_response_time(latency);
    if let Some(calls_per_second) = quota_limiter.limiter.on_success() {
        info!(
            operation = %key.operation, region = %key.region, account = %key.owner(),
            calls_per_second, "no recent throttling: raising the rate"
        );
    }
}

/// Records a throttled call, which may lower the rate of its quota.
fn record_throttle(quota_limiter: &QuotaLimiter, key: &QuotaKey) {
    if let Some(calls_per_second) = quota_limiter.limiter.on_throttle(fastrand::f64()) {
        info!(
            operation = %key.operation, region = %key.region, account = %key.owner(),
            calls_per_second, "throttled: lowering the rate"
        );
    }
}

/// How often a call was sent, and how often it failed for each reason.
#[derive(Debug, Default)]
struct Attempts {
    made: u32,
    throttled: u32,
    transient: u32,
    expired: u32,
}

/// What to do after a failed attempt.
#[derive(Debug, PartialEq)]
enum NextStep {
    Retry(Duration),
    SlowDown,
    Refresh,
    GiveUp,
}

impl Attempts {
    /// Records a failed attempt, and returns what to do next.
    fn record_failure(
        &mut self,
        diagnosis: &Diagnosis,
        quota_limiter: &QuotaLimiter,
        key: &QuotaKey,
    ) -> NextStep {
        if diagnosis.class == ErrorClass::Throttled {
            record_throttle(quota_limiter, key);
        }
        let next = self.next_step(diagnosis.class, quota_limiter.limiter.is_blocked());
        debug!(
            operation = %key.operation, region = %key.region, account = %key.owner(),
            code = diagnosis.code, attempt = self.made, ?next, "an attempt failed"
        );
        next
    }

    /// Returns what to do after an attempt failed. `is_blocked` says that AWS throttled all calls
    /// of the quota for too long.
    fn next_step(&mut self, class: ErrorClass, is_blocked: bool) -> NextStep {
        match class {
            ErrorClass::Throttled => {
                self.throttled += 1;
                if self.throttled < THROTTLED_ATTEMPTS && !is_blocked {
                    NextStep::SlowDown
                } else {
                    NextStep::GiveUp
                }
            }
            ErrorClass::Transient => {
                self.transient += 1;
                if self.transient == TRANSIENT_ATTEMPTS {
                    return NextStep::GiveUp;
                }
                let max_wait =
                    (BACKOFF[0] * 2_u32.saturating_pow(self.transient - 1)).min(BACKOFF[1]);
                NextStep::Retry(max_wait.mul_f64(0.5 + fastrand::f64() / 2.0))
            }
            ErrorClass::Expired => {
                self.expired += 1;
                if self.expired == 1 {
                    NextStep::Refresh
                } else {
                    NextStep::GiveUp
                }
            }
            ErrorClass::Denied
            | ErrorClass::NotFound
            | ErrorClass::Interrupted
            | ErrorClass::Refused => NextStep::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_class_has_its_own_retry_limit() {
        let mut attempts = Attempts::default();
        assert_eq!(
            attempts.next_step(ErrorClass::Denied, false),
            NextStep::GiveUp
        );
        assert_eq!(
            attempts.next_step(ErrorClass::Expired, false),
            NextStep::Refresh
        );
        assert_eq!(
            attempts.next_step(ErrorClass::Expired, false),
            NextStep::GiveUp
        );
        let attempts_until_giving_up = |class| {
            let mut attempts = Attempts::default();
            (1..1_000).find(|_| attempts.next_step(class, false) == NextStep::GiveUp)
        };
        assert_eq!(
            attempts_until_giving_up(ErrorClass::Throttled),
            Some(THROTTLED_ATTEMPTS)
        );
        assert_eq!(
            attempts_until_giving_up(ErrorClass::Transient),
            Some(TRANSIENT_ATTEMPTS)
        );
        assert_eq!(
            Attempts::default().next_step(ErrorClass::Throttled, true),
            NextStep::GiveUp
        );
    }
}
