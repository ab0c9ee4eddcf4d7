//! Bodies that are complete, and bodies that are refused.

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
            Operation::LookupEvents,
            r#"{"Events":[{"EventId":"e","EventTime":1.0,"CloudTrailEvent":"{}"}],"NextToken":"t"}"#,
        ),
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
