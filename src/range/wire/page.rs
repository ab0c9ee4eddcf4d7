//! Pages over a list that is held in memory: the marker tokens of IAM, Organizations and the describe calls of Logs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One page of a list, and the token of the next.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// The page's items.
    pub(crate) items: Vec<T>,
    /// Where the next page starts; `None` ends the list.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// The items whose key is beyond the one that `token` names, at most `size` of them; `items` come sorted by key.
    ///
    /// A token names the last key of the page before, so that items that come or go in between shift nothing. It is
    /// bound to `list` (account, Region, operation): `None` for a token of another list, or of no list at all.
    pub(crate) fn of<'k>(
        items: impl Iterator<Item = (&'k str, T)>,
        list: &str,
        token: Option<&str>,
        size: usize,
    ) -> Option<Self> {
        let after = match token {
            Some(token) => Some(open(token, list)?),
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
            .map(|last_key| seal(list, last_key));
        Some(page)
    }

    /// An empty page before the first: AWS sends such, and a client that stops there misses everything.
    pub(crate) fn empty_before_first(list: &str) -> Self {
        Self {
            items: Vec::new(),
            next: Some(seal(list, "")),
        }
    }
}

fn seal(list: &str, last_key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}\n{last_key}"))
}

fn open(token: &str, list: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (sealed_for, last_key) = text.split_once('\n')?;
    (sealed_for == list).then(|| last_key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(list: &str, token: Option<&str>) -> Option<Page<u8>> {
        Page::of([("a", 1), ("b", 2), ("c", 3)].into_iter(), list, token, 2)
    }

    #[test]
    fn pages_cover_the_list_and_end() {
        let first = page("l", None).unwrap();
        assert_eq!(first.items, [1, 2]);
        let second = page("l", first.next.as_deref()).unwrap();
        assert_eq!((second.items, second.next), (vec![3], None));
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = page("mine", None).unwrap().next;
        assert!(page("yours", token.as_deref()).is_none());
        assert!(page("mine", Some("%%%")).is_none());
    }

    #[test]
    fn the_empty_page_leads_to_the_first() {
        let token = Page::<u8>::empty_before_first("l").next;
        assert_eq!(page("l", token.as_deref()).unwrap().items, [1, 2]);
    }
}
