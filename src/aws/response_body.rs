//! Reads the body of a response, JSON or XML, into a tree of members, without knowing the
//! operation. The tree borrows the texts of the body.

use std::borrow::Cow;
use std::fmt;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value in a response body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node<'a> {
    /// JSON's `null`, which means that the member is absent.
    ///
    /// Source: Smithy, "AWS JSON 1.1 protocol", "Shape serialization".
    Null,
    Flag(bool),
    Number {
        is_zero: bool,
    },
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// A JSON object, or an XML element with elements, in the order of the body.
    Members(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidBody {
    #[error("the body is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the body is not UTF-8")]
    Encoding(#[from] std::str::Utf8Error),
    #[error("the body is not well-formed XML: {0}")]
    Xml(#[from] quick_xml::Error),
    #[error("the body is not a complete XML document")]
    Incomplete,
}

impl<'a> Node<'a> {
    /// Reads a JSON body.
    pub(super) fn from_json(body: &'a [u8]) -> Result<Self, InvalidBody> {
        Ok(serde_json::from_slice(body)?)
    }

    /// Reads an XML body. Returns the name of the root element and its content. An element without
    /// elements is a text.
    pub(super) fn from_xml(body: &'a [u8]) -> Result<(String, Self), InvalidBody> {
        let mut reader = Reader::from_str(str::from_utf8(body)?);
        let mut open: Vec<Element<'a>> = Vec::new();
        let mut root = None;
        loop {
            let event = reader.read_event()?;
            let closed = match event {
                Event::Start(start) => {
                    if root.is_some() {
                        return Err(InvalidBody::Incomplete);
                    }
                    open.push(Element::new(&start));
                    None
                }
                Event::Empty(start) => Some(Element::new(&start)),
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    append_text(&mut open, &text);
                    None
                }
                Event::CData(text) => {
                    append_text(&mut open, &text);
                    None
                }
                Event::GeneralRef(_) => {
                    append_text(&mut open, "&");
                    None
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => None,
            };
            let Some(closed) = closed else { continue };
            match open.last_mut() {
                Some(parent) => parent.members.push(closed.into_member()),
                None if root.is_none() => root = Some(closed.into_member()),
                None => return Err(InvalidBody::Incomplete),
            }
        }
        match root {
            Some((name, content)) if open.is_empty() => Ok((name.into_owned(), content)),
            _ => Err(InvalidBody::Incomplete),
        }
    }

    /// Returns the value of the first member with this name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Members(members) = self else {
            return None;
        };
        members
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    }

    /// Returns the text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Appends text to the innermost open element; outside of the root, text means nothing.
fn append_text(open: &mut [Element<'_>], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// An XML element that is being read.
struct Element<'a> {
    name: String,
    text: String,
    members: Vec<(Cow<'a, str>, Node<'a>)>,
}

impl<'a> Element<'a> {
    fn new(start: &BytesStart<'_>) -> Self {
        Self {
            name: start.local_name().as_ref().to_owned(),
            text: String::new(),
            members: Vec::new(),
        }
    }

    fn into_member(self) -> (Cow<'a, str>, Node<'a>) {
        let content = if self.members.is_empty() {
            Node::Text(self.text.trim().to_owned().into())
        } else {
            Node::Members(self.members)
        };
        (self.name.into(), content)
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Node::Number {
            is_zero: number == 0,
        })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Node::Number {
            is_zero: number == 0,
        })
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Node::Number {
            is_zero: number == 0.0,
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Node::Text(text.to_owned().into()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = entries.next_entry::<Name<'de>, Node<'de>>()? {
            members.push((name.0, value));
        }
        Ok(Node::Members(members))
    }
}

/// The name of a member, borrowed unless it has escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::Text(name) => Ok(Self(name)),
            _ => Err(serde::de::Error::custom("a member name is not a text")),
        }
    }
}
