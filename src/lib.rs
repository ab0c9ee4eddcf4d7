//! Dragnet sweeps an AWS organization (every account, every Region, every CloudWatch log group) for an
//! indicator, and says what it could not search.

pub mod model;
pub mod range;
pub mod time;
