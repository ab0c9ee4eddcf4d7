//! Filter patterns, as CloudWatch Logs evaluates them: for now terms and quoted terms.

use std::fmt;

/// A parsed filter pattern.
#[derive(Clone, Debug)]
pub(crate) struct FilterPattern {
    terms: Vec<String>,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct PatternError(&'static str);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FilterPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is not a list of terms and quoted terms.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (term, after) = if let Some(quoted) = rest.strip_prefix('"') {
                quoted.split_once('"').ok_or(PatternError("a quote is not closed"))?
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (term, after) = rest.split_at(end);
                if !term.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    return Err(PatternError("a term with other characters than letters, digits and _ must be quoted"));
                }
                (term, after)
            };
            terms.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(Self { terms })
    }

    /// Whether every term is in the message.
    pub(crate) fn matches(&self, message: &str) -> bool {
        self.terms.iter().all(|term| memchr::memmem::find(message.as_bytes(), term.as_bytes()).is_some())
    }
}
