//! The calls of Athena, by its SDK.

use aws_sdk_athena::types::{
    Column, QueryExecutionContext, QueryExecutionState, Row, WorkGroupState,
};
use jiff::Timestamp;

use super::{
    AthenaExecution, AthenaRequest, AthenaResults, AthenaState, AthenaTableColumns, AthenaWorkgroup,
};
use crate::aws::call::send;
use crate::aws::call_context::CallContext;
use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::session::Session;
use dragnet_model::{Operation, Region};

impl Aws {
    /// Starts a query, and returns its id. If one with the same token was started before, returns the id
    /// of that one.
    ///
    /// Source: Athena API, `StartQueryExecution`, `ClientRequestToken`.
    ///
    /// # Errors
    /// The call fails; with `TooManyRequestsException` if too many queries wait or are running.
    pub async fn start_athena_query(
        &self,
        session: &Session,
        region: &Region,
        request: &AthenaRequest,
    ) -> Result<String, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::StartQueryExecution,
        };
        let database = QueryExecutionContext::builder().database(&request.database);
        let request = self
            .clients
            .athena
            .start_query_execution()
            .query_string(&request.statement)
            .client_request_token(&request.token)
            .query_execution_context(database.build())
            .work_group(&request.workgroup);
        let output = send!(self, context, request)?;
        output
            .query_execution_id
            .ok_or_else(|| context.unreadable("the response has no query id"))
    }

    /// Returns the state of a query.
    ///
    /// Source: Athena API, `GetQueryExecution`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn athena_execution(
        &self,
        session: &Session,
        region: &Region,
        id: &str,
    ) -> Result<AthenaExecution, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::GetQueryExecution,
        };
        let request = self.clients.athena.get_query_execution();
        let output = send!(self, context, request.query_execution_id(id))?;
        let execution = output
            .query_execution
            .ok_or_else(|| context.unreadable("the response has no query"))?;
        let status = execution
            .status
            .ok_or_else(|| context.unreadable("the response has no state"))?;
        let scanned = execution.statistics.as_ref();
        let scanned = scanned.and_then(|statistics| statistics.data_scanned_in_bytes);
        let submitted = status.submission_date_time.as_ref();
        Ok(AthenaExecution {
            state: state_of(status.state.as_ref()),
            reason: status.state_change_reason.clone().unwrap_or_default(),
            bytes_scanned: scanned.map_or(0, |bytes| u64::try_from(bytes).unwrap_or(0)),
            submitted: submitted.and_then(|time| Timestamp::from_second(time.secs()).ok()),
        })
    }

    /// Returns one page of the first column of the results.
    ///
    /// Source: Athena API, `GetQueryResults`: at most 1,000 rows a page.
    ///
    /// # Errors
    /// The call fails.
    pub async fn athena_results(
        &self,
        session: &Session,
        region: &Region,
        id: &str,
        token: Option<String>,
    ) -> Result<AthenaResults, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::GetAthenaQueryResults,
        };
        let request = self
            .clients
            .athena
            .get_query_results()
            .query_execution_id(id)
            .set_next_token(token);
        let output = send!(self, context, request)?;
        let rows = output.result_set.and_then(|set| set.rows);
        let rows = rows.ok_or_else(|| context.unreadable("the response has no rows"))?;
        Ok(AthenaResults {
            values: rows.into_iter().map(first_value).collect(),
            next_token: output.next_token,
        })
    }

    /// Stops a query, even after cancellation has stopped other calls: the first attempt waits for no
    /// rate-limit permit.
    ///
    /// Source: Athena API, `StopQueryExecution`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn stop_athena_query(
        &self,
        session: &Session,
        region: &Region,
        id: &str,
    ) -> Result<(), CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::StopQueryExecution,
        };
        let request = self.clients.athena.stop_query_execution();
        let request = request.query_execution_id(id);
        let permit = self.call_limiter.acquire_concurrency().await;
        // Not `send!`, because the first attempt has its permit.
        self.call_with(permit, context, |config| {
            request.clone().customize().config_override(config).send()
        })
        .await
        .map(|_| ())
    }

    /// Returns what is needed of a table of the catalog that every account has.
    ///
    /// Source: Athena API, `GetTableMetadata`.
    ///
    /// # Errors
    /// The call fails; with `MetadataException` if there is no such table, or if the catalog may not be read.
    pub async fn athena_table(
        &self,
        session: &Session,
        region: &Region,
        database: &str,
        name: &str,
    ) -> Result<AthenaTableColumns, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::GetTableMetadata,
        };
        let request = self
            .clients
            .athena
            .get_table_metadata()
            .catalog_name("AwsDataCatalog")
            .database_name(database)
            .table_name(name);
        let output = send!(self, context, request)?;
        let table = output
            .table_metadata
            .ok_or_else(|| context.unreadable("the response has no table"))?;
        let parameters = table.parameters.unwrap_or_default();
        Ok(AthenaTableColumns {
            columns: names_of(table.columns),
            partitions: names_of(table.partition_keys),
            template: parameters.get("storage.location.template").cloned(),
        })
    }

    /// Returns what is needed of a workgroup.
    ///
    /// Source: Athena API, `GetWorkGroup`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn athena_workgroup(
        &self,
        session: &Session,
        region: &Region,
        name: &str,
    ) -> Result<AthenaWorkgroup, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::GetWorkGroup,
        };
        let request = self.clients.athena.get_work_group().work_group(name);
        let output = send!(self, context, request)?;
        let workgroup = output
            .work_group
            .ok_or_else(|| context.unreadable("the response has no workgroup"))?;
        let configuration = workgroup.configuration.as_ref();
        let cutoff = configuration.and_then(|known| known.bytes_scanned_cutoff_per_query);
        Ok(AthenaWorkgroup {
            is_enabled: workgroup.state != Some(WorkGroupState::Disabled),
            bytes_cutoff: cutoff.and_then(|bytes| u64::try_from(bytes).ok()),
        })
    }
}

/// A state that AWS may add does not say that the query has ended.
fn state_of(state: Option<&QueryExecutionState>) -> AthenaState {
    match state {
        Some(QueryExecutionState::Succeeded) => AthenaState::Succeeded,
        Some(QueryExecutionState::Failed) => AthenaState::Failed,
        Some(QueryExecutionState::Cancelled) => AthenaState::Cancelled,
        _ => AthenaState::Running,
    }
}

fn names_of(columns: Option<Vec<Column>>) -> Vec<String> {
    let columns = columns.unwrap_or_default().into_iter();
    columns.map(|column| column.name).collect()
}

fn first_value(row: Row) -> Option<String> {
    row.data?.into_iter().next()?.var_char_value
}
