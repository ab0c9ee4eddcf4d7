//! Which part of a bucket has the records of a window.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::access_log::{AccessLogPlace, AccessLogSource};
use super::file_name::{name_head, time_text};
use super::folder::LogFolder;
use super::key_date::{DateForm, KeyDate, day_of, next_day};
use super::kind::ObjectKind;
use dragnet_model::TimeWindow;

/// The keys that can have records of a window: those with the prefix, after `start_after` and
/// before `end_before`. The list has more than these: the rest of the last day, so that keys
/// without a known layout are noticed there. [`KeyRange::contains`] says which objects must be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// What the keys start with.
    pub prefix: String,
    /// The list begins after this key, which need not exist.
    pub start_after: Option<String>,
    /// The list ends before this key, which need not exist.
    pub end_before: Option<String>,
    /// The first time in the name of an object that can have records of the window.
    pub from: Timestamp,
    /// The end of these times, exclusive.
    pub to: Timestamp,
}

impl KeyRange {
    /// Whether an object with this time in its name can have records of the window.
    pub fn contains(&self, time: Timestamp) -> bool {
        (self.from..self.to).contains(&time)
    }
}

impl LogFolder {
    /// Returns the keys in this folder that can have records of a window. Records that arrive later
    /// than `late` after the end of the window are left out.
    ///
    /// Source: CloudTrail user guide, "CloudTrail log file name format": the time in the name is
    /// that of the delivery, so no record is later.
    pub fn key_range(&self, window: TimeWindow, late: SignedDuration) -> KeyRange {
        let from = start_of_minute(before(window.from(), self.kind.lead()));
        let to = end_of_minute(after(window.to(), late));
        let path = self.path();
        let form = self.date_form();
        if form == DateForm::Unpadded {
            // The order of the keys is not that of their dates.
            return KeyRange {
                prefix: path,
                start_after: None,
                end_before: None,
                from,
                to,
            };
        }
        let first_day = KeyDate::from_day(form, day_of(from)).to_string();
        let start_after = match self.kind {
            // The account-Region and the minute are all that precedes the unique text.
            ObjectKind::CloudTrail | ObjectKind::Insight => {
                let minute = time_text(from, false);
                let minute = minute.trim_end_matches('Z');
                format!("{path}{first_day}{}{minute}", name_head(self))
            }
            _ => format!("{path}{}", first_day.trim_end_matches('/')),
        };
        let mut end_day = next_day(last_day(to));
        if !self.kind.is_from_cloudtrail() {
            // The folder can be that of the day after the time.
            end_day = end_day.and_then(next_day);
        }
        let end_before = end_day.map(|day| {
            let day = KeyDate::from_day(form, day).to_string();
            format!("{path}{}", day.trim_end_matches('/'))
        });
        KeyRange {
            prefix: path,
            start_after: Some(start_after),
            end_before,
            from,
            to,
        }
    }

    /// Returns the keys of `range` from the folder of the day of `first` on, and before that of the
    /// day of `end`. `None` leaves that end of the range as it is. Of two parts that meet at a day,
    /// each key is in one, whatever it is. Not for AWS Config, whose folders are not in the order of
    /// their dates.
    #[must_use]
    pub fn part_of_range(
        &self,
        range: KeyRange,
        first: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> KeyRange {
        let form = self.date_form();
        let path = range.prefix.clone();
        let day_key = |time: Timestamp| {
            let day = KeyDate::from_day(form, day_of(time)).to_string();
            format!("{path}{}", day.trim_end_matches('/'))
        };
        part_between(range, first.map(&day_key), end.map(&day_key))
    }
}

/// Returns the access logs that can have requests of a window, below the prefix that a bucket sets.
/// With a source, the keys name it.
///
/// Source: S3 user guide, "Logging requests with server access logging", "Log object key format":
/// with a source, the date can be that of the requests, and the time of day is then zero.
pub fn access_log_range(
    prefix: &str,
    source: Option<&AccessLogSource>,
    window: TimeWindow,
    late: SignedDuration,
) -> KeyRange {
    let to = end_of_minute(after(window.to(), late));
    let minute = start_of_minute(window.from());
    let Some(source) = source else {
        let day_text = |day: Date| format!("{prefix}{day}");
        return KeyRange {
            prefix: prefix.to_owned(),
            start_after: Some(format!("{prefix}{}", minute.strftime("%Y-%m-%d-%H-%M"))),
            end_before: next_day(last_day(to)).map(day_text),
            from: minute,
            to,
        };
    };
    let path = format!("{prefix}{source}");
    let day_text = |day: Date| {
        let folder = KeyDate::from_day(DateForm::Plain, day).to_string();
        format!("{path}{}", folder.trim_end_matches('/'))
    };
    KeyRange {
        start_after: Some(day_text(day_of(minute))),
        end_before: next_day(last_day(to)).map(day_text),
        prefix: path,
        from: start_of_day(minute),
        to,
    }
}

/// Does for access logs what [`LogFolder::part_of_range`] does for a folder.
pub(super) fn part_of_access_logs(
    place: &AccessLogPlace,
    range: KeyRange,
    first: Option<Timestamp>,
    end: Option<Timestamp>,
) -> KeyRange {
    let path = range.prefix.clone();
    let day_key = |time: Timestamp| {
        let day = day_of(time);
        if place.source.is_none() {
            return format!("{path}{day}");
        }
        let folder = KeyDate::from_day(DateForm::Plain, day).to_string();
        format!("{path}{}", folder.trim_end_matches('/'))
    };
    part_between(range, first.map(&day_key), end.map(&day_key))
}

/// Returns the keys of a range after a key, and up to another one: the part that begins after that does not
/// have it.
fn part_between(range: KeyRange, first: Option<String>, last: Option<String>) -> KeyRange {
    KeyRange {
        start_after: first.or(range.start_after),
        end_before: last.map(|key| format!("{key}\0")).or(range.end_before),
        ..range
    }
}

fn before(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

fn after(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// The start of the minute of a time.
fn start_of_minute(time: Timestamp) -> Timestamp {
    round_down(time, 60)
}

/// The start of the first minute that is not before a time.
fn end_of_minute(time: Timestamp) -> Timestamp {
    let start = start_of_minute(time);
    if start == time {
        start
    } else {
        after(start, SignedDuration::from_mins(1))
    }
}

fn start_of_day(time: Timestamp) -> Timestamp {
    round_down(time, 24 * 60 * 60)
}

fn round_down(time: Timestamp, seconds: i64) -> Timestamp {
    let rounded = time.as_second().div_euclid(seconds) * seconds;
    let is_before_second = time.subsec_nanosecond() < 0 && rounded == time.as_second();
    let rounded = if is_before_second {
        rounded - seconds
    } else {
        rounded
    };
    Timestamp::from_second(rounded).unwrap_or(time)
}

/// The last day before the end of a range.
fn last_day(end: Timestamp) -> Date {
    day_of(before(end, SignedDuration::from_nanos(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3_layout::LogRoot;

    fn range(kind: ObjectKind, is_hive: bool) -> [String; 2] {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = TimeWindow::new(time("2026-02-27T02:10:30Z"), time("2026-02-28T23:30:00Z"));
        let account = "111111111111".parse().unwrap();
        let region = "us-east-1".parse().unwrap();
        let mut folder = LogFolder::new(LogRoot::new("p", None), account, kind, region);
        folder.is_hive = is_hive;
        let range = folder.key_range(window.unwrap(), SignedDuration::from_hours(1));
        assert_eq!(range.prefix, folder.path());
        [range.start_after, range.end_before]
            .map(|key| key.unwrap()[range.prefix.len()..].to_owned())
    }

    #[test]
    fn lists_begin_at_the_first_minute_or_day() {
        assert_eq!(
            range(ObjectKind::CloudTrail, false),
            [
                "2026/02/27/111111111111_CloudTrail_us-east-1_20260227T0210",
                "2026/03/02"
            ]
        );
        assert_eq!(
            range(ObjectKind::Digest, false),
            ["2026/02/27", "2026/03/02"]
        );
        assert_eq!(
            range(ObjectKind::FlowLog, true),
            ["year=2026/month=02/day=27", "year=2026/month=03/day=03"]
        );
    }

    #[test]
    fn parts_of_a_range_have_each_key_once() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let window =
            TimeWindow::new(time("2026-02-27T02:10:30Z"), time("2026-03-01T23:30:00Z")).unwrap();
        let account = "111111111111".parse().unwrap();
        let region: dragnet_model::Region = "us-east-1".parse().unwrap();
        for (kind, is_hive) in [(ObjectKind::CloudTrail, false), (ObjectKind::FlowLog, true)] {
            let root = LogRoot::new("p", None);
            let mut folder = LogFolder::new(root, account, kind, region.clone());
            folder.is_hive = is_hive;
            let whole = folder.key_range(window, SignedDuration::from_hours(1));
            let cuts = [time("2026-02-28T00:00:00Z"), time("2026-03-01T00:00:00Z")];
            let parts = [
                (None, Some(cuts[0])),
                (Some(cuts[0]), Some(cuts[1])),
                (Some(cuts[1]), None),
            ]
            .map(|(first, end)| folder.part_of_range(whole.clone(), first, end));
            let has = |range: &KeyRange, key: &str| {
                range.start_after.as_deref().is_none_or(|start| start < key)
                    && range.end_before.as_deref().is_none_or(|end| key < end)
            };
            let day = |day: &str| {
                let year = &day[..4];
                let month = &day[4..6];
                let day = &day[6..];
                if is_hive {
                    format!("year={year}/month={month}/day={day}")
                } else {
                    format!("{year}/{month}/{day}")
                }
            };
            let days = [
                "20260226", "20260227", "20260228", "20260301", "20260302", "20260304",
            ];
            for (day, end) in days.iter().flat_map(|text| {
                ["", "\0", "-", "/", "/1", "/9", "/zz", "0", "0/x"].map(|end| (day(text), end))
            }) {
                let key = format!("{}{day}{end}", whole.prefix);
                let found = parts.iter().filter(|part| has(part, &key)).count();
                assert_eq!(found, usize::from(has(&whole, &key)), "{key:?}");
            }
        }
    }

    #[test]
    fn access_logs_begin_at_the_first_minute_or_day() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = TimeWindow::new(time("2026-02-27T02:10:30Z"), time("2026-02-28T00:00:00Z"));
        let window = window.unwrap();
        let source = AccessLogSource {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            bucket: "b".to_owned(),
        };
        let plain = access_log_range("logs/", None, window, SignedDuration::ZERO);
        assert_eq!(plain.start_after.as_deref(), Some("logs/2026-02-27-02-10"));
        assert_eq!(plain.end_before.as_deref(), Some("logs/2026-02-28"));
        let range = access_log_range("logs/", Some(&source), window, SignedDuration::ZERO);
        assert_eq!(range.prefix, "logs/111111111111/us-east-1/b/");
        let keys = [range.start_after.clone(), range.end_before.clone()];
        let keys = keys.map(|key| key.unwrap()[range.prefix.len()..].to_owned());
        assert_eq!(keys, ["2026/02/27", "2026/02/28"]);
        assert!(range.contains(time("2026-02-27T00:00:00Z")));
    }
}
