//! The evidence against a principal: the records that make it a target.

use std::collections::BTreeSet;

use crate::store::StoredRow;
use dragnet_model::format::plural;

/// How many record ids are shown as the evidence against a target.
const EVIDENCE_SHOWN: usize = 3;
/// The records that make a principal a target.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    records: u64,
    log_groups: BTreeSet<String>,
    /// The first `EVIDENCE_SHOWN` ids.
    record_ids: Vec<String>,
    /// The id of the previous record. Copies of a record are neighbours and count once.
    last_id: String,
}

impl Evidence {
    pub(super) fn add_record(&mut self, row: &StoredRow) {
        self.log_groups.insert(format_location(row));
        let id = &row.found.record_id;
        if *id == self.last_id && !id.is_empty() {
            return;
        }
        self.records += 1;
        self.last_id.clone_from(id);
        if self.record_ids.len() < EVIDENCE_SHOWN {
            self.record_ids.push(id.clone());
        }
    }

    /// Text for the plan: `8 records in 111111111111 us-east-1 /trail: 0a1b…, …`.
    pub(super) fn describe(&self) -> String {
        let groups: Vec<&str> = self.log_groups.iter().map(String::as_str).collect();
        let records = plural(self.records, "record");
        let more = if self.records > self.record_ids.len() as u64 {
            ", …"
        } else {
            ""
        };
        format!(
            "{records} in {}: {}{more}",
            groups.join(", "),
            self.record_ids.join(", ")
        )
    }
}

/// Returns the account, Region and log group of a sighting as one text.
pub(super) fn format_location(row: &StoredRow) -> String {
    let place = row.source.place_name(&row.log_group);
    format!("{} {} {place}", row.account, row.region)
}
