//! The story of a scenario and the answers that a sweep must find. In a drill, a team compares its
//! result with them.

use jiff::Timestamp;
use serde::Deserialize;

use super::Scenario;
use super::scenario_time::ScenarioTime;

/// A step of the story, as it is in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChapterSpec {
    at: ScenarioTime,
    text: String,
}

/// A step of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// When it happened, in a range that starts at `now` of the scenario.
    pub at: Timestamp,
    /// What happened, in prose.
    pub text: String,
}

/// A search to perform.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Search {
    /// An indicator, in the syntax of the command line.
    Indicator(String),
    /// A hunt with its parameters, in the syntax of the command line.
    Hunt(String),
}

/// The expected result of one search: a line of the answer sheet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// The search to perform.
    #[serde(flatten)]
    pub search: Search,
    /// The number of sightings in the last 24 hours, with copies counted once, among the events
    /// that can be read without unmasking. For a hunt that aggregates, the number of rows.
    pub sightings: u64,
    /// What the result shows, and what it does not show.
    pub note: String,
}

impl Scenario {
    /// The steps of the story, in order.
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
    use crate::cloudtrail::RecordForm;
    use crate::logs::mask_message;
    use crate::scenario::{Scenario, build, builtin_names};
    use crate::world::World;
    use cw_filter_pattern::FilterPattern;
    use dragnet_model::{AccountId, LogGroupClass, Region};

    const DAY_MS: i64 = 86_400_000;

    /// The conditions of the hunts in the answer sheets, written as filter patterns and thus
    /// independently of the hunts.
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

    /// The group of a message in an aggregating hunt, computed independently of the hunt. `None` if
    /// the hunt does not count the message.
    fn aggregate_key(hunt: &str, message: &str) -> Option<String> {
        let columns: Vec<&str> = message.split(' ').collect();
        let record: Value = serde_json::from_str(message).unwrap_or_default();
        let source_column = if columns.first() == Some(&"2") { 3 } else { 2 };
        match hunt {
            "vpc-rejects-by-source" => columns
                .contains(&"REJECT")
                .then(|| columns[source_column].to_owned()),
            "role-chains" => {
                let identity = &record["userIdentity"];
                let is_chain =
                    record["eventName"] == "AssumeRole" && identity["type"] == "AssumedRole";
                let issuer = &identity["sessionContext"]["sessionIssuer"]["arn"];
                let role = &record["requestParameters"]["roleArn"];
                is_chain.then(|| format!("{issuer} {role} {}", record["errorCode"]))
            }
            _ => None,
        }
    }

    /// Whether `needle` occurs in `text` as a whole word, number or name.
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

    /// Counts the events of the last 24 hours for which `matches` is true; copies of a record count
    /// once.
    fn count_events(scenario: &Scenario, world: &mut World, matches: impl Fn(&str) -> bool) -> u64 {
        let now_ms = scenario.now().as_millisecond();
        let mut unique = BTreeSet::new();
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
                    // Everyday traffic of the large scenarios is not generated here. Other tests
                    // show that it never contains what a story does, and the answer sheets of these
                    // scenarios have no hunts.
                    let group = if scenario.name() == "small" {
                        group.prepare()
                    } else {
                        &*group
                    };
                    let visible = group.events().iter().filter(|event| {
                        event.ingestion_ms <= now_ms && event.timestamp_ms >= now_ms - DAY_MS
                    });
                    for event in visible {
                        let message = mask_message(group, &event.message, false);
                        if matches(&message) {
                            let record: Value = serde_json::from_str(&message).unwrap_or_default();
                            unique.insert(match record["eventID"].as_str() {
                                Some(id) => format!("{} {id}", record["recipientAccountId"]),
                                None => format!("{} {region} {name} {}", account.id, event.id()),
                            });
                        }
                    }
                }
            }
        }
        if scenario.name() == "s3-org" {
            unique.extend(matching_records(scenario, world, matches));
        }
        unique.len() as u64
    }

    /// The records of the last 24 hours that match, whether a log group has them or not. They are
    /// what trails deliver to S3.
    fn matching_records(
        scenario: &Scenario,
        world: &mut World,
        matches: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let accounts: Vec<AccountId> = world.accounts.keys().copied().collect();
        let regions: Vec<Region> = world
            .regions
            .all()
            .map(|(region, _)| region.clone())
            .collect();
        let mut found = Vec::new();
        for account in accounts {
            for region in &regions {
                let records = world.history.records(account, region);
                let recent = records.filter(|record| {
                    record.time.as_millisecond() >= scenario.now().as_millisecond() - DAY_MS
                });
                let matching =
                    recent.filter(|record| matches(&record.to_json(RecordForm::default())));
                found.extend(
                    matching.map(|record| format!("{:?} {}", account.to_string(), record.event_id)),
                );
            }
        }
        found
    }

    #[test]
    fn answer_sheets_equal_a_plain_scan() {
        for name in builtin_names() {
            let scenario = Scenario::builtin(name).unwrap();
            let mut world = build(&scenario, scenario.seed(), scenario.now()).unwrap();
            for answer in scenario.answers() {
                let count = match &answer.search {
                    Search::Indicator(indicator) => {
                        count_events(&scenario, &mut world, |message| {
                            has_word(message, indicator)
                        })
                    }
                    Search::Hunt(hunt) => {
                        let known = HUNTS.iter().find(|(name, _)| {
                            hunt == name || name.ends_with(':') && hunt.starts_with(name)
                        });
                        let Some((_, pattern)) = known else {
                            let rows = std::cell::RefCell::new(BTreeSet::new());
                            count_events(&scenario, &mut world, |message| {
                                rows.borrow_mut().extend(aggregate_key(hunt, message));
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
                        count_events(&scenario, &mut world, |message| pattern.matches(message))
                    }
                };
                assert_eq!(count, answer.sightings, "{name}: {:?}", answer.search);
            }
        }
    }

    #[test]
    fn story_is_in_order_and_ends_before_practice() {
        for name in builtin_names() {
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
