//! Finds the principals to contain in the sightings of a run, what they created, and which
//! principals are only mentioned.
//!
//! A principal is a target only if it acted with the indicator: a trail delivered the record, the
//! call succeeded, and the indicator is in a field that describes the actor. Any other principal
//! that a record names is only mentioned: the colleague who deactivated a leaked key, a name in the
//! log line of an application, a caller whose call failed.
//!
//! A row of a hunt has no indicator. Its actor is a target if a trail delivered the record and the
//! call succeeded, so choose hunts that select what only an attacker does.

use std::collections::{BTreeMap, BTreeSet};

use super::acting_principal::{resolve_principal, selects_same_principal};
use super::created::{created_session, describe_created};
use super::descendants::Descendants;
use super::evidence::{Evidence, format_location};
use super::followed_starts::FollowedStarts;
use super::plan::RefusedTarget;
use super::run_sessions::{ObservedSessions, RunSessions};
use super::searched_for::SearchedFor;
use crate::config::PrincipalSelector;
use crate::store::{StoredRow, TrailDeliveries};
use dragnet_model::format::plural;
use dragnet_model::{AccountId, EventDetails, Principal, PrincipalKind, UserIdentity};

/// A writer of a log can name a new principal in every line, so only this many are listed; the
/// others are counted.
const MAX_MENTIONED: usize = 1_000;

/// The principals of a run, collected from its sightings.
#[derive(Debug, Default)]
pub struct FromRun {
    trails: TrailDeliveries,
    targets: BTreeMap<String, TargetPrincipal>,
    refused: BTreeMap<String, RefusedTarget>,
    mentioned: BTreeMap<String, Mention>,
    /// Sightings that mention principals beyond `MAX_MENTIONED`.
    unlisted_mentions: u64,
    created: BTreeMap<(Option<AccountId>, PrincipalKind, String), BTreeSet<String>>,
    sessions: RunSessions,
    /// The creators of sessions that [`FromRun::creators`] returned, and the descendants. They are
    /// targets too.
    creators: Vec<PrincipalSelector>,
    /// What descends from the identities that acted, if that is asked for.
    descendants: Option<Descendants>,
    /// What the run was given, if it follows credentials.
    followed: Option<FollowedStarts>,
}

#[derive(Debug)]
struct TargetPrincipal {
    selector: PrincipalSelector,
    evidence: Evidence,
}

/// A principal that a record names without making it a target.
#[derive(Debug)]
struct Mention {
    selector: Option<PrincipalSelector>,
    /// Number of sightings by reason and log group.
    counts: BTreeMap<(MentionReason, String), u64>,
}

/// Why a record does not make the principal that it names a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum MentionReason {
    Undelivered,
    NotActor,
    Followed,
    Failed,
}

impl MentionReason {
    fn describe(self) -> &'static str {
        match self {
            Self::Undelivered => "not known to be delivered by a trail",
            Self::NotActor => "in which the indicator is not in a field that describes the caller",
            Self::Followed => {
                "found by following credentials: plan with --descendants to contain it"
            }
            Self::Failed => "in which its call failed",
        }
    }
}

impl FromRun {
    /// An empty collection for a run with these trail deliveries.
    pub fn new(trails: TrailDeliveries) -> Self {
        Self {
            trails,
            ..Self::default()
        }
    }

    /// Also collects what descends from the identities that act. It is found among the records of
    /// a run that searched for `searched`.
    #[must_use]
    pub fn with_descendants(self, searched: SearchedFor) -> Self {
        Self {
            descendants: Some(Descendants::new(searched)),
            ..self
        }
    }

    /// The run follows credentials: only what it was given makes principals targets.
    #[must_use]
    pub fn following(self, followed: FollowedStarts) -> Self {
        Self {
            followed: Some(followed),
            ..self
        }
    }

    fn is_followed(&self, row: &StoredRow, details: &EventDetails<'_>) -> bool {
        let mut followed = self.followed.iter();
        followed.any(|followed| !followed.include(&row.found, details.time_ms))
    }

    /// Adds a sighting with the details of its event. It is ignored if it is not a CloudTrail record
    /// of a principal.
    pub fn add_sighting(&mut self, row: &StoredRow, details: &EventDetails<'_>) {
        let identity = &details.identity;
        let delivered = self.trails.contains(row);
        if let Some(descendants) = self.descendants.as_mut().filter(|_| delivered) {
            descendants.add_record(&row.found.message, details);
        }
        if identity.arn.is_empty() {
            return;
        }
        let selector = resolve_principal(identity);
        if delivered
            && details.succeeded()
            && let Ok(selector) = &selector
        {
            let key = (selector.account, selector.kind, selector.name.to_string());
            self.created
                .entry(key)
                .or_default()
                .extend(describe_created(&details.event_name, &row.found.message));
            if let Some(session) = created_session(&details.event_name, &row.found.message) {
                self.sessions
                    .add_creator(&session, selector, &identity.principal_id);
            }
        }
        let mention_reason = if !delivered {
            MentionReason::Undelivered
        } else if !row.found.matches_actor() {
            MentionReason::NotActor
        } else if self.is_followed(row, details) {
            MentionReason::Followed
        } else if !details.succeeded() {
            MentionReason::Failed
        } else {
            if let Ok(selector) = &selector {
                self.sessions.add(selector, &identity.principal_id, true);
            }
            if let Some(descendants) = &mut self.descendants {
                descendants.add_start(details);
            }
            return self.add_evidence(row, identity, selector);
        };
        if delivered && let Ok(selector) = &selector {
            self.sessions.add(selector, &identity.principal_id, false);
        }
        self.add_mention(row, identity, selector.ok(), mention_reason);
    }

    fn add_evidence(
        &mut self,
        row: &StoredRow,
        identity: &UserIdentity<'_>,
        selector: Result<PrincipalSelector, String>,
    ) {
        match selector {
            Ok(selector) => {
                let new = || TargetPrincipal {
                    selector: selector.clone(),
                    evidence: Evidence::default(),
                };
                self.targets
                    .entry(selector.to_string())
                    .or_insert_with(new)
                    .evidence
                    .add_record(row);
            }
            Err(reason) => {
                let user_id = identity
                    .arn
                    .contains("AWSReservedSSO_")
                    .then(|| identity.principal_id.to_string());
                let principal = identity.arn.to_string();
                let refused = RefusedTarget {
                    principal: principal.clone(),
                    reasons: vec![reason],
                    user_id,
                };
                self.refused.insert(principal, refused);
            }
        }
    }

    fn add_mention(
        &mut self,
        row: &StoredRow,
        identity: &UserIdentity<'_>,
        selector: Option<PrincipalSelector>,
        reason: MentionReason,
    ) {
        let principal = selector
            .as_ref()
            .map_or_else(|| identity.arn.to_string(), ToString::to_string);
        if self.mentioned.len() >= MAX_MENTIONED && !self.mentioned.contains_key(&principal) {
            self.unlisted_mentions += 1;
            return;
        }
        let new = || Mention {
            selector,
            counts: BTreeMap::new(),
        };
        let mention = self.mentioned.entry(principal).or_insert_with(new);
        *mention
            .counts
            .entry((reason, format_location(row)))
            .or_default() += 1;
    }

    /// The selectors of the targets, each with its evidence as the reason.
    pub fn selectors(&self) -> impl Iterator<Item = PrincipalSelector> {
        self.targets.values().map(|target| {
            let reason = Some(target.evidence.describe());
            PrincipalSelector {
                reason,
                ..target.selector.clone()
            }
        })
    }

    /// The principals that cannot be contained, with the reason and what to do instead.
    pub fn refused(&self) -> impl Iterator<Item = &RefusedTarget> {
        self.refused.values()
    }

    /// The principals that are only mentioned: where, why and how often.
    pub fn mentioned(&self) -> Vec<RefusedTarget> {
        let only_mentioned = self.mentioned.iter().filter(|(principal, mention)| {
            let is_target = |selector| {
                self.targets
                    .values()
                    .map(|target| &target.selector)
                    .chain(&self.creators)
                    .any(|target| selects_same_principal(target, selector))
            };
            !self.refused.contains_key(*principal)
                && !mention.selector.as_ref().is_some_and(is_target)
        });
        let mut mentioned: Vec<RefusedTarget> = only_mentioned
            .map(|(principal, mention)| RefusedTarget {
                principal: principal.clone(),
                reasons: mention.counts.iter().map(describe_mention).collect(),
                user_id: None,
            })
            .collect();
        if self.unlisted_mentions > 0 {
            mentioned.push(RefusedTarget {
                principal: "others".to_owned(),
                reasons: vec![format!(
                    "mentioned in {}: see the sightings of the run",
                    plural(self.unlisted_mentions, "sighting")
                )],
                user_id: None,
            });
        }
        mentioned
    }

    /// The sessions of a role with this unique id in the records of the run.
    pub fn sessions(&self, role: &Principal, id: &str) -> ObservedSessions {
        let descendants = self.descendants.as_ref();
        ObservedSessions {
            is_followed: descendants.is_some_and(|found| found.has_session_of(role)),
            ..self.sessions.observed(role, id)
        }
    }

    /// Follows the identities that acted. Returns the principals that descend from them; their
    /// sessions count from now on as sessions that acted.
    pub fn follow_descendants(&mut self) -> Vec<PrincipalSelector> {
        let Some(descendants) = &mut self.descendants else {
            return Vec::new();
        };
        descendants.follow(self.followed.as_ref().map(|followed| &followed.members));
        for session in descendants.sessions() {
            match session.user_id {
                Some(user_id) => self.sessions.add(&session.role, &user_id, true),
                None => self.sessions.mark_named(&session.role, &session.name),
            }
        }
        let targets = descendants.targets();
        self.creators.extend(targets.iter().cloned());
        targets
    }

    /// Whether an identity that acted created this principal, according to the lineage.
    pub fn is_descendant(&self, principal: &Principal) -> bool {
        let descendants = self.descendants.as_ref();
        descendants.is_some_and(|found| found.has_created(principal))
    }

    /// What descends from the identities that acted, but is not contained by a plan that changes
    /// `targets` as a whole, or was not searched for; and where the lineage of a run that follows
    /// credentials may continue unseen. `matched` are the selectors that matched a principal.
    pub fn open_ends(&self, targets: &[&Principal], matched: &BTreeSet<String>) -> Vec<String> {
        let descendants = self.descendants.as_ref();
        let mut open_ends =
            descendants.map_or_else(Vec::new, |found| found.open_ends(targets, matched));
        if let Some(followed) = &self.followed {
            open_ends.extend(followed.open_ends.iter().cloned());
        }
        open_ends
    }

    /// The principals that created these sessions, according to records that a trail delivered.
    /// Their own sessions count from now on as sessions that acted.
    pub fn creators(&mut self, sessions: &[String]) -> Vec<PrincipalSelector> {
        let creators = self.sessions.creators(sessions);
        self.creators.extend(creators.iter().cloned());
        creators
    }

    /// Descriptions of what a principal created, according to records that a trail delivered.
    pub fn created_by(&self, principal: &Principal) -> Vec<String> {
        let key = (
            Some(principal.account()),
            principal.kind(),
            principal.name().to_owned(),
        );
        self.created
            .get(&key)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// Text for the plan: `mentioned in 2 sightings in 111111111111 us-east-1 /trail, in which …`.
fn describe_mention(((reason, location), count): (&(MentionReason, String), &u64)) -> String {
    format!(
        "mentioned in {} in {location}, {}",
        plural(*count, "sighting"),
        reason.describe()
    )
}
