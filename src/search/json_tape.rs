//! The token tape of a JSON document: the positions of its keys and values, found in one pass that
//! copies nothing. It finds the value of a field, and the path of the field at a byte offset.
//!
//! Only ordinary documents have a tape. A document with `\u` escapes, escaped keys, fractions or
//! deep nesting has none, and neither has text that is not JSON; these need a full scan.

use std::borrow::Cow;

use super::json_tokenizer::{Kind, Token, tokenize};

/// The keys and values of an object or array, in document order.
#[derive(Debug)]
pub(super) struct JsonTape<'m> {
    json: &'m str,
    tokens: Vec<Token>,
}

impl<'m> JsonTape<'m> {
    /// The outermost value.
    pub(super) const ROOT: usize = 0;

    /// Tokenizes an object or array; `None` if the tokenizer does not handle it.
    pub(super) fn parse(json: &'m str) -> Option<Self> {
        Some(Self {
            json,
            tokens: tokenize(json)?,
        })
    }

    pub(super) fn kind(&self, token: usize) -> Option<Kind> {
        self.tokens.get(token).map(|token| token.kind)
    }

    /// The raw text of a token, without quotation marks.
    pub(super) fn raw_text(&self, token: usize) -> Option<&'m str> {
        let Token { start, end, .. } = self.tokens.get(token)?;
        self.json.get(*start as usize..*end as usize)
    }

    /// The unescaped text of a string; `None` for other kinds of tokens.
    pub(super) fn text(&self, token: usize) -> Option<Cow<'m, str>> {
        match self.kind(token)? {
            Kind::Text => self.raw_text(token).map(Cow::Borrowed),
            Kind::Escaped => serde_json::from_str(&format!("\"{}\"", self.raw_text(token)?))
                .ok()
                .map(Cow::Owned),
            _ => None,
        }
    }

    /// The keys, strings, numbers and booleans that contain one of these byte offsets, in document
    /// order.
    pub(super) fn leaves_at(&self, offsets: &[usize]) -> Vec<usize> {
        let leaf_at = |offset: &usize| {
            let token = self
                .tokens
                .partition_point(|token| token.start as usize <= *offset)
                .checked_sub(1)?;
            let Token { kind, end, .. } = self.tokens.get(token)?;
            let is_leaf = !matches!(kind, Kind::Null | Kind::Object | Kind::Array);
            (is_leaf && *offset < *end as usize).then_some(token)
        };
        let mut leaves: Vec<usize> = offsets.iter().filter_map(leaf_at).collect();
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    /// The path of a token, written as in Logs Insights: `resources.0.ARN`. A key has the path of
    /// its value.
    pub(super) fn path(&self, token: usize) -> String {
        let mut steps = Vec::new();
        let mut at = token;
        while let Some(token) = self.tokens.get(at).filter(|_| at != Self::ROOT) {
            let container = token.container as usize;
            steps.push(match self.kind(container) {
                Some(Kind::Array) => Cow::Owned(
                    self.items(container)
                        .take_while(|item| *item < at)
                        .count()
                        .to_string(),
                ),
                // The key of a value is the token before it.
                _ if token.kind == Kind::Key => {
                    Cow::Borrowed(self.raw_text(at).unwrap_or_default())
                }
                _ => Cow::Borrowed(self.raw_text(at - 1).unwrap_or_default()),
            });
            at = container;
        }
        // The same as in the full scan: no dot after an empty path.
        steps.iter().rev().fold(String::new(), |path, step| {
            if path.is_empty() {
                step.to_string()
            } else {
                path + "." + step
            }
        })
    }

    /// The values of some fields of an object. `index` returns the position of a field's name in
    /// the result. `None` if the token is not an object, or if it repeats one of these fields.
    pub(super) fn fields<const N: usize>(
        &self,
        object: usize,
        index: impl Fn(&str) -> Option<usize>,
    ) -> Option<[Option<usize>; N]> {
        if self.kind(object)? != Kind::Object {
            return None;
        }
        let mut values = [None; N];
        // Keys and values alternate.
        let mut items = self.items(object);
        while let Some((key, value)) = items.next().zip(items.next()) {
            if let Some(entry) =
                index(self.raw_text(key)?).and_then(|number| values.get_mut(number))
                && entry.replace(value).is_some()
            {
                return None;
            }
        }
        Some(values)
    }

    /// The direct children of an object or array: items, or keys and values.
    fn items(&self, container: usize) -> impl Iterator<Item = usize> {
        let after = |token: &usize| self.tokens.get(*token).map(|token| token.after as usize);
        let end = after(&container).unwrap_or_default();
        std::iter::successors(Some(container + 1), after).take_while(move |token| *token < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(json: &str) -> Vec<String> {
        let tape = JsonTape::parse(json).unwrap();
        let tokens = (0..tape.tokens.len()).filter(|token| !tape.path(*token).is_empty());
        tokens
            .map(|token| format!("{}={}", tape.path(token), tape.raw_text(token).unwrap()))
            .collect()
    }

    #[test]
    fn each_token_has_its_path() {
        assert_eq!(
            all(r#"{"a":{"b":[1,"x\/y",{"c":null}]},"d":"}"}"#),
            [
                "a=a",
                "a={\"b\":[1,\"x\\/y\",{\"c\":null}]}",
                "a.b=b",
                "a.b=[1,\"x\\/y\",{\"c\":null}]",
                "a.b.0=1",
                "a.b.1=x\\/y",
                "a.b.2={\"c\":null}",
                "a.b.2.c=c",
                "a.b.2.c=null",
                "d=d",
                "d=}"
            ]
        );
        assert_eq!(
            all(r#"[["a"],[],"b"]"#),
            ["0=[\"a\"]", "0.0=a", "1=[]", "2=b"]
        );
    }

    #[test]
    fn leaves_at_each_offset_are_found_once() {
        let json = r#"{"key":["one","",true],"n":null}"#;
        let tape = JsonTape::parse(json).unwrap();
        let leaves = tape.leaves_at(&(0..json.len()).rev().collect::<Vec<_>>());
        let texts: Vec<&str> = leaves
            .into_iter()
            .filter_map(|leaf| tape.raw_text(leaf))
            .collect();
        assert_eq!(texts, ["key", "one", "true", "n"]);
    }

    #[test]
    fn fields_are_looked_up_in_one_object_only() {
        let tape = JsonTape::parse(r#"{"a":{"b":"deep"},"b":"x\ny","c":1,"c":2}"#).unwrap();
        let [a, b] = tape
            .fields(JsonTape::ROOT, |name| {
                ["a", "b"].iter().position(|known| *known == name)
            })
            .unwrap();
        assert_eq!(tape.text(b.unwrap()).unwrap(), "x\ny");
        assert_eq!(tape.text(a.unwrap()), None);
        let [b] = tape
            .fields(a.unwrap(), |name| (name == "b").then_some(0))
            .unwrap();
        assert_eq!(tape.text(b.unwrap()).unwrap(), "deep");
        assert_eq!(
            tape.fields::<1>(JsonTape::ROOT, |name| (name == "c").then_some(0)),
            None,
            "the field is repeated"
        );
        assert_eq!(tape.fields::<1>(b.unwrap(), |_| None), None);
    }
}
