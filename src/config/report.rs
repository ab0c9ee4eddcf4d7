//! `[report]`: the reports that a run writes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::written_as_text;
use super::{ExternalCommand, nearest};

/// The reports to write in addition to the coverage, the calls and the summary, which every run
/// has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// The formats of the sightings file, and whether to write `report.html`.
    pub formats: Vec<Format>,
    /// The program that signs the manifest of a run; its path is added as the last argument.
    pub sign_command: Option<ExternalCommand>,
    /// The program that checks the signature of a manifest; its path is added as the last argument.
    pub verify_command: Option<ExternalCommand>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            formats: Format::DEFAULT.to_vec(),
            sign_command: None,
            verify_command: None,
        }
    }
}

/// A report format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Format {
    /// A sightings file.
    Sightings(SightingsForm),
    /// `report.html`: the run as a single page that loads no other resources.
    Html,
}

/// A format of the sightings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SightingsForm {
    /// `sightings.csv`: for spreadsheets. Cells are defused; the JSON formats are exact.
    Csv,
    /// `sightings.jsonl`: one JSON object per line, with unmodified messages.
    Jsonl,
    /// `sightings.json`: one JSON array, with unmodified messages.
    Json,
}

/// The text is not a known format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a format: {}", hint(*nearest))]
pub struct UnknownFormat {
    text: String,
    nearest: Option<&'static str>,
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "expected csv, jsonl, json or html".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [
        Self::Sightings(SightingsForm::Csv),
        Self::Sightings(SightingsForm::Jsonl),
        Self::Sightings(SightingsForm::Json),
        Self::Html,
    ];

    /// The formats that are written by default.
    pub const DEFAULT: [Self; 3] = [
        Self::Sightings(SightingsForm::Csv),
        Self::Sightings(SightingsForm::Jsonl),
        Self::Sightings(SightingsForm::Json),
    ];

    /// Returns the name of the format, which is also the file extension.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sightings(SightingsForm::Csv) => "csv",
            Self::Sightings(SightingsForm::Jsonl) => "jsonl",
            Self::Sightings(SightingsForm::Json) => "json",
            Self::Html => "html",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| UnknownFormat {
            text: text.to_owned(),
            nearest: nearest(text, Self::ALL.map(Self::as_str)),
        })
    }
}

written_as_text!(Format, UnknownFormat);

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
