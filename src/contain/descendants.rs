//! What descends from the identities that acted in a run: further principals to contain, and open
//! ends, which the plan cannot contain or the run did not search for.
//!
//! The lineage table decides what descends. Of a role that the lineage did not create, only the
//! sessions are contained. Every other descendant becomes a target or an open end, so none is left
//! out silently.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::acting_principal::selects_same_principal;
use super::searched_for::SearchedFor;
use crate::config::PrincipalSelector;
use crate::lineage::{
    Edge, EdgeKind, Identity, Lineage, LineageRecord, Node, Start, follow_lineage_with_outsiders,
};
use dragnet_model::{AccountId, EventDetails, Principal, PrincipalKind};

/// How many records of the lineage table, and how many credentials to start from, are kept. A run
/// can have millions of sightings.
const MAX_RECORDS: usize = 100_000;
/// How many identities a lineage has at most.
const MAX_IDENTITIES: usize = 1_000;

/// What descends from the identities that acted in a run.
#[derive(Debug)]
pub(super) struct Descendants {
    searched: SearchedFor,
    starts: BTreeMap<String, Start>,
    records: Vec<LineageRecord>,
    is_truncated: bool,
    lineage: Lineage,
}

/// A session of a role, as far as it is known.
pub(super) struct DescendantSession {
    pub(super) role: PrincipalSelector,
    /// The id as `aws:userid` has it; `None`: any session of this name that the run has.
    pub(super) user_id: Option<String>,
    pub(super) name: String,
}

impl Descendants {
    pub(super) fn new(searched: SearchedFor) -> Self {
        Self {
            searched,
            starts: BTreeMap::new(),
            records: Vec::new(),
            is_truncated: false,
            lineage: Lineage::default(),
        }
    }

    /// Adds a record that a trail delivered.
    pub(super) fn add_record(&mut self, message: &str, details: &EventDetails<'_>) {
        let Some(record) = LineageRecord::parse(message, details) else {
            return;
        };
        if self.records.len() < MAX_RECORDS {
            self.records.push(record);
        } else {
            self.is_truncated = true;
        }
    }

    /// Adds the credentials with which an identity acted with an indicator.
    pub(super) fn add_start(&mut self, details: &EventDetails<'_>) {
        let Some(start) = Start::from_identity(&details.identity, details.time_ms) else {
            return;
        };
        let key = start.identity.to_string();
        if self.starts.len() >= MAX_RECORDS && !self.starts.contains_key(&key) {
            self.is_truncated = true;
            return;
        }
        let known = self.starts.entry(key).or_insert_with(|| start.clone());
        known.from_ms = known.from_ms.min(start.from_ms);
    }

    /// Finds the descendants in the records that were added. `members` are the accounts of the
    /// organization; without them, accounts outside it are not followed.
    pub(super) fn follow(&mut self, members: Option<&BTreeSet<AccountId>>) {
        let starts: Vec<Start> = self.starts.values().cloned().collect();
        self.lineage =
            follow_lineage_with_outsiders(&starts, &self.records, MAX_IDENTITIES, members);
    }

    /// The principals to contain, each once, with the call that makes it a descendant as the reason.
    pub(super) fn targets(&self) -> Vec<PrincipalSelector> {
        let mut targets: Vec<PrincipalSelector> = Vec::new();
        for (edge, node) in self.edges() {
            let Some(selector) = select_principal(edge, node) else {
                continue;
            };
            let is_known = targets
                .iter()
                .any(|known| selects_same_principal(known, &selector));
            if !is_known {
                targets.push(PrincipalSelector {
                    reason: Some(self.describe(edge, node)),
                    ..selector
                });
            }
        }
        targets
    }

    /// The sessions of roles to deny.
    pub(super) fn sessions(&self) -> Vec<DescendantSession> {
        let mut sessions = Vec::new();
        for (edge, node) in self.edges() {
            match &node.identity {
                Identity::Session { name, .. } => {
                    let Some(role) = select_principal(edge, node) else {
                        continue;
                    };
                    let user_ids = node.user_ids.iter();
                    sessions.extend(user_ids.map(|user_id| DescendantSession {
                        role: role.clone(),
                        user_id: Some(user_id.clone()),
                        name: name.clone(),
                    }));
                }
                Identity::Function {
                    account,
                    role,
                    name,
                } if is_created_workload(edge) => {
                    sessions.extend(select(PrincipalKind::Role, *account, role).map(|role| {
                        DescendantSession {
                            role,
                            user_id: None,
                            name: name.clone(),
                        }
                    }));
                }
                _ => {}
            }
        }
        sessions
    }

    /// Whether the lineage created this principal, so that nothing else depends on it.
    pub(super) fn has_created(&self, principal: &Principal) -> bool {
        self.edges().any(|(edge, node)| {
            edge.kind == EdgeKind::CreatesPrincipal && is_identity_of(&node.identity, principal)
        })
    }

    /// Whether the lineage has sessions of this role, or a function that acts with it.
    pub(super) fn has_session_of(&self, principal: &Principal) -> bool {
        self.edges().any(|(edge, node)| {
            let selector = select_principal(edge, node);
            matches!(
                node.identity,
                Identity::Session { .. } | Identity::Function { .. }
            ) && selector.is_some_and(|selector| selector.matches(principal))
        })
    }

    /// Describes what the plan leaves open. `targets` are the principals that it changes as a whole,
    /// and `matched` the selectors that matched a principal.
    pub(super) fn open_ends(
        &self,
        targets: &[&Principal],
        matched: &BTreeSet<String>,
    ) -> Vec<String> {
        let mut open_ends: BTreeSet<String> = BTreeSet::new();
        for (edge, node) in self.edges() {
            let described = self.describe(edge, node);
            let advice = advise(edge, node, targets);
            open_ends
                .extend(advice.map(|advice| format!("{}: {described}: {advice}", node.identity)));
            let unmatched = select_principal(edge, node)
                .map(|selector| selector.to_string())
                .filter(|selector| !matched.contains(selector));
            open_ends.extend(unmatched.map(|selector| {
                format!(
                    "{}: {described}: {selector} was not found in the accounts that were searched; add its account \
                     to the configuration",
                    node.identity
                )
            }));
            if is_searchable(&node.identity) && node.is_followed && !self.searched.covers(node) {
                open_ends.insert(format!(
                    "{}: {described}: the run did not search for it after that; run dragnet sweep {} and plan from \
                     that run",
                    node.identity,
                    indicator_text(node)
                ));
            }
        }
        if self.is_truncated || self.lineage.reached_limit {
            open_ends.insert(format!(
                "the run has more than {MAX_IDENTITIES} descendants or {MAX_RECORDS} records about them: the others \
                 were left out"
            ));
        }
        if self.searched.was_interrupted() {
            open_ends.insert(
                "the run was interrupted: continue it with dragnet resume, and plan again"
                    .to_owned(),
            );
        }
        open_ends.into_iter().collect()
    }

    /// The calls that created or extended an identity, with the identity.
    fn edges(&self) -> impl Iterator<Item = (&Edge, &Node)> {
        let nodes = &self.lineage.nodes;
        self.lineage
            .edges
            .iter()
            .filter_map(move |edge| Some((edge, nodes.get(edge.to)?)))
    }

    /// Text for the plan: `CreateUser by access key AKIA… at 2026-03-01T11:00:00Z (event …)`.
    fn describe(&self, edge: &Edge, node: &Node) -> String {
        let actor = self
            .lineage
            .nodes
            .get(edge.from)
            .map_or_else(String::new, |actor| actor.identity.to_string());
        let time = Timestamp::from_millisecond(edge.time_ms).unwrap_or_default();
        let source_identity = node
            .source_identity
            .as_ref()
            .map_or_else(String::new, |text| format!(", source identity {text}"));
        format!(
            "{} by {actor} at {time:.0} (event {}{source_identity})",
            edge.event_name,
            edge.event_ids.join(", ")
        )
    }
}

/// Selects the principal that has to be contained because of a call; `None` if there is none.
fn select_principal(edge: &Edge, node: &Node) -> Option<PrincipalSelector> {
    if !edge.kind.is_followed() {
        return None;
    }
    match &node.identity {
        Identity::Session { account, role, .. } => select(PrincipalKind::Role, *account, role),
        Identity::Role { account, name } => select(PrincipalKind::Role, *account, name),
        Identity::User { account, name } => select(PrincipalKind::User, *account, name),
        Identity::Function { account, role, .. } if is_created_workload(edge) => {
            select(PrincipalKind::Role, *account, role)
        }
        // A credential has the permissions of its user.
        _ => match node.owner.as_ref()? {
            Identity::User { account, name } => select(PrincipalKind::User, *account, name),
            _ => None,
        },
    }
}

/// Selects the principal of a name in a record. It must not act as a pattern.
fn select(kind: PrincipalKind, account: AccountId, name: &str) -> Option<PrincipalSelector> {
    let selector = PrincipalSelector::named(kind, Some(account), name).ok()?;
    selector.is_exact().then_some(selector)
}

/// Whether the call created the function. One that exists may serve others.
fn is_created_workload(edge: &Edge) -> bool {
    edge.event_name.starts_with("CreateFunction")
}

/// Whether a role or user of the lineage is this principal.
fn is_identity_of(identity: &Identity, principal: &Principal) -> bool {
    let is_called =
        |account: &AccountId, kind, name: &str| principal.is_called(*account, kind, name);
    match identity {
        Identity::User { account, name } => is_called(account, PrincipalKind::User, name),
        Identity::Role { account, name } => is_called(account, PrincipalKind::Role, name),
        Identity::Group { account, name } => is_called(account, PrincipalKind::Group, name),
        _ => false,
    }
}

/// Says what to do about an identity that the plan does not contain. `None` if it does.
fn advise(edge: &Edge, node: &Node, targets: &[&Principal]) -> Option<&'static str> {
    let identity = &node.identity;
    let is_target = || {
        let mut targets = targets.iter();
        targets.any(|target| is_identity_of(identity, target))
    };
    if !edge.kind.is_followed() && is_target() {
        return None;
    }
    let is_denied_whole = |account: &AccountId, role: &str| {
        let mut targets = targets.iter();
        targets.any(|target| target.is_called(*account, PrincipalKind::Role, role))
    };
    let advice = match (edge.kind, identity) {
        (EdgeKind::ChangesTrust, _) => {
            "review who can assume it; to contain it, name it with --role and --action block-assume"
        }
        (
            EdgeKind::ExtendsAccess,
            Identity::User { .. } | Identity::Role { .. } | Identity::Group { .. },
        ) => "its access was extended, and others may use it: review it, and name it to contain it",
        (EdgeKind::TrustsOutsider, _) => "remove the account from the trust policy of the role",
        (EdgeKind::ExtendsAccess, _) => "review the access that it gives, and take it back",
        (_, Identity::Session { account, role, .. })
            if node.user_ids.is_empty() && !is_denied_whole(account, role) =>
        {
            "the records do not show its user id, so it cannot be denied alone: name the role to deny all of it"
        }
        (_, Identity::RootSession(_)) => {
            "policies of the account do not block the root user: deny it with an SCP"
        }
        (_, Identity::PermissionSet { .. }) => {
            "it comes from IAM Identity Center: deny its sessions with an SCP, and disable the user in the identity provider"
        }
        (_, Identity::Provider(_)) => "delete it, and contain the roles that trust it",
        (_, Identity::Instance { .. }) => {
            "stop it, and contain its role by name if nothing else uses that role"
        }
        (_, Identity::Function { .. }) => {
            "restore its code, and contain its role by name if nothing else uses that role"
        }
        (_, Identity::Resource(_)) => "revoke it",
        (_, Identity::Key(_) | Identity::FederatedUser { .. }) if node.owner.is_none() => {
            "the records do not show whose it is: contain the principal that called"
        }
        _ => return None,
    };
    Some(advice)
}

/// Whether an indicator can find the calls of an identity.
fn is_searchable(identity: &Identity) -> bool {
    matches!(
        identity,
        Identity::Key(_)
            | Identity::Session { .. }
            | Identity::FederatedUser { .. }
            | Identity::RootSession(_)
            | Identity::User { .. }
            | Identity::Console { .. }
            | Identity::Role { .. }
    )
}

/// The indicators that find the calls of an identity.
fn indicator_text(node: &Node) -> String {
    if !node.access_keys.is_empty() {
        let keys: Vec<&str> = node.access_keys.iter().map(String::as_str).collect();
        return keys.join(" ");
    }
    match &node.identity {
        Identity::Session { role, .. } => format!("role:{role}"),
        Identity::Role { name, .. } => format!("role:{name}"),
        Identity::User { name, .. } | Identity::Console { user: name, .. } => {
            format!("user:{name}")
        }
        Identity::FederatedUser { account, name } => {
            format!("arn:aws:sts::{account}:federated-user/{name}")
        }
        other => other.to_string(),
    }
}
