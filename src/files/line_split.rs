//! Splits text into lines.

use super::FileReason;
use super::feed::{Feed, NoMore};
use super::record_handler::RecordHandler;

/// Splits a content.
pub(super) fn split_lines(feed: &mut Feed<'_>, handler: &mut RecordHandler<'_>) {
    let mut searched = 0;
    loop {
        let window = feed.window();
        let rest = window.get(searched..).unwrap_or_default();
        if let Some(newline) = memchr::memchr(b'\n', rest) {
            let end = searched + newline + 1;
            check_window(feed, handler);
            handler.line(feed.first(end), feed.offset());
            feed.consume(end);
            searched = 0;
            continue;
        }
        searched = window.len();
        match feed.read_more() {
            Ok(()) => {}
            Err(reason) => {
                hand_out_rest(feed, handler, reason);
                return;
            }
        }
    }
}

/// Hands out what follows the last line break: a whole line, unless reading failed or the line is
/// too large.
fn hand_out_rest(feed: &mut Feed<'_>, handler: &mut RecordHandler<'_>, reason: NoMore) {
    check_window(feed, handler);
    let offset = feed.offset();
    match reason {
        NoMore::Ended if feed.error().is_none() => handler.line(feed.window(), offset),
        NoMore::Ended => handler.fragment(feed.window(), offset),
        NoMore::TooLarge => {
            report_too_large(feed, handler);
            handler.fragment(feed.window(), offset);
        }
    }
    feed.consume(usize::MAX);
}

fn check_window(feed: &mut Feed<'_>, handler: &mut RecordHandler<'_>) {
    if let Some(window) = feed.take_unchecked() {
        handler.check_window(window);
    }
}

/// Reports that a record is larger than the limit, at which reading ends.
pub(super) fn report_too_large(feed: &Feed<'_>, handler: &mut RecordHandler<'_>) {
    let limit = feed.record_limit();
    let detail = format!(
        "the record is larger than {limit} bytes; its start was searched as text, and what follows was not read"
    );
    handler.problem(FileReason::RecordTooLarge, feed.offset(), detail);
}
