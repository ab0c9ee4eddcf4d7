//! What happened in a scenario, and what a sweep must find of it: for drills, after which a team compares its answer.

use jiff::Timestamp;
use serde::Deserialize;

use super::Scenario;
use super::moment::Moment;

/// One step of the story, as the file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChapterSpec {
    at: Moment,
    text: String,
}

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// When it happened, in a range that begins at the scenario's `now`.
    pub at: Timestamp,
    /// What happened.
    pub text: String,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Search {
    /// An indicator, as it is given on the command line.
    Indicator(String),
    /// A hunt of the catalogue with its parameters, as it is given on the command line.
    Hunt(String),
}

/// What one search must find: a line of the answer sheet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// What is looked for.
    #[serde(flatten)]
    pub search: Search,
    /// How many events of the last 24 hours it finds, copies of one record folded, in everything that can be read
    /// without unmasking; of a hunt that counts, how many rows.
    pub sightings: u64,
    /// What it tells, and what it does not.
    pub note: String,
}

impl Scenario {
    /// The story, from its beginning to its end.
    pub fn story(&self) -> Vec<Chapter> {
        let chapter = |spec: &ChapterSpec| Chapter {
            at: spec.at.resolve(self.now()),
            text: spec.text.clone(),
        };
        self.0.story.iter().map(chapter).collect()
    }

    /// The answer sheet.
    pub fn answers(&self) -> &[Answer] {
        &self.0.answers
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::Search;
    use crate::model::LogGroupClass;
    use crate::range::logs::shown;
    use crate::range::patterns::FilterPattern;
    use crate::range::scenario::{Scenario, build, shipped};
    use crate::range::world::World;

    const DAY_MS: i64 = 86_400_000;

    /// What the hunts of the answer sheets look for, said in another language than the hunts themselves.
    const HUNTS: [(&str, &str); 15] = [
        (
            "iam-access-denied",
            "{ $.errorCode = %Unauthorized|Denied|Forbidden% }",
        ),
        (
            "users-roles-created",
            r#"{ $.eventName = "CreateUser" || $.eventName = "CreateRole" }"#,
        ),
        ("s3-list-buckets", r#"{ $.eventName = "ListBuckets" }"#),
        (
            "access-key-created",
            r#"{ $.responseElements.accessKey.accessKeyId = "AKIA*" }"#,
        ),
        (
            "iam-access-key:",
            r#"{ $.userIdentity.accessKeyId = "AKIADEPLOYBOT2LEAKED" }"#,
        ),
        ("source-ip:", r#"{ $.sourceIPAddress = "198.51.100.23" }"#),
        ("root-use", r#"{ $.userIdentity.type = "Root" }"#),
        (
            "console-login-without-mfa",
            r#"{ $.additionalEventData.MFAUsed = "No" }"#,
        ),
        (
            "trail-stopped-or-changed",
            r#"{ $.eventName = "StopLogging" }"#,
        ),
        (
            "guardduty-disabled",
            r#"{ $.eventName = "DeleteDetector" }"#,
        ),
        (
            "access-key-for-another-user",
            r#"{ $.eventName = "CreateAccessKey" && $.userIdentity.userName = "deploy-bot" }"#,
        ),
        (
            "policy-attached-to-self",
            r#"{ $.eventName = "AttachUserPolicy" }"#,
        ),
        (
            "security-group-opened",
            r#"{ $.requestParameters.ipPermissions.items[0].ipRanges.items[0].cidrIp = "0.0.0.0/0" }"#,
        ),
        (
            "snapshot-or-image-shared",
            r#"{ $.eventName = "ModifySnapshotAttribute" }"#,
        ),
        ("vpc-requests-from-ip:", r#""us-east-1 198.51.100.23""#),
    ];

    /// What makes a row of the hunts that count, of a message that they count; in other words than theirs.
    fn row_of(hunt: &str, message: &str) -> Option<String> {
        let columns: Vec<&str> = message.split(' ').collect();
        let record: Value = serde_json::from_str(message).unwrap_or_default();
        let source_at = if columns.first() == Some(&"2") { 3 } else { 2 };
        match hunt {
            "vpc-rejects-by-source" => columns
                .contains(&"REJECT")
                .then(|| columns[source_at].to_owned()),
            "role-chains" => {
                let who = &record["userIdentity"];
                let is_chain = record["eventName"] == "AssumeRole" && who["type"] == "AssumedRole";
                let issuer = &who["sessionContext"]["sessionIssuer"]["arn"];
                let role = &record["requestParameters"]["roleArn"];
                is_chain.then(|| format!("{issuer} {role} {}", record["errorCode"]))
            }
            _ => None,
        }
    }

    /// Whether `needle` stands in `text` and is not a part of a longer word, number or name.
    fn has_word(text: &str, needle: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
        text.match_indices(needle).any(|(at, _)| {
            let before = text[..at].chars().next_back().is_none_or(|c| !is_part(c));
            before
                && text[at + needle.len()..]
                    .chars()
                    .next()
                    .is_none_or(|c| !is_part(c))
        })
    }

    /// How many events of the last 24 hours `matches` is true of, copies of one record counted once.
    fn count(scenario: &Scenario, world: &mut World, matches: impl Fn(&str) -> bool) -> u64 {
        let now_ms = scenario.now().as_millisecond();
        let mut found = BTreeSet::new();
        for account in world
            .accounts
            .values_mut()
            .filter(|account| account.is_active())
        {
            for (region, store) in &mut account.logs {
                let groups = store
                    .groups
                    .iter_mut()
                    .filter(|(_, group)| group.class != LogGroupClass::Delivery);
                for (name, group) in groups {
                    // Everyday traffic of the large scenarios stays unmade: that it never holds what a story does is
                    // shown elsewhere, and their sheets name no hunts.
                    let group = if scenario.name() == "small" {
                        group.prepare()
                    } else {
                        &*group
                    };
                    let visible = group.events().iter().filter(|event| {
                        event.ingestion_ms <= now_ms && event.timestamp_ms >= now_ms - DAY_MS
                    });
                    for event in visible {
                        let message = shown(group, &event.message, false);
                        if matches(&message) {
                            let record: Value = serde_json::from_str(&message).unwrap_or_default();
                            found.insert(match record["eventID"].as_str() {
                                Some(id) => format!("{} {id}", record["recipientAccountId"]),
                                None => format!("{} {region} {name} {}", account.id, event.id()),
                            });
                        }
                    }
                }
            }
        }
        found.len() as u64
    }

    #[test]
    fn the_answer_sheets_are_what_a_plain_scan_finds() {
        for name in shipped() {
            let scenario = Scenario::builtin(name).unwrap();
            let mut world = build(&scenario, scenario.seed(), scenario.now()).unwrap();
            for answer in scenario.answers() {
                let found = match &answer.search {
                    Search::Indicator(indicator) => count(&scenario, &mut world, |message| {
                        has_word(message, indicator)
                    }),
                    Search::Hunt(hunt) => {
                        let known = HUNTS.iter().find(|(name, _)| {
                            hunt == name || name.ends_with(':') && hunt.starts_with(name)
                        });
                        let Some((_, pattern)) = known else {
                            let rows = std::cell::RefCell::new(BTreeSet::new());
                            count(&scenario, &mut world, |message| {
                                rows.borrow_mut().extend(row_of(hunt, message));
                                false
                            });
                            let rows = rows.into_inner().len() as u64;
                            assert!(
                                rows == answer.sightings || rows == 0,
                                "{name}: {hunt}: {rows}"
                            );
                            continue;
                        };
                        let pattern = FilterPattern::parse(pattern).unwrap();
                        count(&scenario, &mut world, |message| pattern.matches(message))
                    }
                };
                assert_eq!(found, answer.sightings, "{name}: {:?}", answer.search);
            }
        }
    }

    #[test]
    fn a_story_is_told_in_order_and_ends_before_practice_begins() {
        for name in shipped() {
            let scenario = Scenario::builtin(name).unwrap();
            let story = scenario.story();
            assert!(
                !story.is_empty() && story.is_sorted_by_key(|chapter| chapter.at),
                "{name}"
            );
            assert!(
                story.iter().all(|chapter| chapter.at < scenario.now()),
                "{name}"
            );
        }
    }
}
