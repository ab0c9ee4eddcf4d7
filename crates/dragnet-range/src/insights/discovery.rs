//! Which fields of an event Insights discovers.

use dragnet_model::LogGroupClass;
use insights_ql::{Discovery, INSIGHTS_JSON_FIELDS};

/// How the fields of events in a log group of this class are found.
///
/// Source: CloudWatch Logs user guide, "Supported logs and discovered fields": "Field discovery is
/// supported only for log groups in the Standard log class".
pub(super) fn discovery_in(class: &LogGroupClass) -> Discovery<'static> {
    match class {
        LogGroupClass::Standard => Discovery::Automatic {
            json_limit: Some(INSIGHTS_JSON_FIELDS),
        },
        _ => Discovery::SystemFields,
    }
}
