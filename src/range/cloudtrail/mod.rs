//! CloudTrail: the records that calls leave, and the trails that deliver them.

mod record;

pub(crate) use record::{Actor, Record, deliver};
