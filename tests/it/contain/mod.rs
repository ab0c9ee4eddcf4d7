//! Containment on the practice range, where `DenyAll` is enforced and time is paused.

mod actions;
mod apply_checks;
mod descendants;
mod edited;
mod edited_at_random;
mod eve;
mod exit_codes;
mod faults;
mod from_logs;
mod from_run;
mod guards;
mod hostile;
mod killed;
mod lifecycle;
mod model;
mod monitored;
mod mutated;
mod mutated_actions;
mod own_session;
mod responder;
mod shared_roles;
mod world;
