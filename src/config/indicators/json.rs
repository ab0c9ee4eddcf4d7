//! Indicator lists in JSON: recognizes the format and finds the line of each value.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ListBuilder, Malformed, misp, stix};

/// The members by which formats are recognized: STIX has a `type`; MISP exports have several kinds
/// of wrappers.
#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
    #[serde(rename = "Event", borrow, default)]
    event: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(rename = "Attribute", borrow, default)]
    attributes: Vec<&'a RawValue>,
}

pub(super) fn read(text: &str, builder: &mut ListBuilder) -> Result<(), Malformed> {
    let source = Source(text);
    source.read::<serde::de::IgnoredAny>(text)?;
    unwrap(source, text, 0, builder)
}

/// The maximum depth of MISP's wrappers: `{"response": [{"Event": …}]}`,
/// `{"response": {"Attribute": […]}}`, `[{"Event": …}]` …
const MAX_DEPTH: usize = 4;

fn unwrap(
    source: Source<'_>,
    json: &str,
    depth: usize,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    if depth < MAX_DEPTH && json.trim_start().starts_with('[') {
        let all: Vec<&RawValue> = source.read(json)?;
        return all
            .iter()
            .try_for_each(|one| unwrap(source, one.get(), depth + 1, builder));
    }
    let wrapper: Wrapper<'_> = source.read(json)?;
    match wrapper {
        Wrapper {
            kind: Some(kind),
            objects,
            ..
        } if kind == "bundle" => objects
            .iter()
            .try_for_each(|object| stix::read(source, object.get(), builder)),
        Wrapper {
            event: Some(event), ..
        } => misp::read_event(source, event.get(), builder),
        Wrapper {
            response: Some(response),
            ..
        } if depth < MAX_DEPTH => unwrap(source, response.get(), depth + 1, builder),
        Wrapper { attributes, .. } if !attributes.is_empty() => attributes
            .iter()
            .try_for_each(|attribute| misp::read_attribute(source, attribute.get(), builder)),
        _ => Err((
            Some(source.line(json)),
            "expected a STIX 2.1 bundle or a MISP event".to_owned(),
        )),
    }
}

/// The text of the file; its parts are slices of this text.
#[derive(Clone, Copy)]
pub(super) struct Source<'a>(&'a str);

impl Source<'_> {
    /// Deserializes a part of the file.
    pub(super) fn read<'p, T: Deserialize<'p>>(self, part: &'p str) -> Result<T, Malformed> {
        serde_json::from_str(part).map_err(|error| {
            let line = self.line(part) + error.line().saturating_sub(1);
            (Some(line), format!("unexpected JSON: {error}"))
        })
    }

    /// Returns the line on which a part of the file begins, counted from 1.
    pub(super) fn line(self, part: &str) -> usize {
        let before = part.as_ptr().addr().saturating_sub(self.0.as_ptr().addr());
        self.0
            .bytes()
            .take(before)
            .filter(|byte| *byte == b'\n')
            .count()
            + 1
    }
}
