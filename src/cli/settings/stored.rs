//! The settings of a sweep as its run stores them, so that the run can be resumed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::UsageError;
use super::{EngineSettings, Reach, SweepSettings};
use crate::config::{Config, Format, Identity, RejectedEntries};
use dragnet_model::{Hunt, Indicator, RequiredKinds, TimeWindow, WindowEnd};

/// The stored settings: everything except the directory of the run, the source of the credentials,
/// and secrets (external ids).
#[derive(Serialize, Deserialize)]
struct Stored {
    reach: Reach,
    window: TimeWindow,
    #[serde(default)]
    window_end: WindowEnd,
    #[serde(default)]
    required: RequiredKinds,
    indicators: Vec<Indicator>,
    hunts: Vec<Hunt>,
    left_out: Vec<String>,
    #[serde(default)]
    rejected: Vec<RejectedEntries>,
    formats: Vec<Format>,
    fail_on_sighting: bool,
    #[serde(rename = "silence")]
    trail_integrity: bool,
    engines: EngineSettings,
}

impl Stored {
    fn from_settings(settings: &SweepSettings) -> Self {
        let mut reach = settings.reach.clone();
        reach.identity.profile = None;
        reach.identity.mfa_serial = None;
        reach.identity.mfa_command = None;
        reach.identity.mfa_cache = Identity::default().mfa_cache;
        Self {
            reach,
            window: settings.window,
            window_end: settings.window_end,
            required: settings.required.clone(),
            indicators: settings.indicators.clone(),
            hunts: settings.hunts.clone(),
            left_out: settings.left_out.clone(),
            rejected: settings.rejected.clone(),
            formats: settings.formats.clone(),
            fail_on_sighting: settings.fail_on_sighting,
            trail_integrity: settings.check_trail_integrity,
            engines: settings.engines,
        }
    }

    fn into_settings(self, out_dir: PathBuf) -> SweepSettings {
        SweepSettings {
            reach: self.reach,
            window: self.window,
            window_end: self.window_end,
            required: self.required,
            indicators: self.indicators,
            hunts: self.hunts,
            left_out: self.left_out,
            rejected: self.rejected,
            formats: self.formats,
            out_dir,
            fail_on_sighting: self.fail_on_sighting,
            check_trail_integrity: self.trail_integrity,
            engines: self.engines,
        }
    }

    fn to_json(&self) -> String {
        // Settings are strings, numbers and lists of them, which can always be serialized.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Takes what a run does not store from the configuration: the source of the credentials, and
    /// the external ids.
    fn restore_credentials(&mut self, config: &Config) {
        self.reach.secret_variables = config.secret_variables();
        self.reach
            .sign_command
            .clone_from(&config.report.sign_command);
        let identity = &mut self.reach.identity;
        let configured = &config.identity;
        identity.profile.clone_from(&configured.profile);
        identity.mfa_serial.clone_from(&configured.mfa_serial);
        identity.mfa_command.clone_from(&configured.mfa_command);
        identity.mfa_cache = configured.mfa_cache;
        identity.external_id.clone_from(&configured.external_id);
        for account in &mut self.reach.directory.accounts {
            let configured = config
                .accounts
                .iter()
                .find(|configured| configured.id == account.id);
            account.external_id = configured.and_then(|configured| configured.external_id.clone());
        }
    }

    fn without_external_ids(mut self) -> Self {
        self.reach.identity.external_id = None;
        self.reach
            .directory
            .accounts
            .iter_mut()
            .for_each(|account| account.external_id = None);
        self
    }
}

impl SweepSettings {
    /// Returns the settings as JSON, without secrets, for the run to store.
    pub fn to_stored(&self) -> String {
        Stored::from_settings(self).without_external_ids().to_json()
    }

    /// Returns the SHA-256, in hex, of everything that affects the results of a run, including
    /// external ids.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(Stored::from_settings(self).to_json()))
    }

    /// Restores the settings of a run, with the source credentials and the external ids of the
    /// current configuration.
    ///
    /// # Errors
    /// The stored settings do not have the format of this version, or their combination with the
    /// configuration differs from the settings of the run (`sha256`).
    pub fn from_stored(
        json: &str,
        sha256: &str,
        config: &Config,
        run_dir: PathBuf,
    ) -> Result<Self, UsageError> {
        let mut stored: Stored = serde_json::from_str(json)
            .map_err(|error| UsageError::RunSettings(error.to_string()))?;
        stored.restore_credentials(config);
        let settings = stored.into_settings(run_dir);
        if settings.sha256() == sha256 {
            Ok(settings)
        } else {
            Err(UsageError::OtherSettings)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::{parse_sweep, with_resolve_context};

    const CONFIG: &str = "[identity]\nexternal_id = \"hush-hush\"\nprofile = \"p\"\n\
         [[accounts]]\nid = \"111111111111\"\nexternal_id = \"hush-too\"\n[limits.quotas]\nFilterLogEvents = 3";

    fn settings() -> SweepSettings {
        with_resolve_context(|context| {
            let file = context.working_directory.join("dragnet.toml");
            std::fs::write(&file, CONFIG).unwrap();
            let (global, arguments) = parse_sweep(&[
                "text:192.0.2.1",
                "2001:DB8::1",
                "arn:aws:s3:::b",
                "--since",
                "1h",
            ]);
            SweepSettings::resolve(&global, &arguments, context).unwrap()
        })
    }

    #[test]
    fn stored_settings_have_no_secret_and_are_restored() {
        let settings = settings();
        let stored = settings.to_stored();
        assert!(!stored.contains("hush"), "{stored}");
        let config = Config::from_toml(CONFIG, "x").unwrap();
        let read = |json: &str, config: &Config| {
            SweepSettings::from_stored(json, &settings.sha256(), config, settings.out_dir.clone())
        };
        assert_eq!(read(&stored, &config).unwrap(), settings);
        let other_profile = Config::from_toml(&CONFIG.replace("\"p\"", "\"q\""), "x").unwrap();
        assert!(
            read(&stored, &other_profile).is_ok(),
            "the source of the credentials is not part of the scope"
        );
        for (json, config) in [
            (stored.clone(), Config::default()),
            (
                stored.replace("\"fail_on_sighting\":false", "\"fail_on_sighting\":true"),
                config.clone(),
            ),
        ] {
            assert!(
                matches!(read(&json, &config), Err(UsageError::OtherSettings)),
                "{json}"
            );
        }
        assert!(matches!(
            read("{}", &config),
            Err(UsageError::RunSettings(_))
        ));
    }
}
