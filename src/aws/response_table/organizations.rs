//! The responses of Organizations.

use crate::aws::response_shape::{Content, EmptyList, Member, member};

/// Source: Organizations API, `ListAccounts`: a page may be "an empty set of results" although
/// there are more pages.
pub(super) const ACCOUNTS: &[Member] = &[
    member(
        &["Accounts"],
        Content::List(&[member(&["Id"], Content::Text)], EmptyList::Unproven),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListRoots`, `Root`.
pub(super) const ROOTS: &[Member] = &[
    member(
        &["Roots"],
        Content::List(
            &[member(&["Id"], Content::Text)],
            EmptyList::Never("every organization has a root"),
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListOrganizationalUnitsForParent`, `OrganizationalUnit`.
pub(super) const ORGANIZATIONAL_UNITS: &[Member] = &[
    member(
        &["OrganizationalUnits"],
        Content::List(
            &[
                member(&["Id"], Content::Text),
                member(&["Name"], Content::Text),
            ],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListParents`: "a child can have only a single parent".
pub(super) const PARENTS: &[Member] = &[
    member(
        &["Parents"],
        Content::List(
            &[member(&["Id"], Content::Text)],
            EmptyList::Never("every account and organizational unit has a parent"),
        ),
    ),
    member(&["NextToken"], Content::Token),
];

/// Source: Organizations API, `ListTagsForResource`, `Tag`.
pub(super) const TAGS: &[Member] = &[
    member(
        &["Tags"],
        Content::List(
            &[
                member(&["Key"], Content::Text),
                member(&["Value"], Content::AnyText),
            ],
            EmptyList::Unproven,
        ),
    ),
    member(&["NextToken"], Content::Token),
];
