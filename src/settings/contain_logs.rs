//! The settings of the sweep that verifies a containment from logs.

use std::path::PathBuf;

use super::{ContainSettings, EngineChoice, EngineSettings, SweepSettings};
use crate::config::{AccountSelector, Format, LivenessRule, Scope, SourcesRule};
use dragnet_model::{
    AccountId, Indicator, LogKind, RequiredKinds, SourceSelection, TimeWindow, WindowEnd,
};

/// Returns the scope of a sweep for contained principals of these accounts. It covers every Region,
/// whatever the configured scope is: a principal may call any. Every account-Region needs a log
/// source that was searched.
pub(super) fn containment_scope(
    configured: Scope,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Scope {
    Scope {
        include_accounts: accounts.into_iter().map(AccountSelector::Id).collect(),
        exclude_log_groups: configured.exclude_log_groups,
        new_regions: configured.new_regions,
        accepted_gap: configured.accepted_gap,
        sources: SourcesRule::Require,
        // Each look at the logs is short, and repeated.
        liveness: LivenessRule::Skip,
        ..Scope::default()
    }
}

impl ContainSettings {
    /// Returns the settings of a sweep for `indicators` in these accounts, in the scope of
    /// `containment_scope`.
    pub fn log_sweep(
        &self,
        accounts: impl IntoIterator<Item = AccountId>,
        indicators: Vec<Indicator>,
        window: TimeWindow,
        out_dir: PathBuf,
    ) -> SweepSettings {
        let mut reach = self.reach.clone();
        reach.scope = containment_scope(reach.scope, accounts);
        SweepSettings {
            reach,
            window,
            window_end: WindowEnd::Now,
            required: RequiredKinds::new([LogKind::Management]),
            sources: SourceSelection::default(),
            files: None,
            collects: false,
            follow: None,
            indicators,
            hunts: Vec::new(),
            left_out: Vec::new(),
            rejected: Vec::new(),
            formats: Format::DEFAULT.to_vec(),
            out_dir,
            fail_on_sighting: false,
            check_trail_integrity: true,
            verify_integrity: false,
            athena: None,
            changes_only: false,
            engines: EngineSettings {
                choice: EngineChoice::default(),
                max_scan_cost: EngineSettings::DEFAULT_MAX_SCAN_COST,
                unmask: false,
            },
        }
    }
}
