//! Every key that the services of the practice range write has a layout, and the ranges of a window
//! have the objects of the window.

use std::collections::BTreeSet;

use dragnet::aws::ListQuery;
use dragnet::s3_layout::{LogFolder, LogKey, ObjectKind, ParsedKey};
use dragnet_model::TimeWindow;
use dragnet_range::Scenario;
use jiff::{SignedDuration, Timestamp};

use super::Archive;
use crate::world::World;

const BUCKETS: [&str; 3] = [
    "archive-trail-222222222222",
    "archive-flows-222222222222",
    "archive-access-222222222222",
];

async fn enter_archive() -> Archive {
    let scenario = Scenario::builtin("s3-org").unwrap();
    Archive::enter(World::from_scenario(&scenario), "222222222222").await
}

#[tokio::test(start_paused = true)]
async fn every_key_of_the_practice_range_has_a_layout() {
    let archive = enter_archive().await;
    let mut kinds = BTreeSet::new();
    let mut unknown = Vec::new();
    let mut access_logs = 0;
    for name in BUCKETS {
        let bucket = archive.bucket(name).await;
        for object in archive.objects(&bucket, "").await {
            match ParsedKey::parse(&object.key) {
                ParsedKey::Log(key) => {
                    assert_eq!(key.to_string(), object.key);
                    assert!(key.time <= object.modified, "{}", object.key);
                    kinds.insert(key.folder.kind);
                }
                ParsedKey::AccessLog(key) => {
                    assert_eq!(key.to_string(), object.key);
                    assert_eq!((&*key.prefix, name), ("trail/", BUCKETS[2]));
                    access_logs += 1;
                }
                ParsedKey::Marker | ParsedKey::Unknown => {
                    unknown.push(object.key);
                }
            }
        }
    }
    assert!(
        unknown.len() == 1 && unknown[0].ends_with("/export.csv"),
        "{unknown:?}"
    );
    assert_eq!(access_logs, 1);
    let expected = [
        ObjectKind::CloudTrail,
        ObjectKind::Digest,
        ObjectKind::FlowLog,
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
}

#[tokio::test(start_paused = true)]
async fn lists_of_a_window_have_its_objects() {
    let archive = enter_archive().await;
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let window = TimeWindow::new(time("2026-03-01T20:00:00Z"), time("2026-03-02T04:00:00Z"));
    let window = window.unwrap();
    let late = SignedDuration::from_mins(30);
    for name in BUCKETS {
        let bucket = archive.bucket(name).await;
        let all = archive.objects(&bucket, "").await;
        let keys: Vec<LogKey> = all
            .iter()
            .filter_map(|object| LogKey::parse(&object.key))
            .collect();
        let folders: Vec<&LogFolder> = keys.iter().map(|key| &key.folder).collect();
        let paths: BTreeSet<String> = folders.iter().map(|folder| folder.path()).collect();
        for path in paths {
            let folder = folders.iter().find(|folder| folder.path() == path).unwrap();
            let range = folder.key_range(window, late);
            let wanted = |key: &&LogKey| key.folder == **folder && range.contains(key.time);
            let expected: Vec<String> = keys
                .iter()
                .filter(wanted)
                .map(ToString::to_string)
                .collect();
            let query = ListQuery {
                prefix: range.prefix.clone(),
                delimiter: None,
                start_after: range.start_after.clone(),
                end_before: range.end_before.clone(),
            };
            let (listed, _, _) = archive.list(&bucket, query).await.unwrap();
            let found: Vec<String> = listed
                .into_iter()
                .map(|object| object.key)
                .filter(|key| LogKey::parse(key).is_some_and(|key| range.contains(key.time)))
                .collect();
            assert_eq!(found, expected, "{path}");
        }
    }
}
