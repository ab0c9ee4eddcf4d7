//! Follows credentials across the accounts of an organization, round by round.
//!
//! ```text
//! run.db ─ FollowedRun ── Lineage ── SearchPlanner ── Round ── search ─ run.db
//!          starts, records            what is not              the sweep
//!                                     searched yet
//! ```
//! Each round searches for the identities that the previous ones added, from their creation time,
//! in the accounts where they can have acted. When nothing is added or a limit is reached, the
//! [`FollowReport`] shows the lineage and its open ends. Nothing here does I/O.

mod actor_lookups;
mod followed_run;
mod graph_files;
mod identity_search;
mod open_ends;
mod page_graph;
mod report;
mod round;
mod search_planner;
mod tree;

pub use followed_run::{FollowedRun, indicators_of_run};
pub use graph_files::{write_dot, write_mermaid};
pub use open_ends::{FollowCoverage, OpenEnd, OpenEndKind, describe_gaps, find_open_ends};
pub use report::{
    AddressUse, FollowReport, ReportAddress, ReportEdge, ReportNode, ReportRound, ReportedAttempt,
};
pub use round::{FollowProgress, Round, Search};
pub use search_planner::{Plan, SearchPlanner};
pub use tree::write_tree;

#[cfg(test)]
mod planner_tests;

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    fn node(id: &str, kind: &'static str, identity: &str, depth: usize) -> ReportNode {
        ReportNode {
            id: id.to_owned(),
            kind,
            identity: identity.to_owned(),
            account_id: None,
            depth,
            from: "2026-03-01T10:00:00.000Z".to_owned(),
            access_keys: Vec::new(),
            user_ids: Vec::new(),
            owner: None,
            source_identity: None,
            is_start: depth == 0,
            is_followed: true,
            reason: String::new(),
        }
    }

    fn edge(from: &str, to: &str, event_name: &str, minute: u32, event_id: &str) -> ReportEdge {
        ReportEdge {
            from: from.to_owned(),
            to: to.to_owned(),
            kind: "issues-credentials",
            event_source: "sts.amazonaws.com".to_owned(),
            event_name: event_name.to_owned(),
            event_ids: vec![event_id.to_owned()],
            time: format!("2026-03-01T10:{minute:02}:00.000Z"),
            account_ids: Vec::new(),
        }
    }

    /// A chain of three identities; that at its end is an open end.
    pub(crate) fn example_report() -> FollowReport {
        let user = "user eric in 222222222222";
        FollowReport {
            nodes: vec![
                node("n0", "access-key", "access key AKIA1", 0),
                node(
                    "n1",
                    "session",
                    "session \u{1b}one of role A in 222222222222",
                    1,
                ),
                node("n2", "user", user, 2),
            ],
            edges: vec![
                edge("n0", "n1", "AssumeRole", 0, "e1"),
                edge("n1", "n2", "CreateUser", 1, "e2"),
            ],
            open_ends: vec![OpenEnd {
                identity: user.to_owned(),
                kind: OpenEndKind::NotCovered,
                account_id: None,
                region: None,
                reason: "logging is switched off".to_owned(),
            }],
            ..FollowReport::default()
        }
    }
}
