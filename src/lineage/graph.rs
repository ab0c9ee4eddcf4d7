//! A lineage: identities, the calls that connect them, and the calls that failed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::actor::Actor;
use super::grant::EdgeKind;
use super::identity::Identity;
use dragnet_model::{EventDetails, UserIdentity};

/// An identity from which a lineage starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The identity.
    pub identity: Identity,
    /// From when its calls count, in milliseconds since the Unix epoch.
    pub from_ms: i64,
}

/// An identity of a lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The identity.
    pub identity: Identity,
    /// The access keys that were issued for it.
    pub access_keys: BTreeSet<String>,
    /// Its user ids (`aws:userid`).
    pub user_ids: BTreeSet<String>,
    /// The user that has its permissions, if it is a credential of one.
    pub owner: Option<Identity>,
    /// The source identity of a session.
    pub source_identity: Option<String>,
    /// From when its calls count: its creation, in milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// The number of calls between a start and the identity.
    pub depth: usize,
    /// Whether the lineage starts from it.
    pub is_start: bool,
    /// Whether its calls count. Those of a principal whose access was only extended do not.
    pub is_followed: bool,
}

/// A call by which one identity created or extended another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The index of the node that called.
    pub from: usize,
    /// The index of the node that the call created or extended.
    pub to: usize,
    /// What the call did.
    pub kind: EdgeKind,
    /// CloudTrail's `eventSource`.
    pub event_source: String,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// The ids of the records, one for each account that recorded the call.
    pub event_ids: Vec<String>,
    /// The event time, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The accounts that recorded the call.
    pub accounts: Vec<String>,
}

/// A call of the table that an identity of the lineage made, and that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The index of the node that called.
    pub from: usize,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// The ids of the records.
    pub event_ids: Vec<String>,
    /// The event time, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The error code.
    pub failure: String,
    /// What the call would have given, as far as the request shows it.
    pub identities: Vec<Identity>,
}

/// The identities that descend from the starts, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The identities, in the order of the time from which they count.
    pub nodes: Vec<Node>,
    /// The calls, in the order of their times.
    pub edges: Vec<Edge>,
    /// The calls that failed.
    pub attempts: Vec<Attempt>,
    /// Whether identities were left out because there are too many.
    pub reached_limit: bool,
    /// The names by which actors are found.
    pub(super) actors: ActorIndex,
}

/// The names of the identities whose calls count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ActorIndex {
    /// The index of the node with this name.
    pub(super) nodes: BTreeMap<String, usize>,
    /// The access keys that a recorded call issued.
    pub(super) issued_keys: BTreeSet<String>,
}

impl Start {
    /// The credentials with which a record's actor called: the access key, otherwise the session.
    /// A user without a key called with the console. The other credentials of a user or a role may
    /// be used by others.
    pub fn from_identity(identity: &UserIdentity<'_>, from_ms: i64) -> Option<Self> {
        let identity = if identity.access_key_id.is_empty() {
            match Identity::from_arn(&identity.arn)? {
                Identity::User { account, name } => Identity::Console {
                    account,
                    user: name,
                },
                other => other,
            }
        } else {
            Identity::Key(identity.access_key_id.to_string())
        };
        Some(Self { identity, from_ms })
    }
}

impl Lineage {
    /// Finds the identity of the lineage that made a call. `message` is the record that a trail
    /// delivered.
    pub fn find_actor(&self, details: &EventDetails<'_>, message: &str) -> Option<&Node> {
        // Only the records of these calls name their actor outside the identity.
        let names_others = details.event_name.starts_with("AssumeRole")
            || details.event_name == "CreateSession"
            || message.contains("\"identityProvider\"");
        let record = if names_others {
            serde_json::from_str(message).unwrap_or_default()
        } else {
            Value::Null
        };
        let actor = Actor::from_record(&details.identity, &record);
        let followed = |name: &String| {
            let node = self.nodes.get(*self.actors.nodes.get(name)?)?;
            (node.from_ms <= details.time_ms).then_some(node)
        };
        let exact = actor.exact_names.iter().find_map(followed);
        let is_of_others = self.actors.issued_keys.contains(&actor.access_key_id);
        exact.or_else(|| {
            let mut names = actor.session_names.iter();
            if is_of_others {
                None
            } else {
                names.find_map(followed)
            }
        })
    }

    /// Counts the calls between the starts and each node, on the shortest way.
    pub(super) fn count_depths(&mut self) {
        let unknown = self.nodes.len();
        for node in &mut self.nodes {
            node.depth = if node.is_start { 0 } else { unknown };
        }
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for edge in &self.edges {
                let depth = self
                    .nodes
                    .get(edge.from)
                    .map_or(unknown, |node| node.depth + 1);
                if let Some(node) = self.nodes.get_mut(edge.to)
                    && depth < node.depth
                {
                    node.depth = depth;
                    is_changed = true;
                }
            }
        }
    }
}
