//! The conditions and the byte range of a request for an object.
//!
//! Source: S3 API, `GetObject` (`If-Match` and so on, their precedence, `Range`).

use std::ops::Range;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::stored_object::StoredObject;
use crate::wire::{AwsError, RestInput};

/// Checks the conditions of a request.
///
/// # Errors
/// 412 if the object is not the one that is wanted, 304 if it has not changed.
pub(super) fn check_conditions(input: &RestInput, object: &StoredObject) -> Result<(), AwsError> {
    let etag = object.etag();
    let names = |list: &str| {
        list.split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.trim_matches('"') == etag.trim_matches('"'))
    };
    let time = |name: &str| input.header(name).and_then(parse_http_date);
    // Times in headers have whole seconds.
    let modified = Timestamp::from_second(object.modified.as_second()).unwrap_or(object.modified);
    let matches = match input.header("if-match") {
        Some(list) => names(list),
        None => time("if-unmodified-since").is_none_or(|since| modified <= since),
    };
    if !matches {
        let message = "At least one of the pre-conditions you specified did not hold";
        return Err(AwsError::new("PreconditionFailed", message).with_status(412));
    }
    let has_changed = match input.header("if-none-match") {
        Some(list) => !names(list),
        None => time("if-modified-since").is_none_or(|since| modified > since),
    };
    if !has_changed {
        return Err(AwsError::new("NotModified", "Not Modified")
            .with_status(304)
            .with_header("etag", etag));
    }
    Ok(())
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// The bytes that a request asks for; `None` for all of them. A header that is not understood is
/// ignored.
///
/// # Errors
/// The range begins behind the object.
pub(super) fn requested_range(
    header: Option<&str>,
    size: usize,
) -> Result<Option<Range<usize>>, AwsError> {
    let Some(header) = header else {
        return Ok(None);
    };
    let range = header
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'));
    let range = match range {
        None => return Ok(None),
        Some(("", length)) => length.parse::<usize>().ok().map(|length| {
            let start = size.saturating_sub(length);
            start..size
        }),
        Some((start, "")) => start.parse::<usize>().ok().map(|start| start..size),
        Some((start, end)) => {
            let bounds = start.parse::<usize>().ok().zip(end.parse::<usize>().ok());
            bounds
                .filter(|(start, end)| start <= end)
                .map(|(start, end)| start..end.saturating_add(1).min(size))
        }
    };
    match range {
        Some(range) if range.start >= size => {
            let message = "The requested range is not satisfiable";
            Err(AwsError::new("InvalidRange", message)
                .with_status(416)
                .with_element("RangeRequested", header)
                .with_element("ActualObjectSize", size.to_string()))
        }
        range => Ok(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        let range = |header| requested_range(Some(header), 10).map_err(|error| error.code);
        assert_eq!(range("bytes=2-4"), Ok(Some(2..5)));
        assert_eq!(range("bytes=2-400"), Ok(Some(2..10)));
        assert_eq!(range("bytes=7-"), Ok(Some(7..10)));
        assert_eq!(range("bytes=-3"), Ok(Some(7..10)));
        assert_eq!(range("bytes=-300"), Ok(Some(0..10)));
        for ignored in ["bytes=5-2", "lines=1-2", "bytes=a-b", "bytes=3"] {
            assert_eq!(range(ignored), Ok(None), "{ignored}");
        }
        for behind in ["bytes=10-", "bytes=11-12", "bytes=-0"] {
            assert_eq!(range(behind), Err("InvalidRange"), "{behind}");
        }
    }

    #[test]
    fn dates_of_headers_are_read() {
        let date = parse_http_date("Mon, 02 Mar 2026 12:00:00 GMT");
        assert_eq!(date, Some("2026-03-02T12:00:00Z".parse().unwrap()));
    }
}
