//! The token of a request that starts a query. Pure.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Returns the token of a statement in a run. AWS starts no second query for a known token, so a run that was
/// killed before it stored the id finds the query again.
pub(super) fn token_of(started: Timestamp, statement: &str, attempt: u32) -> String {
    hex::encode(Sha256::digest(format!("{started}\n{attempt}\n{statement}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_depends_on_run_statement_and_attempt() {
        let tokens = [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1)].map(
            |(second, statement, attempt)| {
                token_of(Timestamp::from_second(second).unwrap(), statement, attempt)
            },
        );
        let different: std::collections::BTreeSet<&String> = tokens.iter().collect();
        assert_eq!(different.len(), 4);
        assert!(tokens.iter().all(|token| (32..=128).contains(&token.len())));
    }
}
