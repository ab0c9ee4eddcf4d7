//! Containment on the practice range, where `DenyAll` is enforced and time is paused.

mod actions;
mod apply_checks;
mod edited;
mod edited_at_random;
mod faults;
mod from_logs;
mod from_run;
mod guards;
mod lifecycle;
mod model;
mod mutated;
mod shared_roles;
mod world;
