//! The principals: what each did, from where, what it created, and the keys that it issued.

use super::lists::{Fact, cut};
use crate::report::account_names::{AccountNames, account_with_name};
use crate::report::{
    AbusedCount, CreatedResource, NameCounts, PrincipalSummaries, PrincipalSummary,
};
use dragnet_model::format::{count, plural};
use dragnet_model::time::format_ms;

/// How many principals are described.
const MOST_PRINCIPALS: usize = 40;
/// How many names of a kind a principal has.
const MOST_NAMES: usize = 12;

/// A principal and what it did.
#[derive(Debug)]
pub(super) struct PrincipalCard {
    pub(super) name: String,
    pub(super) sightings: String,
    pub(super) is_open: bool,
    pub(super) facts: Vec<Fact>,
    pub(super) lists: Vec<PrincipalList>,
}

/// A list about a principal, which is not empty. Every item is untrusted.
#[derive(Debug)]
pub(super) struct PrincipalList {
    pub(super) heading: &'static str,
    pub(super) items: Vec<String>,
}

/// The principals with the most important calls.
#[derive(Debug)]
pub(super) struct Principals {
    pub(super) cards: Vec<PrincipalCard>,
    pub(super) has_more: bool,
    pub(super) more: String,
}

impl Principals {
    /// The number of principals that are shown completely from the start.
    const OPEN: usize = 3;

    pub(super) fn new(summaries: &PrincipalSummaries, names: &AccountNames) -> Self {
        let principals = &summaries.principals;
        let more = principals.len().saturating_sub(MOST_PRINCIPALS);
        let cards = principals.iter().take(MOST_PRINCIPALS).enumerate();
        let others = match summaries.others {
            0 => String::new(),
            others => format!(", and others with {}", plural(others, "sighting")),
        };
        Self {
            cards: cards
                .map(|(number, principal)| {
                    PrincipalCard::new(principal, number < Self::OPEN, names)
                })
                .collect(),
            has_more: more > 0 || summaries.others > 0,
            more: format!("{}{others}", plural(more as u64, "more principal")),
        }
    }
}

impl PrincipalCard {
    fn new(principal: &PrincipalSummary, is_open: bool, names: &AccountNames) -> Self {
        Self {
            name: cut(&principal.principal),
            sightings: plural(principal.sightings, "sighting"),
            is_open,
            facts: principal_facts(principal, names),
            lists: principal_lists(principal, names),
        }
    }
}

/// Returns the lists about a principal that are not empty.
fn principal_lists(principal: &PrincipalSummary, names: &AccountNames) -> Vec<PrincipalList> {
    let abused = principal.abused.iter().map(describe_abused);
    let created = principal
        .created
        .iter()
        .map(|created| describe_created(created, names));
    let issued = principal
        .issued
        .iter()
        .map(|issued| cut(&format!("{}: {}", issued.holder, issued.keys.join(", "))));
    let lists = [
        ("Calls that attackers commonly make", abused.collect()),
        ("Created", created.collect()),
        ("Issued access keys", issued.collect::<Vec<String>>()),
    ];
    lists
        .into_iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(heading, items)| PrincipalList { heading, items })
        .collect()
}

fn describe_abused(call: &AbusedCount) -> String {
    let counts = match (call.succeeded, call.failed) {
        (succeeded, 0) => count(succeeded),
        (0, failed) => format!("{} failed", count(failed)),
        (succeeded, failed) => format!("{}, {} failed", count(succeeded), count(failed)),
    };
    let name = cut(&call.event_name);
    format!("{name} ×{counts}: {} ({})", call.reason, call.technique)
}

fn describe_created(created: &CreatedResource, names: &AccountNames) -> String {
    let time = format_ms(created.time_ms);
    let account = account_with_name(&created.account, names);
    cut(&format!(
        "{time} {} {} in {account} {}",
        created.event_name, created.resource, created.region
    ))
}

/// Returns the facts about a principal that are known.
fn principal_facts(principal: &PrincipalSummary, names: &AccountNames) -> Vec<Fact> {
    let time = |seen: Option<i64>| seen.map(format_ms).unwrap_or_default();
    let path: Vec<String> = principal
        .accounts
        .in_order()
        .into_iter()
        .take(MOST_NAMES)
        .map(|id| cut(&account_with_name(id, names)))
        .collect();
    let untrusted = match principal.untrusted {
        0 => String::new(),
        number => format!("{}: no trail delivered them", plural(number, "sighting")),
    };
    let has_more = if principal.has_more {
        "more resources or keys than are listed here".to_owned()
    } else {
        String::new()
    };
    let facts = [
        ("First seen", time(principal.first_seen_ms)),
        ("Last seen", time(principal.last_seen_ms)),
        ("Accounts, in order", path.join(" → ")),
        ("Regions", name_list(&principal.regions)),
        ("Succeeded", name_list(&principal.succeeded)),
        ("Failed", name_list(&principal.failed)),
        ("Errors", name_list(&principal.errors)),
        ("Addresses", name_list(&principal.addresses)),
        ("User agents", name_list(&principal.user_agents)),
        ("Access keys", name_list(&principal.access_keys)),
        ("Sessions", name_list(&principal.sessions)),
        ("Untrusted", untrusted),
        ("Not listed", has_more),
    ];
    let known = facts.into_iter().filter(|(_, text)| !text.is_empty());
    known.map(|(label, text)| Fact::new(label, text)).collect()
}

/// Returns the most frequent names with their numbers: `ListBuckets ×12, GetObject ×3`.
fn name_list(counts: &NameCounts) -> String {
    let mut names: Vec<String> = counts
        .top(MOST_NAMES)
        .into_iter()
        .map(|(name, number)| format!("{} ×{}", cut(name), count(number)))
        .collect();
    let more = counts.different().saturating_sub(MOST_NAMES);
    if more > 0 || counts.others() > 0 {
        names.push("and more".to_owned());
    }
    names.join(", ")
}
