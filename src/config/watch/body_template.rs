//! Templates for the bodies of webhooks: JSON documents with placeholders in their texts.
//!
//! A template is parsed as JSON first. Placeholders are then replaced inside single texts, and the
//! result is written as JSON again. Whatever an alert contains, it therefore cannot change the
//! structure of the document.
//!
//! ```text
//! placeholder = "{{" name { "|" filter } "}}"
//! filter      = "max=" number              at most this many characters
//!             | value "=" text { "," value "=" text }   replaces a value; `*` is any other
//! ```
//! A text that is only a placeholder without a filter becomes the value itself, so that numbers
//! and lists keep their type. Anywhere else the value is inserted as text.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::config::nearest;

/// The names of the placeholders.
const NAMES: [&str; 15] = [
    "accounts",
    "at",
    "count",
    "id",
    "kind",
    "next_step",
    "principals",
    "rows",
    "run",
    "run_url",
    "schedule",
    "secret",
    "severity",
    "text",
    "title",
];

/// A template for the body of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyTemplate {
    body: Node,
    names: BTreeSet<&'static str>,
}

/// The text is not a valid template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body template {0}")]
pub struct InvalidBodyTemplate(String);

/// A part of the JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    /// A value without placeholders.
    Literal(Value),
    Text(Vec<Part>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Placeholder(Placeholder),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Placeholder {
    name: &'static str,
    filters: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    MaxChars(usize),
    /// Pairs of a value and its replacement.
    Replace(Vec<(String, String)>),
}

impl BodyTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// The text is not JSON, or has an unknown or malformed placeholder.
    pub fn parse(text: &str) -> Result<Self, InvalidBodyTemplate> {
        let document: Value = serde_json::from_str(text)
            .map_err(|error| InvalidBodyTemplate(format!("is not JSON: {error}")))?;
        let mut names = BTreeSet::new();
        let body = parse_node(document, &mut names)?;
        Ok(Self { body, names })
    }

    /// Whether the template has a placeholder of this name.
    pub fn uses(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Returns the body. `value` returns the value of a placeholder.
    pub fn render(&self, value: impl Fn(&str) -> Value) -> String {
        self.body.render(&value).to_string()
    }
}

impl Node {
    fn render(&self, value: &dyn Fn(&str) -> Value) -> Value {
        match self {
            Self::Literal(literal) => literal.clone(),
            Self::List(nodes) => nodes.iter().map(|node| node.render(value)).collect(),
            Self::Object(members) => {
                let rendered = members
                    .iter()
                    .map(|(key, node)| (key.clone(), node.render(value)));
                Value::Object(rendered.collect::<Map<_, _>>())
            }
            Self::Text(parts) => match &parts[..] {
                [Part::Placeholder(Placeholder { name, filters })] if filters.is_empty() => {
                    value(name)
                }
                parts => Value::String(parts.iter().map(|part| part.render(value)).collect()),
            },
        }
    }
}

impl Part {
    fn render(&self, value: &dyn Fn(&str) -> Value) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Placeholder(Placeholder { name, filters }) => {
                let text = match value(name) {
                    Value::String(text) => text,
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                filters
                    .iter()
                    .fold(text, |text, filter| filter.apply(&text))
            }
        }
    }
}

impl Filter {
    fn apply(&self, text: &str) -> String {
        match self {
            Self::MaxChars(max) => text.chars().take(*max).collect(),
            Self::Replace(pairs) => {
                let replacement = |wanted: &str| {
                    pairs
                        .iter()
                        .find(|(value, _)| value == wanted)
                        .map(|(_, replacement)| replacement.clone())
                };
                replacement(text)
                    .or_else(|| replacement("*"))
                    .unwrap_or_else(|| text.to_owned())
            }
        }
    }
}

fn parse_node(
    value: Value,
    names: &mut BTreeSet<&'static str>,
) -> Result<Node, InvalidBodyTemplate> {
    Ok(match value {
        Value::String(text) => Node::Text(parse_text(&text, names)?),
        Value::Array(values) => Node::List(
            values
                .into_iter()
                .map(|value| parse_node(value, names))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(members) => {
            let mut nodes = Vec::new();
            for (key, value) in members {
                if key.contains("{{") {
                    return Err(InvalidBodyTemplate(format!(
                        "has a placeholder in the key `{key}`: placeholders can only be in values"
                    )));
                }
                nodes.push((key, parse_node(value, names)?));
            }
            Node::Object(nodes)
        }
        literal => Node::Literal(literal),
    })
}

fn parse_text(
    text: &str,
    names: &mut BTreeSet<&'static str>,
) -> Result<Vec<Part>, InvalidBodyTemplate> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, after)) = after.split_once("}}") else {
            return Err(InvalidBodyTemplate(format!(
                "has a placeholder without an end in `{text}`: expected the form {{{{title}}}}"
            )));
        };
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        let placeholder = parse_placeholder(inside)?;
        names.insert(placeholder.name);
        parts.push(Part::Placeholder(placeholder));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(parts)
}

fn parse_placeholder(inside: &str) -> Result<Placeholder, InvalidBodyTemplate> {
    let mut parts = inside.split('|').map(str::trim);
    let given = parts.next().unwrap_or_default();
    let Some(name) = NAMES.into_iter().find(|name| *name == given) else {
        let hint = match nearest(given, NAMES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected one of {}", NAMES.join(", ")),
        };
        return Err(InvalidBodyTemplate(format!(
            "has the unknown placeholder `{given}`: {hint}"
        )));
    };
    Ok(Placeholder {
        name,
        filters: parts.map(parse_filter).collect::<Result<_, _>>()?,
    })
}

fn parse_filter(text: &str) -> Result<Filter, InvalidBodyTemplate> {
    let invalid = || {
        InvalidBodyTemplate(format!(
            "has the invalid filter `{text}`: expected max=255, or high=1,low=4,*=5"
        ))
    };
    if let Some(number) = text.strip_prefix("max=") {
        let max: usize = number.trim().parse().map_err(|_| invalid())?;
        return Ok(Filter::MaxChars(max));
    }
    let pairs = text.split(',').map(|pair| {
        let (value, replacement) = pair.split_once('=').ok_or_else(invalid)?;
        Ok((value.trim().to_owned(), replacement.trim().to_owned()))
    });
    let pairs = pairs.collect::<Result<_, InvalidBodyTemplate>>()?;
    Ok(Filter::Replace(pairs))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(name: &str) -> Value {
        match name {
            "count" => json!(3),
            "severity" => json!("high"),
            "rows" => json!([{ "a": 1 }]),
            "title" => json!("\"},\n{{count}} ü"),
            _ => Value::Null,
        }
    }

    fn rendered(template: &str) -> Value {
        let body = BodyTemplate::parse(template).unwrap().render(value);
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn values_are_inserted_as_json() {
        let template = json!({
            "number": "{{count}}", "text": "n={{ count }}; {{severity|critical=1,high=2}}", "rows": ["{{rows}}", 7, null],
            "title": "{{title}}", "short": "{{title|max=2}}", "other": "{{severity | low=3, *=5}}", "kept": "{{severity|low=3}}",
            "missing": "<{{run_url}}>",
        });
        assert_eq!(
            rendered(&template.to_string()),
            json!({
                "number": 3, "text": "n=3; 2", "rows": [[{ "a": 1 }], 7, null],
                "title": "\"},\n{{count}} ü", "short": "\"}", "other": "5", "kept": "high", "missing": "<>",
            })
        );
    }

    #[test]
    fn invalid_templates_are_explained() {
        for (template, part) in [
            ("{\"a\": {{count}}}", "is not JSON"),
            (r#"{"a": "{{tilte}}"}"#, "did you mean `title`?"),
            (r#"{"a": "{{title"}"#, "without an end"),
            (r#"{"{{title}}": 1}"#, "only be in values"),
            (r#"{"a": "{{title|max=x}}"}"#, "invalid filter"),
            (r#"{"a": "{{title|upper}}"}"#, "invalid filter"),
        ] {
            let error = BodyTemplate::parse(template).unwrap_err().to_string();
            assert!(error.contains(part), "{template}: {error}");
        }
        let template = BodyTemplate::parse(r#"[{"a": "x {{run_url}}"}]"#).unwrap();
        assert!(template.uses("run_url") && !template.uses("title"));
    }
}
