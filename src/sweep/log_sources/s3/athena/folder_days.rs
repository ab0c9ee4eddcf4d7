//! The objects of the folders that have a table, by day.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use jiff::civil::Date;

use super::bucket_index::day_of;
use super::cost::ReadCost;
use super::statement::{DayRange, StatementScope};
use crate::aws::{Bucket, ListedObject, Session};
use crate::config::AthenaTable;
use crate::s3_layout::LogFolder;
use crate::sweep::log_sources::s3::folder_reader::create_reader;
use crate::sweep::log_sources::s3::object_folder::ObjectFolder;
use crate::sweep::log_sources::s3::object_sweep::ObjectSweep;
use crate::sweep::log_sources::s3::open_list::OpenList;
use crate::sweep::log_sources::s3::span_reader::SpanReader;
use crate::sweep::object_cost::{ObjectReads, object_cost};
use dragnet_model::Outcome;

/// How many folders are listed at the same time.
const CONCURRENT: usize = 64;

/// The objects of one folder that a sweep would read.
#[derive(Clone, Debug)]
pub(super) struct FolderDays {
    pub folder: LogFolder,
    /// The packed bytes by day.
    pub bytes: BTreeMap<Date, u64>,
    pub read: ReadCost,
}

/// Returns the folders of which one of the tables has the lines, with the table.
pub(super) fn folders_with_table<'f>(
    folders: &'f BTreeMap<String, ObjectFolder>,
    bucket: &str,
    tables: &'f [AthenaTable],
) -> Vec<(&'f AthenaTable, &'f ObjectFolder)> {
    let with_table = folders.values().filter_map(|known| {
        let folder = known.place.folder()?;
        let table = tables.iter().find(|table| {
            let location = &table.location;
            location.bucket() == bucket
                && location.prefix() == folder.root.path()
                && table.logs.as_str() == folder.kind.as_str()
        });
        let is_readable = !known.is_parquet && known.is_delivered && !folder.is_hive;
        Some((table?, known)).filter(|_| is_readable)
    });
    with_table.collect()
}

/// Lists folders. One that cannot be listed has no part in the result.
pub(super) async fn list_folders(
    sweep: &Arc<ObjectSweep>,
    (session, bucket): (&Arc<Session>, &Bucket),
    folders: &[(&AthenaTable, &ObjectFolder)],
) -> Vec<(String, FolderDays)> {
    let mut listed = Vec::new();
    for chunk in folders.chunks(CONCURRENT) {
        let lists = chunk
            .iter()
            .map(|(_, folder)| list_folder(sweep, (session, bucket), folder));
        let lists = join_all(lists).await;
        for ((table, _), days) in chunk.iter().zip(lists) {
            let days = days.ok().flatten();
            let days = days.filter(|days| !days.bytes.is_empty());
            listed.extend(days.map(|days| (table.name.to_string(), days)));
        }
    }
    listed
}

/// Lists a folder, unless the list that was taken to compare sources is still there. The list is kept
/// for the sweep of the folder. `None` if it is not the folder of a service.
async fn list_folder(
    sweep: &Arc<ObjectSweep>,
    (session, bucket): (&Arc<Session>, &Bucket),
    folder: &ObjectFolder,
) -> Result<Option<FolderDays>, Outcome> {
    let Some(log_folder) = folder.place.folder() else {
        return Ok(None);
    };
    let location = folder.location();
    let reader = create_reader(sweep, (session, bucket), folder, location.clone());
    let spans = SpanReader {
        reader: &reader,
        folder,
        work: None,
    };
    let shared = &sweep.shared;
    let now_ms = shared.clock.now_ms();
    let known = shared.listed_folders.copy(&location, now_ms);
    let is_new = known.is_none();
    let mut list = shared.listed_folders.begin(now_ms);
    let mut bytes: BTreeMap<Date, u64> = BTreeMap::new();
    let mut reads = ObjectReads {
        is_encrypted: folder.is_encrypted,
        ..ObjectReads::default()
    };
    let use_page = |page: &[ListedObject]| {
        if is_new {
            list.extend(page);
        }
    };
    let lists = spans.list_batches(known.map(OpenList::of_objects), use_page, |batch| {
        for delivered in &batch.objects {
            let object = &delivered.object;
            reads.objects += 1.0;
            reads.bytes += object.size as f64;
            if let Some(day) = day_of(log_folder, &object.key) {
                let day = bytes.entry(day).or_default();
                *day = day.saturating_add(object.size);
            }
        }
    });
    lists.await?;
    if is_new {
        list.keep(&location);
    }
    Ok(Some(FolderDays {
        folder: log_folder.clone(),
        bytes,
        read: ReadCost {
            seconds: reads.objects / sweep.shared.aws.object_rate(bucket),
            usd: object_cost(&bucket.region, reads),
        },
    }))
}

/// Returns the scopes of the statements over these folders: one for each table, cut into parts that Athena
/// accepts.
pub(super) fn scopes_of(listed: &[(String, FolderDays)]) -> Vec<StatementScope> {
    let mut by_table: BTreeMap<&str, StatementScope> = BTreeMap::new();
    for (table, days) in listed {
        let (Some((first, _)), Some((last, _))) =
            (days.bytes.first_key_value(), days.bytes.last_key_value())
        else {
            continue;
        };
        let Some(region) = days.folder.region() else {
            continue;
        };
        let scope = by_table
            .entry(table.as_str())
            .or_insert_with(|| StatementScope {
                table: table.clone(),
                root: days.folder.root.path(),
                accounts: [days.folder.account].into(),
                regions: [region.clone()].into(),
                days: DayRange {
                    first: *first,
                    last: *last,
                },
            });
        scope.accounts.insert(days.folder.account);
        scope.regions.insert(region.clone());
        scope.days.first = scope.days.first.min(*first);
        scope.days.last = scope.days.last.max(*last);
    }
    by_table
        .into_values()
        .flat_map(StatementScope::cut)
        .collect()
}

/// Returns the bytes that a query over a scope scans, as far as they were listed. `whole_days` says how much
/// more the days have than the window.
pub(super) fn scanned_bytes(
    listed: &[(String, FolderDays)],
    scope: &StatementScope,
    whole_days: f64,
) -> f64 {
    let in_scope = listed.iter().filter(|(table, days)| {
        *table == scope.table && scope.accounts.contains(&days.folder.account)
    });
    let bytes: u64 = in_scope
        .flat_map(|(_, days)| days.bytes.iter())
        .filter(|(day, _)| scope.days.contains(**day))
        .map(|(_, bytes)| *bytes)
        .fold(0, u64::saturating_add);
    bytes as f64 * whole_days
}
