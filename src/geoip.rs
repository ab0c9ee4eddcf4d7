//! Countries and networks of addresses, from MaxMind DB files of the user.
//!
//! The files are untrusted: their size is limited, only a few members of a record are read, and their texts are cut.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

/// The size of the largest file that is read, because all of it is in memory.
const MAX_BYTES: u64 = 1 << 30;

/// The longest text of a file that is shown, in characters.
const LONGEST_TEXT: usize = 100;

/// Stands for a record that cannot be read.
const UNREADABLE: &str = "unreadable";

/// A file with countries or networks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoIpError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// It is larger than any file that is read.
    #[error(
        "{path} is larger than 1 GiB: expected a MaxMind DB file, such as GeoLite2-Country.mmdb"
    )]
    TooLarge {
        /// The file.
        path: String,
    },
    /// Its content is not a database.
    #[error(
        "{path} is not a MaxMind DB file ({problem}): expected a file such as GeoLite2-Country.mmdb; download it again"
    )]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// The databases, in the order in which they are asked.
pub struct GeoIp(Vec<Reader<Vec<u8>>>);

/// Where an address belongs. All texts are untrusted, and empty if they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressOrigin {
    /// The code of the country, such as `DE`.
    pub country: String,
    /// The number of the autonomous system, such as `AS64496`.
    pub asn: String,
    /// The organization of the autonomous system.
    pub as_name: String,
}

/// The members of a record that are read. Databases have the autonomous system at the top, or in
/// `traits`. Source: MaxMind Developer Portal, "GeoIP and GeoLite databases": ASN, Country,
/// Enterprise.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record {
    country: CountryRecord,
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<String>,
    traits: SystemRecord,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CountryRecord {
    iso_code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SystemRecord {
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<String>,
}

impl GeoIp {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read, is too large, or is not a database.
    pub fn load(paths: &[PathBuf]) -> Result<Self, GeoIpError> {
        paths
            .iter()
            .map(|path| load_database(path))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns where an address belongs. A text that is no address, such as the name of a service,
    /// belongs nowhere.
    pub fn find(&self, address: &str) -> AddressOrigin {
        let mut origin = AddressOrigin::default();
        let Ok(address) = address.parse::<IpAddr>() else {
            return origin;
        };
        let address = address.to_canonical();
        for database in &self.0 {
            // A database of IPv4 addresses has no others.
            if address.is_ipv6() && database.metadata().ip_version == 4 {
                continue;
            }
            match find_record(database, address) {
                Ok(Some(record)) => origin.add(record),
                Ok(None) => {}
                Err(_) => set_if_empty(&mut origin.country, UNREADABLE.to_owned()),
            }
        }
        origin
    }
}

impl fmt::Debug for GeoIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GeoIp").field(&self.0.len()).finish()
    }
}

impl AddressOrigin {
    /// Adds what is not known yet.
    fn add(&mut self, record: Record) {
        if let Some(code) = record.country.iso_code {
            set_if_empty(&mut self.country, cut(&code));
        }
        let system = SystemRecord {
            autonomous_system_number: record.autonomous_system_number,
            autonomous_system_organization: record.autonomous_system_organization,
        };
        for system in [system, record.traits] {
            if let Some(number) = system.autonomous_system_number {
                set_if_empty(&mut self.asn, format!("AS{number}"));
            }
            if let Some(name) = system.autonomous_system_organization {
                set_if_empty(&mut self.as_name, cut(&name));
            }
        }
    }

    /// Describes the origin: `DE, AS64496 Example`. Empty if nothing is known.
    pub fn describe(&self) -> String {
        let system = format!("{} {}", self.asn, self.as_name);
        let parts = [self.country.as_str(), system.trim()];
        let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        known.join(", ")
    }
}

/// Describes an address, with its origin if it is known: `192.0.2.1 (DE, AS64496 Example)`.
pub fn describe_address(geoip: Option<&GeoIp>, address: &str) -> String {
    let origin = geoip.map(|geoip| geoip.find(address).describe());
    match origin.filter(|origin| !origin.is_empty()) {
        Some(origin) => format!("{address} ({origin})"),
        None => address.to_owned(),
    }
}

fn find_record(
    database: &Reader<Vec<u8>>,
    address: IpAddr,
) -> Result<Option<Record>, MaxMindDbError> {
    database.lookup(address)?.decode()
}

fn load_database(path: &Path) -> Result<Reader<Vec<u8>>, GeoIpError> {
    let name = path.display().to_string();
    let bytes = read_limited(path).map_err(|source| GeoIpError::Unreadable {
        path: name.clone(),
        source,
    })?;
    let Some(bytes) = bytes else {
        return Err(GeoIpError::TooLarge { path: name });
    };
    Reader::from_source(bytes).map_err(|error| GeoIpError::Invalid {
        path: name,
        problem: error.to_string(),
    })
}

/// Returns the content of a file; `None` if it is too large. The length of a file may change while
/// it is read.
fn read_limited(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > MAX_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    let is_small = bytes.len() as u64 <= MAX_BYTES;
    Ok(is_small.then_some(bytes))
}

fn set_if_empty(text: &mut String, value: String) {
    if text.is_empty() {
        *text = value;
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}
