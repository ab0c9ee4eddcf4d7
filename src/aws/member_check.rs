//! Compares a value of a response with a row of [`super::response_table`].

use std::borrow::Cow;

use super::incomplete_response::IncompleteResponse;
use super::response_body::Node;
use super::response_shape::{Content, EmptyList, Member};

/// Checks that a structure has these members. `path` names the structure in messages.
pub(super) fn check_members(
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
    found: &[(Cow<'_, str>, Node<'_>)],
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

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
