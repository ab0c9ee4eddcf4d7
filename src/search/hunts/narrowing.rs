//! Compiles needs to filter patterns: JSON selectors for CloudTrail, columns for flow logs, terms
//! for everything else.
//!
//! Source of the syntax: CloudWatch Logs user guide, "Filter pattern syntax".

use std::collections::BTreeSet;

use super::need::{Mark, Need, Stands};
use crate::query::FlowLogFormat;
use crate::search::pattern::LONGEST;
use crate::search::required_text::{RequiredText, runs};

/// The fields of a CloudTrail record that a selector finds wherever the evaluator does. They are at
/// the top level, and a message that repeats one of them, or in which one is not text, is not a
/// record.
const SELECTABLE: [&str; 7] = [
    "eventName",
    "eventSource",
    "errorCode",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "recipientAccountId",
];

impl Need {
    /// The text that a raw message of any kind must contain to meet the need.
    pub fn required_text(&self) -> Option<RequiredText> {
        match self {
            Self::Nothing => None,
            Self::Mark(mark) => runs(&mark.text),
            Self::All(needs) => {
                let mut terms = Vec::new();
                let mut best: Option<Vec<String>> = None;
                for trace in needs.iter().filter_map(Self::required_text) {
                    match trace {
                        RequiredText::All(texts) | RequiredText::Sequence(texts) => {
                            terms.extend(texts);
                        }
                        RequiredText::Any(texts)
                            if best
                                .as_ref()
                                .is_none_or(|best| shortest(best) < shortest(&texts)) =>
                        {
                            best = Some(texts);
                        }
                        RequiredText::Any(_) | RequiredText::Regex(_) => {}
                    }
                }
                // A pattern cannot combine alternatives with terms that must all match.
                if terms.is_empty() {
                    best.map(RequiredText::Any)
                } else {
                    Some(RequiredText::All(terms))
                }
            }
            Self::Any(needs) => {
                let traces: Vec<RequiredText> = needs
                    .iter()
                    .map(Self::required_text)
                    .collect::<Option<_>>()?;
                let texts = traces.into_iter().flat_map(|trace| match trace {
                    RequiredText::All(texts) | RequiredText::Sequence(texts) => texts
                        .into_iter()
                        .max_by_key(String::len)
                        .into_iter()
                        .collect(),
                    RequiredText::Any(texts) => texts,
                    RequiredText::Regex(_) => Vec::new(),
                });
                Some(RequiredText::Any(texts.collect()))
            }
        }
    }

    /// A condition of a JSON pattern that holds for every CloudTrail record that meets the need.
    fn selector(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Mark(mark) => selector(mark),
            Self::All(needs) => {
                let parts: Vec<String> = needs.iter().filter_map(Self::selector).collect();
                (!parts.is_empty()).then(|| parts.join(" && "))
            }
            Self::Any(needs) => {
                let parts: Vec<String> = needs.iter().map(Self::selector).collect::<Option<_>>()?;
                Some(format!("({})", parts.join(" || ")))
            }
        }
    }
}

impl Need {
    /// Adds the record fields that the selector of this need names.
    fn add_selected<'n>(&'n self, fields: &mut BTreeSet<&'n str>) {
        match self {
            Self::Nothing => {}
            Self::Mark(mark) => {
                fields.extend(
                    SELECTABLE
                        .contains(&mark.field.as_str())
                        .then_some(mark.field.as_str()),
                );
            }
            Self::All(needs) | Self::Any(needs) => {
                for need in needs {
                    need.add_selected(fields);
                }
            }
        }
    }
}

fn shortest(texts: &[String]) -> usize {
    texts.iter().map(String::len).min().unwrap_or_default()
}

/// Matches a value that contains a JSON escape, if the server compares values as they are written.
/// AWS does not document whether it resolves escapes first; if it does, hardly any value matches
/// this.
const ANY_ESCAPE: &str = "*u00*";

/// One pattern for CloudTrail records that meet one of these needs, whether or not the server
/// resolves escapes in values. Escapes in names are assumed to be resolved.
pub(super) fn json_pattern(needs: &[&Need]) -> Option<String> {
    let conditions: Vec<String> = needs
        .iter()
        .map(|need| need.selector())
        .collect::<Option<_>>()?;
    if conditions.is_empty() {
        return None;
    }
    let mut fields = BTreeSet::new();
    for need in needs {
        need.add_selected(&mut fields);
    }
    let escaped = fields
        .iter()
        .map(|field| format!("$.{field} = \"{ANY_ESCAPE}\""));
    let alternatives: Vec<String> = conditions
        .iter()
        .map(|one| format!("({one})"))
        .chain(escaped)
        .collect();
    let pattern = format!("{{ {} }}", alternatives.join(" || "));
    (pattern.chars().count() <= LONGEST).then_some(pattern)
}

fn selector(mark: &Mark) -> Option<String> {
    let is_selectable = SELECTABLE.contains(&mark.field.as_str());
    if !is_selectable || mark.text.contains('/') {
        // The event may spell a slash as `\/`.
        return None;
    }
    Some(format!("$.{} = {}", mark.field, operand(mark)?))
}

/// The pattern for lines of a flow log in this format that meet a need.
pub(super) fn column_pattern(need: &Need, format: &FlowLogFormat) -> Option<String> {
    let needs = if let Need::All(needs) = need {
        needs.as_slice()
    } else {
        std::slice::from_ref(need)
    };
    let mut is_narrow = false;
    let mut seen = BTreeSet::new();
    // Columns are numbered, because the names in a format are text from AWS.
    let columns: Vec<String> = (1..)
        .zip(format.names())
        .map(|(number, name)| {
            let place = format!("c{number}");
            // If several columns have the same name, a query reads the first.
            let is_first = seen.insert(name);
            let condition = needs
                .iter()
                .filter(|_| is_first)
                .find_map(|need| column(need, name, &place));
            is_narrow |= condition.is_some();
            condition.unwrap_or(place)
        })
        .collect();
    let pattern = format!("[{}]", columns.join(", "));
    (is_narrow && pattern.chars().count() <= LONGEST).then_some(pattern)
}

/// The condition on the column with this name, if the need concerns only this column. The last
/// argument is the column's name in the pattern.
fn column(need: &Need, name: &str, place: &str) -> Option<String> {
    match need {
        Need::Mark(mark) if mark.field == name => Some(format!("{place} = {}", operand(mark)?)),
        Need::Any(needs) => {
            let parts: Vec<String> = needs
                .iter()
                .map(|need| column(need, name, place))
                .collect::<Option<_>>()?;
            Some(parts.join(" || "))
        }
        Need::Nothing | Need::Mark(_) | Need::All(_) => None,
    }
}

/// The text of a mark as the right side of a comparison; `None` if a character could have a special
/// meaning there.
fn operand(mark: &Mark) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .:/_-@+=,".contains(c);
    if !mark.text.chars().all(is_plain) {
        return None;
    }
    let text = &mark.text;
    Some(match mark.stands {
        Stands::Whole => format!("\"{text}\""),
        Stands::First => format!("\"{text}*\""),
        Stands::Anywhere => format!("\"*{text}*\""),
    })
}
