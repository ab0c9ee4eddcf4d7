//! CloudWatch Logs Insights: queries that are begun, asked after until they have ended, and stopped when nobody waits
//! for them any more.

use aws_sdk_cloudwatchlogs::types;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::call::{CallContext, placed};
use super::connect::Aws;
use super::error::CallError;
use super::logs::LogEvent;
use super::session::Session;
use crate::model::{Operation, Region};

/// What to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsightsRequest {
    /// The names of 1 to 50 log groups.
    pub log_groups: Vec<String>,
    /// The first second, since the Unix epoch.
    pub first_second: i64,
    /// The last second, which counts as a whole.
    pub last_second: i64,
    /// The query: at most 10,000 characters.
    pub query: String,
    /// The most rows that it may give: 1 to 100,000.
    pub limit: u32,
}

/// The name of a query that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryId(String);

/// Where a query stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryStatus {
    /// It goes on.
    Running,
    /// All its rows are there.
    Complete,
    /// It ran for longer than AWS lets it (an hour).
    TimedOut,
    /// AWS could not carry it out, or somebody stopped it.
    Failed,
}

/// A page of what a query gave so far: at most 10,000 rows.
#[derive(Clone, Debug)]
pub struct QueryPage {
    /// Where it stands. Only the rows of a complete query are all rows.
    pub status: QueryStatus,
    /// The rows, in no order that can be relied on.
    pub rows: Vec<ResultRow>,
    /// The token of the next page, good for an hour.
    pub next_token: Option<String>,
    /// Rows on all pages, if AWS tells.
    pub all_rows: u64,
    /// Events that passed the query's filters, if AWS tells.
    pub matched: u64,
    /// Bytes that were scanned, for which AWS takes money.
    pub bytes_scanned: u64,
}

/// A row: its fields and their values. A field that a record lacks is not there. Every text is untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultRow(pub Vec<(String, String)>);

/// A row of a query for events.
#[derive(Clone, Debug)]
pub struct InsightsRow {
    /// The log group's name; `None` if the row does not tell.
    pub log_group: Option<String>,
    /// The event. Its id is the row's `@ptr`.
    pub event: LogEvent,
}

impl Aws {
    /// Begins a query.
    ///
    /// Source: CloudWatch Logs API, `StartQuery`.
    ///
    /// # Errors
    /// The call fails: with `LimitExceededException` where too many queries run already.
    pub async fn start_query(
        &self,
        session: &Session,
        region: &Region,
        request: &InsightsRequest,
    ) -> Result<QueryId, CallError> {
        let site = CallContext {
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
        let answer = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_cloudwatchlogs, site, credentials))
                    .send()
            })
            .await?;
        answer
            .query_id
            .map(QueryId)
            .ok_or_else(|| site.unreadable("a query without an id"))
    }

    /// Where a query stands, and a page of its rows.
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
        let site = CallContext {
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
        let answer = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_cloudwatchlogs, site, credentials))
                    .send()
            })
            .await?;
        let status = match answer.status() {
            Some(types::QueryStatus::Complete) => QueryStatus::Complete,
            Some(types::QueryStatus::Timeout) => QueryStatus::TimedOut,
            Some(types::QueryStatus::Failed | types::QueryStatus::Cancelled) => QueryStatus::Failed,
            // `Unknown`, and words to come, say nothing of an end.
            _ => QueryStatus::Running,
        };
        // The rows of a query under way are a part of them, which nobody needs.
        let rows = if status == QueryStatus::Complete {
            answer.results.unwrap_or_default()
        } else {
            Vec::new()
        };
        let told = answer.statistics.as_ref();
        Ok(QueryPage {
            status,
            rows: rows.into_iter().map(result_row).collect(),
            next_token: answer.next_token,
            all_rows: told
                .map(|statistics| whole(statistics.result_count))
                .unwrap_or_default(),
            matched: told
                .map(|statistics| whole(statistics.records_matched))
                .unwrap_or_default(),
            bytes_scanned: told
                .map(|statistics| whole(statistics.bytes_scanned))
                .unwrap_or_default(),
        })
    }

    /// Stops a query, also when no other call is let out any more. Made once: a query that goes on ends by itself.
    ///
    /// Source: CloudWatch Logs API, `StopQuery`.
    ///
    /// # Errors
    /// The call fails, as it does where the query has ended.
    pub async fn stop_query(
        &self,
        session: &Session,
        region: &Region,
        query: &QueryId,
    ) -> Result<(), CallError> {
        let site = CallContext {
            session,
            region,
            operation: Operation::StopQuery,
        };
        let request = self.clients.logs.stop_query().query_id(&query.0);
        let permit = self.call_limiter.slot().await;
        self.call_with(permit, site, |credentials| {
            request
                .clone()
                .customize()
                .config_override(placed!(aws_sdk_cloudwatchlogs, site, credentials))
                .send()
        })
        .await
        .map(|_| ())
    }

    /// One page of a log group's streams, by name, and the token of the next.
    ///
    /// Source: CloudWatch Logs API, `DescribeLogStreams`: 50 a page.
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
        let site = CallContext {
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
        let answer = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_cloudwatchlogs, site, credentials))
                    .send()
            })
            .await?;
        let names = answer
            .log_streams
            .unwrap_or_default()
            .into_iter()
            .filter_map(|stream| stream.log_stream_name);
        Ok((names.collect(), answer.next_token))
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
    /// The row as an event; `None` if it lacks its time, its `@ptr` or its `@message`.
    pub fn into_event(self) -> Option<InsightsRow> {
        let mut read = InsightsRow {
            log_group: None,
            event: LogEvent::default(),
        };
        let mut timestamp = None;
        let mut message = None;
        for (name, value) in self.0 {
            match name.as_str() {
                "@timestamp" => timestamp = milliseconds(&value),
                "@ingestionTime" => {
                    read.event.ingestion_ms = milliseconds(&value).unwrap_or_default()
                }
                // `ACCOUNT:GROUP`, where a group's name has no colon.
                "@log" => read.log_group = value.rsplit(':').next().map(str::to_owned),
                "@logStream" => read.event.log_stream = value,
                "@message" => message = Some(value),
                "@ptr" => read.event.event_id = value,
                _ => {}
            }
        }
        read.event.timestamp_ms = timestamp?;
        read.event.message = message?;
        (!read.event.event_id.is_empty()).then_some(read)
    }
}

/// A time as Insights shows it (`2026-03-01 12:00:00.123`, UTC) or as it is stored, in milliseconds.
fn milliseconds(text: &str) -> Option<i64> {
    if let Ok(milliseconds) = text.parse() {
        return Some(milliseconds);
    }
    let time: DateTime = text.parse().ok()?;
    Some(Offset::UTC.to_timestamp(time).ok()?.as_millisecond())
}

/// A count, which AWS tells as a float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is no count becomes none or the most"
)]
fn whole(count: f64) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(of: &[(&str, &str)]) -> Option<InsightsRow> {
        let field = |(name, value): &(&str, &str)| {
            types::ResultField::builder()
                .field(*name)
                .value(*value)
                .build()
        };
        result_row(of.iter().map(field).collect()).into_event()
    }

    #[test]
    fn a_row_is_an_event() {
        let told = event(&[
            ("@timestamp", "2026-03-01 12:00:00.123"),
            ("@ingestionTime", "2026-03-01 12:00:01.000"),
            ("@log", "111111111111:/aws/trail"),
            ("@logStream", "s"),
            ("@message", "hello"),
            ("@ptr", "p"),
        ]);
        let InsightsRow { log_group, event } = told.unwrap();
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
    fn a_row_without_time_pointer_or_message_is_no_event() {
        let whole = [
            ("@timestamp", "1772366400123"),
            ("@message", "hello"),
            ("@ptr", "p"),
        ];
        assert_eq!(event(&whole).unwrap().event.timestamp_ms, 1_772_366_400_123);
        for lacking in 0..whole.len() {
            let fields: Vec<_> = whole
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != lacking)
                .map(|(_, field)| *field)
                .collect();
            assert!(event(&fields).is_none(), "without {:?}", whole[lacking]);
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
    fn counts_are_whole() {
        assert_eq!([f64::NAN, -1.0, 2.9].map(whole), [0, 0, 2]);
    }
}
