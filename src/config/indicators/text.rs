//! Indicator lists with one indicator per line. Its kind is detected or set by a prefix.

use super::ListBuilder;
use crate::model::{Indicator, IndicatorKind};

pub(super) fn read(text: &str, builder: &mut ListBuilder) {
    let lines = (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, without_comment(line)));
    lines
        .filter(|(_, line)| !line.is_empty())
        .for_each(|(number, line)| builder.add(number, line.parse::<Indicator>()));
}

/// Removes a comment. `#` begins one at the start of a line or after white space. A regular
/// expression, a user agent or a `text:` indicator may contain `#`, so it takes the whole line.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        return "";
    }
    let is_free_text =
        IndicatorKind::split_prefix(line).is_some_and(|(kind, _)| kind.is_free_text());
    let comment = line
        .match_indices('#')
        .find(|(at, _)| line.get(..*at).is_some_and(|l| l.ends_with([' ', '\t'])));
    match comment {
        Some((at, _)) if !is_free_text => line.get(..at).unwrap_or(line).trim_end(),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::read;

    #[test]
    fn one_indicator_per_line_with_comments() {
        let text = "# C2\n192.0.2.1 # first\r\n\n  evil[.]example\t# second\nuser:ben#x\nagent:kali # 1\nregex:a #b\n";
        let error = read(text).unwrap_err();
        assert!(
            error.starts_with("file:5: `ben#x` is not an indicator"),
            "{error}"
        );
        assert_eq!(
            read(&text.replace("user:ben#x\n", "")).unwrap(),
            [
                "ip:192.0.2.1",
                "domain:evil.example",
                "agent:kali # 1",
                "regex:a #b"
            ]
        );
    }

    #[test]
    fn all_errors_name_their_line() {
        let error = read("192.0.2.999\n192.0.2.1\narn:aws\n").unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        assert!(
            lines[0].starts_with("file:1: `192.0.2.999`")
                && lines[1].starts_with("file:3: `arn:aws`"),
            "{error}"
        );
    }
}
