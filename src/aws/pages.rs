//! Paginated lists: which page comes next, and when to stop if the server never does.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The maximum number of consecutive empty pages. AWS returns empty pages while it searches events
/// that the filter pattern excludes; at five pages a second, this is five and a half hours without
/// an event.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`: "partial results or an empty page with a token".
const MAX_EMPTY_PAGES: u32 = 100_000;

/// The position in a list. A page may be empty and still have a token; only a missing token ends
/// the list.
#[derive(Debug, Default)]
pub struct Pages {
    token: Option<String>,
    /// Hashes of the tokens so far, because a list may have millions of pages. If two tokens
    /// collide by chance, the list fails as incomplete; it never counts as complete.
    seen: HashSet<u64>,
    hasher: RandomState,
    empty: u32,
}

/// Why the pages of a server would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Endless {
    /// The server returned a token for the second time.
    #[error("the server repeated a page token")]
    Repeated,
    /// The server returned too many empty pages in a row.
    #[error("the server sent {MAX_EMPTY_PAGES} empty pages in a row")]
    Empty,
}

impl Pages {
    /// Resumes at the page with this token.
    pub fn from(token: String) -> Self {
        let mut pages = Self::default();
        pages.seen.insert(pages.hasher.hash_one(&token));
        pages.token = Some(token);
        pages
    }

    /// Returns the token of the next page; `None` for the first.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Records a page of this many `items`, and moves to the page with the token `next`.
    /// Returns whether there is one.
    ///
    /// # Errors
    /// The list would never end.
    pub fn advance(&mut self, items: usize, next: Option<String>) -> Result<bool, Endless> {
        self.empty = if items == 0 { self.empty + 1 } else { 0 };
        match &next {
            None => return Ok(false),
            Some(token) if !self.seen.insert(self.hasher.hash_one(token)) => {
                return Err(Endless::Repeated);
            }
            Some(_) if self.empty >= MAX_EMPTY_PAGES => return Err(Endless::Empty),
            Some(_) => self.token = next,
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_ends_with_its_last_page_or_an_error() {
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
    fn too_many_empty_pages_are_an_error() {
        let advance_all = |items| {
            let mut pages = Pages::default();
            (0..MAX_EMPTY_PAGES)
                .map(|n| pages.advance(items, Some(n.to_string())))
                .find(|advanced| *advanced != Ok(true))
        };
        assert_eq!(advance_all(0), Some(Err(Endless::Empty)));
        assert_eq!(advance_all(1), None);
    }
}
