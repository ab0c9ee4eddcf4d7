//! Sightings as a run keeps them: narrow rows, and their messages in zstd chunks of some 64 KiB.
//!
//! Neighbours are alike, so some fifty messages compress three times better than each alone, and reading one back still
//! unpacks only about 64 KiB.

mod packing;
mod reading;

pub use packing::Sightings;
pub use reading::{SightingRows, StoredRow};
