//! The latest sightings of a run, for the live view.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::search::event_details;
use crate::store::{NewSighting, ScopeMembership};
use dragnet_model::time::format_ms;

/// How many sightings are kept.
const MOST_SIGHTINGS: usize = 5;

/// A longer message is not kept, so its sighting is shown without what it contains.
const LONGEST_MESSAGE: usize = 64 * 1_024;

/// The latest sightings in scope, in the order in which they were found; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct RecentSightings(Arc<Mutex<VecDeque<Recent>>>);

#[derive(Debug, PartialEq, Eq)]
struct Recent {
    time_ms: i64,
    account: String,
    account_name: String,
    region: String,
    message: String,
}

impl RecentSightings {
    /// Adds a sighting. A copy of a record that is shown already is left out.
    pub fn add(&self, sighting: &NewSighting) {
        if !is_in_scope(sighting) {
            return;
        }
        let found = &sighting.row.found;
        let is_long = found.message.len() > LONGEST_MESSAGE;
        let recent = Recent {
            time_ms: found.time_ms,
            account: found.event_account.clone(),
            account_name: sighting.account_name.clone(),
            region: found.event_region.clone(),
            message: if is_long {
                String::new()
            } else {
                found.message.clone()
            },
        };
        let mut all = self.0.lock();
        if all.contains(&recent) {
            return;
        }
        if all.len() == MOST_SIGHTINGS {
            all.pop_front();
        }
        all.push_back(recent);
    }

    /// Returns a line for each sighting. They contain untrusted text.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().iter().map(Recent::line).collect()
    }
}

/// Whether the account of the event is in scope, as far as is known. Unless a trail wrote the event,
/// the account that stores it counts as well.
fn is_in_scope(sighting: &NewSighting) -> bool {
    let row = &sighting.row;
    let is_selected = match sighting.membership {
        Some(membership) => membership != ScopeMembership::NotSelected,
        None => !row.out_of_scope,
    };
    is_selected || (!row.out_of_scope && !row.found.is_trusted)
}

impl Recent {
    fn line(&self) -> String {
        let account = match self.account_name.as_str() {
            "" => self.account.as_str(),
            name => name,
        };
        let details = event_details(&self.message, &self.account, &self.region, self.time_ms);
        let parts = [
            format_ms(self.time_ms),
            account.to_owned(),
            self.region.clone(),
            details.event_name.into_owned(),
            details.source_ip.into_owned(),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{SightingRecord, StoredRow};
    use dragnet_model::StorageKind;

    fn sighting(number: i64) -> NewSighting {
        let message = r#"{"eventVersion":"1.11","eventID":"e","eventTime":"2026-03-01T00:00:00Z","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","recipientAccountId":"222222222222"}"#;
        NewSighting {
            row: StoredRow {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
                source: StorageKind::Logs,
                log_group: "/trail".to_owned(),
                bucket_prefix: None,
                out_of_scope: false,
                found: SightingRecord {
                    time_ms: number,
                    event_account: "222222222222".to_owned(),
                    event_region: "us-east-1".to_owned(),
                    record_id: number.to_string(),
                    event_id: "1".to_owned(),
                    log_stream: "s".to_owned(),
                    timestamp_ms: number,
                    ingestion_ms: number,
                    indicators: vec!["a".to_owned()],
                    hunts: Vec::new(),
                    matched_fields: Vec::new(),
                    is_trusted: true,
                    message: message.to_owned(),
                },
            },
            account_name: "prod".to_owned(),
            membership: Some(ScopeMembership::InScope),
        }
    }

    #[test]
    fn latest_sightings_are_kept_once_each() {
        let recent = RecentSightings::default();
        for number in [1, 2, 3, 4, 5, 6, 6] {
            recent.add(&sighting(number));
        }
        let lines = recent.lines();
        assert_eq!(lines.len(), 5);
        assert_eq!(
            lines[0],
            "1970-01-01T00:00:00.002Z  prod  us-east-1  StopLogging  192.0.2.1"
        );
    }

    #[test]
    fn sightings_out_of_scope_are_left_out() {
        let recent = RecentSightings::default();
        recent.add(&NewSighting {
            membership: Some(ScopeMembership::NotSelected),
            ..sighting(1)
        });
        assert!(recent.lines().is_empty());
        // A central log group is out of scope, but its records may be in scope.
        let mut central = sighting(2);
        central.row.out_of_scope = true;
        recent.add(&central);
        assert_eq!(recent.lines().len(), 1);
    }
}
