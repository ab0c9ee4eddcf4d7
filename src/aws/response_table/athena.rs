//! The responses of Athena.
//!
//! Source: Athena API; the service model in botocore, `data/athena/2017-05-18/service-2.json`.

use crate::aws::response_shape::{Content, EmptyList, Member, member};

/// Source: Athena API, `StartQueryExecution`.
pub(super) const EXECUTION_ID: &[Member] = &[member(&["QueryExecutionId"], Content::Text)];

/// Source: Athena API, `GetQueryExecution`, `QueryExecution`.
pub(super) const EXECUTION: &[Member] = &[member(
    &["QueryExecution"],
    Content::Structure(&[
        member(&["QueryExecutionId"], Content::Text),
        member(
            &["Status"],
            Content::Structure(&[member(&["State"], Content::Text)]),
        ),
    ]),
)];

/// Source: Athena API, `GetQueryResults`, `ResultSet`. The first row has the names of the columns.
pub(super) const RESULTS: &[Member] = &[
    member(
        &["ResultSet"],
        Content::Structure(&[member(
            &["Rows"],
            Content::List(
                &[member(
                    &["Data"],
                    Content::List(&[], EmptyList::Never("a row has a column")),
                )],
                EmptyList::Unproven,
            ),
        )]),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Athena API, `GetWorkGroup`, `WorkGroup`.
pub(super) const WORKGROUP: &[Member] = &[member(
    &["WorkGroup"],
    Content::Structure(&[member(&["Name"], Content::Text)]),
)];

/// Source: Athena API, `GetTableMetadata`, `TableMetadata`. A table may lack columns and partitions.
pub(super) const TABLE: &[Member] = &[member(
    &["TableMetadata"],
    Content::Structure(&[
        member(&["Name"], Content::Text),
        member(
            &["Columns"],
            Content::OptionalList(&[member(&["Name"], Content::Text)]),
        ),
        member(
            &["PartitionKeys"],
            Content::OptionalList(&[member(&["Name"], Content::Text)]),
        ),
    ]),
)];
