//! The MFA device of the practice user, which counts how often a code is requested.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dragnet::aws::{CodeSource, MfaCode};
use dragnet_range::Range;
use futures::FutureExt;
use futures::future::BoxFuture;

/// The MFA device of a range.
#[derive(Debug)]
pub(crate) struct Device {
    range: Range,
    requests: AtomicU32,
}

impl Device {
    pub(crate) fn new(range: &Range) -> Arc<Self> {
        Arc::new(Self {
            range: range.clone(),
            requests: AtomicU32::new(0),
        })
    }

    /// Returns how often a code was requested.
    pub(crate) fn code_requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl CodeSource for Device {
    fn next_code<'a>(
        &'a self,
        _: &'a str,
        refusal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MfaCode, String>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        async move {
            if refusal.is_some() {
                tokio::time::sleep(Duration::from_secs(30)).await;
            }
            self.range
                .mfa_code()
                .parse()
                .map_err(|error| format!("{error}"))
        }
        .boxed()
    }
}

/// A source of wrong codes.
#[derive(Debug, Default)]
pub(crate) struct Guesser {
    guesses: AtomicU32,
}

impl Guesser {
    pub(crate) fn guesses(&self) -> u32 {
        self.guesses.load(Ordering::Relaxed)
    }
}

impl CodeSource for Guesser {
    fn next_code<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MfaCode, String>> {
        let guess = self.guesses.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(format!("00000{guess}").parse().unwrap())).boxed()
    }
}
