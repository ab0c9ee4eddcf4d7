//! A key is the text of its parts, and no range leaves out a key with a time of its window.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

use super::key_date::{day_of, next_day};
use super::{
    AccessLogKey, AccessLogSource, DateForm, KeyDate, KeyRange, LastFolder, LogFolder, LogKey,
    LogRoot, ObjectKind, ParsedKey, access_log_range,
};
use dragnet_model::{AccountId, Region, TimeWindow};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

fn account() -> impl Strategy<Value = AccountId> {
    "[0-9]{12}".prop_map(|id| id.parse().unwrap())
}

fn region() -> impl Strategy<Value = Region> {
    select(vec!["us-east-1", "eu-central-2", "us-gov-west-1"])
        .prop_map(|name| name.parse().unwrap())
}

fn root() -> impl Strategy<Value = LogRoot> {
    let prefix = select(vec![
        "",
        "logs/",
        "a b/c/",
        "o-abcdefghij/",
        "AWSLogs/copy/",
    ]);
    let organization = prop::option::of("o-[a-z0-9]{10}");
    (prefix, organization).prop_map(|(prefix, organization)| LogRoot {
        prefix: prefix.to_owned(),
        organization,
    })
}

fn folder() -> impl Strategy<Value = LogFolder> {
    let kind = select(ObjectKind::ALL.to_vec());
    (root(), account(), kind, region(), any::<bool>()).prop_map(
        |(root, account, kind, region, is_hive)| {
            let last = match kind {
                ObjectKind::ResolverQuery => LastFolder::Vpc("vpc-0123".to_owned()),
                _ => LastFolder::Region(region),
            };
            LogFolder {
                root,
                account,
                kind,
                last,
                is_hive,
            }
        },
    )
}

/// A time with the precision of names.
fn time(has_seconds: bool, second: i64) -> Timestamp {
    let step = if has_seconds { 1 } else { MINUTE };
    Timestamp::from_second(second.div_euclid(step) * step).unwrap()
}

/// Seconds of some days around the end of a year, at which every number of a date changes.
fn second() -> impl Strategy<Value = i64> {
    let new_year = 1_798_761_600;
    (new_year - 3 * DAY)..(new_year + 3 * DAY)
}

fn key_date(folder: &LogFolder, time: Timestamp, hour: Option<i8>, is_late: bool) -> KeyDate {
    let form = folder.date_form();
    let day: Date = day_of(time);
    let is_next = is_late && !folder.kind.is_from_cloudtrail();
    KeyDate {
        form,
        day: if is_next { next_day(day).unwrap() } else { day },
        hour: hour.filter(|_| form != DateForm::Unpadded && !folder.kind.is_from_cloudtrail()),
    }
}

fn log_key() -> impl Strategy<Value = LogKey> {
    let label = "[a-z][A-Za-z0-9.:-]{0,8}(_us-east-1)?";
    let tail = "_[a-z][a-z0-9]{0,15}\\.(json|log)\\.gz";
    let hour = prop::option::of(0_i8..24);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (folder(), second(), hour, label, tail, flags).prop_map(
        |(folder, second, hour, label, tail, (has_seconds, is_late, has_subfolder))| {
            let time = time(has_seconds, second);
            let has_label = !matches!(folder.kind, ObjectKind::CloudTrail | ObjectKind::Insight);
            let has_subfolder = has_subfolder && folder.kind == ObjectKind::Config;
            LogKey {
                date: key_date(&folder, time, hour, is_late),
                folder,
                subfolder: if has_subfolder { "ConfigHistory" } else { "" }.to_owned(),
                label: if has_label { label } else { String::new() },
                time,
                has_seconds,
                tail,
            }
        },
    )
}

fn access_log_source() -> impl Strategy<Value = AccessLogSource> {
    (account(), region(), "[a-z0-9.-]{3,10}").prop_map(|(account, region, bucket)| {
        AccessLogSource {
            account,
            region,
            bucket,
        }
    })
}

fn access_log_key() -> impl Strategy<Value = AccessLogKey> {
    let prefix = select(vec!["", "logs/", "logs", "7", "a/b-"]);
    let source = prop::option::of(access_log_source());
    (prefix, source, second(), "[0-9A-F]{16}").prop_map(|(prefix, source, second, unique)| {
        AccessLogKey {
            prefix: prefix.to_owned(),
            source,
            time: time(true, second),
            unique,
        }
    })
}

fn window() -> impl Strategy<Value = TimeWindow> {
    (second(), 1..2 * DAY * 1_000, 0_i64..1_000).prop_map(|(second, length, fraction)| {
        let from = second * 1_000 + fraction;
        let time = |ms| Timestamp::from_millisecond(ms).unwrap();
        TimeWindow::new(time(from), time(from + length)).unwrap()
    })
}

fn has_key(range: &KeyRange, key: &str) -> bool {
    key.starts_with(&range.prefix)
        && range.start_after.as_deref().is_none_or(|start| key > start)
        && range.end_before.as_deref().is_none_or(|end| key < end)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn parsed_key_is_the_key_that_was_built(key in log_key()) {
        let text = key.to_string();
        prop_assert_eq!(LogKey::parse(&text), Some(key.clone()), "{}", text);
        prop_assert_eq!(ParsedKey::parse(&text), ParsedKey::Log(Box::new(key)));
    }

    #[test]
    fn parsed_access_log_is_the_key_that_was_built(key in access_log_key()) {
        let text = key.to_string();
        prop_assert_eq!(AccessLogKey::parse(&text), Some(key.clone()), "{}", text);
        prop_assert_eq!(ParsedKey::parse(&text), ParsedKey::AccessLog(Box::new(key)));
    }

    /// Any other text is refused, or has the parts of which it is made.
    #[test]
    fn other_texts_are_read_without_loss(
        text in "(AWSLogs/)?([0-9]{12}/)?(CloudTrail|vpcflowlogs)?/?[a-zé0-9_/.=TZ-]{0,40}"
    ) {
        match ParsedKey::parse(&text) {
            ParsedKey::Log(key) => prop_assert_eq!(key.to_string(), text),
            ParsedKey::AccessLog(key) => prop_assert_eq!(key.to_string(), text),
            ParsedKey::Marker | ParsedKey::Unknown => {}
        }
    }

    #[test]
    fn range_has_every_key_with_a_time_of_the_window(key in log_key(), window in window()) {
        let late = SignedDuration::from_mins(90);
        let range = key.folder.key_range(window, late);
        if range.contains(key.time) {
            prop_assert!(has_key(&range, &key.to_string()), "{} {:?}", key, range);
        }
        let ms = key.time.as_millisecond();
        if window.contains_ms(ms) || window.contains_ms(ms - late.as_secs() * 1_000) {
            prop_assert!(range.contains(key.time), "{} {:?}", key, range);
        }
    }

    #[test]
    fn range_has_every_access_log_with_a_time_of_the_window(
        key in access_log_key(),
        window in window(),
    ) {
        let source = key.source.as_ref();
        let range = access_log_range(&key.prefix, source, window, SignedDuration::ZERO);
        if range.contains(key.time) {
            prop_assert!(has_key(&range, &key.to_string()), "{} {:?}", key, range);
        }
        if window.contains_ms(key.time.as_millisecond()) {
            prop_assert!(range.contains(key.time), "{} {:?}", key, range);
        }
    }
}
