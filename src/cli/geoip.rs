//! `--geoip`: where addresses belong.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::UsageError;
use crate::geoip::GeoIp;

/// Files with the countries and networks of addresses.
#[derive(Clone, Debug, Default, Args)]
#[expect(
    clippy::doc_markdown,
    reason = "the field's comment is the help text, which is not markdown"
)]
pub struct GeoIpArguments {
    /// MaxMind DB file with countries or autonomous systems; repeatable
    ///
    /// Adds the columns source_country, source_asn and source_as_name to the
    /// sightings, and the country and the autonomous system to the addresses
    /// in the run report and report.html. The file is only read, and nothing
    /// is sent anywhere.
    #[arg(
        id = "geoip",
        long = "geoip",
        value_name = "FILE",
        help_heading = "Output",
        hide_short_help = true
    )]
    pub files: Vec<PathBuf>,
}

impl GeoIpArguments {
    /// Reads the files; `None` if there are none.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn load(&self) -> Result<Option<Arc<GeoIp>>, UsageError> {
        if self.files.is_empty() {
            return Ok(None);
        }
        Ok(Some(Arc::new(GeoIp::load(&self.files)?)))
    }
}
