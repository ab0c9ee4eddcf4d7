//! Names the event data stores of CloudTrail Lake, and Security Lake, which may have records that no
//! searched log source has.

use std::sync::Arc;

use super::lookup_lines::describe_each;
use crate::aws::{Aws, EventDataStore, Session};
use dragnet_model::Target;

/// Returns a line for each event data store of these account-Regions, and one line if some
/// account-Regions could not be asked.
pub(super) async fn describe_event_data_stores(
    aws: &Aws,
    entered: &[(Target, Arc<Session>)],
) -> Vec<String> {
    describe_each(
        entered,
        "CloudTrail Lake was",
        |target, session| async move {
            let stores = aws.event_data_stores(session, &target.region).await?;
            Ok(stores.iter().map(|store| describe(target, store)).collect())
        },
    )
    .await
}

fn describe(target: &Target, store: &EventDataStore) -> String {
    let EventDataStore { arn, name } = store;
    format!(
        "CloudTrail Lake in {target} is not searched: event data store {name} ({arn}); query it with aws cloudtrail \
         start-query, or copy it to a log group with aws logs create-import-task"
    )
}

/// Returns a line for each channel through which CloudTrail delivers events of these account-Regions to
/// Security Lake, and one line if some account-Regions could not be asked.
pub(super) async fn describe_security_lake(
    aws: &Aws,
    entered: &[(Target, Arc<Session>)],
) -> Vec<String> {
    describe_each(entered, "Security Lake was", |target, session| async move {
        let channels = aws.security_lake_channels(session, &target.region).await?;
        Ok(channels
            .iter()
            .map(|channel| describe_channel(target, channel))
            .collect())
    })
    .await
}

fn describe_channel(target: &Target, channel: &str) -> String {
    let region = &target.region;
    format!(
        "Security Lake has events of {target} that are not searched: CloudTrail delivers them through channel {channel}; \
         query its bucket (aws-security-data-lake-{region}-…) with Athena"
    )
}
