//! A summary per principal: when it was seen, what it called from where, what it created, and the
//! access keys that were issued.
//!
//! One pass over the sightings fills a [`PrincipalTally`]. An attacker may write any number of
//! principals into a log, so everything is bounded: principals, names, created resources and keys.
//! All texts are untrusted. The sessions of a role are summarized as the role.

use std::collections::HashMap;

use super::abused_calls::AbusedCalls;
use super::name_counts::NameCounts;
use super::resource::{find_resources, parse_record, shorten};
use crate::lineage::{Grant, Identity, LineageRecord};
use dragnet_model::time::UNKNOWN_TIME_MS;
use dragnet_model::{EventDetails, OwnCall, Sighting, UserIdentity};

/// The maximum number of principals.
const MOST_PRINCIPALS: usize = 200;

/// The maximum number of created resources of a principal, of holders of the keys that it issued,
/// and of keys of a holder.
const MOST_LISTED: usize = 32;

/// What the sightings say about one principal. Dragnet's own calls are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalSummary {
    /// The ARN of a user, of a role for its sessions, or of another identity. Without an ARN, a
    /// description: `access key AKIA…`, `id AIDA…`, `caller at 192.0.2.1`.
    pub principal: String,
    /// The number of its sightings.
    pub sightings: u64,
    /// How many of them no trail delivered: such a line only claims what it says.
    pub untrusted: u64,
    /// The first event time in milliseconds since the Unix epoch, if known.
    pub first_seen_ms: Option<i64>,
    /// The last event time in milliseconds since the Unix epoch, if known.
    pub last_seen_ms: Option<i64>,
    /// The successful calls, by event name.
    pub succeeded: NameCounts,
    /// The failed calls, by event name.
    pub failed: NameCounts,
    /// The failed calls, by error code.
    pub errors: NameCounts,
    /// The names of the sessions of a role.
    pub sessions: NameCounts,
    /// The access keys that signed.
    pub access_keys: NameCounts,
    /// The event accounts. In the order in which they were first seen, they are the path of the
    /// principal through the organization.
    pub accounts: NameCounts,
    /// The event Regions.
    pub regions: NameCounts,
    /// The source addresses.
    pub addresses: NameCounts,
    /// The user agents.
    pub user_agents: NameCounts,
    /// The calls that attackers commonly make, in the order in which they were first seen.
    pub abused: Vec<AbusedCount>,
    /// The created resources, in the order of their events.
    pub created: Vec<CreatedResource>,
    /// The access keys that were issued by the principal's calls, by who holds them.
    pub issued: Vec<IssuedKeys>,
    /// Whether there are more created resources or issued keys than these.
    pub has_more: bool,
}

/// A call that attackers commonly make, with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbusedCount {
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// What the call is good for.
    pub reason: &'static str,
    /// The technique in MITRE ATT&CK.
    pub technique: &'static str,
    /// How often it succeeded.
    pub succeeded: u64,
    /// How often it failed.
    pub failed: u64,
}

/// A resource that a successful call created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedResource {
    /// The event time in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// The event account.
    pub account: String,
    /// The event Region.
    pub region: String,
    /// The names of the resource, separated by semicolons; empty if the record has none.
    pub resource: String,
}

/// Access keys that were issued to one holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedKeys {
    /// Who holds them: `role App in 111111111111`, `user eve in 111111111111`.
    pub holder: String,
    /// The keys.
    pub keys: Vec<String>,
}

/// The summaries of all principals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalSummaries {
    /// The principals: first those with the most kinds of successful calls that attackers commonly
    /// make, then those with the most sightings.
    pub principals: Vec<PrincipalSummary>,
    /// The sightings of principals beyond the bound.
    pub others: u64,
}

/// Summarizes the principals while the sightings are read, which must be sorted by event time.
#[derive(Clone, Debug, Default)]
pub struct PrincipalTally {
    by_principal: HashMap<String, PrincipalSummary>,
    others: u64,
}

/// Summarizes the principals of sightings, which must be sorted by event time.
///
/// # Errors
/// A row cannot be read.
pub fn summarize_principals<E>(
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
) -> Result<PrincipalSummaries, E> {
    let mut tally = PrincipalTally::default();
    for row in rows {
        tally.add(&row?);
    }
    Ok(tally.summaries())
}

impl PrincipalTally {
    /// Adds the next sighting.
    pub fn add(&mut self, sighting: &Sighting) {
        if !sighting.details.is_cloudtrail() || sighting.own_call == OwnCall::Yes {
            return;
        }
        let principal = describe_principal(&sighting.details);
        let is_known = self.by_principal.contains_key(&principal);
        if !is_known && self.by_principal.len() >= MOST_PRINCIPALS {
            self.others += 1;
            return;
        }
        self.by_principal
            .entry(principal)
            .or_insert_with_key(|principal| PrincipalSummary {
                principal: principal.clone(),
                ..PrincipalSummary::default()
            })
            .add(sighting);
    }

    /// Returns the summaries of what was added so far.
    pub fn summaries(&self) -> PrincipalSummaries {
        let mut principals: Vec<PrincipalSummary> = self.by_principal.values().cloned().collect();
        principals.sort_by(|one, other| {
            let by_abuse = other.abused_kinds().cmp(&one.abused_kinds());
            by_abuse
                .then_with(|| other.sightings.cmp(&one.sightings))
                .then_with(|| one.principal.cmp(&other.principal))
        });
        PrincipalSummaries {
            principals,
            others: self.others,
        }
    }
}

impl PrincipalSummary {
    /// Returns how many different calls that attackers commonly make succeeded.
    fn abused_kinds(&self) -> usize {
        let succeeded = self.abused.iter().filter(|call| call.succeeded > 0);
        succeeded.count()
    }

    fn add(&mut self, sighting: &Sighting) {
        let details = &sighting.details;
        self.sightings += 1;
        self.untrusted += u64::from(!sighting.trusted);
        self.add_time(details.time_ms);
        self.accounts.add(&details.account);
        self.regions.add(&details.region);
        self.addresses.add(&details.source_ip);
        self.user_agents.add(&details.user_agent);
        self.access_keys.add(&details.identity.access_key_id);
        if let Some(Identity::Session { name, .. }) = Identity::from_arn(&details.identity.arn) {
            self.sessions.add(&name);
        }
        self.add_abused(details);
        if details.succeeded() {
            self.succeeded.add(&details.event_name);
            self.add_created(sighting);
            self.add_issued(sighting);
        } else {
            self.failed.add(&details.event_name);
            self.errors.add(&details.error_code);
        }
    }

    fn add_time(&mut self, time_ms: i64) {
        if time_ms == UNKNOWN_TIME_MS {
            return;
        }
        let first = self.first_seen_ms.map_or(time_ms, |seen| seen.min(time_ms));
        let last = self.last_seen_ms.map_or(time_ms, |seen| seen.max(time_ms));
        self.first_seen_ms = Some(first);
        self.last_seen_ms = Some(last);
    }

    fn add_abused(&mut self, details: &EventDetails<'_>) {
        let Some(known) = AbusedCalls::find(&details.event_source, &details.event_name) else {
            return;
        };
        let position = self
            .abused
            .iter()
            .position(|call| call.event_name == details.event_name && call.reason == known.reason);
        // Lambda adds versions to its names, and a hostile record may have any number of them.
        if position.is_none() && self.abused.len() >= MOST_LISTED {
            self.has_more = true;
            return;
        }
        if position.is_none() {
            self.abused.push(AbusedCount {
                event_name: shorten(&details.event_name).into_owned(),
                reason: known.reason,
                technique: known.technique,
                succeeded: 0,
                failed: 0,
            });
        }
        let at = position.unwrap_or(self.abused.len().saturating_sub(1));
        if let Some(call) = self.abused.get_mut(at) {
            call.succeeded += u64::from(details.succeeded());
            call.failed += u64::from(!details.succeeded());
        }
    }

    fn add_created(&mut self, sighting: &Sighting) {
        let details = &sighting.details;
        if !creates_resource(&details.event_name) {
            return;
        }
        if self.created.len() >= MOST_LISTED {
            self.has_more = true;
            return;
        }
        let resources = parse_record(&sighting.message)
            .map(|record| find_resources(details, &record))
            .unwrap_or_default();
        self.created.push(CreatedResource {
            time_ms: details.time_ms,
            event_name: shorten(&details.event_name).into_owned(),
            account: shorten(&details.account).into_owned(),
            region: shorten(&details.region).into_owned(),
            resource: resources.join(";"),
        });
    }

    fn add_issued(&mut self, sighting: &Sighting) {
        let Some(record) = LineageRecord::parse(&sighting.message, &sighting.details) else {
            return;
        };
        for grant in &record.grants {
            if let Some(key) = issued_key(grant) {
                self.add_key(describe_holder(grant), key);
            }
        }
    }

    fn add_key(&mut self, holder: String, key: &str) {
        let key = shorten(key).into_owned();
        let known = self.issued.iter_mut().find(|keys| keys.holder == holder);
        if let Some(issued) = known {
            if issued.keys.contains(&key) {
                return;
            }
            if issued.keys.len() < MOST_LISTED {
                issued.keys.push(key);
            } else {
                self.has_more = true;
            }
        } else if self.issued.len() < MOST_LISTED {
            let keys = vec![key];
            self.issued.push(IssuedKeys { holder, keys });
        } else {
            self.has_more = true;
        }
    }
}

/// Describes who made a call: by the ARN, of a session by that of its role.
fn describe_principal(details: &EventDetails<'_>) -> String {
    let identity = &details.identity;
    if let Some(role) = role_of_session(identity) {
        return shorten(&role).into_owned();
    }
    let names = [
        ("", &*identity.arn),
        ("access key ", &*identity.access_key_id),
        ("id ", &*identity.principal_id),
        ("caller at ", &*details.source_ip),
    ];
    names.iter().find(|(_, name)| !name.is_empty()).map_or_else(
        || "unknown caller".to_owned(),
        |(title, name)| format!("{title}{}", shorten(name)),
    )
}

/// Returns the ARN of the role, if the caller is a session of one.
///
/// Source: CloudTrail user guide, "CloudTrail userIdentity element" (`sessionIssuer`).
fn role_of_session(identity: &UserIdentity<'_>) -> Option<String> {
    let Identity::Session { account, role, .. } = Identity::from_arn(&identity.arn)? else {
        return None;
    };
    // Only this one has the path of the role.
    if !identity.session_issuer_arn.is_empty() {
        return Some(identity.session_issuer_arn.to_string());
    }
    let partition = identity.arn.split(':').nth(1).unwrap_or("aws");
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// Whether an event creates a resource, according to its name.
fn creates_resource(event_name: &str) -> bool {
    // They create no resource, but a session, or happen all the time.
    if matches!(
        event_name,
        "CreateSession" | "CreateOAuth2Token" | "CreateLogStream"
    ) {
        return false;
    }
    let verbs = [
        "Create", "Run", "Import", "Register", "Allocate", "Upload", "Copy", "Restore",
    ];
    verbs.iter().any(|verb| event_name.starts_with(verb))
}

/// Returns the access key of a grant.
fn issued_key(grant: &Grant) -> Option<&str> {
    match &grant.identity {
        Identity::Key(key) => Some(key.as_str()),
        _ => grant.access_key_id.as_deref(),
    }
}

/// Describes who holds the key of a grant: its role, or the user that it belongs to.
fn describe_holder(grant: &Grant) -> String {
    match (&grant.identity, &grant.owner) {
        (Identity::Session { account, role, .. }, _) => {
            let role = Identity::Role {
                account: *account,
                name: role.clone(),
            };
            shorten(&role.to_string()).into_owned()
        }
        (_, Some(owner)) => shorten(&owner.to_string()).into_owned(),
        (Identity::Key(_), None) => "unknown holder".to_owned(),
        (identity, None) => shorten(&identity.to_string()).into_owned(),
    }
}
