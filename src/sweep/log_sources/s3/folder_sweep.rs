//! Searches one folder: plans its spans of keys, reads them, and records the outcome.

use super::digest_hours::{DIGESTS_AROUND, describe_hours_without_digest};
use super::folder_parts::{create_parts, read_parts, resume_parts};
use super::object_folder::ObjectFolder;
use super::object_reader::ObjectReader;
use super::object_tally::ObjectTally;
use super::object_work::ObjectWork;
use super::span_reader::{KeyBatch, SpanReader};
use super::verification::{Verification, planned_digests, verify_again, window_to_verify};
use crate::aws::{ListQuery, ObjectListing};
use crate::s3_layout::{LogKey, ParsedKey};
use crate::store::{CoverageId, JournalClosed, KnownObjects};
use crate::sweep::coverage_rows::unread_objects;
use crate::sweep::delivery_lag::shift_time;
use crate::sweep::object_cost::{ObjectReads, object_cost};
use crate::sweep::outcome;
use crate::sweep::plan_sheet::PlannedObjects;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Outcome, Reason, Status, TimeWindow};

/// Searches the objects of a folder, from where an earlier part of the run ended. If the sweep is
/// only planned, adds them to the plan sheet.
pub(super) async fn sweep_folder(
    reader: ObjectReader,
    folder: ObjectFolder,
) -> Result<(), JournalClosed> {
    let sweep = &reader.sweep;
    // The semaphore is never closed.
    let _permit = sweep.folders.acquire().await.ok();
    let shared = &sweep.shared;
    let target = &folder.target;
    let location = folder.location();
    let known = shared.known_objects(target, &location);
    if let Some(known) = known.as_ref().filter(|known| known.is_finished) {
        shared
            .searched
            .add_objects_outcome(target, &location, &known.outcome);
        let spans = SpanReader {
            reader: &reader,
            folder: &folder,
            work: None,
        };
        Box::pin(verify_again(&spans, known)).await;
        return Ok(());
    }
    sweep.record_left_account(target.account).await?;
    let account = sweep.account(target.account);
    let coverage_id = match &known {
        Some(known) => known.coverage_id,
        None => {
            shared
                .record_objects(&account, &target.region, &location)
                .await?
        }
    };
    let search = FolderSearch {
        reader: &reader,
        folder: &folder,
        coverage_id,
    };
    let outcome = match search.fixed_outcome() {
        Some(outcome) => outcome,
        None if shared.is_plan() => search.plan().await,
        None => search.read(known).await?,
    };
    shared
        .searched
        .add_objects_outcome(target, &location, &outcome);
    shared.update_plan(|sheet| {
        let kinds = folder.kinds();
        let region = &target.region;
        sheet.add_gap(unread_objects(&account, region, &location, kinds, &outcome));
    });
    shared.finish_row(coverage_id, outcome).await
}

struct FolderSearch<'f> {
    reader: &'f ObjectReader,
    folder: &'f ObjectFolder,
    coverage_id: CoverageId,
}

impl FolderSearch<'_> {
    /// Returns the outcome if nothing is read.
    fn fixed_outcome(&self) -> Option<Outcome> {
        if let Some(outcome) = &self.reader.sweep.unsupported {
            return Some(outcome.clone());
        }
        // All objects may have been deleted, which digests show.
        if !self.folder.is_delivered && window_to_verify(&self.spans()).is_none() {
            return Some(nothing_delivered());
        }
        self.folder.is_parquet.then(|| {
            Outcome::with_reason(
                Status::Unsearchable,
                Reason::Parquet,
                "the flow log delivers Parquet",
            )
        })
    }

    fn spans(&self) -> SpanReader<'_> {
        SpanReader {
            reader: self.reader,
            folder: self.folder,
            work: None,
        }
    }

    /// Reads everything that earlier parts of the run did not read, and returns the outcome.
    async fn read(&self, known: Option<KnownObjects>) -> Result<Outcome, JournalClosed> {
        let verification = Box::pin(Verification::load(&self.spans())).await;
        if verification.is_interrupted() {
            let outcome = outcome::interrupted();
            verification.count_unread(self.reader, &outcome);
            return Ok(outcome);
        }
        if !self.folder.is_delivered && verification.is_without_digests() {
            return Ok(nothing_delivered());
        }
        let tally = match self.read_objects(known, verification.is_wanted()).await? {
            Ok(tally) => tally,
            Err(outcome) => {
                verification.count_unread(self.reader, &outcome);
                return Ok(outcome);
            }
        };
        let may_be_unused = !self.folder.is_of_trail() && !self.folder.is_best_effort();
        if tally.is_empty() && may_be_unused {
            match self.is_folder_empty().await {
                Ok(true) => return Ok(nothing_delivered()),
                Ok(false) => {}
                Err(outcome) => return Ok(outcome),
            }
        }
        let mut outcome = self.verified_outcome(&verification, tally);
        if !verification.is_wanted()
            && let Some(note) = self.digest_note().await
        {
            outcome.append_detail(&note);
        }
        // A resumed run then lists the digests again.
        if self.reader.sweep.shared.cancel.is_cancelled() {
            return Ok(outcome::interrupted());
        }
        Ok(outcome)
    }

    /// Reads the objects that earlier parts of the run did not read, and returns what became of all of
    /// them. The error is the outcome of the folder.
    async fn read_objects(
        &self,
        known: Option<KnownObjects>,
        are_compared: bool,
    ) -> Result<Result<ObjectTally, Outcome>, JournalClosed> {
        let work = ObjectWork::show(self.reader, self.folder);
        let spans = SpanReader {
            work: Some(&work),
            ..self.spans()
        };
        let parts = match known.filter(|known| !known.spans.is_empty()) {
            Some(known) => resume_parts(spans, known, are_compared).await?,
            None => match Box::pin(create_parts(spans, self.coverage_id)).await? {
                Ok(parts) => parts,
                Err(outcome) => return Ok(Err(outcome)),
            },
        };
        read_parts(spans, parts).await
    }

    /// Returns the outcome if all lists ended, with what the digests say about the objects.
    fn verified_outcome(&self, verification: &Verification, mut tally: ObjectTally) -> Outcome {
        verification.count(self.reader, &tally);
        verification.add_problems(self.reader, &mut tally);
        let outcome = if !self.folder.is_delivered && tally.is_empty() {
            nothing_delivered()
        } else {
            self.outcome_at_end(&tally)
        };
        verification.complete(self.reader, outcome)
    }

    /// Returns the hours without a digest, if a list of the digests shows any. A list that fails is no
    /// gap: digests have no records.
    async fn digest_note(&self) -> Option<String> {
        let digests = self.folder.digests()?;
        let TimeFilter::EventTime(window) = self.reader.origin.time_filter else {
            return None;
        };
        let from = shift_time(window.from(), -DIGESTS_AROUND);
        let listed = TimeWindow::new(from, window.to()).unwrap_or(window);
        let range = digests.key_range(listed, DIGESTS_AROUND);
        let mut listing = ObjectListing::new(ListQuery {
            prefix: range.prefix,
            delimiter: None,
            start_after: range.start_after,
            end_before: range.end_before,
        });
        let mut ends = Vec::new();
        while let Some(objects) = self.spans().next_objects(&mut listing).await.ok()? {
            let keys = objects
                .iter()
                .filter_map(|object| LogKey::parse(&object.key))
                .filter(|key| key.folder == digests && !key.is_backfill());
            ends.extend(keys.map(|key| (key.label, key.time)));
        }
        let started = self.reader.sweep.shared.started;
        describe_hours_without_digest(&ends, window, started)
    }

    /// Returns whether nothing was ever delivered to the folder. The error is its outcome.
    async fn is_folder_empty(&self) -> Result<bool, Outcome> {
        let mut listing = ObjectListing::new(ListQuery {
            prefix: self.folder.place.path(),
            ..ListQuery::default()
        });
        let is_marker = |key: &str| matches!(ParsedKey::parse(key), ParsedKey::Marker);
        while let Some(objects) = self.spans().next_objects(&mut listing).await? {
            if !objects.iter().all(|object| is_marker(&object.key)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lists the objects, adds them to the plan sheet, and returns the expected outcome.
    async fn plan(&self) -> Outcome {
        let mut tally = ObjectTally::default();
        let mut planned = PlannedObjects::default();
        let spans = self.spans();
        let use_batch = |batch: KeyBatch| {
            for delivered in batch.objects {
                planned.objects += 1;
                planned.bytes = planned.bytes.saturating_add(delivered.object.size);
                tally.add_read(&delivered.object.key);
            }
            for (reason, key, detail) in batch.problems {
                tally.add_problem(reason, &key, &detail);
            }
        };
        let lists = spans.list_batches(spans.take_listed(), |_| {}, use_batch);
        planned.lists = match lists.await {
            Ok(lists) => lists,
            Err(outcome) => return outcome,
        };
        let (digests, digest_bytes) = Box::pin(planned_digests(&spans)).await;
        planned.objects += digests;
        planned.bytes = planned.bytes.saturating_add(digest_bytes);
        let ObjectReader { sweep, bucket, .. } = self.reader;
        planned.rate = sweep.shared.aws.object_rate(bucket);
        planned.usd = object_cost(
            &bucket.region,
            ObjectReads {
                objects: planned.objects as f64,
                bytes: planned.bytes as f64,
                lists: planned.lists as f64,
                is_encrypted: self.folder.is_encrypted,
            },
        );
        sweep.shared.update_plan(|sheet| {
            let target = &self.folder.target;
            let name = sweep.account(target.account).name;
            sheet.add_objects(target.clone(), &name, &bucket.name, planned);
        });
        if !self.folder.is_delivered && tally.is_empty() {
            return nothing_delivered();
        }
        self.outcome_at_end(&tally)
    }

    /// Returns the outcome if all lists ended. Hunts that only Logs Insights evaluates are a gap.
    fn outcome_at_end(&self, tally: &ObjectTally) -> Outcome {
        let mut outcome = tally.outcome();
        if self.folder.is_best_effort() {
            return best_effort(outcome, tally.is_empty());
        }
        if let Some(note) = tally.ruled_out_note() {
            outcome.append_detail(&note);
        }
        let search_set = &self.reader.sweep.shared.search_set;
        match search_set.passthrough_queries().first() {
            Some(query) if outcome.is_covered() => Outcome::with_reason(
                Status::Partial,
                Reason::OnlyInLogGroups,
                format!(
                    "only Logs Insights runs the query of hunt {}",
                    query.hunt().name
                ),
            ),
            _ => outcome,
        }
    }
}

/// Returns the outcome of access logs. They never prove that a request was not made.
///
/// Source: S3 user guide, "Logging requests with server access logging", "Best-effort server log delivery".
fn best_effort(mut outcome: Outcome, is_empty: bool) -> Outcome {
    const DETAIL: &str =
        "server access logs: AWS delivers most, within hours, and not certainly all";
    if !outcome.is_covered() {
        outcome.append_detail(DETAIL);
        return outcome;
    }
    let detail = if is_empty {
        format!("no object has requests of the window; {DETAIL}")
    } else {
        DETAIL.to_owned()
    };
    Outcome::with_reason(Status::Partial, Reason::BestEffort, detail)
}

/// The outcome of a folder that does not exist.
pub(super) fn nothing_delivered() -> Outcome {
    Outcome::with_reason(Status::Skipped, Reason::NothingDelivered, "")
}
