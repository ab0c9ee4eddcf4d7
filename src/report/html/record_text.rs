//! The text of an event on the page: JSON on indented lines, with the match marked.
//!
//! The text is only ever reformatted: every string and number stays as the event spells it.

use serde::de::IgnoredAny;

use super::occurrences::find_occurrences;
use dragnet_model::Sighting;

/// The maximum number of characters of a text, including the indentation.
const LONGEST_TEXT: usize = 12_000;
const INDENT: &str = "  ";

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) is_match: bool,
}

/// A text with its matches. It is untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RecordText {
    pub(super) lines: Vec<Vec<Piece>>,
    /// Whether the end is left out.
    pub(super) is_cut: bool,
    length: usize,
}

impl RecordText {
    /// Formats the message of a sighting.
    pub(super) fn from_sighting(sighting: &Sighting) -> Self {
        let message = sighting.message.as_str();
        let mut text = Self {
            lines: vec![Vec::new()],
            ..Self::default()
        };
        let is_json = message.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<IgnoredAny>(message).is_ok();
        if is_json {
            Indenter::new(sighting, &mut text).write(message);
        } else {
            text.push_lines(message, &sighting.indicators);
        }
        text
    }

    /// Adds a text that is not JSON.
    fn push_lines(&mut self, message: &str, values: &[String]) {
        for (number, line) in message.lines().enumerate() {
            if self.length >= LONGEST_TEXT {
                self.is_cut = true;
                return;
            }
            if number > 0 {
                self.start_line(0);
            }
            self.push_marked(line, values);
        }
    }

    /// Adds a text with its occurrences of `values` marked.
    fn push_marked(&mut self, text: &str, values: &[String]) {
        // One character more than can be shown, so that it is noticed that something is left out.
        let text: String = text.chars().take(LONGEST_TEXT + 1).collect();
        let ranges = find_occurrences(&text, values);
        let mut end = 0;
        for range in &ranges {
            self.push(text.get(end..range.start).unwrap_or_default(), false);
            self.push(text.get(range.clone()).unwrap_or_default(), true);
            end = range.end;
        }
        self.push(text.get(end..).unwrap_or_default(), false);
    }

    fn push(&mut self, text: &str, is_match: bool) {
        let left = LONGEST_TEXT - self.length;
        let shown: String = text.chars().take(left).collect();
        self.length += shown.chars().count();
        self.is_cut |= shown.len() < text.len();
        let Some(line) = self.lines.last_mut().filter(|_| !shown.is_empty()) else {
            return;
        };
        if let Some(last) = line.last_mut().filter(|last| last.is_match == is_match) {
            last.text.push_str(&shown);
        } else {
            line.push(Piece {
                text: shown,
                is_match,
            });
        }
    }

    fn start_line(&mut self, depth: usize) {
        if self.length < LONGEST_TEXT {
            self.length += 1;
            self.lines.push(Vec::new());
            self.push(&INDENT.repeat(depth), false);
        }
    }
}

/// An object or array that is being written.
struct Container {
    is_object: bool,
    /// The current key, or the current position in an array.
    step: String,
    position: usize,
    /// Whether the next string is a key.
    expects_key: bool,
    is_empty: bool,
}

/// Writes a valid JSON document on indented lines.
struct Indenter<'a> {
    sighting: &'a Sighting,
    text: &'a mut RecordText,
    containers: Vec<Container>,
}

impl<'a> Indenter<'a> {
    fn new(sighting: &'a Sighting, text: &'a mut RecordText) -> Self {
        Self {
            sighting,
            text,
            containers: Vec::new(),
        }
    }

    /// Writes a document, which must be valid.
    fn write(mut self, json: &str) {
        let mut rest = json.trim_start();
        while let Some(token) = next_token(rest) {
            if self.text.length >= LONGEST_TEXT {
                self.text.is_cut = true;
                return;
            }
            self.write_token(token);
            rest = rest.get(token.len()..).unwrap_or_default().trim_start();
        }
    }

    fn write_token(&mut self, token: &str) {
        match token {
            "{" | "[" => {
                self.start_value();
                self.text.push(token, false);
                self.open(token == "{");
            }
            "}" | "]" => {
                let was_empty = self
                    .containers
                    .pop()
                    .is_none_or(|container| container.is_empty);
                if !was_empty {
                    self.text.start_line(self.containers.len());
                }
                self.text.push(token, false);
            }
            "," => {
                self.text.push(token, false);
                self.text.start_line(self.containers.len());
                self.advance();
            }
            ":" => self.text.push(": ", false),
            scalar => {
                self.start_value();
                self.write_scalar(scalar);
            }
        }
    }

    /// Starts a line for the first value of an object or array.
    fn start_value(&mut self) {
        let depth = self.containers.len();
        if let Some(container) = self.containers.last_mut()
            && container.is_empty
        {
            container.is_empty = false;
            self.text.start_line(depth);
        }
    }

    fn open(&mut self, is_object: bool) {
        self.containers.push(Container {
            is_object,
            step: if is_object {
                String::new()
            } else {
                "0".to_owned()
            },
            position: 0,
            expects_key: is_object,
            is_empty: true,
        });
    }

    /// Goes on to the next value after a comma.
    fn advance(&mut self) {
        if let Some(container) = self.containers.last_mut() {
            container.position += 1;
            container.expects_key = container.is_object;
            if !container.is_object {
                container.step = container.position.to_string();
            }
        }
    }

    /// Writes a key, string, number or word. If its field matched, the indicator is marked, or the
    /// whole value, because an address may be in a network, and a pattern in a text.
    fn write_scalar(&mut self, raw: &str) {
        let mut is_key = false;
        if let Some(container) = self.containers.last_mut()
            && container.expects_key
        {
            container.expects_key = false;
            container.step = serde_json::from_str(raw).unwrap_or_default();
            is_key = true;
        }
        let indicators = &self.sighting.indicators;
        if !self.is_matching_path() {
            self.text.push(raw, false);
        } else if is_key || !find_occurrences(raw, indicators).is_empty() {
            self.text.push_marked(raw, indicators);
        } else {
            self.text.push(raw, true);
        }
    }

    /// Whether the current field matched, or a document inside its string did.
    fn is_matching_path(&self) -> bool {
        if self.sighting.matched_fields.is_empty() {
            return false;
        }
        let steps: Vec<&str> = self
            .containers
            .iter()
            .map(|container| container.step.as_str())
            .collect();
        let path = steps.join(".");
        self.sighting.matched_fields.iter().any(|field| {
            field
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// Returns the token at the start of a JSON text.
fn next_token(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let length = match first {
        '{' | '}' | '[' | ']' | ',' | ':' => 1,
        '"' => string_length(text),
        _ => text
            .find(|c: char| c.is_ascii_whitespace() || "{}[],:\"".contains(c))
            .unwrap_or(text.len()),
    };
    text.get(..length.max(first.len_utf8()))
}

/// Returns the length of the string at the start of a text, including its quotes.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::testing::sighting;

    /// Returns the lines, with matches in `«»`.
    fn marked(text: &RecordText) -> Vec<String> {
        let piece = |piece: &Piece| {
            if piece.is_match {
                format!("«{}»", piece.text)
            } else {
                piece.text.clone()
            }
        };
        let lines = text.lines.iter();
        lines.map(|line| line.iter().map(piece).collect()).collect()
    }

    fn text_of(message: &str, indicator: &str, field: &str) -> RecordText {
        let mut found = sighting(message);
        found.indicators = vec![indicator.to_owned()];
        found.matched_fields = vec![field.to_owned()];
        RecordText::from_sighting(&found)
    }

    #[test]
    fn json_is_indented_and_the_match_is_marked() {
        let message =
            r#"{"a":{"b":[1,{"c":"from 192.0.2.1"}]},"d":[],"e":{},"f":"192.0.2.1", "n":1e400}"#;
        let expected = [
            "{",
            "  \"a\": {",
            "    \"b\": [",
            "      1,",
            "      {",
            "        \"c\": \"from «192.0.2.1»\"",
            "      }",
            "    ]",
            "  },",
            "  \"d\": [],",
            "  \"e\": {},",
            "  \"f\": \"192.0.2.1\",",
            "  \"n\": 1e400",
            "}",
        ];
        assert_eq!(marked(&text_of(message, "192.0.2.1", "a.b.1.c")), expected);
    }

    #[test]
    fn value_that_does_not_contain_the_indicator_is_marked_completely() {
        let network = text_of(r#"{"ip":"192.0.2.77"}"#, "192.0.2.0/24", "ip");
        assert_eq!(marked(&network)[1], "  \"ip\": «\"192.0.2.77\"»");
        let nested = text_of(r#"{"m":"{\"u\":\"Alice\"}"}"#, "user:alice", "m.u");
        assert_eq!(marked(&nested)[1], r#"  "m": "{\"u\":\"«Alice»\"}""#);
        let plain = text_of("seen 192.0.2.1 and 192.0.2.1.", "192.0.2.1", "message");
        assert_eq!(marked(&plain), ["seen «192.0.2.1» and «192.0.2.1»."]);
    }

    #[test]
    fn long_text_is_cut() {
        for message in ["x".repeat(100_000), format!("[{}1]", "1,".repeat(50_000))] {
            let text = text_of(&message, "x", "message");
            assert!(text.is_cut);
            let length: usize = marked(&text).iter().map(String::len).sum();
            assert!(length <= LONGEST_TEXT + 4, "{length}");
        }
        assert!(!text_of("short", "x", "message").is_cut);
    }

    proptest! {
        #[test]
        fn text_is_only_reformatted(
            message in "([\\[\\]{}:,\"\\\\ ]|\\\\u[0-9a-f]{4}|[a-z0-9]|\\PC){0,30}",
            indicator in "[a-z0-9]{0,3}",
        ) {
            let text = text_of(&message, &indicator, "message");
            let shown: String = text.lines.iter().flatten().map(|piece| piece.text.as_str()).collect();
            let dense = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(dense(&shown), dense(&message));
        }
    }
}
