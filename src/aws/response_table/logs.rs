//! The responses of CloudWatch Logs, among them those of Insights.

use crate::aws::response_shape::{Content, EmptyList, Member, NEXT_TOKEN, member};

/// Source: CloudWatch Logs API, `DescribeLogGroups`.
pub(super) const LOG_GROUPS: &[Member] = &[
    member(
        &["logGroups"],
        Content::List(
            &[member(&["logGroupName"], Content::Text)],
            // The test asserts `describe_log_groups(…).get('logGroups') == []` on AWS's response.
            EmptyList::Recorded("cloud-custodian, tests/test_cwl.py, test_tagged_log_group_delete"),
        ),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `DescribeLogStreams`.
pub(super) const LOG_STREAMS: &[Member] = &[
    member(
        &["logStreams"],
        Content::List(
            &[member(&["logStreamName"], Content::Text)],
            EmptyList::Unproven,
        ),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `FilterLogEvents`, `FilteredLogEvent`.
pub(super) const EVENTS: &[Member] = &[
    member(
        &["events"],
        Content::List(
            &[
                member(&["eventId"], Content::Text),
                member(&["timestamp"], Content::Number),
                member(&["message"], Content::AnyText),
            ],
            EmptyList::Recorded("github.com/boto/boto3/issues/1524 and 2265, responses of AWS"),
        ),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `GetQueryResults`, `ResultField`. The fields of a row depend on the
/// query; `ResultRow::into_event` checks those of events. The rows of a query that is not complete
/// are not used. An absent list of a complete query is accepted if the statistics of the response
/// count no row (`has_no_rows` in `required_members.rs`).
pub(super) const QUERY_RESULTS: &[Member] = &[
    member(&["status"], Content::Text),
    NEXT_TOKEN,
    Member {
        names: &["results"],
        content: Content::Rows(&[member(&["field"], Content::Text)], EmptyList::Unproven),
        condition: Some(("status", "Complete")),
    },
];

/// Source: CloudWatch Logs API, `StartQuery`.
pub(super) const QUERY_ID: &[Member] = &[member(&["queryId"], Content::Text)];

/// Source: CloudWatch Logs API, `DescribeDeliveries`, `Delivery`. An absent list is an empty one here and below:
/// no coverage follows from what these lists do not name.
pub(super) const DELIVERIES: &[Member] = &[
    member(
        &["deliveries"],
        Content::OptionalList(&[member(&["id"], Content::Text)]),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `DescribeDeliveryDestinations`, `DeliveryDestination`.
pub(super) const DELIVERY_DESTINATIONS: &[Member] = &[
    member(
        &["deliveryDestinations"],
        Content::OptionalList(&[member(&["arn"], Content::Text)]),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `DescribeSubscriptionFilters`, `SubscriptionFilter`.
pub(super) const SUBSCRIPTION_FILTERS: &[Member] = &[
    member(
        &["subscriptionFilters"],
        Content::OptionalList(&[member(&["destinationArn"], Content::Text)]),
    ),
    NEXT_TOKEN,
];

/// Source: CloudWatch Logs API, `DescribeImportTasks`. An absent list names no import, so the name and the
/// class of a log group decide.
pub(super) const IMPORTS: &[Member] = &[
    member(&["imports"], Content::List(&[], EmptyList::Unproven)),
    NEXT_TOKEN,
];
