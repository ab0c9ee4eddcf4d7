//! What a run report says about a run, for the terminal and for `report.html`.

use super::{AccountNames, CoverageTally, EvidenceTally, SightingTally, Summary};
use crate::geoip::GeoIp;

/// The content of a run report.
#[derive(Clone, Copy, Debug)]
pub struct RunReport<'a> {
    /// The run in numbers.
    pub summary: &'a Summary,
    /// The sightings, counted.
    pub sightings: &'a SightingTally,
    /// The coverage, counted.
    pub coverage: &'a CoverageTally,
    /// The log sources and the trail integrity findings, counted.
    pub evidence: &'a EvidenceTally,
    /// The names of the accounts.
    pub names: &'a AccountNames,
    /// The directory of the run.
    pub directory: &'a str,
    /// The files in the directory.
    pub files: &'a [String],
    /// The SHA-256 hash of the manifest in hex, if there is a manifest.
    pub manifest_sha256: Option<&'a str>,
    /// Where addresses belong, if the user gave files for that.
    pub geoip: Option<&'a GeoIp>,
    /// Whether to use colour.
    pub color: bool,
}
