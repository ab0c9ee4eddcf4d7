//! The keys of S3's access logs, which have no `AWSLogs/`.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::key_date::{DateForm, KeyDate, day_of};
use dragnet_model::{AccountId, Region};

/// `2026-03-02-12-00-00-`
const TIME_LENGTH: usize = 20;
const UNIQUE_LENGTH: usize = 16;

/// `[prefix]YYYY-MM-DD-hh-mm-ss-UNIQUE`, or
/// `[prefix]ACCOUNT/REGION/BUCKET/YYYY/MM/DD/YYYY-MM-DD-hh-mm-ss-UNIQUE`.
///
/// Source: S3 user guide, "Logging requests with server access logging", "Log object key format".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogKey {
    /// The prefix that the bucket sets. It need not end in a slash.
    pub prefix: String,
    /// The bucket that was read, if the key names it.
    pub source: Option<AccessLogSource>,
    /// The time of the delivery. In keys with a source it can be the day of the requests instead;
    /// then it is midnight.
    pub time: Timestamp,
    /// The unique text.
    pub unique: String,
}

/// The bucket that access logs are about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccessLogSource {
    /// The account that owns it.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// Its name.
    pub bucket: String,
}

/// Where access logs are delivered to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccessLogPlace {
    /// The prefix that the bucket sets. It need not end in a slash.
    pub prefix: String,
    /// The bucket that is logged, if the keys name it. Otherwise all buckets with this destination have the
    /// same keys.
    pub source: Option<AccessLogSource>,
}

impl AccessLogKey {
    /// Reads a key; `None` if it does not end like the key of an access log.
    pub fn parse(key: &str) -> Option<Self> {
        let name_at = key.len().checked_sub(TIME_LENGTH + UNIQUE_LENGTH)?;
        let (folder, name) = key.split_at_checked(name_at)?;
        let (time, unique) = name.split_at_checked(TIME_LENGTH)?;
        let time = parse_time(time)?;
        if !unique
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            return None;
        }
        let (prefix, source) = match split_source(folder, time) {
            Some((prefix, source)) => (prefix, Some(source)),
            None => (folder, None),
        };
        Some(Self {
            prefix: prefix.to_owned(),
            source,
            time,
            unique: unique.to_owned(),
        })
    }
}

impl AccessLogSource {
    /// Reads a source from its text.
    fn parse(text: &str) -> Option<Self> {
        let (account, rest) = text.split_once('/')?;
        let (region, bucket) = rest.split_once('/')?;
        Some(Self {
            account: account.parse().ok()?,
            region: region.parse().ok()?,
            bucket: bucket.strip_suffix('/')?.to_owned(),
        })
    }
}

/// Splits the source and the day of a time from the end of a folder. Returns the prefix before
/// them.
fn split_source(folder: &str, time: Timestamp) -> Option<(&str, AccessLogSource)> {
    let day = KeyDate::from_day(DateForm::Plain, day_of(time)).to_string();
    let folder = folder.strip_suffix(day.as_str())?;
    // The slashes behind the bucket, the Region and the account, from the end.
    let (account_end, _) = folder.rmatch_indices('/').nth(2)?;
    let account_at = account_end.checked_sub(12)?;
    let (prefix, source) = folder.split_at_checked(account_at)?;
    Some((prefix, AccessLogSource::parse(source)?))
}

fn parse_time(text: &str) -> Option<Timestamp> {
    let mut parts = text.strip_suffix('-')?.split('-');
    let mut number = |digits: usize| -> Option<i16> {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    };
    let year = number(4)?;
    let mut small = || i8::try_from(number(2)?).ok();
    let month = small()?;
    let day = small()?;
    let hour = small()?;
    let minute = small()?;
    let second = small()?;
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

impl fmt::Display for AccessLogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account,
            region,
            bucket,
        } = self;
        write!(f, "{account}/{region}/{bucket}/")
    }
}

impl fmt::Display for AccessLogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix)?;
        match &self.source {
            Some(source) => write!(f, "{source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for AccessLogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix)?;
        if let Some(source) = &self.source {
            let day = KeyDate::from_day(DateForm::Plain, day_of(self.time));
            write!(f, "{source}{day}")?;
        }
        let time = self.time.strftime("%Y-%m-%d-%H-%M-%S-");
        write!(f, "{time}{}", self.unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let name = "2026-03-02-12-05-07-E568B2907131C0C4";
        for (folder, prefix, source) in [
            ("", "", None),
            ("logs", "logs", None),
            ("logs/", "logs/", None),
            (
                "logs/111111111111/us-east-1/my.bucket/2026/03/02/",
                "logs/",
                Some("111111111111/us-east-1/my.bucket/"),
            ),
            (
                "111111111111/us-east-1/b/2026/03/02/",
                "",
                Some("111111111111/us-east-1/b/"),
            ),
            // Another day: the folders belong to the prefix.
            (
                "111111111111/us-east-1/b/2026/03/03/",
                "111111111111/us-east-1/b/2026/03/03/",
                None,
            ),
        ] {
            let key = format!("{folder}{name}");
            let parsed = AccessLogKey::parse(&key).unwrap();
            assert_eq!(parsed.to_string(), key);
            assert_eq!(parsed.prefix, prefix);
            let found = parsed.source.map(|source| source.to_string());
            assert_eq!(found.as_deref(), source, "{key}");
            assert_eq!(parsed.time.to_string(), "2026-03-02T12:05:07Z");
        }
    }

    #[test]
    fn other_keys_are_not_access_logs() {
        for key in [
            "",
            "2026-03-02-12-05-07-e568b2907131c0c4",
            "2026-03-02-12-05-67-E568B2907131C0C4",
            "2026-03-02-12-05-07-E568B2907131C0C4.gz",
            "é026-03-02-12-05-07-E568B2907131C0C4",
        ] {
            assert_eq!(AccessLogKey::parse(key), None, "{key}");
        }
    }
}
