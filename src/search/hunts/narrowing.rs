//! Compiles requirements to filter patterns: JSON selectors for CloudTrail, columns for flow logs,
//! terms for everything else.
//!
//! Source of the syntax: CloudWatch Logs user guide, "Filter pattern syntax".

use std::collections::BTreeSet;

use super::requirement::{FieldText, Requirement, TextPosition};
use crate::search::pattern::LONGEST;
use crate::search::required_text::{RequiredText, required_runs};
use insights_ql::FlowLogFormat;

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

impl Requirement {
    /// The text that a raw message of any kind must contain to meet the requirement.
    pub(super) fn required_text(&self) -> Option<RequiredText> {
        match self {
            Self::Nothing => None,
            Self::Text(field_text) => required_runs(&field_text.text),
            Self::All(requirements) => {
                let mut terms = Vec::new();
                let mut best: Option<Vec<String>> = None;
                for required in requirements.iter().filter_map(Self::required_text) {
                    match required {
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
            Self::Any(requirements) => {
                let required_texts: Vec<RequiredText> = requirements
                    .iter()
                    .map(Self::required_text)
                    .collect::<Option<_>>()?;
                let texts = required_texts
                    .into_iter()
                    .flat_map(|required| match required {
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

    /// A condition of a JSON pattern that holds for every CloudTrail record that meets the
    /// requirement.
    fn selector(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Text(field_text) => selector(field_text),
            Self::All(requirements) => {
                let parts: Vec<String> = requirements.iter().filter_map(Self::selector).collect();
                (!parts.is_empty()).then(|| parts.join(" && "))
            }
            Self::Any(requirements) => {
                let parts: Vec<String> = requirements
                    .iter()
                    .map(Self::selector)
                    .collect::<Option<_>>()?;
                Some(format!("({})", parts.join(" || ")))
            }
        }
    }

    /// Adds the record fields that the selector of this requirement names.
    fn collect_selected_fields<'n>(&'n self, fields: &mut BTreeSet<&'n str>) {
        match self {
            Self::Nothing => {}
            Self::Text(field_text) => {
                let field = field_text.field.as_str();
                if SELECTABLE.contains(&field) {
                    fields.insert(field);
                }
            }
            Self::All(requirements) | Self::Any(requirements) => {
                for requirement in requirements {
                    requirement.collect_selected_fields(fields);
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

/// One pattern for CloudTrail records that meet one of these requirements, whether or not the
/// server resolves escapes in values. Escapes in names are assumed to be resolved.
pub(super) fn json_pattern(requirements: &[&Requirement]) -> Option<String> {
    let conditions: Vec<String> = requirements
        .iter()
        .map(|requirement| requirement.selector())
        .collect::<Option<_>>()?;
    if conditions.is_empty() {
        return None;
    }
    let mut fields = BTreeSet::new();
    for requirement in requirements {
        requirement.collect_selected_fields(&mut fields);
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

fn selector(field_text: &FieldText) -> Option<String> {
    let is_selectable = SELECTABLE.contains(&field_text.field.as_str());
    if !is_selectable || field_text.text.contains('/') {
        // The event may spell a slash as `\/`.
        return None;
    }
    Some(format!("$.{} = {}", field_text.field, operand(field_text)?))
}

/// The pattern for lines of a flow log in this format that meet a requirement.
pub(super) fn column_pattern(requirement: &Requirement, format: &FlowLogFormat) -> Option<String> {
    let requirements = if let Requirement::All(requirements) = requirement {
        requirements.as_slice()
    } else {
        std::slice::from_ref(requirement)
    };
    let mut is_narrow = false;
    let mut seen = BTreeSet::new();
    // Columns are numbered, because the names in a format are text from AWS.
    let columns: Vec<String> = (1..)
        .zip(format.names())
        .map(|(number, name)| {
            let alias = format!("c{number}");
            // If several columns have the same name, a query reads the first.
            let is_first = seen.insert(name);
            let condition = requirements
                .iter()
                .filter(|_| is_first)
                .find_map(|requirement| column(requirement, name, &alias));
            is_narrow |= condition.is_some();
            condition.unwrap_or(alias)
        })
        .collect();
    let pattern = format!("[{}]", columns.join(", "));
    (is_narrow && pattern.chars().count() <= LONGEST).then_some(pattern)
}

/// The condition on the column with this name, if the requirement concerns only this column.
/// `alias` is the column's name in the pattern.
fn column(requirement: &Requirement, name: &str, alias: &str) -> Option<String> {
    match requirement {
        Requirement::Text(field_text) if field_text.field == name => {
            Some(format!("{alias} = {}", operand(field_text)?))
        }
        Requirement::Any(requirements) => {
            let parts: Vec<String> = requirements
                .iter()
                .map(|requirement| column(requirement, name, alias))
                .collect::<Option<_>>()?;
            Some(parts.join(" || "))
        }
        Requirement::Nothing | Requirement::Text(_) | Requirement::All(_) => None,
    }
}

/// A required text as the right side of a comparison; `None` if a character could have a special
/// meaning there.
fn operand(field_text: &FieldText) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .:/_-@+=,".contains(c);
    if !field_text.text.chars().all(is_plain) {
        return None;
    }
    let value = &field_text.text;
    Some(match field_text.position {
        TextPosition::Whole => format!("\"{value}\""),
        TextPosition::Start => format!("\"{value}*\""),
        TextPosition::Anywhere => format!("\"*{value}*\""),
    })
}
