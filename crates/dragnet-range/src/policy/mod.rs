//! Parsing and evaluation of IAM policies.
//!
//! Only the range uses this. Sweeps and containment are tested against it, so it follows AWS's
//! rules: an explicit deny overrides every allow, and what no policy allows is denied.
//!
//! Source: IAM user guide, "Policy evaluation logic", "JSON policy elements".

mod condition;
mod document;
mod glob;
mod problem;
mod spans;
mod statement;
mod validity;

pub(crate) use condition::RequestContext;
pub(crate) use document::{Document, MalformedPolicy, PolicyKind};
pub(crate) use glob::glob;
pub(crate) use spans::{Place, Span, statement_spans};
pub(crate) use statement::{AccessRequest, Decision};
