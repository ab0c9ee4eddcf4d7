//! Reads a span of keys batch by batch. Each batch is written to the journal together with its
//! sightings and its last key, after which a resumed run continues.

use super::object_folder::ObjectFolder;
use super::object_reader::{DeliveredObject, ObjectReader, ObjectResult};
use super::object_sink::ObjectFindings;
use super::object_tally::ObjectTally;
use super::object_work::ObjectWork;
use super::span_keys::{SpanKeys, cut_into_days, days_until, windows_of};
use crate::aws::{ListedObject, ObjectListing};
use crate::s3_layout::{LogKey, ParsedKey};
use crate::store::{Entry, IntegrityFindings, JournalClosed, Page, UnitId};
use crate::sweep::outcome;
use crate::sweep::refusal::outcome_of_call_error;
use dragnet_model::{HourOfRecords, Outcome, Reason, TimeWindow};

/// The packed bytes of a batch. A batch has no more keys than a page of a list: 1,000.
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
    /// Its list, if the first page was requested before.
    pub list: Option<OpenList>,
}

/// A list whose first page was requested.
#[derive(Debug)]
pub(super) struct OpenList {
    listing: ObjectListing,
    /// The objects of the first page, until they are used.
    first_page: Option<Vec<ListedObject>>,
}

impl OpenList {
    /// Returns the windows of the parts into which the keys are cut. A list of one page is one part. Of
    /// a longer one, each part has the number of days that the first page covers, at least one.
    pub(super) fn windows(&self, window: TimeWindow) -> Vec<TimeWindow> {
        let last_object = self.first_page.iter().flatten().next_back();
        let last_key = last_object.and_then(|object| LogKey::parse(&object.key));
        match last_key {
            Some(key) if !self.listing.has_ended() => {
                cut_into_days(window, days_until(window, key.time))
            }
            _ => vec![window],
        }
    }
}

/// Keys in their order, and what is known of their objects without reading them.
#[derive(Debug, Default)]
pub(super) struct KeyBatch {
    /// The objects to read.
    pub objects: Vec<DeliveredObject>,
    /// The objects that cannot be read.
    pub problems: Vec<(Reason, String, String)>,
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
        SpanKeys::new(&self.folder.folder, time_filter, window)
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

    /// Lists all windows of the folder, without reading, and passes each batch to `use_batch`.
    /// Returns the number of lists. The error is the outcome of the folder.
    pub(super) async fn list_batches(
        &self,
        mut use_batch: impl FnMut(KeyBatch),
    ) -> Result<u64, Outcome> {
        let mut lists = 0;
        for window in windows_of(&self.reader.origin.time_filter) {
            let keys = self.keys(window);
            let mut listing = ObjectListing::new(keys.to_query(None));
            while let Some(objects) = self.next_objects(&mut listing).await? {
                lists += 1;
                self.batches(objects, &keys, None)
                    .into_iter()
                    .for_each(&mut use_batch);
            }
        }
        Ok(lists)
    }

    /// Requests the first page of a list.
    pub(super) async fn open_list(&self, window: TimeWindow) -> Result<OpenList, Outcome> {
        let mut listing = ObjectListing::new(self.keys(window).to_query(None));
        let first_page = self.next_objects(&mut listing).await?;
        Ok(OpenList {
            listing,
            first_page,
        })
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
        let mut list = span.list.take().unwrap_or_else(|| OpenList {
            listing: ObjectListing::new(keys.to_query(last_key)),
            first_page: None,
        });
        loop {
            let next = match list.first_page.take() {
                Some(objects) => Ok(Some(objects)),
                None => self.next_objects(&mut list.listing).await,
            };
            let objects = match next {
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
        let page = Page {
            next_token: Some(last_key),
            ..self.page_of(span.id, results, batch_tally)
        };
        for count in &page.objects {
            span.tally.add(count);
        }
        shared
            .tally
            .count_page(page.events, page.bytes, page.found.number() as u64);
        shared.journal.write(Entry::Page(page)).await?;
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
        let hours = all
            .hours
            .into_iter()
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

    fn add_object(&self, batch: &mut KeyBatch, object: ListedObject, keys: &SpanKeys) {
        object.key.clone_into(&mut batch.last_key);
        let key = match ParsedKey::parse(&object.key) {
            ParsedKey::Marker if object.size == 0 => return,
            ParsedKey::Log(key) if key.folder == self.folder.folder => key,
            ParsedKey::Marker
            | ParsedKey::Log(_)
            | ParsedKey::AccessLog(_)
            | ParsedKey::Unknown => {
                let problem = (Reason::UnknownLayout, object.key, String::new());
                batch.problems.push(problem);
                return;
            }
        };
        if !keys.contains(key.time) {
            return;
        }
        if object.is_archived() {
            let problem = (Reason::ObjectArchived, object.key, object.storage_class);
            batch.problems.push(problem);
        } else if key.is_parquet() {
            let problem = (Reason::Parquet, object.key, String::new());
            batch.problems.push(problem);
        } else {
            batch.bytes = batch.bytes.saturating_add(object.size);
            batch.objects.push(DeliveredObject {
                object,
                delivered_ms: key.time.as_millisecond(),
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
