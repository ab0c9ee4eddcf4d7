//! The one path that every AWS call takes: permits, attempts, the audit, and retries.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::time::{Instant, sleep};
use tracing::{debug, info};

use super::call_limiter::Permit;
use super::connect::Aws;
use super::error::{CallError, Diagnosis, ErrorClass};
use super::pages::Endless;
use super::response_budget::{ResponsePermit, with_response_permit};
use super::session::Session;
use crate::model::{AccountId, ApiCall, Operation, Region};
use crate::throttle::QuotaKey;

/// A throttled call waits in the queue of its quota, so retries cost little: they last about a
/// quarter of an hour.
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
macro_rules! placed {
    ($sdk:ident, $site:expr, $credentials:expr) => {
        $sdk::config::Builder::new()
            .region($sdk::config::Region::new($site.region.to_string()))
            .credentials_provider($credentials)
            .interceptor($crate::aws::required_members::RequiredMembers(
                $site.operation,
            ))
    };
}
pub(super) use placed;

impl CallContext<'_> {
    /// The error for pages that do not end.
    pub fn endless(self, endless: Endless) -> CallError {
        self.unreadable(endless.to_string())
    }

    /// The error for a response that cannot be interpreted.
    pub fn unreadable(self, problem: impl Into<String>) -> CallError {
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
        let class = ErrorClass::Interrupted;
        let code = "Interrupted".to_owned();
        CallError {
            class,
            code,
            attempts,
            ..self.unreadable("the command is being ended")
        }
    }
}

impl Aws {
    /// Makes a call, and retries it after throttling and server errors; expired credentials are
    /// refreshed once. `send` makes one attempt with the given credentials.
    pub(super) async fn call<T, E, F>(
        &self,
        site: CallContext<'_>,
        send: impl Fn(Credentials) -> F,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.call_with(None, site, send)
            .await
            .map(|(output, _)| output)
    }

    /// The quota that a call counts towards.
    pub(super) fn quota_key(&self, site: CallContext<'_>) -> QuotaKey {
        let account = site
            .session
            .account()
            .or(self.caller.get().map(|caller| caller.account));
        QuotaKey {
            account,
            region: site.region.clone(),
            operation: site.operation.as_str(),
        }
    }

    /// Like [`Aws::call`], but the first attempt may already have its permit. Also returns the
    /// permit of the response in memory.
    pub(super) async fn call_with<T, E, F>(
        &self,
        mut permit: Option<Permit>,
        site: CallContext<'_>,
        send: impl Fn(Credentials) -> F,
    ) -> Result<(T, Option<ResponsePermit>), CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let key = self.quota_key(site);
        let call_limiter = self.call_limiter.of(&key);
        let account = key.account;
        let mut attempts = Attempts::default();
        loop {
            let mut credentials = self.credentials(site.session).await?;
            if permit.is_none() {
                // `run_until_cancelled` would store the future twice, in every task that waits
                // here.
                permit = tokio::select! {
                    biased;
                    () = self.stop.cancelled() => None,
                    permit = self.call_limiter.acquire(&call_limiter) => permit,
                };
            }
            if !self.is_fresh(&credentials) {
                // They expired in the queue. Refreshing them needs a concurrency permit too; the
                // rate-limit permit remains valid.
                drop(permit.take());
                credentials = self.credentials(site.session).await?;
                permit = self.call_limiter.slot().await;
            }
            let Some(let_out) = permit.take() else {
                return Err(site.interrupted(attempts.made));
            };
            attempts.made += 1;
            // On the heap, because most calls wait for permits most of the time, and should be
            // small meanwhile. The call is boxed separately, or the attempt would store it twice.
            let call = Box::pin(send(credentials.clone()));
            let attempt = Box::pin(self.attempt(let_out, site, account, attempts.made, call));
            let Attempt {
                answer,
                response_permit,
                took,
            } = attempt.await;
            let diagnosis = match answer {
                Ok(output) => {
                    call_limiter.answered_after(took);
                    if let Some(calls_per_second) = call_limiter.limiter.on_success() {
                        info!(
                            operation = %site.operation, region = %site.region, account = %key.owner(),
                            calls_per_second, "not throttled of late: speeding up"
                        );
                    }
                    return Ok((output, response_permit));
                }
                Err(diagnosis) => diagnosis,
            };
            let next = attempts.after(diagnosis.class);
            debug!(
                operation = %site.operation, region = %site.region, account = %key.owner(), code = diagnosis.code,
                attempt = attempts.made, ?next, "an attempt failed"
            );
            match next {
                Next::AskAgain(wait) => sleep(wait).await,
                Next::SlowDown => {
                    if let Some(calls_per_second) =
                        call_limiter.limiter.on_throttle(fastrand::f64())
                    {
                        info!(
                            operation = %site.operation, region = %site.region, account = %key.owner(),
                            calls_per_second, "throttled: slowing down"
                        );
                    }
                }
                Next::Refresh => site.session.forget(&credentials).await,
                Next::GiveUp => {
                    let Diagnosis {
                        class,
                        code,
                        message,
                        request_id,
                    } = diagnosis;
                    let operation = site.operation.as_str();
                    let region = site.region.clone();
                    let attempts = attempts.made;
                    let role = None;
                    return Err(CallError {
                        class,
                        code,
                        message,
                        request_id,
                        operation,
                        account,
                        role,
                        region,
                        attempts,
                    });
                }
            }
        }
    }

    /// Sends one attempt that has its permit, and records it in the audit.
    async fn attempt<T, E>(
        &self,
        let_out: Permit,
        site: CallContext<'_>,
        account: Option<AccountId>,
        attempt: u32,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Attempt<T>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let time = self.clock.now();
        let began = Instant::now();
        let (answer, response_permit) = with_response_permit(call).await;
        match &response_permit {
            Some(response_permit) => self
                .call_limiter
                .release(let_out, response_permit.had_to_wait),
            None => drop(let_out),
        }
        let took = began.elapsed();
        let answer = answer.map_err(|error| Diagnosis::from_sdk_error(&error));
        let (status, request_id) = match &answer {
            Ok(output) => ("ok", output.request_id().unwrap_or_default()),
            Err(diagnosis) => (diagnosis.code.as_str(), diagnosis.request_id.as_str()),
        };
        self.record(ApiCall {
            time,
            account,
            region: site.region.clone(),
            operation: site.operation.as_str().into(),
            status: status.to_owned(),
            request_id: request_id.to_owned(),
            attempt,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })
        .await;
        Attempt {
            answer,
            response_permit,
            took,
        }
    }

    async fn record(&self, call: ApiCall) {
        let Some(audit) = &self.audit else { return };
        // The receiver is gone if the run is being abandoned.
        if let Ok(place) = audit.reserve().await {
            place.send(call);
        }
    }
}

/// The result of one attempt.
struct Attempt<T> {
    answer: Result<T, Diagnosis>,
    response_permit: Option<ResponsePermit>,
    took: Duration,
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
enum Next {
    AskAgain(Duration),
    SlowDown,
    Refresh,
    GiveUp,
}

impl Attempts {
    fn after(&mut self, class: ErrorClass) -> Next {
        match class {
            ErrorClass::Throttled => {
                self.throttled += 1;
                if self.throttled < THROTTLED_ATTEMPTS {
                    Next::SlowDown
                } else {
                    Next::GiveUp
                }
            }
            ErrorClass::Transient => {
                self.transient += 1;
                if self.transient == TRANSIENT_ATTEMPTS {
                    return Next::GiveUp;
                }
                let longest =
                    (BACKOFF[0] * 2_u32.saturating_pow(self.transient - 1)).min(BACKOFF[1]);
                Next::AskAgain(longest.mul_f64(0.5 + fastrand::f64() / 2.0))
            }
            ErrorClass::Expired => {
                self.expired += 1;
                if self.expired == 1 {
                    Next::Refresh
                } else {
                    Next::GiveUp
                }
            }
            ErrorClass::Denied
            | ErrorClass::NotFound
            | ErrorClass::Interrupted
            | ErrorClass::Refused => Next::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_own_patience() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.after(ErrorClass::Denied), Next::GiveUp);
        assert_eq!(attempts.after(ErrorClass::Expired), Next::Refresh);
        assert_eq!(attempts.after(ErrorClass::Expired), Next::GiveUp);
        let patience = |class| {
            let mut attempts = Attempts::default();
            (1..1_000).find(|_| attempts.after(class) == Next::GiveUp)
        };
        assert_eq!(patience(ErrorClass::Throttled), Some(THROTTLED_ATTEMPTS));
        assert_eq!(patience(ErrorClass::Transient), Some(TRANSIENT_ATTEMPTS));
    }
}
