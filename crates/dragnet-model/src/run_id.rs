//! Run ids.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The id of a run, which sorts by time: `20260301T120000Z-3f9a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

/// The text is not a run id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run id: expected the form 20260301T120000Z-3f9a")]
pub struct InvalidRunId(String);

impl RunId {
    /// The id of a run that starts at `started`. `salt` distinguishes runs that start in the same
    /// second.
    pub fn new(started: Timestamp, salt: u16) -> Self {
        Self(format!("{}-{salt:04x}", started.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// When the run started, to the second.
    pub fn started(&self) -> Timestamp {
        let started = jiff::civil::DateTime::strptime(
            "%Y%m%dT%H%M%SZ",
            self.0.split('-').next().unwrap_or_default(),
        );
        started
            .ok()
            .and_then(|at| TimeZone::UTC.to_timestamp(at).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The id as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.len() == 21
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                15 => byte == b'Z',
                16 => byte == b'-',
                17.. => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
                _ => byte.is_ascii_digit(),
            });
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRunId(text.to_owned()))
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_id_is_parsed_back() {
        let id = RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 0x3f9a);
        assert_eq!(id.as_str(), "20260301T120000Z-3f9a");
        assert_eq!(id.started().to_string(), "2026-03-01T12:00:00Z");
        assert_eq!(id.as_str().parse::<RunId>().unwrap(), id);
        for bad in [
            "",
            "../etc",
            "20260301T120000Z-3f9",
            "20260301T120000Z-3F9A",
            "20260301 120000Z-3f9a",
        ] {
            assert!(bad.parse::<RunId>().is_err(), "{bad}");
        }
    }
}
