//! The CloudWatch Logs Insights query language: parser, evaluator, and the merging of results.
//!
//! A [`Query`] is parsed from text. A [`Plan`] evaluates it in two steps that can run at different
//! times and places: the first processes one [`Record`] at a time, the second combines the rows or
//! the partial aggregates of all records and does what needs all of them, such as `sort` and
//! `limit`. So a query over many log groups streams, and a limit is never applied before the merge.
//!
//! The crate does no I/O. A program that reads events itself can evaluate a query on them, and a
//! fake of the service can answer `StartQuery`. What only Insights can evaluate is refused with
//! [`QueryErrorKind::InsightsOnly`]. The test cases come from AWS's documentation
//! (`documented_cases`).
//!
//! A query whose rows are records:
//!
//! ```
//! use insights_ql::{Discovery, Event, Plan, Query, Record};
//!
//! let query: Query = "filter errorCode like /Denied/ | fields eventName".parse().unwrap();
//! let Plan::Rows(plan) = Plan::new(&query) else { unreachable!() };
//! let event = Event {
//!     timestamp: 0,
//!     ingestion_time: 0,
//!     log: "111111111111:trail",
//!     log_stream: "s",
//!     ptr: "1",
//!     message: r#"{"eventName": "ListUsers", "errorCode": "AccessDenied"}"#,
//! };
//! let row = plan.row(&Record::new(event, Discovery::Automatic { json_limit: None }));
//! let table = plan.finish(row.into_iter().collect());
//! assert_eq!(table.rows[0][0].to_string(), "ListUsers");
//! ```
//!
//! An error names the line and the column, and says whether Insights may still run the query:
//!
//! ```
//! use insights_ql::{Query, QueryErrorKind};
//!
//! let error = "fields @message\n| anomaly".parse::<Query>().unwrap_err();
//! assert_eq!(error.kind, QueryErrorKind::InsightsOnly);
//! assert_eq!(error.line, 2);
//! ```

mod aggregate;
mod display;
#[cfg(test)]
mod documented_cases;
mod error;
mod evaluate;
mod function;
mod grammar;
mod java_regex;
mod names_read;
mod period;
mod plan;
mod record;
#[cfg(test)]
mod round_trip;
mod tree;
mod value;

use std::str::FromStr;

pub use error::{QueryError, QueryErrorKind};
pub use function::Function;
pub use java_regex::InvalidRegex;
pub use names_read::UnknownResult;
pub use period::Period;
pub use plan::{GroupPlan, Partial, Plan, Row, RowPlan, Table};
pub use record::{
    Discovery, Event, Fields, FlowLogFormat, INSIGHTS_JSON_FIELDS, InvalidFlowLogFormat, LogType,
    Record,
};
pub use tree::{
    Aggregate, AggregateKind, Comparison, Expr, Extraction, ExtractionPattern, Item, LikePattern,
    Operator, Query, RegexLiteral, SortKey, Source, Stage, Stats,
};
pub use value::Value;

/// Whether a query begins with `SOURCE`, whatever follows.
pub fn begins_with_source(query: &str) -> bool {
    grammar::begins_with_source(query)
}

/// Parses a query.
///
/// # Errors
/// The query is longer than 10,000 characters, does not follow the grammar, or needs something that
/// only Insights supports or that AWS does not document. The kind of the error distinguishes them.
impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        grammar::parse_query(text)
    }
}

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExample;
