//! The number of random cases that a property is tested with.

/// Returns `usual`, multiplied by the environment variable `DRAGNET_CASES` if it is set.
pub(crate) fn cases(usual: u32) -> u32 {
    let factor = std::env::var("DRAGNET_CASES")
        .ok()
        .and_then(|factor| factor.parse().ok())
        .unwrap_or(1);
    usual.saturating_mul(factor)
}
