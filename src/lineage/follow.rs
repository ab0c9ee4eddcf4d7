//! The fixed point: from the identities at the start, through the calls of their descendants, until
//! no call adds an identity.

use std::collections::{BTreeMap, BTreeSet};

use super::actor::user_id_name;
use super::grant::Grant;
use super::graph::{ActorIndex, Attempt, Edge, Lineage, Node, Start};
use super::identity::Identity;
use super::joined_call::{JoinedCall, join_records};
use super::record::LineageRecord;
use dragnet_model::AccountId;

/// Follows the starts through records that a trail delivered, until nothing is added or there are
/// `max_identities`. The order of the records does not matter.
pub fn follow_lineage(
    starts: &[Start],
    records: &[LineageRecord],
    max_identities: usize,
) -> Lineage {
    follow_lineage_with_outsiders(starts, records, max_identities, None)
}

/// Does the same, and also follows the accounts outside the organization that a new trust policy
/// lets into a role. `members` are the accounts of the organization; `None` follows no such account.
pub fn follow_lineage_with_outsiders(
    starts: &[Start],
    records: &[LineageRecord],
    max_identities: usize,
    members: Option<&BTreeSet<AccountId>>,
) -> Lineage {
    let calls = join_records(records);
    let mut graph = Graph::new(&calls, max_identities);
    graph.members = members;
    let mut changed: BTreeSet<usize> = starts
        .iter()
        .filter_map(|start| graph.add_start(start))
        .collect();
    while !changed.is_empty() {
        changed = graph.add_round(&changed);
    }
    graph.into_lineage()
}

/// The state of the fixed point.
struct Graph<'r> {
    calls: &'r [JoinedCall<'r>],
    /// The calls in which an actor has this name.
    calls_by_actor: BTreeMap<&'r str, Vec<usize>>,
    /// The access keys that a recorded call issued.
    issued_keys: BTreeSet<&'r str>,
    nodes: Vec<NodeState>,
    /// The node with this name: its canonical name, and those of its keys and user ids.
    names: BTreeMap<String, usize>,
    is_included: Vec<bool>,
    max_identities: usize,
    reached_limit: bool,
    /// The accounts of the organization; `None` if no account outside it is followed.
    members: Option<&'r BTreeSet<AccountId>>,
}

struct NodeState {
    node: Node,
    names: BTreeSet<String>,
    /// The session to which a key of the start turned out to belong.
    replaced_by: Option<usize>,
}

impl<'r> Graph<'r> {
    fn new(calls: &'r [JoinedCall<'r>], max_identities: usize) -> Self {
        let mut calls_by_actor: BTreeMap<&'r str, Vec<usize>> = BTreeMap::new();
        let mut issued_keys = BTreeSet::new();
        for (number, call) in calls.iter().enumerate() {
            for name in call.actor_names() {
                calls_by_actor.entry(name).or_default().push(number);
            }
            if call.failure.is_none() {
                issued_keys.extend(call.issued_keys());
            }
        }
        Self {
            calls,
            calls_by_actor,
            issued_keys,
            nodes: Vec::new(),
            names: BTreeMap::new(),
            is_included: vec![false; calls.len()],
            max_identities,
            reached_limit: false,
            members: None,
        }
    }

    fn add_start(&mut self, start: &Start) -> Option<usize> {
        let number = self.find_or_add(&start.identity, start.from_ms)?;
        let state = self.nodes.get_mut(number)?;
        state.node.is_start = true;
        state.node.is_followed = true;
        state.node.from_ms = state.node.from_ms.min(start.from_ms);
        Some(number)
    }

    /// Includes the calls of the identities that changed in the last round. Returns those that
    /// changed in this one.
    fn add_round(&mut self, changed: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        for state in changed.iter().filter_map(|number| self.nodes.get(*number)) {
            for name in &state.names {
                candidates.extend(self.calls_by_actor.get(name.as_str()).into_iter().flatten());
            }
        }
        let calls = self.calls;
        let mut changed = BTreeSet::new();
        for number in candidates {
            let Some(call) = calls.get(number) else {
                continue;
            };
            let is_new = self.is_included.get(number) == Some(&false);
            if !is_new || call.failure.is_some() || self.find_actor(call).is_none() {
                continue;
            }
            if let Some(is_included) = self.is_included.get_mut(number) {
                *is_included = true;
            }
            for grant in &call.grants {
                changed.extend(self.add_grant(grant, call.time_ms));
            }
        }
        changed
    }

    /// Finds the identity of the lineage that made a call.
    fn find_actor(&self, call: &JoinedCall<'_>) -> Option<usize> {
        let followed = |name: &String| {
            let number = *self.names.get(name)?;
            let node = &self.nodes.get(number)?.node;
            (node.is_followed && node.from_ms <= call.time_ms).then_some(number)
        };
        call.records.iter().find_map(|record| {
            let actor = &record.actor;
            let exact = actor.exact_names.iter().find_map(followed);
            // Sessions of others may have the same name: their keys were issued to others.
            let is_of_others = self.issued_keys.contains(actor.access_key_id.as_str());
            exact.or_else(|| {
                let mut names = actor.session_names.iter();
                if is_of_others {
                    None
                } else {
                    names.find_map(followed)
                }
            })
        })
    }

    /// Adds what a call gave. Returns the node if its calls have to be examined again.
    fn add_grant(&mut self, grant: &Grant, time_ms: i64) -> Option<usize> {
        if let Identity::Outsider { outsider, .. } = &grant.identity
            && self
                .members
                .is_none_or(|members| members.contains(outsider))
        {
            return None;
        }
        let key_name = grant
            .access_key_id
            .as_ref()
            .map(|key| Identity::Key(key.clone()).canonical());
        let number = self.find_or_add(&grant.identity, time_ms)?;
        let is_followed = grant.kind.is_followed();
        let mut names: Vec<String> = key_name.into_iter().collect();
        names.extend(grant.user_id.as_deref().map(user_id_name));
        let mut is_changed = false;
        for name in names.into_iter().filter(|_| is_followed) {
            is_changed |= self.add_name(number, name);
        }
        let state = self.nodes.get_mut(number)?;
        let node = &mut state.node;
        is_changed |= is_followed && (!node.is_followed || time_ms < node.from_ms);
        // What was only extended counts from the call that creates or takes it over.
        node.from_ms = if is_followed == node.is_followed {
            node.from_ms.min(time_ms)
        } else if is_followed {
            time_ms
        } else {
            node.from_ms
        };
        node.is_followed |= is_followed;
        node.access_keys.extend(grant.access_key_id.clone());
        node.user_ids.extend(grant.user_id.clone());
        node.owner = node.owner.take().or_else(|| grant.owner.clone());
        node.source_identity = node
            .source_identity
            .take()
            .or_else(|| grant.source_identity.clone());
        is_changed.then_some(number)
    }

    /// Adds a name to a node. A key of the start with this name turns out to be the node's, and is
    /// replaced by it.
    fn add_name(&mut self, number: usize, name: String) -> bool {
        let previous = self.names.insert(name.clone(), number);
        if let Some(previous) = previous.filter(|previous| *previous != number) {
            let replaced = self.nodes.get_mut(previous).filter(|state| {
                state.replaced_by.is_none() && matches!(state.node.identity, Identity::Key(_))
            });
            if let Some(replaced) = replaced {
                replaced.replaced_by = Some(number);
                let is_start = replaced.node.is_start;
                if let Some(state) = self.nodes.get_mut(number) {
                    state.node.is_start |= is_start;
                }
            }
        }
        let state = self.nodes.get_mut(number);
        state.is_some_and(|state| state.names.insert(name))
    }

    /// Finds the node of an identity, or adds one that is not followed yet. `None` if there are too
    /// many.
    fn find_or_add(&mut self, identity: &Identity, from_ms: i64) -> Option<usize> {
        let name = identity.canonical();
        if let Some(number) = self.names.get(&name) {
            return Some(*number);
        }
        if self.nodes.len() >= self.max_identities {
            self.reached_limit = true;
            return None;
        }
        let access_keys = match identity {
            Identity::Key(id) => BTreeSet::from([id.clone()]),
            _ => BTreeSet::new(),
        };
        self.nodes.push(NodeState {
            node: Node {
                identity: identity.clone(),
                access_keys,
                user_ids: BTreeSet::new(),
                owner: None,
                source_identity: None,
                from_ms,
                depth: 0,
                is_start: false,
                is_followed: false,
            },
            names: BTreeSet::from([name.clone()]),
            replaced_by: None,
        });
        let number = self.nodes.len() - 1;
        self.names.insert(name, number);
        Some(number)
    }

    /// Puts the nodes in order, and adds the edges and the failed attempts.
    fn into_lineage(self) -> Lineage {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.retain(|number| {
            let state = self.nodes.get(*number);
            state.is_some_and(|state| state.replaced_by.is_none())
        });
        order.sort_by_cached_key(|number| {
            let state = self.nodes.get(*number);
            state.map(|state| (state.node.from_ms, state.node.identity.canonical()))
        });
        let positions: BTreeMap<usize, usize> = order
            .iter()
            .enumerate()
            .map(|(position, number)| (*number, position))
            .collect();
        let mut lineage = Lineage {
            edges: self.edges(&positions),
            attempts: self.attempts(&positions),
            reached_limit: self.reached_limit,
            nodes: Vec::new(),
            actors: self.actor_index(&positions),
        };
        let nodes = order.iter().filter_map(|number| self.nodes.get(*number));
        lineage.nodes = nodes.map(|state| state.node.clone()).collect();
        lineage.count_depths();
        lineage
    }

    fn actor_index(&self, positions: &BTreeMap<usize, usize>) -> ActorIndex {
        let followed = self.names.iter().filter_map(|(name, number)| {
            let is_followed = self.nodes.get(*number)?.node.is_followed;
            let position = positions.get(number).filter(|_| is_followed)?;
            Some((name.clone(), *position))
        });
        ActorIndex {
            nodes: followed.collect(),
            issued_keys: self
                .issued_keys
                .iter()
                .map(|key| (*key).to_owned())
                .collect(),
        }
    }

    fn edges(&self, positions: &BTreeMap<usize, usize>) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (call, is_included) in self.calls.iter().zip(&self.is_included) {
            let actor = self.find_actor(call).filter(|_| *is_included);
            let Some(from) = actor.and_then(|actor| positions.get(&actor)) else {
                continue;
            };
            for grant in &call.grants {
                let target = self.names.get(&grant.identity.canonical());
                let target = target.and_then(|number| positions.get(number));
                if let Some(to) = target.filter(|to| *to != from) {
                    edges.push(Edge {
                        from: *from,
                        to: *to,
                        kind: grant.kind,
                        event_source: call.event_source().to_owned(),
                        event_name: call.event_name().to_owned(),
                        event_ids: call.event_ids(),
                        time_ms: call.time_ms,
                        accounts: call.accounts(),
                    });
                }
            }
        }
        edges
    }

    fn attempts(&self, positions: &BTreeMap<usize, usize>) -> Vec<Attempt> {
        let failed = self.calls.iter().filter_map(|call| {
            let failure = call.failure.clone()?;
            let from = *positions.get(&self.find_actor(call)?)?;
            Some(Attempt {
                from,
                event_name: call.event_name().to_owned(),
                event_ids: call.event_ids(),
                time_ms: call.time_ms,
                failure,
                identities: call
                    .grants
                    .iter()
                    .map(|grant| grant.identity.clone())
                    .collect(),
            })
        });
        failed.collect()
    }
}
