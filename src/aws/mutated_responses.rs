//! A property of the table of responses: whatever is dropped from a response, nulled, renamed or
//! cut off, the response is refused. Only two things can be missing unnoticed: an item of a list,
//! and the token of the next page.
//!
//! The property is about one response. `tests/it/mutated_responses.rs` changes the responses of the
//! practice range under whole commands.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::required_members::RequiredMembers;
use super::response_shape::{Content, Member, Shape};
use dragnet_model::Operation;

/// The number of items in each list of a complete response.
const ITEMS: usize = 2;

fn is_accepted(operation: Operation, status: u16, body: &str) -> bool {
    let response = http::Response::builder()
        .status(status)
        .body(SdkBody::from(body))
        .unwrap();
    let response = HttpResponse::try_from(response).unwrap();
    RequiredMembers(operation).check(&response).is_ok()
}

/// Returns a complete response: every member of the table, and lists with items.
fn complete_body(operation: Operation) -> Option<String> {
    match Shape::of(operation) {
        Shape::Json(members) => Some(json_members(members).to_string()),
        Shape::Query(members) => {
            let members = xml_members(members, "member");
            Some(format!(
                "<{operation}Response xmlns=\"u\"><{operation}Result>{members}</{operation}Result>\
                 <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
            ))
        }
        Shape::QueryWithoutResult => Some(format!(
            "<{operation}Response xmlns=\"u\"><ResponseMetadata><RequestId>r</RequestId>\
             </ResponseMetadata></{operation}Response>"
        )),
        Shape::Ec2(members) => {
            let members = xml_members(members, "item");
            Some(format!(
                "<{operation}Response xmlns=\"u\"><requestId>r</requestId>{members}</{operation}Response>"
            ))
        }
        Shape::ObjectList => Some(object_list_body()),
        // Nothing is required in these.
        Shape::Document(_) | Shape::Object | Shape::HeadersOnly | Shape::NoCall => None,
    }
}

/// Returns a page of objects and common prefixes.
fn object_list_body() -> String {
    let object = "<Contents><Key>k</Key><LastModified>t</LastModified><ETag>e</ETag><Size>5</Size></Contents>";
    let common_prefix = "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>";
    format!(
        "<ListBucketResult xmlns=\"u\"><KeyCount>{}</KeyCount><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>t</NextContinuationToken>{}{}</ListBucketResult>",
        2 * ITEMS,
        object.repeat(ITEMS),
        common_prefix.repeat(ITEMS)
    )
}

fn json_members(members: &[Member]) -> Value {
    let mut object = json!({ "unknown": [1, null] });
    for member in members {
        object[member.names[0]] = json_content(member.content);
    }
    object
}

fn json_content(content: Content) -> Value {
    match content {
        // The text for which the rows of `GetQueryResults` are required.
        Content::Text | Content::AnyText | Content::Token => json!("Complete"),
        Content::Number => json!(5),
        Content::Flag | Content::OptionalFlag => json!(true),
        Content::Structure(members) => json_members(members),
        Content::List(members, _) | Content::OptionalList(members) => {
            vec![json_members(members); ITEMS].into()
        }
        Content::Rows(members, _) => vec![vec![json_members(members); ITEMS]; ITEMS].into(),
    }
}

fn xml_members(members: &[Member], item: &str) -> String {
    let element = |member: &Member| {
        let name = member.names[0];
        let content = match member.content {
            // The text for which the list of `GetServiceLastAccessedDetails` is required.
            Content::Text | Content::AnyText | Content::Token => "COMPLETED".to_owned(),
            Content::Number => "5".to_owned(),
            Content::Flag | Content::OptionalFlag => "true".to_owned(),
            Content::Structure(members) => xml_members(members, item),
            Content::List(members, _)
            | Content::OptionalList(members)
            | Content::Rows(members, _) => {
                format!("<{item}>{}</{item}>", xml_members(members, item)).repeat(ITEMS)
            }
        };
        format!("<{name}>{content}</{name}>")
    };
    members.iter().map(element).collect()
}

/// A changed body, which must be refused.
struct Mutation {
    name: String,
    body: String,
}

/// Returns the paths of the members of an object, except page tokens, as JSON pointers. A last page
/// has no token, so nothing shows that it is missing.
fn json_paths(members: &[Member], parent: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for member in members {
        let path = format!("{parent}/{}", member.names[0]);
        match member.content {
            Content::Token | Content::OptionalFlag | Content::OptionalList(_) => continue,
            Content::Structure(members) => paths.extend(json_paths(members, &path)),
            Content::List(members, _) => {
                for item in 0..ITEMS {
                    paths.extend(json_paths(members, &format!("{path}/{item}")));
                }
            }
            Content::Rows(members, _) => {
                for row in 0..ITEMS {
                    paths.extend(json_paths(members, &format!("{path}/{row}/0")));
                }
            }
            Content::Text | Content::AnyText | Content::Number | Content::Flag => {}
        }
        paths.push(path);
    }
    paths
}

fn json_mutations(members: &[Member], body: &str) -> Vec<Mutation> {
    let whole: Value = serde_json::from_str(body).unwrap();
    let mut mutations = Vec::new();
    for path in json_paths(members, "") {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let edit = |change: &str, edit: &dyn Fn(&mut serde_json::Map<String, Value>, Value)| {
            let mut value = whole.clone();
            let object = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            let member = object.remove(name).unwrap();
            edit(object, member);
            Mutation {
                name: format!("{change} {path}"),
                body: value.to_string(),
            }
        };
        let insert = |name: String, new: Value| {
            move |object: &mut serde_json::Map<String, Value>, _: Value| {
                object.insert(name.clone(), new.clone());
            }
        };
        mutations.push(edit("drop", &|_, _| {}));
        for (change, new) in [
            ("null", Value::Null),
            ("object", json!({ "a": {} })),
            ("nested list", json!([[1]])),
        ] {
            mutations.push(edit(change, &insert(name.to_owned(), new)));
        }
        for renamed in [switch_case(name), format!("{name}s"), format!("_{name}")] {
            mutations.push(edit("rename", &|object, member| {
                object.insert(renamed.clone(), member);
            }));
        }
    }
    mutations
}

/// Switches the case of the first letter: `events` to `Events`, and back.
fn switch_case(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    let is_lower = first.chars().all(char::is_lowercase);
    let first = if is_lower {
        first.to_uppercase()
    } else {
        first.to_lowercase()
    };
    first + rest
}

/// An element of an XML document: the ranges of its opening and of its closing tag.
struct Tags {
    name: String,
    open: std::ops::Range<usize>,
    close: std::ops::Range<usize>,
    has_elements: bool,
}

/// Returns all elements of a document that [`complete_body`] wrote.
fn elements(body: &str) -> Vec<Tags> {
    let mut open: Vec<Tags> = Vec::new();
    let mut closed = Vec::new();
    let mut at = 0;
    while let Some(start) = body[at..].find('<').map(|start| at + start) {
        let end = start + body[start..].find('>').unwrap() + 1;
        let tag = &body[start + 1..end - 1];
        if tag.starts_with('/') {
            let mut element = open.pop().unwrap();
            element.close = start..end;
            closed.push(element);
        } else {
            if let Some(parent) = open.last_mut() {
                parent.has_elements = true;
            }
            open.push(Tags {
                name: tag.split(' ').next().unwrap().to_owned(),
                open: start..end,
                close: 0..0,
                has_elements: false,
            });
        }
        at = end;
    }
    closed
}

/// Elements that may be missing.
const OPTIONAL: [&str; 10] = [
    "IsTruncated",
    "AttachedManagedPolicies",
    "GroupPolicyList",
    "Marker",
    "RequestId",
    "ResponseMetadata",
    "RolePolicyList",
    "UserPolicyList",
    "nextToken",
    "requestId",
];

fn xml_mutations(body: &str) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for element in elements(body) {
        let Tags {
            name, open, close, ..
        } = &element;
        let mut add = |change: &str, body: String| {
            mutations.push(Mutation {
                name: format!("{change} {name} at {}", open.start),
                body,
            });
        };
        let content = &body[open.end..close.start];
        let before = &body[..open.start];
        let after = &body[close.end..];
        add("open", format!("{}{}", &body[..close.start], after));
        add("close", format!("{before}{}", &body[open.end..]));
        let is_list = name == "member" || name == "item";
        if is_list || OPTIONAL.contains(&name.as_str()) {
            continue;
        }
        add("drop", format!("{before}{after}"));
        for renamed in [switch_case(name), format!("{name}s")] {
            add(
                "rename",
                format!("{before}<{renamed}>{content}</{renamed}>{after}"),
            );
        }
        if !element.has_elements {
            add("empty", format!("{before}<{name}/>{after}"));
        }
    }
    mutations
}

/// Returns the beginnings of a body: all of them, or every `step`-th.
fn truncations(body: &str, step: usize) -> impl Iterator<Item = Mutation> {
    (0..body.len()).step_by(step).map(|length| Mutation {
        name: format!("truncate to {length}"),
        body: body[..length].to_owned(),
    })
}

fn error_bodies() -> Vec<Mutation> {
    let bodies = [
        "null",
        "[]",
        "{}x",
        "\"\"",
        "<html><body>503</body></html>",
        r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#,
        r#"{"__type":"com.amazonaws#AccessDeniedException"}"#,
        "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
        "<Response><Errors><Error><Code>Unavailable</Code></Error></Errors></Response>",
    ];
    let mutation = |body: &str| Mutation {
        name: "an error".to_owned(),
        body: body.to_owned(),
    };
    bodies.map(mutation).into()
}

fn mutations(operation: Operation, body: &str) -> Vec<Mutation> {
    let mut mutations = match Shape::of(operation) {
        Shape::Json(members) => json_mutations(members, body),
        Shape::Query(_) | Shape::QueryWithoutResult | Shape::Ec2(_) | Shape::ObjectList => {
            xml_mutations(body)
        }
        Shape::Document(_) | Shape::Object | Shape::HeadersOnly | Shape::NoCall => Vec::new(),
    };
    mutations.extend(truncations(body, 1));
    mutations.extend(error_bodies());
    mutations
}

#[test]
fn no_mutation_of_a_response_is_accepted() {
    let mut number = 0;
    for operation in Operation::ALL {
        let Some(body) = complete_body(operation) else {
            continue;
        };
        assert!(is_accepted(operation, 200, &body), "{operation}: {body}");
        for mutation in mutations(operation, &body) {
            for status in [200, 202] {
                number += 1;
                assert!(
                    !is_accepted(operation, status, &mutation.body),
                    "{operation}: {}: {}",
                    mutation.name,
                    mutation.body
                );
            }
        }
    }
    assert!(number >= 2_000, "{number} mutations");
}
