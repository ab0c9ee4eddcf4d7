//! Random log groups: imports, truncated events and earlier data protection policies. What is reported as
//! covered has every planted event among the sightings, and what is healthy is covered.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::scenario;
use crate::cases::{cases, seed};
use crate::scenario::{Event, Group};
use crate::world::{Run, World};

const TEXT: &str = "exfil.example";

/// A log group of prod in eu-west-1.
#[expect(clippy::struct_excessive_bools, reason = "each is chosen on its own")]
struct PlantedGroup {
    name: String,
    class: &'static str,
    /// Whether it was created long after the window.
    is_new: bool,
    is_import: bool,
    is_truncated: bool,
    was_masked: bool,
    has_match: bool,
}

impl PlantedGroup {
    fn random(rng: &mut Rng, number: usize) -> Self {
        let is_import = rng.u8(0..3) == 0;
        let is_new = rng.bool();
        // Nothing but an import has events from before its creation.
        let may_have_events = is_import || !is_new;
        Self {
            name: if is_import {
                format!("aws/cloudtrail/f1d45bff-{number:04}")
            } else {
                format!("/app-{number}")
            },
            class: if is_import || rng.u8(0..4) == 0 {
                "INFREQUENT_ACCESS"
            } else {
                "STANDARD"
            },
            is_new,
            is_import,
            is_truncated: may_have_events && rng.u8(0..4) == 0,
            was_masked: may_have_events && rng.u8(0..5) == 0,
            has_match: may_have_events && rng.bool(),
        }
    }

    fn tables(&self) -> String {
        let created = if self.is_new { "1h ago" } else { "300d ago" };
        let group = Group::new("prod", &self.name)
            .region("eu-west-1")
            .class(self.class)
            .created(created);
        let group = if self.was_masked {
            group.past_protection("DELETED")
        } else {
            group
        };
        let event = |message: &str| {
            Event::new("222222222222", "eu-west-1", &self.name, "60d ago", message).to_string()
        };
        let mut tables = group.to_string();
        if self.has_match {
            tables.push_str(&event(&format!("GET /{TEXT}")));
        }
        if self.is_truncated {
            tables.push_str(&event(r#"{"a":"begin","@ptr.$['a']":"CqQBCmcKYzEyMw=="}"#));
        }
        tables
    }

    /// Whether a search of the window can be complete.
    fn is_complete(&self) -> bool {
        !self.is_truncated && !self.was_masked
    }
}

/// Returns the status and reason of each log group.
fn groups(run: &Run) -> BTreeMap<String, String> {
    run.columns("coverage.csv", &["log_group", "status", "reason"])
        .into_iter()
        .filter_map(|row| {
            let (name, outcome) = row.split_once(' ')?;
            Some((name.to_owned(), outcome.to_owned()))
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_covered_has_every_match_and_what_is_healthy_is_covered() {
    let mut rng = Rng::with_seed(seed());
    for _ in 0..cases(10) {
        let number = rng.usize(1..12);
        let planted: Vec<PlantedGroup> = (0..number)
            .map(|number| PlantedGroup::random(&mut rng, number))
            .collect();
        let tables: String = planted.iter().map(PlantedGroup::tables).collect();
        let world = World::from_toml(&scenario(&super::organization_trail()).with(&tables).toml());
        let search = format!("text:{TEXT}");
        let run = world
            .sweep(&[&search, "--from", "70d", "--to", "50d"])
            .await;
        let found = run.columns("sightings.csv", &["log_group"]);
        let outcomes = groups(&run);
        for group in &planted {
            let outcome = &outcomes[&group.name];
            let expected = if group.is_new && !group.is_import {
                "skipped created-after-window"
            } else if group.is_complete() {
                "searched"
            } else {
                "partial"
            };
            assert!(
                outcome.starts_with(expected),
                "{}: {outcome}: {tables}",
                group.name
            );
            assert_eq!(
                found.contains(&group.name),
                group.has_match,
                "{}: {tables}",
                group.name
            );
        }
    }
}
