//! Checks that a response has the members that AWS always writes.
//!
//! The SDK reads an absent list as an empty one. Without this check an empty body, `{}`, or an
//! error with HTTP status 200 would look like an empty list. The check reads the body as it was
//! received, before the SDK does, and compares it with the row of the operation in
//! [`super::response_table`]. A response that lacks a required member fails as a `BrokenAnswer`,
//! or as [`UNPROVEN_EMPTY`] if AWS may spell an empty list in this way. Both are retried.
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

use super::ec2::is_enabled;
use super::response_body::{InvalidBody, Node};
use super::response_table::{Content, EmptyList, Member, Shape};
use dragnet_model::Operation;

/// The header that names an error. Only error responses have it.
///
/// Source: Smithy, "AWS JSON 1.1 protocol", "Operation error serialization".
const ERROR_TYPE: &str = "x-amzn-errortype";

/// The member that names an error in a JSON body. Only error responses have it.
///
/// Source: Smithy, "AWS JSON 1.1 protocol", "Operation error serialization".
const JSON_ERROR_TYPE: &str = "__type";

/// The error code of a response whose absent list may mean that there is nothing, although no such
/// response of AWS is known.
pub(crate) const UNPROVEN_EMPTY: &str = "UnprovenEmpty";

/// Checks the responses to one call of the operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequiredMembers(pub Operation);

/// Marks a response whose members have been checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct MembersChecked;

/// Why a response is incomplete.
#[derive(Debug, thiserror::Error)]
pub(super) enum IncompleteResponse {
    #[error("the response is an error ({0}) with HTTP status {1}; expected an error status")]
    Error(String, u16),
    #[error(transparent)]
    Body(#[from] InvalidBody),
    #[error("the response is <{found}>; expected <{expected}>")]
    Root { found: String, expected: String },
    #[error("the response lacks the required member {0}")]
    Absent(String),
    #[error("the response lacks the list {path}, which AWS writes even if it is empty ({proof})")]
    AbsentList { path: String, proof: &'static str },
    #[error(
        "the response has no {0}, and it is not known whether AWS leaves it out if it is empty"
    )]
    UnprovenEmpty(String),
    #[error("the member {path} of the response is not {expected}")]
    WrongType {
        path: String,
        expected: &'static str,
    },
    #[error("the response has {found} instead of {expected}")]
    Misspelt { found: String, expected: String },
    #[error("the response has the member {0} twice")]
    Twice(String),
    #[error("the member {path} of the response is empty, although {reason}")]
    NeverEmpty { path: String, reason: &'static str },
    #[error(
        "the response lists no enabled Region, although every account has Regions that cannot be disabled"
    )]
    NoRegions,
}

impl IncompleteResponse {
    /// Whether AWS may spell an empty list in this way.
    pub(super) fn is_unproven_empty(&self) -> bool {
        matches!(self, Self::UnprovenEmpty(_))
    }
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

    /// Some servers list Regions that are not enabled; without any other, the list is incomplete.
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
    pub(super) fn check(self, response: &HttpResponse) -> Result<(), IncompleteResponse> {
        if !response.status().is_success() || response.extension::<MembersChecked>().is_some() {
            return Ok(());
        }
        let status = response.status().as_u16();
        if let Some(code) = response.headers().get(ERROR_TYPE) {
            return Err(IncompleteResponse::Error(code.to_owned(), status));
        }
        // Only streamed bodies are not in memory, and no body is streamed.
        let body = response.body().bytes().unwrap_or_default();
        match Shape::of(self.0) {
            Shape::Json(members) => self.check_json(body, status, members),
            Shape::Query(members) => {
                let result = format!("{}Result", self.0);
                let content = self.read_root(body, status)?;
                let Some(result) = content.get(&result) else {
                    return Err(IncompleteResponse::Absent(result));
                };
                check_members(result, members, "")
            }
            Shape::QueryWithoutResult => self.read_root(body, status).map(drop),
            Shape::Ec2(members) => check_members(&self.read_root(body, status)?, members, ""),
            Shape::NoCall => Ok(()),
        }
    }

    fn check_json(
        self,
        body: &[u8],
        status: u16,
        members: &[Member],
    ) -> Result<(), IncompleteResponse> {
        let node = Node::from_json(body)?;
        if let Some(code) = node.get(JSON_ERROR_TYPE) {
            let code = code.text().unwrap_or_default().to_owned();
            return Err(IncompleteResponse::Error(code, status));
        }
        if !matches!(node, Node::Members(_)) {
            return Err(IncompleteResponse::WrongType {
                path: "body".to_owned(),
                expected: "an object",
            });
        }
        match check_members(&node, members, "") {
            Err(IncompleteResponse::UnprovenEmpty(_))
                if self.0 == Operation::GetQueryResults && has_no_rows(&node) =>
            {
                Ok(())
            }
            checked => checked,
        }
    }

    /// Reads the root element of an XML body, and returns its content.
    fn read_root(self, body: &[u8], status: u16) -> Result<Node<'_>, IncompleteResponse> {
        let (found, content) = Node::from_xml(body)?;
        let expected = format!("{}Response", self.0);
        if found == expected {
            return Ok(content);
        }
        Err(find_xml_error(&content).map_or_else(
            || IncompleteResponse::Root { found, expected },
            |code| IncompleteResponse::Error(code.to_owned(), status),
        ))
    }
}

/// Returns the code of an error. Sources: Smithy, "AWS query protocol" and "AWS EC2 query
/// protocol", "Operation error serialization".
fn find_xml_error<'a>(content: &'a Node<'_>) -> Option<&'a str> {
    let errors = content.get("Errors").unwrap_or(content);
    errors.get("Error")?.get("Code")?.text()
}

/// Checks that a structure has these members. `path` names the structure in messages.
fn check_members(
    structure: &Node<'_>,
    members: &[Member],
    path: &str,
) -> Result<(), IncompleteResponse> {
    let found = match structure {
        Node::Members(found) => found.as_slice(),
        // An XML element without content.
        Node::Text(text) if text.is_empty() => &[],
        _ => {
            return Err(IncompleteResponse::WrongType {
                path: path.to_owned(),
                expected: "a structure",
            });
        }
    };
    for member in members {
        check_spelling(found, member, path)?;
        if let Some((sibling, text)) = member.condition
            && structure.get(sibling).and_then(Node::text) != Some(text)
        {
            continue;
        }
        check_alternatives(structure, member, path)?;
    }
    Ok(())
}

/// Checks that no member is there twice, and that none is there in another letter case: the SDK
/// would read only one of two, and ignore another letter case.
fn check_spelling(
    found: &[(std::borrow::Cow<'_, str>, Node<'_>)],
    member: &Member,
    path: &str,
) -> Result<(), IncompleteResponse> {
    for expected in member.names {
        let mut is_found = false;
        for (name, _) in found {
            if name == expected {
                if is_found {
                    return Err(IncompleteResponse::Twice(join(path, expected)));
                }
                is_found = true;
            } else if name.eq_ignore_ascii_case(expected) {
                return Err(IncompleteResponse::Misspelt {
                    found: join(path, name),
                    expected: join(path, expected),
                });
            }
        }
    }
    Ok(())
}

/// Checks that one of the alternatives is there, with its content.
fn check_alternatives(
    structure: &Node<'_>,
    member: &Member,
    path: &str,
) -> Result<(), IncompleteResponse> {
    let mut result = None;
    for name in member.names {
        match structure.get(name) {
            None | Some(Node::Null) => {}
            Some(value) => {
                let checked = check_content(value, member.content, &join(path, name));
                if checked.is_ok() {
                    return Ok(());
                }
                result = Some(checked);
            }
        }
    }
    result.unwrap_or_else(|| absent(member, path))
}

fn absent(member: &Member, path: &str) -> Result<(), IncompleteResponse> {
    let name = join(path, &member.names.join(" or "));
    match member.content {
        Content::Token | Content::OptionalFlag | Content::OptionalList(_) => Ok(()),
        Content::List(_, EmptyList::Unproven) | Content::Rows(_, EmptyList::Unproven) => {
            Err(IncompleteResponse::UnprovenEmpty(name))
        }
        Content::List(_, EmptyList::Recorded(proof)) => {
            Err(IncompleteResponse::AbsentList { path: name, proof })
        }
        _ => Err(IncompleteResponse::Absent(name)),
    }
}

/// Checks a value against the content that AWS writes.
fn check_content(value: &Node<'_>, content: Content, path: &str) -> Result<(), IncompleteResponse> {
    let expected = match (content, value) {
        (Content::Text, Node::Text(text)) if !text.is_empty() => return Ok(()),
        (Content::AnyText | Content::Token, Node::Text(_))
        | (Content::Number, Node::Number { .. })
        | (Content::Flag | Content::OptionalFlag, Node::Flag(_)) => return Ok(()),
        // XML has only texts.
        (Content::Flag | Content::OptionalFlag, Node::Text(text))
            if text == "true" || text == "false" =>
        {
            return Ok(());
        }
        (Content::Structure(members), value) => return check_members(value, members, path),
        (Content::List(members, empty), value) => {
            let items = list_items(value, path)?;
            check_not_empty(items.len(), empty, path)?;
            return items
                .into_iter()
                .try_for_each(|item| check_members(item, members, path));
        }
        (Content::OptionalList(members), value) => {
            return list_items(value, path)?
                .into_iter()
                .try_for_each(|item| check_members(item, members, path));
        }
        (Content::Rows(members, empty), value) => {
            let rows = list_items(value, path)?;
            check_not_empty(rows.len(), empty, path)?;
            return check_rows(&rows, members, path);
        }
        (Content::Text, _) => "a text with content",
        (Content::AnyText | Content::Token, _) => "a text",
        (Content::Number, _) => "a number",
        (Content::Flag | Content::OptionalFlag, _) => "true or false",
    };
    Err(IncompleteResponse::WrongType {
        path: path.to_owned(),
        expected,
    })
}

fn check_rows(
    rows: &[&Node<'_>],
    members: &[Member],
    path: &str,
) -> Result<(), IncompleteResponse> {
    for row in rows {
        for field in list_items(row, path)? {
            check_members(field, members, path)?;
        }
    }
    Ok(())
}

fn check_not_empty(items: usize, empty: EmptyList, path: &str) -> Result<(), IncompleteResponse> {
    match empty {
        EmptyList::Never(reason) if items == 0 => Err(IncompleteResponse::NeverEmpty {
            path: path.to_owned(),
            reason,
        }),
        EmptyList::Never(_) | EmptyList::Recorded(_) | EmptyList::Unproven => Ok(()),
    }
}

/// Returns the items of a list: of a JSON array, or of an XML element whose elements are `member`
/// (AWS Query) or `item` (EC2).
fn list_items<'n, 'a>(
    list: &'n Node<'a>,
    path: &str,
) -> Result<Vec<&'n Node<'a>>, IncompleteResponse> {
    let wrong_type = || IncompleteResponse::WrongType {
        path: path.to_owned(),
        expected: "a list",
    };
    match list {
        Node::List(items) => Ok(items.iter().collect()),
        Node::Text(text) if text.is_empty() => Ok(Vec::new()),
        Node::Members(members) => members
            .iter()
            .map(|(name, item)| {
                let is_item = name == "member" || name == "item";
                is_item.then_some(item).ok_or_else(wrong_type)
            })
            .collect(),
        Node::Null | Node::Flag(_) | Node::Number { .. } | Node::Text(_) => Err(wrong_type()),
    }
}

/// Whether the statistics of a complete query count no row. Its list of rows then has to be empty.
///
/// Source: CloudWatch Logs API, `QueryStatistics`, `resultCount`: "the total number of output rows
/// across all pages".
fn has_no_rows(response: &Node<'_>) -> bool {
    let rows = response
        .get("statistics")
        .and_then(|statistics| statistics.get("resultCount"));
    rows == Some(&Node::Number { is_zero: true })
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
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
            (Operation::StopQuery, "{}"),
            (
                Operation::GetEventSelectors,
                r#"{"EventSelectors":[],"AdvancedEventSelectors":[{}]}"#,
            ),
            (
                Operation::ListUsers,
                "<ListUsersResponse><ListUsersResult><Users/><IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>",
            ),
            (
                Operation::DescribeFlowLogs,
                "<a:DescribeFlowLogsResponse xmlns:a='u'><a:flowLogSet></a:flowLogSet></a:DescribeFlowLogsResponse>",
            ),
            (
                Operation::GetServiceLastAccessedDetails,
                "<GetServiceLastAccessedDetailsResponse><GetServiceLastAccessedDetailsResult><JobStatus>IN_PROGRESS</JobStatus>\
                 </GetServiceLastAccessedDetailsResult></GetServiceLastAccessedDetailsResponse>",
            ),
        ] {
            assert_eq!(checked(operation, 200, body), Ok(()), "{operation}: {body}");
        }
    }

    #[test]
    fn missing_member_is_an_error_with_the_response_text() {
        let missing = checked(Operation::DescribeLogGroups, 200, "{}").unwrap_err();
        assert!(
            missing.starts_with(
                "the response lacks the list logGroups, which AWS writes even if it is empty"
            ),
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
        let error = checked(
            Operation::DescribeRegions,
            200,
            "<Response><Errors><Error><Code>Unavailable</Code></Error></Errors></Response>",
        )
        .unwrap_err();
        assert!(error.contains("an error (Unavailable)"), "{error}");
        let unproven = checked(Operation::DescribeTrails, 200, "{}").unwrap_err();
        assert!(unproven.contains("not known whether AWS"), "{unproven}");
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
            (Operation::GetTrailStatus, "{}"),
            (Operation::GetTrailStatus, r#"{"isLogging":true}"#),
            (Operation::GetEventSelectors, r#"{"EventSelectors":null}"#),
            (
                Operation::FilterLogEvents,
                r#"{"__type":"ThrottlingException","events":[]}"#,
            ),
            (
                Operation::FilterLogEvents,
                r#"{"events":[],"NextToken":"t"}"#,
            ),
            (
                Operation::DescribeLogGroups,
                r#"{"logGroups":[],"logGroups":[]}"#,
            ),
            (Operation::PutUserPolicy, ""),
            (Operation::PutUserPolicy, "<PutGroupPolicyResponse/>"),
            (Operation::PutUserPolicy, "<PutUserPolicyResponse>"),
            (
                Operation::PutUserPolicy,
                "<PutUserPolicyResponse></PutUserPolicyResponse><a/>",
            ),
            (Operation::ListUsers, "<ListUsersResponse/>"),
            (
                Operation::ListUsers,
                "<ListUsersResponse><ListUsersResult><Users/><IsTruncated/></ListUsersResult></ListUsersResponse>",
            ),
            (
                Operation::DescribeRegions,
                "<DescribeRegionsResponse><regionInfo/></DescribeRegionsResponse>",
            ),
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
    fn rows_are_required_unless_the_query_has_none() {
        let result = |members: &str| checked(Operation::GetQueryResults, 200, members);
        for complete in [
            r#"{"status":"Running"}"#,
            r#"{"status":"Scheduled","statistics":{"resultCount":0.0}}"#,
            r#"{"status":"Complete","statistics":{"resultCount":0.0}}"#,
            r#"{"status":"Complete","statistics":{"resultCount":0},"results":null}"#,
            r#"{"status":"Complete","statistics":{"resultCount":1.0},"results":[[]]}"#,
        ] {
            assert_eq!(result(complete), Ok(()), "{complete}");
        }
        for incomplete in [
            r#"{"status":"Complete"}"#,
            r#"{"status":"Complete","statistics":{}}"#,
            r#"{"status":"Complete","statistics":{"resultCount":1.0}}"#,
            r#"{"status":"Complete","statistics":{"resultCount":"0"}}"#,
            r#"{"status":"Complete","statistics":{"resultCount":0.0},"Results":[]}"#,
            r#"{"status":"Complete","statistics":{"resultCount":0.0},"NextToken":"t"}"#,
        ] {
            assert!(result(incomplete).is_err(), "{incomplete}");
        }
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
