//! Job 2: block a principal in every account, prove it, and put everything back.
//!
//! ```text
//! survey ─ guard ─ plan ─ seal │ apply ─ place ─ verify ─ undo
//! who is   who     what   hash │ intent  write,   still    what was
//! there    may     pure        │ first   read back there?  there
//! ```
//! A plan is made without writing anything, is hashed, and leaves no choice to apply. Every change is
//! intended in the journal, on disk, before it is made: a crash at any point is gone on from by applying
//! again, and undo restores what the plan saw, byte for byte.

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
mod moment;
mod plan;
mod plan_text;
mod record;
mod record_text;
mod seal;
mod session_factory;
mod states;
mod step_target;
mod survey;
mod trail_deliveries;
mod undo;
mod verify;

pub use apply::{PROPAGATION_MARGIN, StepRunner, apply};
pub use blast_radius::BlastRadius;
pub use change::{Change, REVOKE_SESSIONS, ResourceState};
pub use check_plan::{RefusedPlan, check_plan, expiry};
pub use document::{DENY_ALL, counted_size, denies_all, means_same};
pub use dry_run::{DryRunStep, rehearse};
pub use emit::{service_control_policy, shell_script};
pub use from_run::FromRun;
pub use guard::{Guard, Refusal, TooManyTargets};
pub use journal::{Journal, JournalError, Journals};
pub use plan::{Plan, PlanRequest, PlannedTarget, RefusedTarget, Step};
pub use plan_text::{confirmation_lines, plan_lines};
pub use record::{Containment, Event};
pub use record_text::{markdown, status_lines};
pub use seal::{InvalidPlan, SealedPlan};
pub use session_factory::SessionFactory;
pub use states::{IllegalTransition, State};
pub use survey::{Candidate, Survey, survey};
pub use trail_deliveries::TrailDeliveries;
pub use undo::undo;
pub use verify::verify;
