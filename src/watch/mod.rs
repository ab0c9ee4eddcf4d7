//! Job 3.
mod agenda;
mod watermark;

pub use agenda::{Agenda, Pace};
pub use watermark::{Place, Stretch, Watermark, Watermarks};
