//! `[report]`: the reports that a run writes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::written_as_text;
use super::{ExternalCommand, nearest};

/// The reports to write in addition to the coverage, the calls and the summary, which every run
/// has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// The formats of the sightings file, and the reports about the whole run.
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

dragnet_model::word_enum! {
    /// A report format. The words of the sightings files are also their extensions.
    #[derive(
        Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
    )]
    #[serde(try_from = "String", into = "String")]
    pub enum Format {
        /// `sightings.csv`.
        Csv => "csv",
        /// `sightings.jsonl`.
        Jsonl => "jsonl",
        /// `sightings.json`.
        Json => "json",
        /// `report.html`: the run as a single page that loads no other resources.
        Html => "html",
        /// `report.md`: the run for a ticket.
        Markdown => "md",
        /// `security-ir.json`: the input of `aws security-ir create-case`.
        SecurityIr => "security-ir",
        /// `ocsf.jsonl`: events of the Open Cybersecurity Schema Framework.
        Ocsf => "ocsf",
        /// `timesketch.csv`: a timeline for Timesketch.
        Timesketch => "timesketch",
        /// `stix.json`: a STIX 2.1 bundle.
        Stix => "stix",
        /// `sightings.parquet`: the columns of the sightings file, for data tools.
        Parquet => "parquet",
    }
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
    if let Some(near) = nearest {
        return format!("did you mean `{near}`?");
    }
    let mut words = Format::ALL.map(Format::as_str).to_vec();
    let last = words.pop().unwrap_or_default();
    format!("expected {} or {last}", words.join(", "))
}

impl Format {
    /// The formats that are written by default.
    pub const DEFAULT: [Self; 3] = [Self::Csv, Self::Jsonl, Self::Json];

    /// The format of the sightings file, if it is one.
    pub fn sightings_form(self) -> Option<SightingsForm> {
        match self {
            Self::Csv => Some(SightingsForm::Csv),
            Self::Jsonl => Some(SightingsForm::Jsonl),
            Self::Json => Some(SightingsForm::Json),
            Self::Html
            | Self::Markdown
            | Self::SecurityIr
            | Self::Ocsf
            | Self::Timesketch
            | Self::Stix
            | Self::Parquet => None,
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_word(text).ok_or_else(|| UnknownFormat {
            text: text.to_owned(),
            nearest: nearest(text, Self::ALL.map(Self::as_str)),
        })
    }
}

written_as_text!(Format, UnknownFormat);
