//! IAM policies: read, matched against a request, decided.
//!
//! Only the range uses this. What AWS would decide is what a sweep and a containment must be tried against, so the
//! rules are AWS's own: an explicit deny beats everything, and what nobody allows is refused.
//!
//! Source: IAM user guide, "Policy evaluation logic", "JSON policy elements".

mod condition;
mod document;
mod glob;
mod statement;

pub(crate) use condition::Facts;
pub(crate) use document::{Document, MalformedPolicy, PolicyKind};
pub(crate) use glob::glob;
pub(crate) use statement::{Ask, Verdict};
