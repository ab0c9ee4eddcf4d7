//! `follow.json`: the lineage of a run as nodes and edges, with its open ends.

use std::collections::BTreeSet;

use serde::Serialize;

use super::identity_search::account_of;
use super::open_ends::OpenEnd;
use super::round::FollowProgress;
use crate::lineage::{Attempt, Edge, Identity, Lineage, Node};
use dragnet_model::time::format_ms;
use dragnet_model::{AccountId, Indicator, IndicatorKind};

/// How many other principals of an address are counted one by one.
const MAX_PRINCIPALS: usize = 10_000;

/// The lineage of a run. The field names are the keys of `follow.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FollowReport {
    /// The identities, in the order of the time from which they count.
    pub nodes: Vec<ReportNode>,
    /// The calls that connect them.
    pub edges: Vec<ReportEdge>,
    /// The calls of the lineage that failed.
    pub attempts: Vec<ReportedAttempt>,
    /// Where the lineage may continue unseen.
    pub open_ends: Vec<OpenEnd>,
    /// The rounds.
    pub rounds: Vec<ReportRound>,
    /// The addresses of the lineage, if they were to be followed.
    pub addresses: Vec<ReportAddress>,
}

/// An identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportNode {
    /// The id in this file.
    pub id: String,
    /// The kind: `session`, `user` …
    pub kind: &'static str,
    /// The identity as a text.
    pub identity: String,
    /// The account, if the identity names one.
    pub account_id: Option<AccountId>,
    /// The number of calls between a start and the identity.
    pub depth: usize,
    /// From when its calls count.
    pub from: String,
    /// The access keys that were issued for it.
    pub access_keys: Vec<String>,
    /// Its user ids (`aws:userid`).
    pub user_ids: Vec<String>,
    /// The user that has its permissions, if it is a credential.
    pub owner: Option<String>,
    /// The source identity of a session.
    pub source_identity: Option<String>,
    /// Whether the lineage starts from it.
    pub is_start: bool,
    /// Whether its calls are searched for. Those of a principal that others may use are not.
    pub is_followed: bool,
    /// Why it is in the lineage.
    pub reason: String,
}

/// A call by which one identity created or extended another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportEdge {
    /// The id of the node that called.
    pub from: String,
    /// The id of the node that the call created or extended.
    pub to: String,
    /// What the call did.
    pub kind: &'static str,
    /// CloudTrail's `eventSource`.
    pub event_source: String,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// The ids of the records.
    pub event_ids: Vec<String>,
    /// The event time.
    pub time: String,
    /// The accounts that recorded the call.
    pub account_ids: Vec<String>,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedAttempt {
    /// The id of the node that called.
    pub from: String,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// The ids of the records.
    pub event_ids: Vec<String>,
    /// The event time.
    pub time: String,
    /// The error code.
    pub error_code: String,
    /// What the call would have given.
    pub identities: Vec<String>,
}

/// A round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportRound {
    /// The number.
    pub number: u32,
    /// From when it searched.
    pub from: Option<String>,
    /// The accounts that it searched.
    pub account_ids: Vec<String>,
    /// What it searched for.
    pub indicators: Vec<String>,
}

/// An address of the lineage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportAddress {
    /// The address.
    pub address: String,
    /// The identities of the lineage that called from it.
    pub identities: Vec<String>,
    /// The number of other principals that called from it. They are not followed.
    pub other_principals: usize,
}

/// Who called from an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressUse {
    identities: BTreeSet<String>,
    others: BTreeSet<String>,
    first_ms: Option<i64>,
}

impl AddressUse {
    pub(super) fn add_identity(&mut self, identity: String, time_ms: i64) {
        self.identities.insert(identity);
        let first = self.first_ms.unwrap_or(time_ms);
        self.first_ms = Some(first.min(time_ms));
    }

    pub(super) fn add_other(&mut self, principal: &str) {
        if self.others.len() < MAX_PRINCIPALS {
            self.others.insert(principal.to_owned());
        }
    }

    /// Returns the search for an address of the lineage: the indicator, and the first time.
    pub fn search(&self, address: &str) -> Option<(Indicator, i64)> {
        let indicator = Indicator::parse_as(IndicatorKind::Ip, address).ok()?;
        Some((indicator, self.first_ms?))
    }

    /// Returns the address for the report, if the lineage called from it.
    pub fn report(&self, address: &str) -> Option<ReportAddress> {
        (!self.identities.is_empty()).then(|| ReportAddress {
            address: address.to_owned(),
            identities: self.identities.iter().cloned().collect(),
            other_principals: self.others.len(),
        })
    }
}

impl FollowReport {
    /// The report of a lineage.
    pub fn new(lineage: &Lineage, progress: &FollowProgress, open_ends: Vec<OpenEnd>) -> Self {
        let nodes = lineage.nodes.iter().enumerate();
        let nodes = nodes.map(|(number, node)| report_node(number, node, lineage));
        Self {
            nodes: nodes.collect(),
            edges: lineage.edges.iter().map(report_edge).collect(),
            attempts: lineage.attempts.iter().map(report_attempt).collect(),
            open_ends,
            rounds: progress
                .rounds
                .iter()
                .map(|round| ReportRound {
                    number: round.number,
                    from: round.from_ms().map(format_ms),
                    account_ids: round.accounts().iter().map(ToString::to_string).collect(),
                    indicators: round.indicators().iter().map(ToString::to_string).collect(),
                })
                .collect(),
            addresses: Vec::new(),
        }
    }

    /// Whether an open end makes the run incomplete.
    pub fn has_gaps(&self) -> bool {
        self.open_ends.iter().any(OpenEnd::is_gap)
    }
}

fn node_id(number: usize) -> String {
    format!("n{number}")
}

fn report_node(number: usize, node: &Node, lineage: &Lineage) -> ReportNode {
    ReportNode {
        id: node_id(number),
        kind: kind_of(&node.identity),
        identity: node.identity.to_string(),
        account_id: account_of(&node.identity).or_else(|| node.owner.as_ref().and_then(account_of)),
        depth: node.depth,
        from: format_ms(node.from_ms),
        access_keys: node.access_keys.iter().cloned().collect(),
        user_ids: node.user_ids.iter().cloned().collect(),
        owner: node.owner.as_ref().map(ToString::to_string),
        source_identity: node.source_identity.clone(),
        is_start: node.is_start,
        is_followed: node.is_followed,
        reason: reason_of(number, node, lineage),
    }
}

/// Says why an identity is in the lineage: the first call that created or extended it.
fn reason_of(number: usize, node: &Node, lineage: &Lineage) -> String {
    let edge = lineage.edges.iter().find(|edge| edge.to == number);
    let actor = edge.and_then(|edge| lineage.nodes.get(edge.from));
    match (edge, actor) {
        (Some(edge), Some(actor)) => format!(
            "{} by {} at {} (event {})",
            edge.event_name,
            actor.identity,
            format_ms(edge.time_ms),
            edge.event_ids.join(", ")
        ),
        _ if node.is_start => "it acted with an indicator, or is one".to_owned(),
        _ => "it continued its session".to_owned(),
    }
}

fn report_edge(edge: &Edge) -> ReportEdge {
    ReportEdge {
        from: node_id(edge.from),
        to: node_id(edge.to),
        kind: edge.kind.as_str(),
        event_source: edge.event_source.clone(),
        event_name: edge.event_name.clone(),
        event_ids: edge.event_ids.clone(),
        time: format_ms(edge.time_ms),
        account_ids: edge.accounts.clone(),
    }
}

fn report_attempt(attempt: &Attempt) -> ReportedAttempt {
    ReportedAttempt {
        from: node_id(attempt.from),
        event_name: attempt.event_name.clone(),
        event_ids: attempt.event_ids.clone(),
        time: format_ms(attempt.time_ms),
        error_code: attempt.failure.clone(),
        identities: attempt.identities.iter().map(ToString::to_string).collect(),
    }
}

/// The word for the kind of an identity.
fn kind_of(identity: &Identity) -> &'static str {
    match identity {
        Identity::Key(_) => "access-key",
        Identity::Session { .. } => "session",
        Identity::FederatedUser { .. } => "federated-user",
        Identity::RootSession(_) => "root-session",
        Identity::User { .. } => "user",
        Identity::Console { .. } => "password",
        Identity::Credential { .. } => "credential",
        Identity::Role { .. } => "role",
        Identity::Group { .. } => "group",
        Identity::Provider(_) => "identity-provider",
        Identity::Instance { .. } => "instance",
        Identity::Function { .. } => "function",
        Identity::PermissionSet { .. } => "permission-set",
        Identity::Outsider { .. } => "outsider",
        Identity::Resource(_) => "resource",
    }
}
