//! Pages of a list in memory: the token pagination of IAM, Organizations and the describe calls of
//! CloudWatch Logs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One page of a list, and the token of the next page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// The token of the next page; `None` for the last page.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// Returns at most `size` items whose keys are after that of `token`. `items` must be sorted by
    /// key.
    ///
    /// A token contains the last key of the previous page, so items that are added or removed
    /// meanwhile do not shift the pages. It is bound to `list` (account, Region, operation). The
    /// result is `None` for a malformed token or one of another list.
    pub(crate) fn from_sorted<'k>(
        items: impl Iterator<Item = (&'k str, T)>,
        list: &str,
        token: Option<&str>,
        size: usize,
    ) -> Option<Self> {
        let after = match token {
            Some(token) => Some(decode_token(token, list)?),
            None => None,
        };
        let mut rest = items
            .skip_while(|(key, _)| after.as_deref().is_some_and(|after| *key <= after))
            .peekable();
        let mut page = Self {
            items: Vec::new(),
            next: None,
        };
        let mut last_key = None;
        while page.items.len() < size {
            let Some((key, item)) = rest.next() else {
                break;
            };
            page.items.push(item);
            last_key = Some(key);
        }
        page.next = rest
            .peek()
            .and(last_key)
            .map(|last_key| encode_token(list, last_key));
        Some(page)
    }

    /// Returns an empty page with a token, before the first page. AWS sends such pages, and a
    /// client that stops there misses the whole list.
    pub(crate) fn empty_before_first(list: &str) -> Self {
        Self {
            items: Vec::new(),
            next: Some(encode_token(list, "")),
        }
    }
}

fn encode_token(list: &str, last_key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}\n{last_key}"))
}

fn decode_token(token: &str, list: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (token_list, last_key) = text.split_once('\n')?;
    (token_list == list).then(|| last_key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(list: &str, token: Option<&str>) -> Option<Page<u8>> {
        Page::from_sorted([("a", 1), ("b", 2), ("c", 3)].into_iter(), list, token, 2)
    }

    #[test]
    fn pages_cover_the_list() {
        let first = page("l", None).unwrap();
        assert_eq!(first.items, [1, 2]);
        let second = page("l", first.next.as_deref()).unwrap();
        assert_eq!((second.items, second.next), (vec![3], None));
    }

    #[test]
    fn token_of_another_list_is_rejected() {
        let token = page("mine", None).unwrap().next;
        assert!(page("yours", token.as_deref()).is_none());
        assert!(page("mine", Some("%%%")).is_none());
    }

    #[test]
    fn empty_page_is_followed_by_the_first_page() {
        let token = Page::<u8>::empty_before_first("l").next;
        assert_eq!(page("l", token.as_deref()).unwrap().items, [1, 2]);
    }
}
