//! CloudWatch Logs Insights: starts queries, polls them until they end, and stops those whose
//! results are no longer needed.

use aws_sdk_cloudwatchlogs::types;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::call::send;
use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::log_event::LogEvent;
use super::session::Session;
use dragnet_model::{Operation, Region};

/// The input of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsightsRequest {
    /// The names of 1 to 50 log groups.
    pub log_groups: Vec<String>,
    /// The first second, since the Unix epoch.
    pub first_second: i64,
    /// The last second, since the Unix epoch; inclusive.
    pub last_second: i64,
    /// The query, of at most 10,000 characters.
    pub query: String,
    /// The maximum number of rows: 1 to 100,000.
    pub limit: u32,
}

/// The id of a query that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryId(String);

/// The status of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryStatus {
    /// The query is scheduled or running.
    Running,
    /// The query has ended and all its rows are available.
    Complete,
    /// The query ran longer than AWS allows (an hour).
    TimedOut,
    /// AWS could not run the query, or it was stopped.
    Failed,
}

/// One page of the results of a query: at most 10,000 rows.
#[derive(Clone, Debug)]
pub struct QueryPage {
    /// The status. Only a complete query has all rows.
    pub status: QueryStatus,
    /// The rows, in no reliable order.
    pub rows: Vec<ResultRow>,
    /// The token of the next page, valid for an hour.
    pub next_token: Option<String>,
    /// The number of rows on all pages; zero if AWS does not report it.
    pub all_rows: u64,
    /// The number of events that passed the filters of the query; zero if AWS does not report it.
    pub matched: u64,
    /// The number of scanned bytes, which AWS bills.
    pub bytes_scanned: u64,
}

/// A row: its field names and values. A field that the record lacks is absent. Every text is
/// untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultRow(pub Vec<(String, String)>);

/// A row of a query for events.
#[derive(Clone, Debug)]
pub struct InsightsRow {
    /// The name of the log group; `None` if the row does not contain it.
    pub log_group: Option<String>,
    /// The event. Its id is the `@ptr` of the row.
    pub event: LogEvent,
}

impl Aws {
    /// Starts a query.
    ///
    /// Source: CloudWatch Logs API, `StartQuery`.
    ///
    /// # Errors
    /// The call fails; with `LimitExceededException` if too many queries are running.
    pub async fn start_query(
        &self,
        session: &Session,
        region: &Region,
        request: &InsightsRequest,
    ) -> Result<QueryId, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::StartQuery,
        };
        let request = self
            .clients
            .logs
            .start_query()
            .set_log_group_names(Some(request.log_groups.clone()))
            .start_time(request.first_second)
            .end_time(request.last_second)
            .query_string(&request.query)
            .limit(i32::try_from(request.limit).unwrap_or(i32::MAX));
        let output = send!(self, context, request)?;
        output
            .query_id
            .map(QueryId)
            .ok_or_else(|| context.unreadable("the response has no query id"))
    }

    /// Returns the status of a query and one page of its rows.
    ///
    /// Source: CloudWatch Logs API, `GetQueryResults`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn query_results(
        &self,
        session: &Session,
        region: &Region,
        query: &QueryId,
        token: Option<String>,
    ) -> Result<QueryPage, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::GetQueryResults,
        };
        let request = self
            .clients
            .logs
            .get_query_results()
            .query_id(&query.0)
            .set_next_token(token);
        let output = send!(self, context, request)?;
        let status = match output.status() {
            Some(types::QueryStatus::Complete) => QueryStatus::Complete,
            Some(types::QueryStatus::Timeout) => QueryStatus::TimedOut,
            Some(types::QueryStatus::Failed | types::QueryStatus::Cancelled) => QueryStatus::Failed,
            // `Unknown`, and values that AWS may add, do not say that the query has ended.
            _ => QueryStatus::Running,
        };
        // The rows of a running query are incomplete and not used.
        let rows = if status == QueryStatus::Complete {
            output.results.unwrap_or_default()
        } else {
            Vec::new()
        };
        let statistics = output.statistics.as_ref();
        Ok(QueryPage {
            status,
            rows: rows.into_iter().map(result_row).collect(),
            next_token: output.next_token,
            all_rows: statistics
                .map(|statistics| to_count(statistics.result_count))
                .unwrap_or_default(),
            matched: statistics
                .map(|statistics| to_count(statistics.records_matched))
                .unwrap_or_default(),
            bytes_scanned: statistics
                .map(|statistics| to_count(statistics.bytes_scanned))
                .unwrap_or_default(),
        })
    }

    /// Stops a query, even after cancellation has stopped other calls: the first attempt waits for
    /// no rate-limit permit. After cancellation it is not retried, because a query that is not
    /// stopped ends anyway.
    ///
    /// Source: CloudWatch Logs API, `StopQuery`.
    ///
    /// # Errors
    /// The call fails; also if the query has already ended.
    pub async fn stop_query(
        &self,
        session: &Session,
        region: &Region,
        query: &QueryId,
    ) -> Result<(), CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::StopQuery,
        };
        let request = self.clients.logs.stop_query().query_id(&query.0);
        let permit = self.call_limiter.acquire_concurrency().await;
        // Not `send!`: a query that could not be stopped ends after an hour, and a
        // cancelled run does not wait for retries.
        self.call_once(permit, context, |config| {
            request.customize().config_override(config).send()
        })
        .await
        .map(|_| ())
    }

    /// Returns one page of the streams of a log group, by name, and the token of the next page.
    ///
    /// Source: CloudWatch Logs API, `DescribeLogStreams`: 50 per page.
    ///
    /// # Errors
    /// The call fails.
    pub async fn log_streams(
        &self,
        session: &Session,
        region: &Region,
        log_group: &str,
        token: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::DescribeLogStreams,
        };
        let request = self
            .clients
            .logs
            .describe_log_streams()
            .log_group_name(log_group)
            .limit(50);
        let request = request.set_next_token(token);
        let output = send!(self, context, request)?;
        let names = output
            .log_streams
            .unwrap_or_default()
            .into_iter()
            .filter_map(|stream| stream.log_stream_name);
        Ok((names.collect(), output.next_token))
    }
}

fn result_row(fields: Vec<types::ResultField>) -> ResultRow {
    ResultRow(
        fields
            .into_iter()
            .filter_map(|field| field.field.zip(field.value))
            .collect(),
    )
}

impl ResultRow {
    /// Converts the row to an event; `None` if it lacks its time, its `@ptr` or its `@message`.
    pub fn into_event(self) -> Option<InsightsRow> {
        let mut row = InsightsRow {
            log_group: None,
            event: LogEvent::default(),
        };
        let mut timestamp = None;
        let mut message = None;
        for (name, value) in self.0 {
            match name.as_str() {
                "@timestamp" => timestamp = milliseconds(&value),
                "@ingestionTime" => {
                    row.event.ingestion_ms = milliseconds(&value).unwrap_or_default();
                }
                // `ACCOUNT:GROUP`; the name of a log group contains no colon.
                "@log" => row.log_group = value.rsplit(':').next().map(str::to_owned),
                "@logStream" => row.event.log_stream = value,
                "@message" => message = Some(value),
                "@ptr" => row.event.event_id = value,
                _ => {}
            }
        }
        row.event.timestamp_ms = timestamp?;
        row.event.message = message?;
        (!row.event.event_id.is_empty()).then_some(row)
    }
}

/// Parses a time as Insights displays it (`2026-03-01 12:00:00.123`, UTC) or as it is stored, in
/// milliseconds.
fn milliseconds(text: &str) -> Option<i64> {
    if let Ok(milliseconds) = text.parse() {
        return Some(milliseconds);
    }
    let time: DateTime = text.parse().ok()?;
    Some(Offset::UTC.to_timestamp(time).ok()?.as_millisecond())
}

/// Converts a count, which AWS returns as a float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and NaN becomes zero"
)]
fn to_count(count: f64) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: &[(&str, &str)]) -> Option<InsightsRow> {
        let field = |(name, value): &(&str, &str)| {
            types::ResultField::builder()
                .field(*name)
                .value(*value)
                .build()
        };
        result_row(fields.iter().map(field).collect()).into_event()
    }

    #[test]
    fn row_is_converted_to_an_event() {
        let row = event(&[
            ("@timestamp", "2026-03-01 12:00:00.123"),
            ("@ingestionTime", "2026-03-01 12:00:01.000"),
            ("@log", "111111111111:/aws/trail"),
            ("@logStream", "s"),
            ("@message", "hello"),
            ("@ptr", "p"),
        ]);
        let InsightsRow { log_group, event } = row.unwrap();
        assert_eq!(log_group.as_deref(), Some("/aws/trail"));
        assert_eq!(
            (event.timestamp_ms, event.ingestion_ms),
            (1_772_366_400_123, 1_772_366_401_000)
        );
        assert_eq!(
            (
                &event.event_id[..],
                &event.log_stream[..],
                &event.message[..]
            ),
            ("p", "s", "hello")
        );
    }

    #[test]
    fn row_without_time_pointer_or_message_is_no_event() {
        let complete = [
            ("@timestamp", "1772366400123"),
            ("@message", "hello"),
            ("@ptr", "p"),
        ];
        assert_eq!(
            event(&complete).unwrap().event.timestamp_ms,
            1_772_366_400_123
        );
        for missing in 0..complete.len() {
            let fields: Vec<_> = complete
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != missing)
                .map(|(_, field)| *field)
                .collect();
            assert!(event(&fields).is_none(), "without {:?}", complete[missing]);
        }
        assert!(
            event(&[
                ("@timestamp", "yesterday"),
                ("@message", "hello"),
                ("@ptr", "p")
            ])
            .is_none()
        );
    }

    #[test]
    fn counts_are_truncated_and_saturated() {
        assert_eq!([f64::NAN, -1.0, 2.9].map(to_count), [0, 0, 2]);
    }
}
