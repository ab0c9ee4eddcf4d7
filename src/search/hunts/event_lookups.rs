//! The attributes by which the event history can be searched for hunts without losing a match.

use std::collections::BTreeSet;

use super::PreparedHunt;
use super::requirement::{Requirement, TextPosition};
use dragnet_model::{EventAttribute, EventLookup, HuntSource};

/// The maximum number of lookups of hunts. Each takes at least a call, of which AWS allows two per second.
const MOST_LOOKUPS: usize = 20;

/// The longest value that is looked up, in bytes.
///
/// Source: CloudTrail API, `LookupAttribute`: 2,000 characters, of which some count twice.
const LONGEST_VALUE: usize = 1_000;

/// Returns lookups that together return every record of which one of the hunts has a row; `None` if
/// all records have to be read.
///
/// All lookups have the same attribute and different values, so no record is returned twice, and
/// hunts that count can add up the results.
pub(crate) fn event_lookups(hunts: &[PreparedHunt]) -> Option<Vec<EventLookup>> {
    EventAttribute::ALL
        .into_iter()
        .find_map(|attribute| lookups_by(attribute, hunts))
}

fn lookups_by(attribute: EventAttribute, hunts: &[PreparedHunt]) -> Option<Vec<EventLookup>> {
    let field = attribute.field()?;
    let mut values = BTreeSet::new();
    for prepared in hunts {
        // The history has no flow logs.
        if prepared.hunt().source != HuntSource::VpcFlow {
            values.extend(prepared.requirement.values_of(field)?);
        }
    }
    let is_usable = !values.is_empty()
        && values.len() <= MOST_LOOKUPS
        && values.iter().all(|value| value.len() <= LONGEST_VALUE);
    let lookup = |value: &str| EventLookup {
        attribute,
        value: value.to_owned(),
    };
    is_usable.then(|| values.into_iter().map(lookup).collect())
}

impl Requirement {
    /// Returns the values of which a field must have one to meet the requirement; `None` if it may
    /// have others.
    fn values_of(&self, field: &str) -> Option<BTreeSet<&str>> {
        match self {
            Self::Nothing => None,
            Self::Text(required) => {
                let is_value = required.field == field && required.position == TextPosition::Whole;
                is_value.then(|| BTreeSet::from([required.text.as_str()]))
            }
            // Each of them holds, so the shortest list is sufficient.
            Self::All(requirements) => requirements
                .iter()
                .filter_map(|requirement| requirement.values_of(field))
                .min_by_key(BTreeSet::len),
            Self::Any(requirements) => {
                let values: Option<Vec<BTreeSet<&str>>> = requirements
                    .iter()
                    .map(|requirement| requirement.values_of(field))
                    .collect();
                values.map(|values| values.into_iter().flatten().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{Hunt, Severity};

    fn prepared(source: HuntSource, query: &str) -> PreparedHunt {
        PreparedHunt::new(Hunt {
            name: "h".to_owned(),
            title: String::new(),
            source,
            severity: Severity::Low,
            techniques: Vec::new(),
            parameters: std::collections::BTreeMap::new(),
            query: query.to_owned(),
            filter_pattern: None,
        })
        .unwrap()
    }

    fn lookups(queries: &[&str]) -> Option<Vec<String>> {
        let hunts: Vec<PreparedHunt> = queries
            .iter()
            .map(|query| prepared(HuntSource::CloudTrail, query))
            .collect();
        let lookups = event_lookups(&hunts)?;
        Some(lookups.iter().map(ToString::to_string).collect())
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn required_values_are_looked_up() {
        for (query, expected) in [
            (
                r#"filter eventName = "ConsoleLogin" and errorMessage like /x/"#,
                &["EventName=ConsoleLogin"][..],
            ),
            (
                r#"filter eventName in ["StopLogging", "DeleteTrail"]"#,
                &["EventName=DeleteTrail", "EventName=StopLogging"][..],
            ),
            (
                r#"filter userIdentity.accessKeyId = "AKIAIOSFODNN7EXAMPLE" and eventName = "A""#,
                &["AccessKeyId=AKIAIOSFODNN7EXAMPLE"][..],
            ),
            (
                r#"filter eventSource = "s3.amazonaws.com""#,
                &["EventSource=s3.amazonaws.com"][..],
            ),
            (
                r#"filter eventID = "0a1b2c3d-0000-4000-8000-000000000000""#,
                &["EventId=0a1b2c3d-0000-4000-8000-000000000000"][..],
            ),
        ] {
            assert_eq!(lookups(&[query]), Some(texts(expected)), "{query}");
        }
        let hunts = [r#"filter eventName = "A""#, r#"filter eventName = "B""#];
        assert_eq!(
            lookups(&hunts),
            Some(texts(&["EventName=A", "EventName=B"]))
        );
    }

    #[test]
    fn everything_is_read_if_a_match_could_be_lost() {
        for queries in [
            &[r#"filter eventName like "Console""#][..],
            &[r#"filter eventName != "ConsoleLogin""#],
            &[r#"filter eventName = "A" or sourceIPAddress = "192.0.2.1""#],
            &[r#"filter userIdentity.userName = "ben""#],
            &[r#"filter readOnly = "true""#],
            &[
                r#"filter eventName = "A""#,
                r#"filter errorCode = "AccessDenied""#,
            ],
            &["fields eventName"],
        ] {
            assert_eq!(lookups(queries), None, "{queries:?}");
        }
        let names: Vec<String> = (0..=MOST_LOOKUPS).map(|n| format!("\"E{n}\"")).collect();
        let query = format!("filter eventName in [{}]", names.join(", "));
        assert_eq!(lookups(&[&query]), None, "too many calls");
        let long = format!("filter eventName = \"{}\"", "x".repeat(LONGEST_VALUE + 1));
        assert_eq!(lookups(&[&long]), None, "too long");
    }

    #[test]
    fn hunts_about_flow_logs_do_not_matter() {
        let flow = prepared(HuntSource::VpcFlow, r#"filter dstPort = "x""#);
        let trail = prepared(HuntSource::CloudTrail, r#"filter eventName = "A""#);
        assert_eq!(event_lookups(&[flow, trail]).unwrap().len(), 1);
    }
}
