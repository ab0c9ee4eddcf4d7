//! The checks of a page of keys, before the SDK reads it.
//!
//! The SDK accepts a list that breaks off, or that lacks an object, as a shorter list. So the
//! number of keys must be the one that AWS counted, and a truncated list must have the token of the
//! rest.
//!
//! Source: S3 API, `ListObjectsV2`, "Response elements".

use crate::aws::incomplete_response::IncompleteResponse;
use crate::aws::member_check::check_members;
use crate::aws::response_body::Node;
use crate::aws::response_shape::{Content, Member, member};

/// The name of the root element.
pub(in crate::aws) const LIST_ROOT: &str = "ListBucketResult";

const OBJECTS: &str = "Contents";
const COMMON_PREFIXES: &str = "CommonPrefixes";
const KEY_COUNT: &str = "KeyCount";
const IS_TRUNCATED: &str = "IsTruncated";
const NEXT_TOKEN: &str = "NextContinuationToken";

/// The members of a page. XML has only texts.
const PAGE: &[Member] = &[
    member(&[KEY_COUNT], Content::Text),
    member(&[IS_TRUNCATED], Content::Flag),
    member(&[NEXT_TOKEN], Content::Token),
];

const OBJECT: &[Member] = &[
    member(&["Key"], Content::Text),
    member(&["LastModified"], Content::Text),
    member(&["ETag"], Content::Text),
    member(&["Size"], Content::Text),
];

const COMMON_PREFIX: &[Member] = &[member(&["Prefix"], Content::Text)];

/// Checks the content of the root element of a response.
pub(in crate::aws) fn check_list_response(page: &Node<'_>) -> Result<(), IncompleteResponse> {
    check_members(page, PAGE, "")?;
    let Node::Members(members) = page else {
        return Err(IncompleteResponse::Absent(KEY_COUNT.to_owned()));
    };
    let mut found = 0_u64;
    for (name, content) in members {
        match &**name {
            OBJECTS => check_members(content, OBJECT, OBJECTS)?,
            COMMON_PREFIXES => check_members(content, COMMON_PREFIX, COMMON_PREFIXES)?,
            _ => continue,
        }
        found += 1;
    }
    check_count(page, found)?;
    check_token(page)
}

fn check_count(page: &Node<'_>, found: u64) -> Result<(), IncompleteResponse> {
    let text = page.get(KEY_COUNT).and_then(Node::text).unwrap_or_default();
    let Ok(expected) = text.parse::<u64>() else {
        return Err(IncompleteResponse::WrongType {
            path: KEY_COUNT.to_owned(),
            expected: "a number",
        });
    };
    if found == expected {
        Ok(())
    } else {
        Err(IncompleteResponse::KeyCount { found, expected })
    }
}

fn check_token(page: &Node<'_>) -> Result<(), IncompleteResponse> {
    let is_truncated = page.get(IS_TRUNCATED).and_then(Node::text) == Some("true");
    let token = page.get(NEXT_TOKEN).and_then(Node::text);
    let has_token = token.is_some_and(|token| !token.is_empty());
    if is_truncated == has_token {
        Ok(())
    } else {
        Err(IncompleteResponse::NextPage { is_truncated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(members: &str) -> Result<(), String> {
        let body = format!("<{LIST_ROOT} xmlns=\"u\">{members}</{LIST_ROOT}>");
        let (_, page) = Node::from_xml(body.as_bytes()).unwrap();
        check_list_response(&page).map_err(|error| error.to_string())
    }

    const OBJECT: &str = "<Contents><Key>k</Key><LastModified>2026-03-02T12:00:00.000Z</LastModified>\
                          <ETag>&quot;e&quot;</ETag><Size>5</Size></Contents>";
    const FOLDER: &str = "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>";

    #[test]
    fn pages_are_complete_with_all_counted_keys() {
        for page in [
            "<KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>".to_owned(),
            format!("<KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>{OBJECT}{FOLDER}"),
            format!(
                "<IsTruncated>true</IsTruncated>{OBJECT}{OBJECT}<KeyCount>2</KeyCount>\
                 <NextContinuationToken>t</NextContinuationToken>"
            ),
        ] {
            assert_eq!(checked(&page), Ok(()), "{page}");
        }
    }

    #[test]
    fn pages_that_lack_something_are_refused() {
        for (page, problem) in [
            (
                format!("<KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>{OBJECT}"),
                "1 keys",
            ),
            (
                format!("<KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>{OBJECT}"),
                "IsTruncated is true",
            ),
            (
                format!(
                    "<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>{OBJECT}\
                     <NextContinuationToken>t</NextContinuationToken>"
                ),
                "IsTruncated is false",
            ),
            (
                format!("<IsTruncated>false</IsTruncated>{OBJECT}"),
                "lacks the required member KeyCount",
            ),
            (
                format!("<KeyCount>x</KeyCount><IsTruncated>false</IsTruncated>{OBJECT}"),
                "KeyCount of the response is not a number",
            ),
            (
                "<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>k</Key></Contents>"
                    .to_owned(),
                "Contents.LastModified",
            ),
        ] {
            let found = checked(&page).unwrap_err();
            assert!(found.contains(problem), "{page}: {found}");
        }
    }
}
