//! Name patterns with `*`, `?`, `[…]` and `{a,b}`.

use std::fmt;
use std::str::FromStr;

use globset::GlobMatcher;
use serde::{Deserialize, Serialize};

use super::text::written_as_text;

/// A glob that matches a whole name, case-sensitively. `*` also matches `/`, so `/aws/lambda/*`
/// matches every log group below that prefix.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob(GlobMatcher);

/// The text is not a valid glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a glob: {problem}")]
pub struct InvalidGlob {
    text: String,
    problem: String,
}

impl Glob {
    /// Whether the glob matches the whole of `name`.
    pub fn is_match(&self, name: &str) -> bool {
        self.0.is_match(name)
    }

    /// Returns the text of the glob.
    pub fn as_str(&self) -> &str {
        self.0.glob().glob()
    }

    /// Whether a text contains glob characters, so that it is a glob and not a name.
    pub(super) fn has_glob_characters(text: &str) -> bool {
        text.contains(['*', '?', '[', '{'])
    }
}

impl FromStr for Glob {
    type Err = InvalidGlob;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(InvalidGlob {
                text: String::new(),
                problem: "the text is empty".to_owned(),
            });
        }
        let glob = globset::Glob::new(text).map_err(|error| InvalidGlob {
            text: text.to_owned(),
            problem: error.kind().to_string(),
        })?;
        Ok(Self(glob.compile_matcher()))
    }
}

written_as_text!(Glob, InvalidGlob);

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Glob {}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_matches_slashes_and_case_matters() {
        let glob: Glob = "/aws/lambda/*".parse().unwrap();
        assert!(glob.is_match("/aws/lambda/a/b"));
        assert!(!glob.is_match("/aws/Lambda/a"));
        assert!(!glob.is_match("x/aws/lambda/a"));
        assert!("".parse::<Glob>().is_err() && "a[".parse::<Glob>().is_err());
    }
}
