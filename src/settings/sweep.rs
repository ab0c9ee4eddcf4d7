//! The settings of a sweep.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{AthenaSettings, EngineChoice, FileSettings, FollowSettings, Reach};
use crate::config::{Format, RejectedEntries};
use dragnet_model::{Hunt, Indicator, RequiredKinds, SourceSelection, TimeWindow, WindowEnd};

/// The settings of a sweep. A run stores them in the form of [`SweepSettings::to_stored`], so that it
/// can be resumed.
#[expect(clippy::struct_excessive_bools, reason = "each is a separate switch")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// The time range to search.
    pub window: TimeWindow,
    /// How the end of the window was chosen.
    #[serde(default)]
    pub window_end: WindowEnd,
    /// The kinds of logs whose gaps make the run incomplete.
    #[serde(default)]
    pub required: RequiredKinds,
    /// Which kinds of log source may be searched.
    #[serde(default)]
    pub sources: SourceSelection,
    /// The indicators, without duplicates, in the order given; at least one, unless there are
    /// hunts.
    pub indicators: Vec<Indicator>,
    /// The hunts; their names are unique.
    pub hunts: Vec<Hunt>,
    /// What the indicator lists contain that cannot be searched for, as text lines.
    pub left_out: Vec<String>,
    /// The entries of indicator lists that were not understood.
    #[serde(default)]
    pub rejected: Vec<RejectedEntries>,
    /// The copies of logs on disk to search. Not written if there are none, so that the hash of the
    /// settings of older runs stays the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FileSettings>,
    /// Whether all records are kept, as `collect` does. Not written otherwise, for the same reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub collects: bool,
    /// How credentials are followed. Not written if they are not, for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<FollowSettings>,
    /// The formats of the reports, without duplicates.
    pub formats: Vec<Format>,
    /// The directory in which the directory of the run is created. A run does not store it, because
    /// runs may be moved.
    #[serde(skip)]
    pub out_dir: PathBuf,
    /// Whether a sighting changes the exit code.
    pub fail_on_sighting: bool,
    /// Whether to check trail integrity: to search for tampering, and to count records by hour.
    #[serde(rename = "silence")]
    pub check_trail_integrity: bool,
    /// Whether to compare objects in S3 with CloudTrail's digests. Not written otherwise, so that the hash
    /// of the settings of older runs stays the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verify_integrity: bool,
    /// Whether only write calls are sightings. Not written otherwise, for the same reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changes_only: bool,
    /// How log groups are scanned.
    pub engines: EngineSettings,
    /// How Athena names the objects that are read, if it may. Not written otherwise, for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub athena: Option<AthenaSettings>,
}

/// How log groups are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineSettings {
    /// The choice of engine.
    pub choice: EngineChoice,
    /// The maximum cost of Insights, in US dollars.
    pub max_scan_cost: f64,
    /// Whether to request masked data unmasked.
    pub unmask: bool,
}

impl EngineSettings {
    /// The maximum cost of Insights if no other was chosen, in US dollars.
    pub const DEFAULT_MAX_SCAN_COST: f64 = 25.0;
}
