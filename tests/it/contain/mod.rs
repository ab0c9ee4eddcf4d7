//! Containment on the range, where `DenyAll` is enforced and time is paused.

mod faults;
mod guards;
mod lifecycle;
mod model;
mod world;
