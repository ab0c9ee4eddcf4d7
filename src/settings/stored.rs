//! The settings of a sweep as its run stores them, so that the run can be resumed: everything except
//! the directory of the run, the source of the credentials, and secrets (external ids).

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{SettingsError, SweepSettings};
use crate::config::{Config, Identity};

impl SweepSettings {
    /// Returns the settings as JSON, without secrets, for the run to store.
    pub fn to_stored(&self) -> String {
        let mut settings = self.without_credential_source();
        settings.reach.identity.external_id = None;
        for account in &mut settings.reach.directory.accounts {
            account.external_id = None;
        }
        settings.to_json()
    }

    /// Returns the SHA-256, in hex, of everything that affects the results of a run, including
    /// external ids.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.without_credential_source().to_json()))
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
    ) -> Result<Self, SettingsError> {
        let mut settings: Self = serde_json::from_str(json)
            .map_err(|error| SettingsError::RunSettings(error.to_string()))?;
        settings.out_dir = run_dir;
        settings.restore_credentials(config);
        if settings.sha256() == sha256 {
            Ok(settings)
        } else {
            Err(SettingsError::OtherSettings)
        }
    }

    fn to_json(&self) -> String {
        // Settings are strings, numbers and lists of them, which can always be serialized.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn without_credential_source(&self) -> Self {
        let mut settings = self.clone();
        let identity = &mut settings.reach.identity;
        identity.profile = None;
        identity.mfa_serial = None;
        identity.mfa_command = None;
        identity.mfa_cache = Identity::default().mfa_cache;
        settings
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;
    use crate::settings::{EngineChoice, EngineSettings, Reach};
    use dragnet_model::{RequiredKinds, SourceSelection, TimeWindow, WindowEnd};

    const CONFIG: &str = "[identity]\nexternal_id = \"hush-hush\"\nprofile = \"p\"\n\
         [[accounts]]\nid = \"111111111111\"\nexternal_id = \"hush-too\"\n[limits.quotas]\nFilterLogEvents = 3";

    fn settings() -> SweepSettings {
        let config = Config::from_toml(CONFIG, "x").unwrap();
        let indicators = ["text:192.0.2.1", "2001:DB8::1", "arn:aws:s3:::b"];
        SweepSettings {
            reach: Reach::from_config(&config, None).unwrap(),
            window: TimeWindow::try_from([0, 3_600_000]).unwrap(),
            window_end: WindowEnd::Now,
            required: RequiredKinds::all(),
            sources: SourceSelection::default(),
            indicators: indicators
                .iter()
                .map(|text| text.parse().unwrap())
                .collect(),
            hunts: Vec::new(),
            left_out: vec!["list: 1 mutex".to_owned()],
            rejected: Vec::new(),
            files: None,
            collects: false,
            follow: None,
            formats: Format::DEFAULT.to_vec(),
            out_dir: PathBuf::from("runs"),
            fail_on_sighting: false,
            check_trail_integrity: true,
            verify_integrity: false,
            athena: None,
            changes_only: false,
            engines: EngineSettings {
                choice: EngineChoice::Auto,
                max_scan_cost: EngineSettings::DEFAULT_MAX_SCAN_COST,
                unmask: false,
            },
        }
    }

    /// Runs of earlier versions have these names, and must be resumable.
    #[test]
    fn stored_names_are_kept() {
        let stored: serde_json::Value = serde_json::from_str(&settings().to_stored()).unwrap();
        let mut names: Vec<&String> = stored.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(
            names,
            [
                "engines",
                "fail_on_sighting",
                "formats",
                "hunts",
                "indicators",
                "left_out",
                "reach",
                "rejected",
                "required",
                "silence",
                "sources",
                "window",
                "window_end"
            ]
        );
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
                matches!(read(&json, &config), Err(SettingsError::OtherSettings)),
                "{json}"
            );
        }
        assert!(matches!(
            read("{}", &config),
            Err(SettingsError::RunSettings(_))
        ));
    }
}
