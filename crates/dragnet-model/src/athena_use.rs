//! What a run did with Athena: its queries, and what followed from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

crate::word_enum! {
    /// How far a query of Athena has come.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum AthenaQueryState: Serialize, Deserialize {
        /// It was started. After an interruption, it may still be running.
        Started => "started",
        /// It ended, and its rows were read.
        Succeeded => "succeeded",
        /// Athena could not run it to its end.
        Failed => "failed",
        /// Dragnet stopped it, because the run was interrupted.
        Stopped => "stopped",
    }
}

/// A query of Athena.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AthenaQuery {
    /// The token of the request, by which AWS recognizes a second request.
    pub token: String,
    /// The id that AWS gave it.
    pub execution_id: String,
    /// How far it has come.
    pub state: AthenaQueryState,
    /// The cost that was estimated before, in US dollars.
    pub estimated_usd: f64,
    /// The number of scanned bytes.
    pub bytes_scanned: u64,
    /// The cost at list prices, in US dollars; the estimate until it has ended.
    pub cost_usd: f64,
}

/// What a run did with Athena.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AthenaUse {
    /// The queries, in the order of their start.
    pub queries: Vec<AthenaQuery>,
    /// Why objects were read without asking Athena, by bucket. Untrusted text.
    pub not_used: BTreeMap<String, String>,
}

impl AthenaUse {
    /// Returns the cost of all queries, in US dollars.
    pub fn cost_usd(&self) -> f64 {
        self.queries.iter().map(|query| query.cost_usd).sum()
    }

    /// Returns the cost that was estimated before, in US dollars.
    pub fn estimated_usd(&self) -> f64 {
        self.queries.iter().map(|query| query.estimated_usd).sum()
    }

    /// Returns the number of scanned bytes.
    pub fn bytes_scanned(&self) -> u64 {
        let bytes = self.queries.iter().map(|query| query.bytes_scanned);
        bytes.fold(0, u64::saturating_add)
    }

    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty() && self.not_used.is_empty()
    }

    /// Returns the query with this token.
    pub fn query(&self, token: &str) -> Option<&AthenaQuery> {
        self.queries.iter().find(|query| query.token == token)
    }

    /// Adds what another part of the run did. Parts that asked the same share a query.
    pub fn merge(&mut self, other: Self) {
        for query in other.queries {
            self.record(query);
        }
        self.not_used.extend(other.not_used);
    }

    /// Adds a query, or replaces what is known about it.
    pub fn record(&mut self, query: AthenaQuery) {
        match self
            .queries
            .iter_mut()
            .find(|known| known.token == query.token)
        {
            Some(known) => *known = query,
            None => self.queries.push(query),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(token: &str, cost_usd: f64) -> AthenaQuery {
        AthenaQuery {
            token: token.to_owned(),
            execution_id: String::new(),
            state: AthenaQueryState::Started,
            estimated_usd: 1.0,
            bytes_scanned: 10,
            cost_usd,
        }
    }

    #[test]
    fn parts_share_queries_with_the_same_token() {
        let mut used = AthenaUse::default();
        used.record(query("a", 1.0));
        let mut other = AthenaUse::default();
        other.record(query("a", 1.0));
        other.record(query("b", 2.0));
        other
            .not_used
            .insert("logs".to_owned(), "denied".to_owned());
        used.merge(other);
        assert_eq!(used.queries.len(), 2);
        assert!((used.cost_usd() - 3.0).abs() < 1e-9 && used.not_used.len() == 1);
    }

    #[test]
    fn a_query_is_counted_once() {
        let mut used = AthenaUse::default();
        assert!(used.is_empty());
        used.record(query("a", 1.0));
        used.record(query("b", 1.0));
        used.record(query("a", 0.25));
        assert_eq!((used.cost_usd(), used.estimated_usd()), (1.25, 2.0));
        assert_eq!(used.bytes_scanned(), 20);
        let json = serde_json::to_string(&used).unwrap();
        assert_eq!(serde_json::from_str::<AthenaUse>(&json).unwrap(), used);
        assert_eq!(
            serde_json::from_str::<AthenaUse>("{}").unwrap(),
            AthenaUse::default()
        );
    }
}
