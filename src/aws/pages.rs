//! Paginated lists: which page comes next, and when to stop if the server never does.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The maximum number of consecutive empty pages. AWS returns empty pages while it searches events
/// that the filter pattern excludes; at five pages a second, this is five and a half hours without
/// an event.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`: "partial results or an empty page with a token".
const MOST_EMPTY: u32 = 100_000;

/// The position in a list. A page may be empty and still have a token; only a missing token ends
/// the list.
#[derive(Debug, Default)]
pub struct Pages {
    token: Option<String>,
    /// Hashes of the tokens so far, because a list may have millions of pages. If two tokens
    /// collide by chance, the list fails as incomplete; it never counts as complete.
    met: HashSet<u64>,
    hashes: RandomState,
    empty: u32,
}

/// Why the pages of a server would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Endless {
    /// The server returned a token for the second time.
    #[error("the server repeated a page token")]
    Repeated,
    /// The server returned too many empty pages in a row.
    #[error("the server sent {MOST_EMPTY} empty pages in a row")]
    Empty,
}

impl Pages {
    /// Resumes at the page with this token.
    pub fn from(token: String) -> Self {
        let mut pages = Self::default();
        pages.met.insert(pages.hashes.hash_one(&token));
        pages.token = Some(token);
        pages
    }

    /// Returns the token of the next page; `None` for the first.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Records a page that `held` this many items, and moves to the page with the token `next`.
    /// Returns whether there is one.
    ///
    /// # Errors
    /// The list would never end.
    pub fn advance(&mut self, held: usize, next: Option<String>) -> Result<bool, Endless> {
        self.empty = if held == 0 { self.empty + 1 } else { 0 };
        match &next {
            None => return Ok(false),
            Some(token) if !self.met.insert(self.hashes.hash_one(token)) => {
                return Err(Endless::Repeated);
            }
            Some(_) if self.empty >= MOST_EMPTY => return Err(Endless::Empty),
            Some(_) => self.token = next,
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_its_last_page_or_with_a_reason() {
        let mut pages = Pages::default();
        assert_eq!(pages.token(), None);
        assert_eq!(pages.advance(0, Some("a".to_owned())), Ok(true));
        assert_eq!(pages.advance(2, Some("b".to_owned())), Ok(true));
        assert_eq!(pages.token().as_deref(), Some("b"));
        assert_eq!(pages.advance(1, None), Ok(false));
        assert_eq!(
            pages.advance(1, Some("a".to_owned())),
            Err(Endless::Repeated)
        );
        assert_eq!(
            Pages::from("a".to_owned()).advance(1, Some("a".to_owned())),
            Err(Endless::Repeated)
        );
    }

    #[test]
    fn new_tokens_for_ever_are_no_list_either() {
        let advance_all = |held| {
            let mut pages = Pages::default();
            (0..MOST_EMPTY)
                .map(|n| pages.advance(held, Some(n.to_string())))
                .find(|advanced| *advanced != Ok(true))
        };
        assert_eq!(advance_all(0), Some(Err(Endless::Empty)));
        assert_eq!(advance_all(1), None);
    }
}
