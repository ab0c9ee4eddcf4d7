//! The way through a list that comes in pages, and its end where the server knows none.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Pages in a row that may be empty. AWS sends empty pages while it looks through events that a pattern
/// leaves out; at five pages a second, this is five and a half hours without a single event.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`: "partial results or an empty page with a token".
const MOST_EMPTY: u32 = 100_000;

/// The way through a list. A page may be empty and still have a token: only a missing token ends it.
#[derive(Debug, Default)]
pub struct Pages {
    token: Option<String>,
    /// Hashes of the tokens met: a list may have millions of pages. Two tokens that fall together by
    /// chance would end the list as not read to its end, never as read.
    met: HashSet<u64>,
    hashes: RandomState,
    empty: u32,
}

/// The server's pages do not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Endless {
    /// It gave a token that it had given before.
    #[error("the server repeated a page token")]
    Repeated,
    /// It gave nothing but new tokens.
    #[error("the server sent {MOST_EMPTY} empty pages in a row")]
    Empty,
}

impl Pages {
    /// The way on from a page that an earlier walk came to.
    pub fn from(token: String) -> Self {
        let mut pages = Self::default();
        pages.met.insert(pages.hashes.hash_one(&token));
        pages.token = Some(token);
        pages
    }

    /// What the next page is asked with; `None` for the first.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Goes on after a page that `held` so many items to the one that `next` asks for; no, if there is none.
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
