//! Where the objects of one log are: in the folder of a service, or where the access logs of a bucket are
//! delivered.

use jiff::{SignedDuration, Timestamp};

use super::access_log::{AccessLogKey, AccessLogPlace};
use super::folder::LogFolder;
use super::key_range::{KeyRange, access_log_range, part_of_access_logs};
use super::{LogKey, ParsedKey};
use dragnet_model::TimeWindow;

/// The place of the objects of one log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogPlace {
    /// A folder below `AWSLogs/`.
    Folder(LogFolder),
    /// The access logs of a bucket, or of all buckets with the same destination.
    AccessLogs(AccessLogPlace),
}

/// What a key is in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlacedKey {
    /// An object that was delivered to the place.
    Object {
        /// The time in its name.
        time: Timestamp,
        /// Whether it is Parquet.
        is_parquet: bool,
    },
    /// The key ends in a slash.
    Marker,
    /// Anything else.
    Other,
}

impl LogPlace {
    /// The folder of a service, if it is one.
    pub fn folder(&self) -> Option<&LogFolder> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::AccessLogs(_) => None,
        }
    }

    /// What all keys start with.
    pub fn path(&self) -> String {
        match self {
            Self::Folder(folder) => folder.path(),
            Self::AccessLogs(place) => place.to_string(),
        }
    }

    /// Returns the keys that can have records of a window, up to those that arrive `late` after it.
    pub fn key_range(&self, window: TimeWindow, late: SignedDuration) -> KeyRange {
        match self {
            Self::Folder(folder) => folder.key_range(window, late),
            Self::AccessLogs(place) => {
                access_log_range(&place.prefix, place.source.as_ref(), window, late)
            }
        }
    }

    /// Returns the keys of `range` from the day of `first` on, and before the day of `end`. Of two parts that
    /// meet at a day, each key is in one.
    #[must_use]
    pub fn part_of_range(
        &self,
        range: KeyRange,
        first: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> KeyRange {
        match self {
            Self::Folder(folder) => folder.part_of_range(range, first, end),
            Self::AccessLogs(place) => part_of_access_logs(place, range, first, end),
        }
    }

    /// Reads a key that a list of this place has.
    pub fn read_key(&self, key: &str) -> PlacedKey {
        match (self, ParsedKey::parse(key)) {
            (Self::Folder(folder), ParsedKey::Log(key)) if key.folder == *folder => of_log(&key),
            (Self::AccessLogs(place), ParsedKey::AccessLog(key)) if place.has(&key) => {
                PlacedKey::Object {
                    time: key.time,
                    is_parquet: false,
                }
            }
            (_, ParsedKey::Marker) => PlacedKey::Marker,
            _ => PlacedKey::Other,
        }
    }

    /// Returns the time in the name of an object of this place.
    pub fn time_of(&self, key: &str) -> Option<Timestamp> {
        match self.read_key(key) {
            PlacedKey::Object { time, .. } => Some(time),
            PlacedKey::Marker | PlacedKey::Other => None,
        }
    }
}

impl From<LogFolder> for LogPlace {
    fn from(folder: LogFolder) -> Self {
        Self::Folder(folder)
    }
}

impl AccessLogPlace {
    fn has(&self, key: &AccessLogKey) -> bool {
        key.prefix == self.prefix && key.source == self.source
    }
}

fn of_log(key: &LogKey) -> PlacedKey {
    PlacedKey::Object {
        time: key.time,
        is_parquet: key.is_parquet(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3_layout::AccessLogSource;

    const NAME: &str = "2026-03-02-12-05-07-E568B2907131C0C4";

    fn place(prefix: &str, has_source: bool) -> LogPlace {
        let source = AccessLogSource {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            bucket: "b".to_owned(),
        };
        LogPlace::AccessLogs(AccessLogPlace {
            prefix: prefix.to_owned(),
            source: has_source.then_some(source),
        })
    }

    #[test]
    fn only_keys_of_the_place_are_its_objects() {
        let simple = place("reads/", false);
        let by_source = place("reads/", true);
        let in_folder = format!("reads/111111111111/us-east-1/b/2026/03/02/{NAME}");
        let simple_key = format!("reads/{NAME}");
        assert_eq!(simple.path(), "reads/");
        assert_eq!(by_source.path(), "reads/111111111111/us-east-1/b/");
        for (place, key, is_object) in [
            (&simple, simple_key.as_str(), true),
            (&simple, in_folder.as_str(), false),
            (&by_source, in_folder.as_str(), true),
            (&by_source, simple_key.as_str(), false),
            (&simple, "reads/2026-03-02.csv", false),
        ] {
            assert_eq!(place.time_of(key).is_some(), is_object, "{key}");
        }
        assert_eq!(simple.read_key("reads/"), PlacedKey::Marker);
    }

    #[test]
    fn parts_of_access_logs_have_each_key_once() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = TimeWindow::new(time("2026-02-27T02:10:30Z"), time("2026-03-01T23:30:00Z"));
        let window = window.unwrap();
        let cut = time("2026-02-28T00:00:00Z");
        for has_source in [false, true] {
            let place = place("p-", has_source);
            let whole = place.key_range(window, SignedDuration::from_hours(1));
            let parts = [(None, Some(cut)), (Some(cut), None)]
                .map(|(first, end)| place.part_of_range(whole.clone(), first, end));
            let has = |range: &KeyRange, key: &str| {
                range.start_after.as_deref().is_none_or(|start| start < key)
                    && range.end_before.as_deref().is_none_or(|end| key < end)
            };
            let days = ["02-26", "02-27", "02-28", "03-01", "03-02", "03-04"];
            for (day, end) in days.iter().flat_map(|day| {
                ["", "\0", "-", "-00-00-00-A", "-23-59-59-A", "/", "/2", "0"].map(|end| (day, end))
            }) {
                let day = format!("2026-{day}");
                let day = if has_source {
                    day.replace('-', "/")
                } else {
                    day
                };
                let key = format!("{}{day}{end}", whole.prefix);
                let found = parts.iter().filter(|part| has(part, &key)).count();
                assert_eq!(found, usize::from(has(&whole, &key)), "{key:?}");
            }
        }
    }
}
