//! The commands that process one record at a time.

use crate::record::Fields;
use crate::tree::{Expr, Extraction, SortKey, Stage};
use crate::value::Value;

/// The fields of a record, and those that earlier steps have added.
pub(super) struct Scope<'r> {
    base: &'r dyn Fields,
    added: Vec<(&'r str, Value<'static>)>,
}

impl<'r> Scope<'r> {
    pub(super) fn new(base: &'r dyn Fields) -> Self {
        Self {
            base,
            added: Vec::new(),
        }
    }

    /// The added values, in order.
    pub(super) fn into_added(self) -> impl Iterator<Item = Value<'static>> {
        self.added.into_iter().map(|(_, value)| value)
    }
}

impl Fields for Scope<'_> {
    fn field(&self, name: &str) -> Value<'_> {
        match self.added.iter().rev().find(|(added, _)| *added == name) {
            Some((_, value)) => value.borrowed(),
            None => self.base.field(name),
        }
    }
}

/// A compiled command that processes one record at a time.
#[derive(Debug)]
pub(super) enum Step {
    Filter(Expr),
    /// Expressions, each with the name of its result.
    Compute(Vec<(String, Expr)>),
    Extract {
        names: Vec<String>,
        extraction: Extraction,
    },
}

impl Step {
    /// The step of a command; `None` if the command needs more than one record.
    pub(super) fn new(stage: &Stage) -> Option<Self> {
        match stage {
            Stage::Filter(condition) => Some(Self::Filter(condition.clone())),
            Stage::Fields(items) | Stage::Display(items) => {
                let computed = items.iter().filter(|item| !item.is_plain_field());
                Some(Self::Compute(
                    computed
                        .map(|item| (item.name(), item.expr.clone()))
                        .collect(),
                ))
            }
            Stage::Parse(extraction) => {
                let names = extraction
                    .pattern
                    .names()
                    .into_iter()
                    .map(str::to_owned)
                    .collect();
                Some(Self::Extract {
                    names,
                    extraction: extraction.clone(),
                })
            }
            Stage::Stats(_) | Stage::Sort(_) | Stage::Limit(_) | Stage::Dedup(_) => None,
        }
    }

    /// The names of the fields that the step adds.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Filter(_) => Vec::new(),
            Self::Compute(items) => items.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Extract { names, .. } => names.iter().map(String::as_str).collect(),
        }
    }

    /// The fields that the step reads.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Filter(condition) => condition.fields(),
            Self::Compute(items) => items.iter().flat_map(|(_, expr)| expr.fields()).collect(),
            Self::Extract { extraction, .. } => extraction.from.fields(),
        }
    }

    /// Whether the step changes a field that these sort keys read.
    pub(super) fn changes(&self, keys: &[SortKey]) -> bool {
        let names = self.names();
        keys.iter()
            .any(|key| key.expr.fields().iter().any(|field| names.contains(field)))
    }

    /// Applies the step to a record. Returns `false` if it drops the record.
    pub(super) fn apply<'r>(&'r self, scope: &mut Scope<'r>) -> bool {
        match self {
            Self::Filter(condition) => return condition.holds(scope),
            Self::Compute(items) => {
                for (name, expr) in items {
                    let value = expr.evaluate(scope).into_owned();
                    scope.added.push((name, value));
                }
            }
            Self::Extract { names, extraction } => {
                let values = extract(extraction, names, scope);
                scope
                    .added
                    .extend(names.iter().map(String::as_str).zip(values));
            }
        }
        true
    }
}

/// The values of the extracted fields; all are missing if the pattern does not match.
fn extract(extraction: &Extraction, names: &[String], fields: &dyn Fields) -> Vec<Value<'static>> {
    let from = extraction.from.evaluate(fields);
    let text = from.text();
    let captures = text
        .as_ref()
        .and_then(|text| extraction.pattern.regex().captures(text));
    let Some(captures) = captures else {
        return vec![Value::Missing; names.len()];
    };
    let groups = extraction
        .pattern
        .regex()
        .capture_names()
        .enumerate()
        .skip(1);
    let is_field = |name: Option<&str>| name.is_some() || extraction.pattern.is_glob();
    groups
        .filter(|(_, name)| is_field(*name))
        .map(|(group, _)| {
            captures.get(group).map_or(Value::Missing, |found| {
                Value::from(found.as_str().to_owned())
            })
        })
        .collect()
}
