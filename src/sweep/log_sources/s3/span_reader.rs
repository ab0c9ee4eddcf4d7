//! Reads a span of keys batch by batch. Each batch is written to the journal together with its
//! sightings and its last key, after which a resumed run continues.

use super::object_folder::ObjectFolder;
use super::object_reader::{DeliveredObject, ObjectReader, ObjectResult};
use super::object_sink::ObjectFindings;
use super::object_tally::ObjectTally;
use super::object_work::ObjectWork;
use super::open_list::OpenList;
use super::span_keys::{SpanKeys, windows_of};
use crate::aws::{ListedObject, ObjectListing};
use crate::s3_layout::PlacedKey;
use crate::store::{Entry, IntegrityFindings, JournalClosed, Page, UnitId};
use crate::sweep::outcome;
use crate::sweep::refusal::outcome_of_call_error;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{HourOfRecords, Outcome, Reason, TimeWindow};

/// The packed bytes of a batch. A batch has no more keys than a page of a list.
const BATCH_BYTES: u64 = 64 << 20;

/// The number of objects in the first batch of a folder: enough to find out whether access to all of
/// them is denied.
const FIRST_OBJECTS: usize = 8;

/// A work unit: the keys of a folder with the records of a window, or those of some days of it.
#[derive(Debug)]
pub(super) struct KeySpan {
    pub id: UnitId,
    pub window: TimeWindow,
    /// The last key that an earlier part of the run read.
    pub last_key: Option<String>,
    /// Whether it was read to its end.
    pub is_read: bool,
    /// What became of its objects so far.
    pub tally: ObjectTally,
    /// Its list, if pages of it were requested before.
    pub list: Option<OpenList>,
}

/// Keys in their order, and what is known of their objects without reading them.
#[derive(Debug, Default)]
pub(super) struct KeyBatch {
    /// The objects to read.
    pub objects: Vec<DeliveredObject>,
    /// The objects that cannot be read.
    pub problems: Vec<(Reason, String, String)>,
    /// The keys of the objects that a query of Athena read and did not name.
    pub ruled_out: Vec<String>,
    /// The last key, whatever it is.
    last_key: String,
    bytes: u64,
}

/// Reads the keys of one folder.
#[derive(Clone, Copy)]
pub(super) struct SpanReader<'f> {
    pub reader: &'f ObjectReader,
    pub folder: &'f ObjectFolder,
    /// What the progress display shows, if the folder is read and not only listed.
    pub work: Option<&'f ObjectWork>,
}

impl SpanReader<'_> {
    /// Returns the keys that are read for a window.
    pub(super) fn keys(&self, window: TimeWindow) -> SpanKeys {
        let time_filter = &self.reader.origin.time_filter;
        SpanKeys::new(&self.folder.place, time_filter, window)
    }

    /// Returns the next objects of a list, or `None` at its end. The error is the outcome of the
    /// folder.
    pub(super) async fn next_objects(
        &self,
        listing: &mut ObjectListing,
    ) -> Result<Option<Vec<ListedObject>>, Outcome> {
        let ObjectReader {
            sweep,
            session,
            bucket,
            ..
        } = self.reader;
        let page = sweep.shared.aws.list_objects(session, bucket, listing);
        let Some(page) = sweep.shared.run_until_cancelled(page).await else {
            return Err(outcome::interrupted());
        };
        let page = page.map_err(|error| outcome_of_call_error(&error))?;
        Ok(page.map(|page| page.objects))
    }

    /// Returns the next page of a list, or `None` at its end.
    async fn next_page(&self, list: &mut OpenList) -> Result<Option<Vec<ListedObject>>, Outcome> {
        if let Some(page) = list.pages.pop_front() {
            return Ok(Some(page));
        }
        match &mut list.rest {
            Some(rest) => self.next_objects(rest).await,
            None => Ok(None),
        }
    }

    /// Lists all windows of the folder, without reading, and passes each batch to `use_batch`, and each page
    /// before that to `use_page`. Returns the number of pages. `known` is the list, if there is one. The
    /// error is the outcome of the folder.
    pub(super) async fn list_batches(
        &self,
        mut known: Option<OpenList>,
        mut use_page: impl FnMut(&[ListedObject]),
        mut use_batch: impl FnMut(KeyBatch),
    ) -> Result<u64, Outcome> {
        let mut pages = 0;
        for window in windows_of(&self.reader.origin.time_filter) {
            let keys = self.keys(window);
            let new = || OpenList::new(keys.to_query(None));
            let mut list = known.take().unwrap_or_else(new);
            while let Some(objects) = self.next_page(&mut list).await? {
                pages += 1;
                use_page(&objects);
                self.batches(objects, &keys, None)
                    .into_iter()
                    .for_each(&mut use_batch);
            }
        }
        Ok(pages)
    }

    /// Takes the list of the folder, if it was listed a short time before.
    pub(super) fn take_listed(&self) -> Option<OpenList> {
        let TimeFilter::EventTime(_) = self.reader.origin.time_filter else {
            return None;
        };
        let shared = &self.reader.sweep.shared;
        let location = &self.reader.origin.location;
        let objects = shared
            .listed_folders
            .take(location, shared.clock.now_ms())?;
        Some(OpenList::of_objects(objects))
    }

    /// Requests the first page of a list, unless the folder was listed a short time before.
    async fn open_list(&self, window: TimeWindow) -> Result<OpenList, Outcome> {
        if let Some(list) = self.take_listed() {
            return Ok(list);
        }
        let mut list = OpenList::new(self.keys(window).to_query(None));
        if let Some(first_page) = self.next_page(&mut list).await? {
            list.pages.push_back(first_page);
        }
        Ok(list)
    }

    /// Returns the windows of the parts into which the folder is cut, each with its list if that is known.
    pub(super) async fn cut(
        &self,
        window: TimeWindow,
    ) -> Result<Vec<(TimeWindow, Option<OpenList>)>, Outcome> {
        let list = self.open_list(window).await?;
        let windows = list.windows(&self.folder.place, window);
        if windows.len() == 1 {
            return Ok(vec![(window, Some(list))]);
        }
        let Some(mut objects) = list.into_complete() else {
            return Ok(windows.into_iter().map(|window| (window, None)).collect());
        };
        let mut parts = Vec::with_capacity(windows.len());
        // The parts have each key once, in their order.
        for window in windows {
            let end = self.keys(window).to_query(None).end_before;
            let count = objects.partition_point(|object| {
                end.as_deref().is_none_or(|end| object.key.as_str() < end)
            });
            let rest = objects.split_off(count);
            parts.push((window, Some(OpenList::of_objects(objects))));
            objects = rest;
        }
        Ok(parts)
    }

    /// Reads a span to its end, or to the first error that is not about one object; that error is the
    /// outcome of the folder. `before` are the objects of the parts before it, as long as none of the
    /// folder could be read: if access to many objects is denied, that is such an error too.
    pub(super) async fn read(
        &self,
        span: &mut KeySpan,
        before: Option<&ObjectTally>,
    ) -> Result<Result<(), Outcome>, JournalClosed> {
        let keys = self.keys(span.window);
        let last_key = span.last_key.clone();
        let new = || OpenList::new(keys.to_query(last_key));
        let mut list = span.list.take().unwrap_or_else(new);
        loop {
            let objects = match self.next_page(&mut list).await {
                Ok(Some(objects)) => objects,
                Ok(None) => break,
                Err(outcome) => return Ok(Err(outcome)),
            };
            let is_first = span.tally.is_empty() && before.is_some_and(ObjectTally::is_empty);
            let batches = self.batches(objects, &keys, is_first.then_some(FIRST_OBJECTS));
            self.show_list(span.id, &batches);
            for batch in batches {
                if let Err(outcome) = self.read_batch(span, batch).await? {
                    return Ok(Err(outcome));
                }
                if let Some(denied) = before.and_then(|before| denied_outcome(before, &span.tally))
                {
                    return Ok(Err(denied));
                }
            }
        }
        let end = self.page_of(span.id, Vec::new(), ObjectTally::default());
        let journal = &self.reader.sweep.shared.journal;
        journal.write(Entry::Page(end)).await?;
        span.is_read = true;
        if let Some(work) = self.work {
            work.remove(span.id);
        }
        Ok(Ok(()))
    }

    /// Shows the objects of a page of a list.
    fn show_list(&self, part: UnitId, batches: &[KeyBatch]) {
        let Some(work) = self.work else {
            return;
        };
        let objects = batches.iter().map(|batch| batch.objects.len()).sum();
        let last = batches.iter().flat_map(|batch| &batch.objects).next_back();
        work.record_list(part, objects, last.map(|object| object.delivered_ms));
    }

    /// Reads the objects of a batch, and writes what was found.
    async fn read_batch(
        &self,
        span: &mut KeySpan,
        batch: KeyBatch,
    ) -> Result<Result<(), Outcome>, JournalClosed> {
        let shared = &self.reader.sweep.shared;
        let KeyBatch {
            objects,
            problems,
            ruled_out,
            last_key,
            ..
        } = batch;
        let number = objects.len();
        let results = match shared
            .run_until_cancelled(self.reader.read_all(objects))
            .await
        {
            Some(Ok(results)) => results,
            Some(Err(outcome)) => return Ok(Err(outcome)),
            None => return Ok(Err(outcome::interrupted())),
        };
        if let Some(work) = self.work {
            work.record_read(span.id, number);
        }
        let mut batch_tally = ObjectTally::default();
        for (reason, key, detail) in &problems {
            batch_tally.add_problem(*reason, key, detail);
        }
        for key in &ruled_out {
            batch_tally.add_ruled_out(key);
        }
        let page = Page {
            next_token: Some(last_key),
            ..self.page_of(span.id, results, batch_tally)
        };
        for count in &page.objects {
            span.tally.add(count);
        }
        shared.write_page(page).await?;
        Ok(Ok(()))
    }

    /// Returns what the journal stores of the results of a batch, without its last key.
    fn page_of(&self, unit: UnitId, results: Vec<ObjectResult>, mut tally: ObjectTally) -> Page {
        let mut all = ObjectFindings::default();
        for result in results {
            match &result.problem {
                Some((reason, detail)) => tally.add_problem(*reason, &result.key, detail),
                None => tally.add_read(&result.key),
            }
            merge(&mut all, result.findings);
        }
        let shared = &self.reader.sweep.shared;
        // Hours are counted only where all records are read.
        let are_all_read = self.reader.index.is_none();
        let hours = all
            .hours
            .into_iter()
            .filter(|_| are_all_read)
            .map(|((target, hour_ms), records)| HourOfRecords {
                target,
                hour_ms,
                records,
            })
            .collect();
        Page {
            unit,
            found: all.found.into_iter().collect(),
            counts: all.counts.into_rows(shared.search_set.hunts()),
            next_token: None,
            read_at_ms: shared.clock.now_ms(),
            events: all.records,
            bytes: all.bytes,
            integrity_findings: IntegrityFindings {
                tampering: all.tampering,
                hours,
            },
            objects: tally.counts(),
            flow_headers: all.flow_headers,
        }
    }

    /// Splits the objects of a page into batches. With `first_objects`, the first batch has no more.
    pub(super) fn batches(
        &self,
        objects: Vec<ListedObject>,
        keys: &SpanKeys,
        first_objects: Option<usize>,
    ) -> Vec<KeyBatch> {
        let mut batches: Vec<KeyBatch> = Vec::new();
        let mut batch = KeyBatch::default();
        for object in objects {
            let is_first = batches.is_empty();
            let is_full = batch.bytes.saturating_add(object.size) > BATCH_BYTES
                || first_objects.is_some_and(|most| is_first && batch.objects.len() >= most);
            if is_full && !batch.objects.is_empty() {
                batches.push(std::mem::take(&mut batch));
            }
            self.add_object(&mut batch, object, keys);
        }
        if !batch.last_key.is_empty() {
            batches.push(batch);
        }
        batches
    }

    /// Whether a query of Athena read an object and did not name it.
    fn is_ruled_out(&self, object: &ListedObject) -> bool {
        match (&self.reader.index, self.folder.place.folder()) {
            (Some(index), Some(folder)) => index.rules_out(folder, object),
            _ => false,
        }
    }

    fn add_object(&self, batch: &mut KeyBatch, object: ListedObject, keys: &SpanKeys) {
        object.key.clone_into(&mut batch.last_key);
        let (time, is_parquet) = match self.folder.place.read_key(&object.key) {
            PlacedKey::Marker if object.size == 0 => return,
            PlacedKey::Object { time, is_parquet } => (time, is_parquet),
            PlacedKey::Marker | PlacedKey::Other => {
                let problem = (Reason::UnknownLayout, object.key, String::new());
                batch.problems.push(problem);
                return;
            }
        };
        if !keys.contains(time) {
            return;
        }
        if object.is_archived() {
            let problem = (Reason::ObjectArchived, object.key, object.storage_class);
            batch.problems.push(problem);
        } else if is_parquet {
            let problem = (Reason::Parquet, object.key, String::new());
            batch.problems.push(problem);
        } else if self.is_ruled_out(&object) {
            batch.ruled_out.push(object.key);
        } else {
            batch.bytes = batch.bytes.saturating_add(object.size);
            batch.objects.push(DeliveredObject {
                object,
                delivered_ms: time.as_millisecond(),
            });
        }
    }
}

/// Returns the outcome of a folder if access to all of many objects was denied.
fn denied_outcome(before: &ObjectTally, so_far: &ObjectTally) -> Option<Outcome> {
    let mut all = before.clone();
    all.merge(so_far);
    all.is_denied().then(|| all.outcome())
}

/// Adds the findings of the next object.
fn merge(all: &mut ObjectFindings, next: ObjectFindings) {
    all.found.extend(next.found);
    all.counts.merge(next.counts);
    all.tampering.extend(next.tampering);
    for (hour, records) in next.hours {
        *all.hours.entry(hour).or_default() += records;
    }
    all.flow_headers.extend(next.flow_headers);
    all.records += next.records;
    all.bytes = all.bytes.saturating_add(next.bytes);
}
