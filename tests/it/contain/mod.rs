//! Containment on the practice range, where `DenyAll` is enforced and time is paused.

mod edited;
mod edited_at_random;
mod faults;
mod from_run;
mod guards;
mod lifecycle;
mod model;
mod mutated;
mod world;
