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

mod acting_principal;
mod apply;
mod blast_radius;
mod block_assume;
mod candidate;
mod change;
mod check_plan;
mod created;
mod descendants;
mod document;
mod dry_run;
mod emit;
mod evidence;
mod followed_starts;
mod from_run;
mod guard;
mod identity_change;
mod incident_record;
mod instances;
mod inventory;
mod journal;
mod journal_error;
mod journal_file;
mod log_call;
mod log_effect;
mod log_evaluation;
mod log_verification;
mod monitor;
mod plan;
mod plan_request;
mod plan_text;
mod record;
mod record_calls;
mod record_text;
mod recorded_call;
mod remaining;
mod reverted_change;
mod rfc3339;
mod run_sessions;
mod seal;
mod seal_key;
mod searched_for;
mod session_factory;
mod shared_role;
mod shell_quote;
mod states;
mod step_target;
mod survey;
mod trust;
mod undo;
mod undo_text;
mod verify;
mod warnings;

pub(crate) use apply::{StepRunner, apply};
pub use blast_radius::BlastRadius;
pub use candidate::Candidate;
pub use change::{Change, DENY_SESSIONS, REVOKE_SESSIONS, ResourceState};
pub use check_plan::{RefusedPlan, check_plan, expiry};
pub use document::{DENY_ALL, are_equivalent, counted_size, denies_all};
pub use dry_run::DryRunStep;
pub(crate) use dry_run::dry_run;
pub use emit::{resource_control_policy, service_control_policy, shell_script};
pub use followed_starts::FollowedStarts;
pub use from_run::FromRun;
pub use guard::{Guard, GuardRefusal, TooManyTargets};
pub use incident_record::{incident_json, incident_markdown};
pub use journal::{Journal, Journals};
pub use journal_error::JournalError;
pub use log_evaluation::{LogCoverage, LogEvaluation};
pub use log_verification::{LogVerdict, LogVerification, LoggedCall, PrincipalVerdict};
pub use monitor::{ContainmentMonitor, MonitorError};
pub use plan::{NOT_FOUND, Plan, PlannedTarget, RefusedTarget, Step};
pub use plan_request::PlanRequest;
pub use plan_text::{confirmation_lines, count_blocked, plan_lines};
pub use record::{Containment, Event};
pub(crate) use record_calls::record_calls;
pub use record_text::{markdown, status_lines};
pub use recorded_call::RecordedCall;
pub use run_sessions::ObservedSessions;
pub use seal::{InvalidPlan, SealedPlan};
pub use seal_key::{SealKey, SealOrigin};
pub use searched_for::SearchedFor;
pub use session_factory::SessionFactory;
pub(crate) use shared_role::denied_sessions;
pub use states::{IllegalTransition, State};
pub use survey::{Survey, survey};
pub(crate) use undo::undo;
pub(crate) use verify::verify;
