//! Runs the binary against a range in another process, as against AWS: over HTTP and in real time.

mod identity;
mod range;
mod secrets;
mod wiretap;

pub(crate) use range::ServedRange;
use wiretap::Wiretap;
