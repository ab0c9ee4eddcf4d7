//! What a user of the crate sees: one binary, so that the SDK is linked once.

mod range;
