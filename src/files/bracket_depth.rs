//! Follows the brackets of a record with SIMD, 64 bytes at a time.
//!
//! [`has_own_member`] and [`ends_object`] do not look for strings: a bracket in a string may only
//! cause the answer no, and the record is parsed. [`find_value_end`] follows strings, and finds the
//! same as [`super::brackets::value_end`] in JSON.

#![expect(
    clippy::inline_always,
    reason = "SIMD instructions are used only in what is inlined into the function that enables them"
)]

use std::ops::Range;

use fearless_simd::{Simd, prelude::*, u8x64};

use super::string_mask::StringMask;

/// How many bytes are examined together: one for each bit of a mask.
pub(super) const CHUNK: usize = 64;

/// How many lists of a record are followed one by one. With more, it is followed as a whole.
const MOST_LISTS: usize = 16;

/// Whether what follows a range is a member of the object that the range starts with, and not of
/// one inside it or behind it.
#[inline(always)]
pub(super) fn has_own_member<S: Simd>(simd: S, content: &[u8], range: Range<usize>) -> bool {
    let text = content.get(range.clone()).unwrap_or_default();
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    let mut depth = Some(0);
    for chunk in chunks {
        let chunk = u8x64::load_array_ref(simd, chunk);
        depth = depth.and_then(|depth| enter_and_leave(chunk, u64::MAX, depth));
    }
    if !rest.is_empty() {
        let (chunk, valid) = load(simd, content, range.end - rest.len()..range.end);
        depth = depth.and_then(|depth| enter_and_leave(chunk, valid, depth));
    }
    depth == Some(1)
}

/// Follows the brackets of a chunk, and returns how many objects are open then. `None` if the first
/// one was closed.
#[inline(always)]
fn enter_and_leave<S: Simd>(chunk: u8x64<S>, valid: u64, mut depth: u32) -> Option<u32> {
    let opening = chunk.simd_eq(b'{').to_bitmask() & valid;
    let closing = chunk.simd_eq(b'}').to_bitmask() & valid;
    // The usual case: even without what opens here, the object remains open.
    if closing == 0 || closing.count_ones() < depth {
        return Some(depth + opening.count_ones() - closing.count_ones());
    }
    let mut brackets = opening | closing;
    while brackets != 0 {
        let bracket = brackets & brackets.wrapping_neg();
        brackets ^= bracket;
        if opening & bracket != 0 {
            depth += 1;
        } else if depth > 1 {
            depth -= 1;
        } else {
            return None;
        }
    }
    Some(depth)
}

/// Whether the object that contains the start of a range ends where the range ends. The answer may
/// also be no if there is a list.
#[inline(always)]
pub(super) fn ends_object<S: Simd>(simd: S, content: &[u8], range: Range<usize>) -> bool {
    // Records of before 2019 end with the account.
    if range.len() == 1 {
        return content.get(range.start) == Some(&b'}');
    }
    let mut depth = 1_u32;
    for start in range.clone().step_by(CHUNK) {
        let (chunk, valid) = load(simd, content, start..range.end);
        let opening = chunk.simd_eq(b'{').to_bitmask() & valid;
        let closing = chunk.simd_eq(b'}').to_bitmask() & valid;
        let lists = chunk.simd_eq(b'[').to_bitmask() & valid;
        if lists == 0 && closing.count_ones() < depth {
            depth = depth + opening.count_ones() - closing.count_ones();
            continue;
        }
        let mut brackets = opening | closing | lists;
        while brackets != 0 {
            let bracket = brackets & brackets.wrapping_neg();
            brackets ^= bracket;
            if lists & bracket != 0 {
                return false;
            }
            if opening & bracket != 0 {
                depth += 1;
                continue;
            }
            depth -= 1;
            if depth == 0 {
                return start + bracket.trailing_zeros() as usize + 1 == range.end;
            }
        }
    }
    false
}

/// Whether a record closes all lists that it opens. A bracket in a string is followed as if it opened
/// one: it may only cause the answer no.
#[inline(always)]
pub(super) fn closes_lists<S: Simd>(simd: S, content: &[u8], record: Range<usize>) -> bool {
    let mut followed = 0;
    for start in record.clone().step_by(CHUNK) {
        let (chunk, valid) = load(simd, content, start..record.end);
        let mut lists = chunk.simd_eq(b'[').to_bitmask() & valid;
        while lists != 0 {
            let at = start + lists.trailing_zeros() as usize;
            lists &= lists - 1;
            if !may_open_list(content, at) {
                continue;
            }
            followed += 1;
            if followed > MOST_LISTS || find_value_end(simd, content, at..record.end).is_none() {
                return false;
            }
        }
    }
    true
}

/// Whether a bracket may be outside of strings: only few characters can be before it there.
///
/// Source: RFC 8259, section 2, "JSON Grammar".
fn may_open_list(content: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| content.get(before));
    before.is_none_or(|byte| matches!(byte, b':' | b',' | b'[') || byte.is_ascii_whitespace())
}

/// Returns the position behind the object or array at the start of a range. `None` if it breaks off
/// before the end of the range, or if it is not JSON: a string contains a raw line break, or there is
/// a backslash outside of strings.
#[inline(always)]
pub(super) fn find_value_end<S: Simd>(
    simd: S,
    content: &[u8],
    range: Range<usize>,
) -> Option<usize> {
    let mut strings = StringMask::default();
    let mut depth = 0_u32;
    for start in range.clone().step_by(CHUNK) {
        let (chunk, valid) = load(simd, content, start..range.end);
        let quotes = chunk.simd_eq(b'"').to_bitmask();
        let backslashes = chunk.simd_eq(b'\\').to_bitmask();
        let inside = strings.follow(quotes, backslashes);
        // `[` and `{` differ in one bit, and so do `]` and `}`.
        let folded = chunk | 0x20;
        let opening = folded.simd_eq(b'{').to_bitmask() & valid & !inside;
        let closing = folded.simd_eq(b'}').to_bitmask() & valid & !inside;
        let breaks = (chunk.simd_eq(b'\n').to_bitmask() & inside) | (backslashes & !inside);
        let breaks = breaks & valid;
        if breaks == 0 && closing.count_ones() < depth {
            depth = depth + opening.count_ones() - closing.count_ones();
            continue;
        }
        let mut marks = opening | closing | breaks;
        while marks != 0 {
            let mark = marks & marks.wrapping_neg();
            marks ^= mark;
            if breaks & mark != 0 {
                return None;
            }
            if opening & mark != 0 {
                depth = depth.saturating_add(1);
                continue;
            }
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(start + mark.trailing_zeros() as usize + 1);
            }
        }
    }
    None
}

/// Loads the bytes from the start of a range on, and a mask of those that are in the range.
#[inline(always)]
fn load<S: Simd>(simd: S, content: &[u8], range: Range<usize>) -> (u8x64<S>, u64) {
    let rest = content.get(range.start..).unwrap_or_default();
    let chunk = match rest.first_chunk::<CHUNK>() {
        Some(chunk) => u8x64::load_array_ref(simd, chunk),
        None => u8x64::load_array(simd, pad(rest)),
    };
    let valid = match range.len() {
        length @ 0..CHUNK => (1 << length) - 1,
        _ => u64::MAX,
    };
    (chunk, valid)
}

/// Copies the last bytes of a content into a chunk.
#[cold]
fn pad(rest: &[u8]) -> [u8; CHUNK] {
    let mut padded = [0; CHUNK];
    for (to, from) in padded.iter_mut().zip(rest) {
        *to = *from;
    }
    padded
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};
    use proptest::prelude::*;

    use super::super::brackets::value_end;
    use super::*;

    fn has_own_member_plain(text: &[u8]) -> bool {
        let mut depth = 0_u32;
        for byte in text {
            match byte {
                b'{' => depth += 1,
                b'}' if depth > 1 => depth -= 1,
                b'}' => return false,
                _ => {}
            }
        }
        depth == 1
    }

    fn ends_object_plain(text: &[u8]) -> bool {
        let mut depth = 1_u32;
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b'[' => return false,
                _ => {}
            }
            if depth == 0 {
                return at + 1 == text.len();
            }
        }
        false
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn brackets_are_followed_as_one_by_one(
            mut text in prop::collection::vec(
                prop_oneof![20 => Just(b'x'), 2 => Just(b'{'), 2 => Just(b'}'), 1 => Just(b'['), 1 => any::<u8>()],
                0..300,
            ),
            opens_first in any::<bool>(),
            from in any::<prop::sample::Index>(),
            to in any::<prop::sample::Index>(),
        ) {
            if opens_first {
                text.splice(0..0, *b"{{{{");
            }
            let from = from.index(text.len() + 1);
            let to = from + to.index(text.len() + 1 - from);
            let level = Level::new();
            let range = from..to;
            let found = dispatch!(level, simd => has_own_member(simd, &text, range.clone()));
            prop_assert_eq!(found, has_own_member_plain(&text[range.clone()]));
            let found = dispatch!(level, simd => ends_object(simd, &text, range.clone()));
            prop_assert_eq!(found, ends_object_plain(&text[range.clone()]));
        }
    }

    /// Whether backslashes are only in strings, and do not escape line breaks.
    fn is_json_like(text: &str) -> bool {
        let mut is_inside = false;
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => is_inside = !is_inside,
                '\\' if !is_inside || characters.next() == Some('\n') => return false,
                _ => {}
            }
        }
        true
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn values_end_where_they_do_byte_by_byte(
            parts in prop::collection::vec(
                prop_oneof![
                    4 => "[a-z:,]{0,9}",
                    4 => "[{}\\[\\]\"]",
                    2 => "\\\\{1,4}",
                    2 => Just("\"abc\"".to_owned()),
                    1 => "[a-z]{60,70}",
                    1 => Just("\n".to_owned()),
                ],
                0..80,
            ),
            before in 0..70_usize,
            cut in any::<prop::sample::Index>(),
            opens in prop::sample::select(vec!["{", "[", "{{[", "[[[[["]),
        ) {
            let text = format!("{}{opens}{}", "x".repeat(before), parts.concat());
            let end = before + opens.len() + cut.index(text.len() - before - opens.len() + 1);
            let content = text.as_bytes();
            let level = Level::new();
            let found = dispatch!(level, simd => find_value_end(simd, content, before..end));
            let expected = value_end(&content[before..end]).map(|length| before + length);
            let is_strict = found.is_none() && expected.is_some_and(|end| !is_json_like(&text[before..end]));
            prop_assert!(found == expected || is_strict, "{:?} {:?}", found, expected);
        }
    }

    #[test]
    fn lists_are_closed() {
        let many = format!("{{{}}}", "\"a\":[],".repeat(MOST_LISTS));
        let too_many = format!("{{{}}}", "\"a\":[],".repeat(MOST_LISTS + 1));
        let far = format!("{}[{}", " ".repeat(100), " ".repeat(100));
        for (text, are_closed) in [
            (r#"{"a":[1,[2,{"b":["]"]}]],"c":"[x"}"#, true),
            ("{}", true),
            ("", true),
            (&many, true),
            (&too_many, false),
            (r#"{"a":["]""#, false),
            (r#"{"a":[{},{"b":1}"#, false),
            (r#"{"a":",[x"}"#, false),
            (&far, false),
        ] {
            let level = Level::new();
            let content = format!("[{text},[]");
            let range = 1..1 + text.len();
            let found =
                dispatch!(level, simd => closes_lists(simd, content.as_bytes(), range.clone()));
            assert_eq!(found, are_closed, "{text}");
        }
    }

    #[test]
    fn objects_of_a_record_are_followed() {
        let level = Level::new();
        for (text, is_own) in [
            (&br#"{"a":{"b":{}},"#[..], true),
            (br#"{"a":{"#, false),
            (br#"{"a":1},{"#, false),
            (b"", false),
        ] {
            let range = 0..text.len();
            let found = dispatch!(level, simd => has_own_member(simd, text, range.clone()));
            assert_eq!(found, is_own);
        }
        for (text, is_end) in [
            (&br#","a":{"b":{}}}"#[..], true),
            (b"}", true),
            (b"},", false),
            (b",[]}", false),
            (b"", false),
        ] {
            let range = 0..text.len();
            let found = dispatch!(level, simd => ends_object(simd, text, range.clone()));
            assert_eq!(found, is_end);
        }
    }
}
