//! Ends the reading of a content of any size soon after the search is cancelled.

use std::io::{self, Read};

use tokio_util::sync::CancellationToken;

/// A source that returns an error once the search is cancelled. It is asked block by block.
pub(super) struct CancelReader<R> {
    source: R,
    cancel: CancellationToken,
}

impl<R> CancelReader<R> {
    pub(super) fn new(source: R, cancel: &CancellationToken) -> Self {
        Self {
            source,
            cancel: cancel.clone(),
        }
    }

    pub(super) fn into_inner(self) -> R {
        self.source
    }
}

impl<R: Read> Read for CancelReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            // `Interrupted` would be read again.
            return Err(io::Error::other("the search was cancelled"));
        }
        self.source.read(into)
    }
}
