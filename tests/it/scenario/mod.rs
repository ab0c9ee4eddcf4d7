//! Builds the text of scenarios: an organization, and one type for each table that tests add to it.
//!
//! A table is its text from the start, so it can be used wherever a test takes a part of a scenario:
//! `World::small_with(&Fault::denied("ListTrails"))`. Every method sets the key of its name, which
//! `crates/dragnet-range/src/scenario/spec` documents. A key without a method goes into
//! `raw`, and a whole table in TOML into [`ScenarioBuilder::with`].

mod tables;
mod toml_value;

use std::fmt::Display;

pub(crate) use tables::{
    Account, Behaviour, Bucket, Event, Fault, FlowLog, Group, InsightsAnswer, KmsKey, Load,
    ObjectChange, Record, Role, Scp, Trail, Unit, User, UserGroup,
};
pub(crate) use toml_value::{Inline, Raw, TomlValue};

/// A whole scenario: by default the management account `111111111111` in us-east-1, at
/// 2026-03-02T12:00:00Z, with the seed 0.
#[derive(Clone, Debug)]
pub(crate) struct ScenarioBuilder {
    name: String,
    now: String,
    regions: Vec<String>,
    opt_in_regions: Vec<String>,
    tables: String,
}

impl ScenarioBuilder {
    pub(crate) const MANAGEMENT: &'static str = "111111111111";

    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            now: "2026-03-02T12:00:00Z".to_owned(),
            regions: vec!["us-east-1".to_owned()],
            opt_in_regions: Vec::new(),
            tables: Account::new(Self::MANAGEMENT, "management").into(),
        }
    }

    /// The time at which the range starts.
    pub(crate) fn now(mut self, now: impl Display) -> Self {
        self.now = now.to_string();
        self
    }

    /// The Regions that every account has.
    pub(crate) fn regions(mut self, regions: &[&str]) -> Self {
        self.regions = regions.iter().copied().map(str::to_owned).collect();
        self
    }

    /// The Regions that accounts opt in to.
    pub(crate) fn opt_in_regions(mut self, regions: &[&str]) -> Self {
        self.opt_in_regions = regions.iter().copied().map(str::to_owned).collect();
        self
    }

    pub(crate) fn account(self, id: &str, name: &str) -> Self {
        self.with(&Account::new(id, name))
    }

    /// Adds the trail `organization`, which delivers the records of all accounts to `/trail` of the
    /// management account in `home`.
    pub(crate) fn organization_trail(self, home: &str) -> Self {
        let trail = Trail::new("organization", Self::MANAGEMENT, home);
        self.with(&trail.organization(true).log_group("/trail"))
    }

    /// Adds a log group in all Regions of these accounts.
    pub(crate) fn group(self, accounts: impl TomlValue, name: &str) -> Self {
        self.with(&Group::new(accounts, name))
    }

    /// Adds tables: one of the types above, or TOML.
    pub(crate) fn with(mut self, tables: &str) -> Self {
        self.tables.push_str(tables);
        if !tables.ends_with('\n') {
            self.tables.push('\n');
        }
        self
    }

    /// Returns the text of the scenario. Tables may be appended to it.
    pub(crate) fn toml(&self) -> String {
        let Self {
            name,
            now,
            regions,
            opt_in_regions,
            tables,
        } = self;
        format!(
            "name = {}\nnow = {}\n[organization]\nmanagement = {}\nregions = {}\nopt_in_regions = {}\n{tables}",
            name.to_toml(),
            now.to_toml(),
            Self::MANAGEMENT.to_toml(),
            regions.to_toml(),
            opt_in_regions.to_toml(),
        )
    }
}
