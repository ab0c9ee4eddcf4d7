//! The lineage of a run, as the page shows it.

/// The identities of a lineage, and the calls between them. Every text may be untrusted, except the
/// kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineageGraph {
    /// The identities, in the order of the time from which they count.
    pub nodes: Vec<GraphNode>,
    /// The calls between them.
    pub edges: Vec<GraphEdge>,
    /// Where the lineage may continue unseen.
    pub open_ends: Vec<GraphOpenEnd>,
    /// The number of calls that failed.
    pub attempts: usize,
}

/// An identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphNode {
    /// The kind: `session`, `user` …
    pub kind: &'static str,
    /// The identity as a text, with its kind and account.
    pub identity: String,
    /// The account, if it is known.
    pub account_id: Option<String>,
    /// The number of calls between a start and the identity.
    pub depth: usize,
    /// From when its calls count.
    pub from: String,
    /// Why it is in the lineage.
    pub reason: String,
    /// Whether the lineage starts from it.
    pub is_start: bool,
    /// Whether its calls are searched for.
    pub is_followed: bool,
}

/// A call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphEdge {
    /// The position of the node that called.
    pub from: usize,
    /// The position of the node that the call created or extended.
    pub to: usize,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// The event time.
    pub time: String,
    /// The ids of the records.
    pub event_ids: Vec<String>,
}

/// Where the lineage may continue unseen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphOpenEnd {
    /// The position of the node; `None` if it is about the whole lineage.
    pub node: Option<usize>,
    /// Why it is an open end: `not-covered` …
    pub kind: &'static str,
    /// The account and Region, if it is about one; otherwise empty.
    pub location: String,
    /// What was found, and what to do.
    pub reason: String,
}
