//! What is looked for, and how it is found: a coarse pattern for the server, which may only narrow, and
//! the exact match here, which decides and names the field. All of it is pure.

mod boundary;
mod happening;
mod leaves;
mod matcher;
mod pattern;

pub use happening::happening;
pub use matcher::{Hits, Matcher, MatcherError};
pub use pattern::coarse_pattern;
