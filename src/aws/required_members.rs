//! Checks that a response has the members that AWS always writes.
//!
//! The SDK reads an absent list as an empty one. Without this check an empty body, `{}`, or an
//! error with HTTP status 200 would look like an empty list. The check reads the body as it was
//! received, before the SDK does. A response that lacks a required member fails as a
//! `BrokenAnswer`, which is retried.
//!
//! Pages of events are too many to be parsed twice. [`super::event_page`] decodes and checks them
//! at once, and marks the response with [`MembersChecked`]. Only the pages that it leaves to the
//! SDK are checked here.

use aws_sdk_ec2::operation::describe_regions::DescribeRegionsOutput;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ec2::is_enabled;
use crate::model::Operation;

/// The header that names an error. Only error responses have it.
///
/// Source: Smithy, "AWS JSON 1.1 protocol", "Operation error serialization".
const ERROR_TYPE: &str = "x-amzn-errortype";

/// Checks the responses to one call of the operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequiredMembers(pub Operation);

/// Marks a response whose members have been checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct MembersChecked;

/// Why a response is incomplete.
#[derive(Debug, thiserror::Error)]
enum IncompleteResponse {
    #[error("the response is an error ({0}) with HTTP status {1}; expected an error status")]
    Error(String, u16),
    #[error("the response lacks a required member: {0}")]
    Member(#[source] serde_json::Error),
    #[error(
        "the response says that a log stream was not searched completely, but has no nextToken"
    )]
    NotSearched,
    #[error(
        "the response lists no enabled Region, although every account has Regions that cannot be disabled"
    )]
    NoRegions,
}

#[dyn_dispatch_hint]
impl Intercept for RequiredMembers {
    fn name(&self) -> &'static str {
        "RequiredMembers"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(self.check(context.response())?)
    }

    /// XML lists are checked after the SDK has read them: an absent list and an empty one are
    /// equally wrong.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else {
            return Ok(());
        };
        match output.downcast_ref::<DescribeRegionsOutput>() {
            Some(output) if !output.regions().iter().any(is_enabled) => {
                Err(IncompleteResponse::NoRegions.into())
            }
            _ => Ok(()),
        }
    }
}

impl RequiredMembers {
    fn check(self, response: &HttpResponse) -> Result<(), IncompleteResponse> {
        if !response.status().is_success() || response.extension::<MembersChecked>().is_some() {
            return Ok(());
        }
        let status = response.status().as_u16();
        if let Some(code) = response.headers().get(ERROR_TYPE) {
            return Err(IncompleteResponse::Error(code.to_owned(), status));
        }
        // Only streamed bodies are not in memory, and no body is streamed.
        let body = response.body().bytes().unwrap_or_default();
        let result = match self.0 {
            Operation::DescribeLogGroups => check_members::<LogGroups>(body),
            Operation::DescribeLogStreams => check_members::<LogStreams>(body),
            Operation::DescribeTrails => check_members::<Trails>(body),
            Operation::FilterLogEvents => return check_events(body, status),
            Operation::GetQueryResults => check_members::<QueryResults>(body),
            Operation::ListAccounts => check_members::<Accounts>(body),
            _ => Ok(()),
        };
        result
            .map_err(|error| find_error(body, status).unwrap_or(IncompleteResponse::Member(error)))
    }
}

fn check_members<'a, T: Deserialize<'a>>(body: &'a [u8]) -> serde_json::Result<()> {
    serde_json::from_slice::<T>(body).map(drop)
}

fn check_events(body: &[u8], status: u16) -> Result<(), IncompleteResponse> {
    let page: EventPage = serde_json::from_slice(body)
        .map_err(|error| find_error(body, status).unwrap_or(IncompleteResponse::Member(error)))?;
    let is_incomplete = page
        .searched_log_streams
        .iter()
        .flatten()
        .any(|stream| stream.searched_completely == Some(false));
    if is_incomplete && page.next_token.is_none() {
        Err(IncompleteResponse::NotSearched)
    } else {
        Ok(())
    }
}

/// Returns the error that a body contains, if it contains one.
fn find_error(body: &[u8], status: u16) -> Option<IncompleteResponse> {
    let ErrorBody { code } = serde_json::from_slice(body).ok()?;
    Some(IncompleteResponse::Error(code, status))
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(rename = "__type")]
    code: String,
}

/// An item of a list with any members; not `null`.
#[derive(Deserialize)]
struct Item {}

/// Source: CloudWatch Logs API, `DescribeLogGroups`.
#[derive(Deserialize)]
struct LogGroups {
    #[serde(rename = "logGroups")]
    _log_groups: Vec<Item>,
}

/// Source: CloudWatch Logs API, `DescribeLogStreams`.
#[derive(Deserialize)]
struct LogStreams {
    #[serde(rename = "logStreams")]
    _log_streams: Vec<Item>,
}

/// Source: CloudTrail API, `DescribeTrails`.
#[derive(Deserialize)]
struct Trails {
    #[serde(rename = "trailList")]
    _trails: Vec<Item>,
}

/// Source: Organizations API, `ListAccounts`.
#[derive(Deserialize)]
struct Accounts {
    #[serde(rename = "Accounts")]
    _accounts: Vec<Item>,
}

/// Source: CloudWatch Logs API, `GetQueryResults`.
#[derive(Deserialize)]
struct QueryResults {
    #[serde(rename = "status")]
    _status: String,
    #[serde(rename = "results")]
    _results: Vec<Vec<Item>>,
}

/// Source: CloudWatch Logs API, `FilterLogEvents`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventPage {
    #[serde(rename = "events")]
    _events: Vec<Event>,
    searched_log_streams: Option<Vec<SearchedLogStream>>,
    next_token: Option<IgnoredAny>,
}

/// Source: CloudWatch Logs API, `SearchedLogStream`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SearchedLogStream {
    searched_completely: Option<bool>,
}

/// Source: CloudWatch Logs API, `FilteredLogEvent`.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "eventId")]
    _id: EventId,
    /// The SDK accepts numbers in other forms too.
    #[serde(rename = "timestamp")]
    _timestamp: f64,
    #[serde(rename = "message")]
    _message: String,
}

/// An event id that is not empty.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct EventId;

impl TryFrom<String> for EventId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        if id.is_empty() {
            Err("an empty eventId")
        } else {
            Ok(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn checked(operation: Operation, status: u16, body: &str) -> Result<(), String> {
        let response = http::Response::builder()
            .status(status)
            .body(SdkBody::from(body))
            .unwrap();
        let response = HttpResponse::try_from(response).unwrap();
        RequiredMembers(operation)
            .check(&response)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn smallest_valid_responses_are_complete() {
        for (operation, body) in [
            (Operation::DescribeLogGroups, r#"{"logGroups":[]}"#),
            (
                Operation::DescribeLogGroups,
                r#"{"logGroups":[{"logGroupName":"g","new":[null]}],"nextToken":"t"}"#,
            ),
            (Operation::DescribeLogStreams, r#"{"logStreams":[]}"#),
            (Operation::DescribeTrails, r#"{"trailList":[]}"#),
            (
                Operation::ListAccounts,
                r#"{"Accounts":[],"NextToken":"t"}"#,
            ),
            (
                Operation::GetQueryResults,
                r#"{"results":[],"statistics":{},"status":"Running"}"#,
            ),
            (
                Operation::FilterLogEvents,
                r#"{"events":[],"searchedLogStreams":[]}"#,
            ),
            (
                Operation::FilterLogEvents,
                r#"{"events":[{"eventId":"1","timestamp":5.0,"message":""}]}"#,
            ),
            // An operation without required members.
            (Operation::GetTrailStatus, "{}"),
        ] {
            assert_eq!(checked(operation, 200, body), Ok(()), "{operation}: {body}");
        }
    }

    #[test]
    fn missing_member_is_an_error_with_the_response_text() {
        let missing = checked(Operation::DescribeLogGroups, 200, "{}").unwrap_err();
        assert!(
            missing.starts_with("the response lacks a required member: missing field `logGroups`"),
            "{missing}"
        );
        let error = checked(
            Operation::ListAccounts,
            200,
            r#"{"__type":"AccessDeniedException"}"#,
        )
        .unwrap_err();
        assert!(
            error.contains("an error (AccessDeniedException) with HTTP status 200"),
            "{error}"
        );
        for (operation, body) in [
            (Operation::DescribeLogGroups, ""),
            (Operation::DescribeLogGroups, r#"{"logGroups":[null]}"#),
            (Operation::GetQueryResults, r#"{"results":[]}"#),
            (Operation::GetQueryResults, r#"{"status":"Complete"}"#),
            (
                Operation::GetQueryResults,
                r#"{"status":"Complete","results":[null]}"#,
            ),
            (Operation::FilterLogEvents, r#"{"events":[null]}"#),
            (
                Operation::FilterLogEvents,
                r#"{"events":[{"eventId":"","timestamp":5,"message":"m"}]}"#,
            ),
            (
                Operation::FilterLogEvents,
                r#"{"events":[{"eventId":"1","timestamp":null,"message":"m"}]}"#,
            ),
        ] {
            assert!(
                checked(operation, 200, body).is_err(),
                "{operation}: {body}"
            );
        }
    }

    #[test]
    fn incomplete_streams_require_a_token() {
        let page = |stream: &str, token: &str| {
            let body = format!(
                r#"{{"events":[],"searchedLogStreams":[{{"logStreamName":"s"{stream}}}]{token}}}"#
            );
            checked(Operation::FilterLogEvents, 200, &body)
        };
        assert_eq!(page(r#","searchedCompletely":true"#, ""), Ok(()));
        assert_eq!(page("", ""), Ok(()));
        assert_eq!(
            page(r#","searchedCompletely":false"#, r#","nextToken":"t""#),
            Ok(())
        );
        assert!(page(r#","searchedCompletely":false"#, "").is_err());
    }

    #[test]
    fn error_responses_and_checked_responses_are_skipped() {
        assert_eq!(
            checked(
                Operation::ListAccounts,
                400,
                r#"{"__type":"AccessDeniedException"}"#
            ),
            Ok(())
        );
        let response = http::Response::builder()
            .status(200)
            .body(SdkBody::from("{}"))
            .unwrap();
        let mut response = HttpResponse::try_from(response).unwrap();
        response.add_extension(MembersChecked);
        assert!(
            RequiredMembers(Operation::FilterLogEvents)
                .check(&response)
                .is_ok()
        );
    }
}
