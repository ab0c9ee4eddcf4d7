//! Imports of event data stores into log groups.

/// An import of an event data store of CloudTrail Lake into a log group.
///
/// Source: CloudWatch Logs API, `DescribeImportTasks`, `Import`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportTask {
    /// The id of the import.
    pub id: String,
    /// The name of the log group, in the account-Region that lists the import.
    pub log_group: String,
    /// Whether all events were imported.
    pub is_complete: bool,
    /// The first event time that is imported, in milliseconds since the Unix epoch, if there is one.
    pub from_ms: Option<i64>,
    /// The end of the event times, if it is known.
    pub to_ms: Option<i64>,
}

impl ImportTask {
    /// Whether events of a time range may be among those that it imports.
    pub fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        self.from_ms.is_none_or(|from| from < to_ms) && self.to_ms.is_none_or(|to| to > from_ms)
    }
}

/// Returns whether complete imports together have all events of a time range that their event data
/// stores have.
pub fn are_imported(tasks: &[&ImportTask], from_ms: i64, to_ms: i64) -> bool {
    let mut covered_to_ms = from_ms;
    loop {
        let next = tasks
            .iter()
            .filter(|task| {
                task.is_complete && task.from_ms.is_none_or(|from| from <= covered_to_ms)
            })
            .map(|task| task.to_ms.unwrap_or(i64::MAX))
            .max()
            .unwrap_or(i64::MIN);
        if covered_to_ms >= to_ms {
            return true;
        }
        if next <= covered_to_ms {
            return false;
        }
        covered_to_ms = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(from_ms: Option<i64>, to_ms: Option<i64>, is_complete: bool) -> ImportTask {
        ImportTask {
            id: "i".to_owned(),
            log_group: "aws/cloudtrail/x".to_owned(),
            is_complete,
            from_ms,
            to_ms,
        }
    }

    #[test]
    fn complete_imports_cover_a_time_range_together() {
        let first = task(None, Some(50), true);
        let second = task(Some(40), Some(100), true);
        let failed = task(Some(0), Some(200), false);
        assert!(are_imported(&[&second, &first], 10, 100));
        assert!(!are_imported(&[&second, &first], 10, 101));
        assert!(!are_imported(&[&second], 10, 60));
        assert!(!are_imported(&[&failed], 10, 60));
        assert!(are_imported(&[&task(None, None, true)], 10, 60));
        assert!(failed.overlaps(199, 300) && !failed.overlaps(200, 300));
    }
}
