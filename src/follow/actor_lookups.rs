//! The attribute lookups in an event history that return every record which a round can add to the
//! lineage. Pure.
//!
//! Only the actor of a call counts, so the records of an access key are those that it signed. A
//! session is also known by its name, because in the console it signs with keys that no record
//! shows; then the calls that issue credentials say to whom a key of that name belongs, and
//! `SwitchRole` has its actor apart. What else only mentions an identity is not returned.

use std::collections::{BTreeMap, BTreeSet};

use super::round::{Round, Search};
use crate::lineage::{Identity, session_issuing_calls};
use dragnet_model::{AccountId, EventAttribute, EventLookup, Indicator, IndicatorValue};

impl Round {
    /// Returns the lookups by account. An account is left out if one of its searches needs all
    /// events.
    pub fn actor_lookups(&self) -> BTreeMap<AccountId, Vec<EventLookup>> {
        let mut searches: BTreeMap<AccountId, Vec<&Search>> = BTreeMap::new();
        for search in &self.searches {
            searches.entry(search.account).or_default().push(search);
        }
        searches
            .into_iter()
            .filter_map(|(account, searches)| Some((account, lookups_of_searches(&searches)?)))
            .collect()
    }
}

fn lookups_of_searches(searches: &[&Search]) -> Option<Vec<EventLookup>> {
    let mut lookups = BTreeSet::new();
    for search in searches {
        lookups.extend(lookups_of_indicator(&search.indicator)?);
    }
    Some(lookups.into_iter().collect())
}

/// Returns the lookups for the indicator of an identity; `None` if it needs all events.
///
/// The name of a user is not looked up: it ignores letter case, and AWS does not document whether
/// lookups do. The other kinds act under names that are not known.
fn lookups_of_indicator(indicator: &Indicator) -> Option<Vec<EventLookup>> {
    match indicator.value() {
        IndicatorValue::AccessKey(key) => Some(vec![lookup(EventAttribute::AccessKeyId, key)]),
        IndicatorValue::Arn(arn) => match Identity::from_arn(arn.as_str())? {
            Identity::Session { role, name, .. } => Some(lookups_of_session(&role, &name)),
            _ => None,
        },
        _ => None,
    }
}

/// AWS describes `Username` as "a user name or role name", and its examples have the name of the
/// session. So both are looked up.
fn lookups_of_session(role: &str, name: &str) -> Vec<EventLookup> {
    let names = [name, role].map(|name| lookup(EventAttribute::Username, name));
    let issuing = session_issuing_calls().map(|call| lookup(EventAttribute::EventName, call));
    names.into_iter().chain(issuing).collect()
}

fn lookup(attribute: EventAttribute, value: &str) -> EventLookup {
    EventLookup {
        attribute,
        value: value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::IndicatorKind;

    const ACCOUNT: &str = "222222222222";
    const KEY: (IndicatorKind, &str) = (IndicatorKind::AccessKey, "ASIAEVE2222222222222");
    const SESSION: (IndicatorKind, &str) = (
        IndicatorKind::Arn,
        "arn:aws:sts::222222222222:assumed-role/App/eve",
    );

    fn looked_up(indicators: &[(IndicatorKind, &str)]) -> Option<Vec<String>> {
        let searches = indicators.iter().map(|(kind, text)| Search {
            indicator: Indicator::parse_as(*kind, text).unwrap(),
            account: ACCOUNT.parse().unwrap(),
            from_ms: 0,
        });
        let round = Round {
            number: 1,
            searches: searches.collect(),
        };
        let lookups = round.actor_lookups().into_values().next()?;
        Some(lookups.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn key_is_looked_up_alone() {
        let found = looked_up(&[KEY]);
        assert_eq!(found, Some(vec![format!("AccessKeyId={}", KEY.1)]));
    }

    #[test]
    fn session_is_looked_up_with_the_calls_that_issue_keys_of_its_name() {
        let found = looked_up(&[KEY, SESSION]).unwrap();
        for expected in [
            "AccessKeyId=ASIAEVE2222222222222",
            "Username=eve",
            "Username=App",
            "EventName=AssumeRole",
            "EventName=AssumeRoleWithSAML",
            "EventName=SwitchRole",
        ] {
            assert!(found.iter().any(|one| one == expected), "{found:?}");
        }
        assert!(!found.iter().any(|one| one.ends_with("CreateUser")));
    }

    #[test]
    fn other_identities_need_all_events_of_their_account() {
        for other in [
            (IndicatorKind::User, "eve"),
            (IndicatorKind::Role, "App"),
            (
                IndicatorKind::Arn,
                "arn:aws:sts::222222222222:federated-user/eve",
            ),
            (
                IndicatorKind::Arn,
                "arn:aws:iam::222222222222:saml-provider/p",
            ),
            (IndicatorKind::Ip, "192.0.2.1"),
            (IndicatorKind::Text, "i-0123456789abcdef0"),
        ] {
            assert_eq!(looked_up(&[KEY, other]), None, "{other:?}");
        }
    }
}
