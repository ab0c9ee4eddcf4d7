//! The settings of a sweep as its run stores them, so that the run can be resumed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::UsageError;
use super::{EngineSettings, Reach, SweepSettings};
use crate::config::{Config, Format, Identity};
use crate::model::{Hunt, Indicator, TimeWindow};

/// The stored settings: everything except the directory of the run, the source of the credentials,
/// and secrets (external ids).
#[derive(Serialize, Deserialize)]
struct Stored {
    reach: Reach,
    window: TimeWindow,
    indicators: Vec<Indicator>,
    hunts: Vec<Hunt>,
    left_out: Vec<String>,
    formats: Vec<Format>,
    fail_on_sighting: bool,
    silence: bool,
    engines: EngineSettings,
}

impl Stored {
    fn from_settings(settings: &SweepSettings) -> Self {
        let settings = settings.clone();
        let SweepSettings {
            reach,
            window,
            indicators,
            hunts,
            left_out,
            formats,
            ..
        } = settings;
        let SweepSettings {
            fail_on_sighting,
            silence,
            engines,
            ..
        } = settings;
        let mut stored = Self {
            reach,
            window,
            indicators,
            hunts,
            left_out,
            formats,
            fail_on_sighting,
            silence,
            engines,
        };
        let identity = &mut stored.reach.identity;
        (identity.profile, identity.mfa_serial, identity.mfa_command) = (None, None, None);
        identity.mfa_cache = Identity::default().mfa_cache;
        stored
    }

    fn json(&self) -> String {
        // Settings are strings, numbers and lists of them, which can always be serialized.
        serde_json::to_string(self).unwrap_or_default()
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
        Stored::from_settings(self).without_external_ids().json()
    }

    /// Returns the SHA-256, in hex, of everything that affects the results of a run, including
    /// external ids.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(Stored::from_settings(self).json()))
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
        let stored: Stored = serde_json::from_str(json)
            .map_err(|error| UsageError::RunSettings(error.to_string()))?;
        let Stored {
            mut reach,
            window,
            indicators,
            hunts,
            left_out,
            formats,
            ..
        } = stored;
        let Stored {
            fail_on_sighting,
            silence,
            engines,
            ..
        } = stored;
        let Identity {
            profile,
            mfa_serial,
            mfa_command,
            mfa_cache,
            external_id,
            ..
        } = config.identity.clone();
        reach.identity = Identity {
            profile,
            mfa_serial,
            mfa_command,
            mfa_cache,
            external_id,
            ..reach.identity
        };
        for account in &mut reach.directory.accounts {
            let configured = config
                .accounts
                .iter()
                .find(|configured| configured.id == account.id);
            account.external_id = configured.and_then(|configured| configured.external_id.clone());
        }
        let out_dir = run_dir;
        let settings = Self {
            reach,
            window,
            indicators,
            hunts,
            left_out,
            formats,
            out_dir,
            fail_on_sighting,
            silence,
            engines,
        };
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
        with_resolve_context(|surroundings| {
            let file = surroundings.working_directory.join("dragnet.toml");
            std::fs::write(&file, CONFIG).unwrap();
            let (global, arguments) = parse_sweep(&[
                "text:192.0.2.1",
                "2001:DB8::1",
                "arn:aws:s3:::b",
                "--since",
                "1h",
            ]);
            SweepSettings::resolve(&global, &arguments, surroundings).unwrap()
        })
    }

    #[test]
    fn a_run_keeps_its_settings_but_no_secret() {
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
            "whose credentials they are is not the scope"
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
