//! The retention of log groups.
//!
//! Source: CloudWatch Logs API, `PutRetentionPolicy`, `DeleteRetentionPolicy`.

use serde::Deserialize;

use super::{group, invalid};
use crate::call::Call;
use crate::wire::{AwsError, Reply};

/// The retention periods that AWS offers, in days.
const PERIODS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557,
    2_922, 3_288, 3_653,
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_group_name: String,
    retention_in_days: Option<u32>,
}

pub(super) fn put(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let days = input
        .retention_in_days
        .filter(|days| PERIODS.contains(days));
    let days = days
        .ok_or_else(|| invalid("retentionInDays is not one of the periods that can be chosen."))?;
    let now_ms = call.now.as_millisecond();
    group(call, &input.log_group_name)?.set_retention(Some(days), now_ms);
    Ok(Reply::empty())
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input: Input = call.input.parse()?;
    let now_ms = call.now.as_millisecond();
    group(call, &input.log_group_name)?.set_retention(None, now_ms);
    Ok(Reply::empty())
}
