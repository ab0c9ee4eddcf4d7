//! Records how and when the search of a run ended.

use tokio_util::sync::CancellationToken;

use crate::store::{Entry, Journal, RunEnding, RunFacts};
use crate::sweep::SweepError;
use dragnet_model::time::Clock;

/// Writes how and when a sweep ended.
pub(super) struct EndRecorder {
    pub journal: Journal,
    pub clock: Clock,
    pub cancel: CancellationToken,
}

impl EndRecorder {
    /// Runs a sweep, and writes its end. Returns why it failed as a whole, if it did. When this
    /// returns, the last handle of the journal is dropped, so that the writer ends.
    pub(super) async fn record(
        self,
        sweep: impl Future<Output = Result<(), SweepError>>,
    ) -> Option<SweepError> {
        let failure = sweep.await.err();
        // A call that was cancelled is no failure: the run can be resumed.
        let failure = failure.filter(|_| !self.cancel.is_cancelled());
        let ending = if failure.is_some() {
            RunEnding::Failed
        } else if self.cancel.is_cancelled() {
            RunEnding::Interrupted
        } else {
            RunEnding::Swept
        };
        let mut facts = RunFacts::default();
        facts.ended.set(&ending);
        facts.finished.set(&self.clock.now());
        // If the journal is closed, the writer returns the reason.
        _ = self.journal.write(Entry::Facts(Box::new(facts))).await;
        failure
    }
}
