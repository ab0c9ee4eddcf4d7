//! Dragnet's clock in the form that the SDK takes.

use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;

use dragnet_model::time::Clock;

/// Dragnet's clock, for the SDK, which signs requests with the time.
#[derive(Clone, Debug)]
pub(super) struct SdkTime(pub Clock);

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}
