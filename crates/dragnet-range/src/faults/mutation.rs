//! One small change of a successful response, chosen by a number: a member is dropped, empty,
//! renamed or of another type, a tag is missing, or the body is cut off or replaced.

use std::ops::Range;

use serde_json::{Value, json};

/// The error that a body is replaced by.
const ERROR: &str = "ThrottlingException";

/// Members that AWS leaves out of some responses, so that nothing shows that they are missing: page
/// tokens, and properties that a resource may lack. They are not changed.
const OPTIONAL_IN_JSON: [&str; 11] = [
    "AccessKeyId",
    "CloudWatchLogsLogGroupArn",
    "KmsKeyId",
    "NextToken",
    "S3KeyPrefix",
    "Username",
    "creationTime",
    "dataProtectionStatus",
    "inheritedProperties",
    "nextToken",
    "retentionInDays",
];
/// The same in XML, and the elements of lists: a list with fewer items may be complete.
const OPTIONAL_IN_XML: [&str; 16] = [
    "AttachedManagedPolicies",
    "GroupList",
    "GroupPolicyList",
    "InstanceProfileList",
    "LastUsedDate",
    "Marker",
    "PasswordLastUsed",
    "PermissionsBoundary",
    "RoleLastUsed",
    "RolePolicyList",
    "UserPolicyList",
    "destinationOptions",
    "item",
    "logDestination",
    "member",
    "nextToken",
];

/// Splits a number into small choices.
struct Choices(u64);

impl Choices {
    /// Returns a number below `bound`, or zero if `bound` is zero.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        let choice = self.0 % bound;
        self.0 /= bound;
        usize::try_from(choice).unwrap_or_default()
    }
}

/// Changes the JSON body of a response.
pub(super) fn mutate_json(body: &[u8], seed: u64) -> Vec<u8> {
    let mut choices = Choices(seed);
    let change = choices.below(8);
    match change {
        0 => return Vec::new(),
        1 => return b"{}".to_vec(),
        2 => return json!({ "__type": ERROR }).to_string().into_bytes(),
        3 => {
            let length = choices.below(body.len());
            return body.get(..length).unwrap_or_default().to_vec();
        }
        _ => {}
    }
    let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut paths = Vec::new();
    collect_members(&value, "", &mut paths);
    let chosen = choices.below(paths.len());
    let Some((parent, name)) = paths.get(chosen).and_then(|path| path.rsplit_once('/')) else {
        return body.to_vec();
    };
    let Some(Value::Object(members)) = value.pointer_mut(parent) else {
        return body.to_vec();
    };
    let member = members.remove(name).unwrap_or_default();
    match change {
        4 => _ = members.insert(name.to_owned(), Value::Null),
        5 => _ = members.insert(switch_first_case(name), member),
        6 => _ = members.insert(name.to_owned(), json!({ "x": {} })),
        _ => {}
    }
    value.to_string().into_bytes()
}

/// Switches the case of the first letter: `events` to `Events`, and back.
pub(super) fn switch_first_case(name: &str) -> String {
    let mut letters = name.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let first = if first.is_ascii_lowercase() {
        first.to_ascii_uppercase()
    } else {
        first.to_ascii_lowercase()
    };
    std::iter::once(first).chain(letters).collect()
}

/// Collects the JSON pointers of all members that may be changed.
fn collect_members(value: &Value, path: &str, paths: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                // A name with a slash would need to be escaped.
                if OPTIONAL_IN_JSON.contains(&name.as_str()) || name.contains(['/', '~']) {
                    continue;
                }
                let path = format!("{path}/{name}");
                collect_members(member, &path, paths);
                paths.push(path);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_members(item, &format!("{path}/{index}"), paths);
            }
        }
        _ => {}
    }
}

/// An element of an XML document, by the byte ranges of its tags.
struct Element<'a> {
    name: &'a str,
    open: Range<usize>,
    close: Range<usize>,
}

/// The change that removes the content of an element.
const EMPTIED: usize = 6;

/// Whether an element is a list with elements. Without them, it is the valid response that there are
/// none.
fn is_list(body: &str, element: &Element<'_>) -> bool {
    let content = body.get(element.open.end..).unwrap_or_default();
    content.starts_with("<member>") || content.starts_with("<item>")
}

/// Changes the XML body of a response to `operation`.
pub(super) fn mutate_xml(body: &str, operation: &str, seed: u64) -> Vec<u8> {
    let mut choices = Choices(seed);
    let change = choices.below(9);
    match change {
        0 => return Vec::new(),
        1 => return format!("<{operation}Response/>").into_bytes(),
        2 => {
            return format!("<ErrorResponse><Error><Code>{ERROR}</Code></Error></ErrorResponse>")
                .into_bytes();
        }
        3 => {
            let length = choices.below(body.len());
            return body.as_bytes().get(..length).unwrap_or_default().to_vec();
        }
        _ => {}
    }
    let breaks_tags = change == 4 || change == 5;
    let elements = elements(body);
    let changeable: Vec<&Element<'_>> = elements
        .iter()
        .filter(|element| breaks_tags || !OPTIONAL_IN_XML.contains(&element.name))
        .filter(|element| change != EMPTIED || !is_list(body, element))
        .collect();
    let chosen = choices.below(changeable.len());
    let Some(Element { name, open, close }) = changeable.get(chosen) else {
        return body.as_bytes().to_vec();
    };
    let text = |range: Range<usize>| body.get(range).unwrap_or_default();
    let before = text(0..open.start);
    let content = text(open.end..close.start);
    let after = text(close.end..body.len());
    let replacement = match change {
        4 => format!("{}{content}", text(open.clone())),
        5 => format!("{content}{}", text(close.clone())),
        EMPTIED => format!("<{name}/>"),
        7 => {
            let renamed = switch_first_case(name);
            format!("<{renamed}>{content}</{renamed}>")
        }
        _ => String::new(),
    };
    [before, &replacement, after].concat().into_bytes()
}

/// Returns all elements of a document that the range wrote; it has no comments and no empty tags.
fn elements(body: &str) -> Vec<Element<'_>> {
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    let mut closed = Vec::new();
    let mut at = 0;
    while let Some(start) = body.get(at..).and_then(|rest| rest.find('<')) {
        let start = at + start;
        let Some(length) = body.get(start..).and_then(|rest| rest.find('>')) else {
            break;
        };
        at = start + length + 1;
        let tag = body.get(start + 1..at - 1).unwrap_or_default();
        if !tag.starts_with('/') {
            let name = tag.split(' ').next().unwrap_or_default();
            open.push((name, start..at));
        } else if let Some((name, opening)) = open.pop() {
            closed.push(Element {
                name,
                open: opening,
                close: start..at,
            });
        }
    }
    closed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_change_is_made_and_optional_members_are_kept() {
        let json = json!({ "nextToken": "t", "events": [{ "message": "m" }, { "message": "n" }] });
        let json = json.to_string();
        let xml = "<ListUsersResponse xmlns=\"u\"><Users><member><A>a</A></member></Users></ListUsersResponse>";
        let mut bodies = BTreeSet::new();
        for seed in 0..1_000 {
            bodies.insert(mutate_json(json.as_bytes(), seed));
            bodies.insert(mutate_xml(xml, "ListUsers", seed));
        }
        for expected in [
            "{}",
            r#"{"events":[{"message":"m"},{}],"nextToken":"t"}"#,
            r#"{"events":null,"nextToken":"t"}"#,
            r#"{"Events":[{"message":"m"},{"message":"n"}],"nextToken":"t"}"#,
            "<ListUsersResponse xmlns=\"u\"></ListUsersResponse>",
            "<ListUsersResponse xmlns=\"u\"><Users><member><A/></member></Users></ListUsersResponse>",
            "<ListUsersResponse xmlns=\"u\"><Users><member><A>a</member></Users></ListUsersResponse>",
            "<ListUsersResponse xmlns=\"u\"><Users><member><a>a</a></member></Users></ListUsersResponse>",
        ] {
            assert!(bodies.contains(expected.as_bytes()), "{expected}");
        }
        let emptied = "<ListUsersResponse xmlns=\"u\"><Users/></ListUsersResponse>";
        assert!(!bodies.contains(emptied.as_bytes()));
        let without_token = r#"{"events":[{"message":"m"},{"message":"n"}]}"#;
        assert!(!bodies.contains(without_token.as_bytes()));
    }
}
