//! The configuration file (`dragnet.toml`).
//!
//! The file is parsed into types and checked as a whole before anything else happens, so an invalid
//! configuration is never applied in part. Every error names the file, the line, what was expected
//! and, for a misspelt word, the nearest known one, because an incident responder has no time to
//! search for a mistake.

mod accepted_gap;
mod account;
mod account_selector;
mod accounts_file;
mod athena;
mod c7n_accounts;
mod contain;
mod duration;
mod effective;
mod error;
mod external_command;
mod find;
mod glob;
mod hunts;
mod identity;
mod indicators;
mod limits;
mod listed_account;
mod member_role;
mod member_roles;
mod nearest;
mod organization;
mod ou_selector;
mod principal_selector;
mod quotas;
mod region_selector;
mod report;
mod scope;
mod tag_selector;
mod targets_file;
mod text;
mod watch;

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use accepted_gap::{AcceptedGap, Expiry, InvalidExpiry};
pub use account::ConfiguredAccount;
pub use account_selector::{AccountSelector, InvalidAccountSelector};
pub use accounts_file::load_accounts;
pub use athena::{Athena, AthenaLogs, AthenaTable, CatalogName, S3Location, WorkgroupName};
pub use contain::{Contain, PlanExpiry, PolicyName};
pub use duration::{ConfiguredDuration, InvalidDuration, parse_duration};
pub use effective::{DEFAULT_ORIGIN, EffectiveSetting, list_settings};
pub use error::ConfigError;
pub use external_command::{ExternalCommand, InvalidCommand};
pub use find::{Environment, find, find_in_working_directory, state_directory};
pub use glob::{Glob, InvalidGlob};
pub use hunts::{Catalogue, HuntTemplate, Hunts, InvalidHunt, Parameter, ParameterKind, load_hunt};
pub use identity::{
    ExternalId, Identity, MfaSerial, PermissionSet, SessionDuration, SourceIdentity,
};
pub use indicators::{
    IndicatorList, InvalidIndicatorList, RejectedEntries, RejectedEntry, load_indicators,
};
pub use limits::{Concurrency, Limits, QuotaShare};
pub use member_role::{MemberRole, RoleName};
pub use member_roles::{InvalidMemberRoles, MemberRoles};
pub use nearest::nearest;
pub use organization::Organization;
pub use ou_selector::OuSelector;
pub use principal_selector::{InvalidPrincipalSelector, PrincipalSelector};
pub use quotas::{QuotaOverride, QuotaOverrides};
pub use region_selector::{InvalidRegionSelector, KnownRegions, RegionSelector, UnknownRegion};
pub use report::{Format, Report, SightingsForm, UnknownFormat};
pub use scope::{LivenessRule, Scope, SourcesRule};
pub use tag_selector::TagSelector;
pub use targets_file::load_targets;
pub use text::InvalidText;
pub use watch::{
    AlertCondition, BodySource, BodyTemplate, ContainmentId, EventBus, InvalidBodyTemplate, Listen,
    RunUrl, ScanBudget, Schedule, SecretSource, Sink, SinkAddress, SinkTarget, SinkUrl,
    TimeZoneName, Timetable, TopicArn, Watch, WatchName,
};

use error::Problem;

/// The whole configuration file, with defaults for everything that it does not set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[identity]`: the credentials and roles with which AWS is called.
    pub identity: Identity,
    /// `[organization]`: the source of the list of accounts.
    pub organization: Organization,
    /// `[[accounts]]`: accounts in addition to the organization's, or instead of them.
    pub accounts: Vec<ConfiguredAccount>,
    /// `[scope]`: which accounts, Regions and log groups to search.
    pub scope: Scope,
    /// `[limits]`: how fast to call AWS.
    pub limits: Limits,
    /// `[athena]`: the tables with which Athena names the objects that are read.
    pub athena: Athena,
    /// `[hunts]`: the user's own hunts.
    pub hunts: Hunts,
    /// `[report]`: which reports to write.
    pub report: Report,
    /// `[contain]`: which principals may be contained.
    pub contain: Contain,
    /// `[watch]`: searches on schedules.
    pub watch: Watch,
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, or is not a valid configuration.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let origin = path.display().to_string();
        let text =
            fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&origin, &error))?;
        let mut config = Self::from_toml(&text, &origin)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        config.watch.resolve_paths(directory);
        let hunts = config.hunts.clone().resolve_folder(directory);
        Ok(Self { hunts, ..config })
    }

    /// Parses a configuration; errors call the file `origin`.
    ///
    /// # Errors
    /// The text is not TOML, has an unknown key, or has a value that its key does not accept.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::in_toml(text, origin, &error))?;
        config
            .check()
            .map_err(|problem| problem.in_toml(text, origin))?;
        Ok(config)
    }

    /// Returns the environment variables that contain secrets of the configuration.
    pub fn secret_variables(&self) -> Vec<String> {
        self.watch.secret_variables().map(str::to_owned).collect()
    }

    /// Returns the first key that names a program.
    pub fn program_key(&self) -> Option<&'static str> {
        let keys = [
            ("identity.mfa_command", &self.identity.mfa_command),
            ("report.sign_command", &self.report.sign_command),
            ("report.verify_command", &self.report.verify_command),
        ];
        keys.into_iter()
            .find(|(_, command)| command.is_some())
            .map(|(key, _)| key)
    }

    /// Checks the rules that involve more than one value.
    fn check(&self) -> Result<(), Problem> {
        let known = self.scope.known_regions();
        self.scope
            .check(&known)
            .map_err(|problem| problem.under("scope"))?;
        self.limits
            .check(&known)
            .map_err(|problem| problem.under("limits"))?;
        self.athena
            .check()
            .map_err(|problem| problem.under("athena"))?;
        account::check_all(&self.accounts, &known).map_err(|problem| problem.under("accounts"))?;
        self.watch
            .check(&known)
            .map_err(|problem| problem.under("watch"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::from_toml(text, "dragnet.toml")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn empty_file_has_the_defaults() {
        assert_eq!(Config::from_toml("", "x").unwrap(), Config::default());
        assert!(Config::default().organization.discover);
    }

    /// The documented example must be valid, both as it is and with every commented setting
    /// enabled.
    #[test]
    fn example_is_valid() {
        let example = include_str!("../../config/dragnet.toml");
        assert_eq!(
            Config::from_toml(example, "example").unwrap(),
            Config::default()
        );
        let is_setting = |line: &str| {
            line.starts_with('[')
                || line
                    .split_once(" = ")
                    .is_some_and(|(k, _)| !k.contains(' '))
        };
        let enabled: Vec<&str> = example
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|setting| is_setting(setting))
                    .unwrap_or(line)
            })
            .collect();
        let all = Config::from_toml(&enabled.join("\n"), "example").unwrap();
        assert_eq!(all.accounts.len(), 1);
        assert_eq!(all.identity.role_chain.len(), 1);
        assert!(!all.limits.quotas.is_empty());
    }

    #[test]
    fn unknown_key_error_has_line_and_suggestion() {
        let text = "[identity]\nprofile = \"a\"\nmembr_role = \"x\"\n";
        assert_eq!(
            error(text),
            "dragnet.toml:3: unknown key `membr_role` in [identity]: did you mean `member_role`?"
        );
        assert_eq!(
            error("[identitty]\n"),
            "dragnet.toml:1: unknown table or key `identitty`: did you mean `identity`?"
        );
        assert!(error("[scope]\nzzz = 1").contains("expected one of `include_accounts`"));
    }

    #[test]
    fn invalid_value_error_has_the_line() {
        for (text, line, part) in [
            ("[[accounts]]\nid = \"12\"", 2, "expected 12 digits"),
            ("[[accounts]]\nid = 123456789012", 2, "expected a string"),
            (
                "[identity]\nrole_chain = [\"arn:aws:iam::1:role/x\"]",
                2,
                "the account is not 12 digits",
            ),
            (
                "[identity]\nsession_duration = \"5m\"",
                2,
                "between 15m and 12h",
            ),
            (
                "[scope]\nregions = [\n  \"us-east-1\",\n  \"us-eest-1\"]",
                4,
                "did you mean `us-east-1`?",
            ),
            ("[scope]\nlog_groups = [\"a[\"]", 2, "`a[` is not a glob"),
            (
                "[limits]\nquota_share = 1.5",
                2,
                "more than 0 and at most 1",
            ),
            (
                "[limits.quotas]\nFilterLogEvents = { default = 5, us-eest-1 = 2 }",
                2,
                "us-east-1",
            ),
            (
                "[limits.quotas]\nFilterLogEvents = \"fast\"",
                2,
                "calls per second",
            ),
            ("[report]\nformats = [\"cvs\"]", 2, "did you mean `csv`?"),
            (
                "[[accounts]]\nid = \"111111111111\"\n[[accounts]]\nid = \"111111111111\"",
                4,
                "twice",
            ),
            (
                "[[accounts]]\nid = \"111111111111\"\nregions = [\"us-eest-1\"]",
                3,
                "us-east-1",
            ),
            ("a = ", 1, ""),
        ] {
            let message = error(text);
            assert!(
                message.starts_with(&format!("dragnet.toml:{line}: ")),
                "{message}"
            );
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn new_regions_are_accepted() {
        let text = "[scope]\nnew_regions = [\"xx-new-1\"]\nregions = [\"xx-new-1\"]";
        assert!(Config::from_toml(text, "x").is_ok());
    }
}
