//! Reads a paginated list: all its items, or the first one that is wanted.

use super::call_context::CallContext;
use super::error::CallError;
use super::pages::Pages;

/// One page of a list.
#[derive(Debug)]
pub(super) struct ListPage<T> {
    pub items: Vec<T>,
    /// The token of the next page; `None` on the last one.
    pub next_token: Option<String>,
}

/// Returns the items of all pages, in their order. `fetch` calls for the page with the given token,
/// which is `None` for the first; it returns `None` if there is no such list.
///
/// # Errors
/// A call fails, or the list would never end.
pub(super) async fn collect_pages<T, F>(
    context: CallContext<'_>,
    fetch: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<Option<ListPage<T>>, CallError>>,
{
    let mut all = Vec::new();
    let mut pages = Pages::default();
    loop {
        let Some(page) = fetch(pages.token()).await? else {
            return Ok(all);
        };
        let items = page.items.len();
        all.extend(page.items);
        if !advance(&mut pages, context, items, page.next_token)? {
            return Ok(all);
        }
    }
}

/// Returns the items of all pages of a list whose request and response have the member `nextToken`. An
/// absent list is an empty one; where that would prove something, the table of responses refuses it.
macro_rules! collect_list {
    ($aws:expr, $context:expr, $request:expr, $items:ident) => {{
        let request = &$request;
        $crate::aws::page_list::collect_pages($context, |token| async move {
            let output =
                $crate::aws::call::send!($aws, $context, request.clone().set_next_token(token))?;
            Ok(Some($crate::aws::page_list::ListPage {
                items: output.$items.unwrap_or_default(),
                next_token: output.next_token,
            }))
        })
        .await
    }};
}
pub(super) use collect_list;

/// Returns the first item that is wanted; pages after it are not requested. `fetch` calls for the
/// page with the given token.
///
/// # Errors
/// A call fails, or the list would never end.
pub(super) async fn find_in_pages<T, F>(
    context: CallContext<'_>,
    fetch: impl Fn(Option<String>) -> F,
    is_wanted: impl Fn(&T) -> bool,
) -> Result<Option<T>, CallError>
where
    F: Future<Output = Result<ListPage<T>, CallError>>,
{
    let mut pages = Pages::default();
    loop {
        let page = fetch(pages.token()).await?;
        let items = page.items.len();
        let found = page.items.into_iter().find(&is_wanted);
        if found.is_some() || !advance(&mut pages, context, items, page.next_token)? {
            return Ok(found);
        }
    }
}

/// Moves to the next page. Returns whether there is one.
fn advance(
    pages: &mut Pages,
    context: CallContext<'_>,
    items: usize,
    next_token: Option<String>,
) -> Result<bool, CallError> {
    pages
        .advance(items, next_token)
        .map_err(|endless| context.endless(endless))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use aws_credential_types::Credentials;

    use super::*;
    use crate::aws::session::Session;
    use dragnet_model::{Operation, Region};

    /// Three pages, of which the second is empty.
    fn page(token: Option<&str>) -> ListPage<u32> {
        let (items, next_token) = match token {
            None => (vec![1, 2], Some("b")),
            Some("b") => (Vec::new(), Some("c")),
            Some(_) => (vec![3], None),
        };
        ListPage {
            items,
            next_token: next_token.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn pages_are_read_in_order_and_only_as_far_as_needed() {
        let session = Session::from_credentials(Credentials::new("AKIA", "s", None, None, "test"));
        let region: Region = "us-east-1".parse().unwrap();
        let context = CallContext {
            session: &session,
            region: &region,
            operation: Operation::ListUsers,
        };
        let requested = Cell::new(0);
        let fetch = |token: Option<String>| {
            requested.set(requested.get() + 1);
            ready(Ok(page(token.as_deref())))
        };
        let all = collect_pages(context, |token| ready(Ok(Some(page(token.as_deref())))));
        assert_eq!(all.await, Ok(vec![1, 2, 3]));
        let second = find_in_pages(context, &fetch, |number| *number == 2);
        assert_eq!(second.await, Ok(Some(2)));
        assert_eq!(requested.take(), 1, "pages after the item are not read");
        let none = find_in_pages(context, &fetch, |number| *number == 4);
        assert_eq!(none.await, Ok(None));
        assert_eq!(requested.take(), 3, "the empty page does not end the list");

        let first_again = || ListPage {
            items: vec![1],
            next_token: Some("a".to_owned()),
        };
        let repeated = collect_pages(context, |_| ready(Ok(Some(first_again()))));
        let error = repeated.await.unwrap_err();
        assert_eq!(error.message, "the server repeated a page token");
        let absent: Result<Vec<u32>, CallError> = collect_pages(context, |_| ready(Ok(None))).await;
        assert_eq!(absent, Ok(Vec::new()));
    }
}
