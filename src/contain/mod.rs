//! Job 2: block principals in IAM in many accounts, verify it, and undo it.
//!
//! ```text
//! survey ── guard ──── plan ─ seal │ apply ───── step_target ─ verify ── undo
//! finds     protects   pure   hash │ journals    writes and    reads     restores the
//! targets   principals             │ the intent  reads back    again     prior state
//! ```
//! A plan is made without writing anything to AWS. It has a hash and leaves no choices to apply.
//! The intent of every change is in the journal, on disk, before the change is made. After a crash
//! at any point, applying the plan again continues it. Undo restores the state that the plan
//! recorded, byte for byte.

mod apply;
mod blast_radius;
mod change;
mod check_plan;
mod document;
mod dry_run;
mod emit;
mod from_run;
mod guard;
mod journal;
mod plan;
mod plan_text;
mod record;
mod record_text;
mod rfc3339;
mod seal;
mod session_factory;
mod states;
mod step_target;
mod survey;
mod undo;
mod verify;

pub(crate) use apply::{StepRunner, apply};
pub use blast_radius::BlastRadius;
pub use change::{Change, REVOKE_SESSIONS, ResourceState};
pub use check_plan::{RefusedPlan, check_plan, expiry};
pub use document::{DENY_ALL, are_equivalent, counted_size, denies_all};
pub(crate) use dry_run::{DryRunStep, dry_run};
pub use emit::{service_control_policy, shell_script};
pub use from_run::FromRun;
pub use guard::{Guard, GuardRefusal, TooManyTargets};
pub use journal::{Journal, JournalError, Journals};
pub use plan::{Plan, PlanRequest, PlannedTarget, RefusedTarget, Step};
pub use plan_text::{confirmation_lines, plan_lines};
pub use record::{Containment, Event};
pub use record_text::{markdown, status_lines};
pub use seal::{InvalidPlan, SealedPlan};
pub use session_factory::SessionFactory;
pub use states::{IllegalTransition, State};
pub use survey::{Candidate, Survey, survey};
pub(crate) use undo::undo;
pub(crate) use verify::verify;
