//! The responses of the access portal of IAM Identity Center.

use crate::aws::response_shape::{Content, EmptyList, Member, NEXT_TOKEN, member};

/// Source: botocore, `data/sso/2019-06-10/service-2.json`, `ListAccountsResponse`, `AccountInfo`.
pub(super) const ACCOUNTS: &[Member] = &[
    member(
        &["accountList"],
        Content::List(
            &[member(&["accountId"], Content::Text)],
            EmptyList::Unproven,
        ),
    ),
    NEXT_TOKEN,
];

/// Source: the same model, `ListAccountRolesResponse`, `RoleInfo`.
pub(super) const ROLES: &[Member] = &[
    member(
        &["roleList"],
        Content::List(&[member(&["roleName"], Content::Text)], EmptyList::Unproven),
    ),
    NEXT_TOKEN,
];

/// Source: the same model, `GetRoleCredentialsResponse`, `RoleCredentials`.
pub(super) const CREDENTIALS: &[Member] = &[member(
    &["roleCredentials"],
    Content::Structure(&[
        member(&["accessKeyId"], Content::Text),
        member(&["secretAccessKey"], Content::Text),
        member(&["sessionToken"], Content::Text),
        member(&["expiration"], Content::Number),
    ]),
)];
