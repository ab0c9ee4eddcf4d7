//! What a user of the crate sees: one binary, so that the SDK is linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod range;
