//! The facts of a run: written before the scan, and read for reports and on resume.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CommandError;
use crate::aws::Caller;
use crate::cli::settings::SweepSettings;
use crate::store::{Entry, Journal, JournalClosed, RunDir, RunReader, StoreError};
use crate::sweep::{CoverageJudge, JudgementBasis, NAMED_ACCOUNTS_ONLY, WindowBasis};
use dragnet_model::{Arn, RunId, TimeWindow, indicator_names};

/// The fact whose value `LOG_TIME` says that the run has separate windows for each log group,
/// which only its watch knows.
const WINDOWS: &str = "windows";
const LOG_TIME: &str = "stored";

const CALLER_ARN: &str = "caller_arn";
const SETTINGS_SHA256: &str = "settings_sha256";
const FINISHED: &str = "finished";

/// The kinds of the indicators, in their order.
pub(super) const INDICATOR_KINDS: &str = "indicator_kinds";

/// The entries of indicator lists that were not understood.
pub(super) const REJECTED_ENTRIES: &str = "rejected_entries";

/// How the end of the window was chosen.
const WINDOW_END: &str = "window_end";

/// Whether the run searches for tampering calls.
const TRAIL_INTEGRITY: &str = "trail_integrity";

/// The kinds of logs whose gaps make the run incomplete.
pub(super) const REQUIRED_KINDS: &str = "require";

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn new_run_facts(
    run_id: &RunId,
    started: Timestamp,
    practice: bool,
    caller: &Caller,
    settings: &SweepSettings,
    windows: &WindowBasis,
) -> Vec<(&'static str, String)> {
    let indicators = indicator_names(&settings.indicators);
    let kinds: Vec<&str> = settings
        .indicators
        .iter()
        .map(|indicator| indicator.kind().as_str())
        .collect();
    vec![
        ("run_id", run_id.to_string()),
        ("tool_version", VERSION.to_owned()),
        ("started", started.to_string()),
        ("practice", practice.to_string()),
        (CALLER_ARN, caller.arn.to_string()),
        ("from", settings.window.from().to_string()),
        ("to", settings.window.to().to_string()),
        (
            WINDOWS,
            if matches!(windows, WindowBasis::LogTime(_)) {
                LOG_TIME
            } else {
                "happened"
            }
            .to_owned(),
        ),
        (WINDOW_END, as_json(&settings.window_end)),
        (TRAIL_INTEGRITY, as_json(&settings.check_trail_integrity)),
        (REQUIRED_KINDS, as_json(&settings.required)),
        ("indicators", as_json(&indicators)),
        ("hunts", as_json(&settings.hunts)),
        (INDICATOR_KINDS, as_json(&kinds)),
        ("not_looked_for", as_json(&settings.left_out)),
        (REJECTED_ENTRIES, as_json(&settings.rejected)),
        ("scope", as_json(&settings.reach.scope)),
        (
            NAMED_ACCOUNTS_ONLY,
            settings.reach.scope.is_limited_to_accounts().to_string(),
        ),
        ("settings", settings.to_stored()),
        (SETTINGS_SHA256, settings.sha256()),
    ]
}

/// Writes how and when a run ended: `swept`, `interrupted` or `failed`.
pub(super) async fn write_end(
    journal: &Journal,
    ended: &str,
    finished: Timestamp,
) -> Result<(), JournalClosed> {
    journal
        .write(Entry::Fact {
            key: "ended",
            value: ended.to_owned(),
        })
        .await?;
    journal
        .write(Entry::Fact {
            key: FINISHED,
            value: finished.to_string(),
        })
        .await
}

/// The facts of a stored run.
#[derive(Debug)]
pub(super) struct Facts {
    run: String,
    facts: BTreeMap<String, String>,
}

impl Facts {
    /// Reads the facts of the run in `dir`.
    pub(super) fn read(dir: &RunDir, reader: &RunReader) -> Result<Self, StoreError> {
        Ok(Self {
            run: dir.path().display().to_string(),
            facts: reader.facts()?,
        })
    }

    /// Returns an optional fact.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.facts.get(key).map(String::as_str)
    }

    /// Returns a required fact.
    pub(super) fn text(&self, key: &str) -> Result<String, CommandError> {
        self.facts
            .get(key)
            .cloned()
            .ok_or_else(|| self.damaged(key, &"missing"))
    }

    /// Returns a required fact, parsed.
    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        key: &str,
    ) -> Result<T, CommandError> {
        self.text(key)?
            .parse()
            .map_err(|error| self.damaged(key, &error))
    }

    /// Returns a required fact as it is stored, if it has the form of a `T`.
    pub(super) fn checked_text<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        key: &str,
    ) -> Result<String, CommandError> {
        self.parsed::<T>(key)?;
        self.text(key)
    }

    /// Returns the ARN of the caller; empty if the run has no such fact.
    pub(super) fn caller_arn(&self) -> Result<String, CommandError> {
        match self.get(CALLER_ARN) {
            Some(_) => self.checked_text::<Arn>(CALLER_ARN),
            None => Ok(String::new()),
        }
    }

    /// Returns the SHA-256 of the settings, in hex.
    pub(super) fn settings_sha256(&self) -> Result<String, CommandError> {
        let sha256 = self.text(SETTINGS_SHA256)?;
        if sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(sha256)
        } else {
            Err(self.damaged(SETTINGS_SHA256, &"expected 64 hexadecimal digits"))
        }
    }

    /// Returns when the run ended, or when it started if it was killed.
    pub(super) fn finished(&self) -> Result<Timestamp, CommandError> {
        match self.get(FINISHED) {
            Some(_) => self.parsed(FINISHED),
            None => self.parsed("started"),
        }
    }

    /// Returns a required fact that is stored as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, key: &str) -> Result<T, CommandError> {
        serde_json::from_str(&self.text(key)?).map_err(|error| self.damaged(key, &error))
    }

    /// Returns a fact that is stored as JSON, or the default if the run has no such fact.
    pub(super) fn optional_json<T: DeserializeOwned + Default>(
        &self,
        key: &str,
    ) -> Result<T, CommandError> {
        match self.get(key) {
            Some(_) => self.json(key),
            None => Ok(T::default()),
        }
    }

    /// Whether the run belongs to a watch, so that only the watch knows what is still to be read.
    pub(super) fn belongs_to_watch(&self) -> bool {
        self.get(WINDOWS) == Some(LOG_TIME)
    }

    /// Whether a caller belongs to the account that started the run. Another account may see
    /// another organization.
    pub(super) fn has_account_of(&self, caller: &Caller) -> Result<bool, CommandError> {
        let original: Arn = self.parsed(CALLER_ARN)?;
        Ok((original.partition(), original.account())
            == (Some(caller.partition), Some(caller.account)))
    }

    /// Loads what the judgement of the run's coverage and log sources depends on.
    pub(super) fn coverage_judge(&self, reader: &RunReader) -> Result<CoverageJudge, CommandError> {
        let basis = JudgementBasis {
            scope: self.json("scope")?,
            window: self.window()?,
            window_end: self.optional_json(WINDOW_END)?,
            started: self.parsed("started")?,
            checked_trail_integrity: self.optional_json(TRAIL_INTEGRITY)?,
        };
        Ok(CoverageJudge::load(reader, basis)?)
    }

    /// Returns the window of the run.
    pub(super) fn window(&self) -> Result<TimeWindow, CommandError> {
        TimeWindow::new(self.parsed("from")?, self.parsed("to")?)
            .map_err(|error| self.damaged("window", &error))
    }

    /// Creates the error for an invalid fact.
    pub(super) fn damaged(&self, key: &str, problem: &dyn std::fmt::Display) -> CommandError {
        CommandError::Facts {
            run: self.run.clone(),
            problem: format!("fact `{key}`: {problem}"),
        }
    }
}

pub(super) fn as_json(value: &impl Serialize) -> String {
    // Settings are strings, numbers and lists of them, which can always be serialized.
    serde_json::to_string(value).unwrap_or_default()
}
