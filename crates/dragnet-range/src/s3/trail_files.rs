//! The log files of trails.
//!
//! Sources: CloudTrail user guide, "Finding your CloudTrail log files" (names), "CloudTrail log
//! file examples" (content). "A log file delivered at a specific time can contain records written
//! at any point before that time": the time in the name is that of the delivery.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::delivery::{Content, Delivery, Source, arrival, name_time, spread};
use crate::cloudtrail::{Record, RecordForm};
use crate::world::World;

/// All log files of an account-Region in a folder, including those that will arrive later.
pub(super) fn log_files(
    world: &mut World,
    trail: usize,
    source: &Source,
    folder: &str,
) -> Vec<Delivery> {
    let usual_delay = world.delivery.as_secs().unsigned_abs();
    let World {
        trails,
        history,
        mint,
        ..
    } = world;
    let Some(trail) = trails.get(trail) else {
        return Vec::new();
    };
    let Source {
        account, region, ..
    } = source;
    let mut by_name_time: BTreeMap<Timestamp, Vec<Arc<Record>>> = BTreeMap::new();
    for record in history.records(*account, region) {
        if trail.selects(record) {
            let name_time = name_time(ready_time(record, usual_delay));
            let records = by_name_time.entry(name_time).or_default();
            records.push(Arc::clone(record));
        }
    }
    let form = trail.record_form();
    let files = by_name_time.into_iter().map(|(name_time, records)| {
        let purpose = format!("log file {} {folder} {name_time}", trail.name);
        let unique = mint.id_for("", &purpose, 16);
        let day = name_time.strftime("%Y/%m/%d");
        let minute = name_time.strftime("%Y%m%dT%H%MZ");
        let key = format!("{folder}{day}/{account}_CloudTrail_{region}_{minute}_{unique}.json.gz");
        Delivery {
            modified: arrival(name_time, &key),
            key,
            kms_key: trail.bucket.kms_key.clone(),
            content: Content::LogFile(records, form),
        }
    });
    files.collect()
}

/// When CloudTrail has processed a record: up to `usual_delay` seconds after the call, or when the
/// scenario says.
fn ready_time(record: &Record, usual_delay: u64) -> Timestamp {
    let delay = SignedDuration::from_secs(spread(&record.event_id, usual_delay + 1));
    let usual = record.time.saturating_add(delay).unwrap_or(record.time);
    record.delivered.unwrap_or(usual)
}

/// The text of a log file: one line without an end.
pub(super) fn log_file_text(records: &[Arc<Record>], form: RecordForm) -> String {
    // The history has the newest record first.
    let records: Vec<String> = records
        .iter()
        .rev()
        .map(|record| record.to_json(form))
        .collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}
