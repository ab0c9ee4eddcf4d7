//! The literals of a regular expression: texts of which every match contains at least one.

use regex_syntax::hir::{Hir, HirKind};

/// More alternatives than this do not narrow a search.
const MOST: usize = 64;

/// Texts of which every match contains at least one; `None` if there are none, or too many.
pub(super) fn required_literals(regex: &str) -> Option<Vec<String>> {
    let literals = part_literals(&regex_syntax::parse(regex).ok()?)?;
    let is_useful = literals.iter().all(|literal| !literal.is_empty()) && literals.len() <= MOST;
    is_useful.then_some(literals)
}

fn part_literals(part: &Hir) -> Option<Vec<String>> {
    match part.kind() {
        HirKind::Literal(literal) => Some(vec![std::str::from_utf8(&literal.0).ok()?.to_owned()]),
        HirKind::Capture(group) => part_literals(&group.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => part_literals(&repetition.sub),
        // Of consecutive parts, the one whose shortest text is the longest narrows most.
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(part_literals)
            .max_by_key(|texts| texts.iter().map(String::len).min().unwrap_or_default()),
        HirKind::Alternation(parts) => {
            let all: Vec<Vec<String>> = parts.iter().map(part_literals).collect::<Option<_>>()?;
            let mut texts = all.concat();
            texts.sort();
            texts.dedup();
            (texts.len() <= MOST).then_some(texts)
        }
        HirKind::Repetition(_) | HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_alternatives_and_longest_part() {
        for (regex, expected) in [
            (
                "Unauthorized|Denied|Forbidden",
                Some(&["Denied", "Forbidden", "Unauthorized"][..]),
            ),
            ("^arn:aws:(iam|sts)::", Some(&["arn:aws:"])),
            ("ab*cde+", Some(&["cd"])),
            ("(foo)+x?", Some(&["foo"])),
            ("a|b*", None),
            ("(?i)denied", None),
            ("[a-c]|x", None),
            ("", None),
        ] {
            let found = required_literals(regex);
            assert_eq!(
                found
                    .as_deref()
                    .map(|texts| texts.iter().map(String::as_str).collect::<Vec<_>>()),
                expected.map(<[&str]>::to_vec),
                "{regex}"
            );
        }
    }
}
