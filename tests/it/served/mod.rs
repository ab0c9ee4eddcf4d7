//! The binary against a range in another process, as against AWS: over the wire, in real time.

mod identity;
mod range;
mod secrets;
mod wiretap;

use range::ServedRange;
use wiretap::Wiretap;
