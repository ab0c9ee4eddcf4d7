//! Imports of event data stores into log groups.
//!
//! Source: CloudWatch Logs API, `DescribeImportTasks`.

use aws_sdk_cloudwatchlogs::types;

use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::page_list::collect_list;
use super::session::Session;
use dragnet_model::{ImportTask, LogGroupArn, Operation, Region};

impl Aws {
    /// Returns the imports of an account-Region. How long AWS lists an import that is over is not
    /// documented, so an import that is not listed may have been made.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn import_tasks(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<ImportTask>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::DescribeImportTasks,
        };
        let request = self.clients.logs.describe_import_tasks();
        let listed = collect_list!(self, context, request, imports)?;
        Ok(listed.iter().filter_map(parse_import).collect())
    }
}

/// Returns an import; `None` if its destination is not known.
fn parse_import(import: &types::Import) -> Option<ImportTask> {
    let destination: LogGroupArn = import.import_destination_arn()?.parse().ok()?;
    let filter = import.import_filter();
    let status = import.import_status().map(types::ImportStatus::as_str);
    Some(ImportTask {
        id: import.import_id().unwrap_or_default().to_owned(),
        log_group: destination.name,
        is_complete: status == Some("COMPLETED"),
        from_ms: filter.and_then(types::ImportFilter::start_event_time),
        to_ms: filter
            .and_then(types::ImportFilter::end_event_time)
            .or(import.creation_time()),
    })
}
