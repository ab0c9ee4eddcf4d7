//! The number of random cases that a property is tested with, and the seed of tests that run one
//! random story.

/// The seed, unless the environment variable `DRAGNET_SEED` is set.
const DEFAULT_SEED: u64 = 20_260_302;

/// Returns `usual`, multiplied by the environment variable `DRAGNET_CASES` if it is set.
pub(crate) fn cases(usual: u32) -> u32 {
    let factor = std::env::var("DRAGNET_CASES")
        .ok()
        .and_then(|factor| factor.parse().ok())
        .unwrap_or(1);
    usual.saturating_mul(factor)
}

/// Returns the environment variable `DRAGNET_SEED`, or a fixed seed, so that a test does the same in
/// every run.
pub(crate) fn seed() -> u64 {
    std::env::var("DRAGNET_SEED").map_or(DEFAULT_SEED, |seed| seed.parse().unwrap())
}
