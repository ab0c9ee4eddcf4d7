//! How many random cases a property is tested with.

/// The number of cases: `usual`, or what the environment variable `DRAGNET_CASES` says.
pub fn cases(usual: u32) -> u32 {
    std::env::var("DRAGNET_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}
