//! Checks that a response has the members that AWS always writes.
//!
//! The SDK reads an absent list as an empty one. Without this check an empty body, `{}`, or an
//! error with HTTP status 200 would look like an empty list. The check reads the body as it was
//! received, before the SDK does, and compares it with the row of the operation in
//! [`super::response_table`]. A response that lacks a required member fails as a `BrokenAnswer`,
//! or as `UnprovenEmpty` if AWS may spell an empty list in this way. Both are retried.
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

use super::enabled_region::is_enabled;
use super::incomplete_response::IncompleteResponse;
use super::member_check::check_members;
use super::response_body::Node;
use super::response_shape::{Member, Shape};
use super::s3::{LIST_ROOT, check_list_response};
use dragnet_model::Operation;

/// The header that names an error. Only error responses have it.
///
/// Source: Smithy, "AWS JSON 1.1 protocol", "Operation error serialization".
const ERROR_TYPE: &str = "x-amzn-errortype";

/// The member that names an error in a JSON body. Only error responses have it.
///
/// Source: Smithy, "AWS JSON 1.1 protocol", "Operation error serialization".
const JSON_ERROR_TYPE: &str = "__type";

/// Checks the responses to one call of the operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequiredMembers(pub Operation);

/// Marks a response whose members have been checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct MembersChecked;

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
            Shape::ObjectList => check_list_response(&read_document(body, status, LIST_ROOT)?),
            Shape::Document(root) => read_document(body, status, root).map(drop),
            Shape::Object | Shape::HeadersOnly | Shape::NoCall => Ok(()),
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
        read_document(body, status, &format!("{}Response", self.0))
    }
}

/// Reads an XML body whose root element has this name, and returns its content.
fn read_document<'a>(
    body: &'a [u8],
    status: u16,
    expected: &str,
) -> Result<Node<'a>, IncompleteResponse> {
    let (found, content) = Node::from_xml(body)?;
    if found == expected {
        return Ok(content);
    }
    let code = match found.as_str() {
        // Source: S3 API, "Error responses", "REST error responses".
        "Error" => content.get("Code").and_then(Node::text),
        _ => find_xml_error(&content),
    };
    Err(match code {
        Some(code) => IncompleteResponse::Error(code.to_owned(), status),
        None => IncompleteResponse::Root {
            found,
            expected: expected.to_owned(),
        },
    })
}

/// Returns the code of an error. Sources: Smithy, "AWS query protocol" and "AWS EC2 query
/// protocol", "Operation error serialization".
fn find_xml_error<'a>(content: &'a Node<'_>) -> Option<&'a str> {
    let errors = content.get("Errors").unwrap_or(content);
    errors.get("Error")?.get("Code")?.text()
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

#[cfg(test)]
mod tests;
