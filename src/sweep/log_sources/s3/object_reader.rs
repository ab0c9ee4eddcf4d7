//! Reads the objects of one batch: several at once, while what they contain is examined on other
//! threads.

use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_blocking};

use super::athena::BucketIndex;
use super::folder_integrity::FolderIntegrity;
use super::object_check::ObjectCheck;
use super::object_sink::{FolderOrigin, ObjectFindings, ObjectSink};
use super::object_stream::{RANGE_BYTES, RangeReader, WHOLE_BYTES, memory_for};
use super::object_sweep::ObjectSweep;
use crate::aws::{
    Aws, Bucket, CallError, ListedObject, ObjectContent, ObjectPermit, S3Failure, Session,
};
use crate::files::FileReader;
use crate::sweep::outcome;
use crate::sweep::refusal::outcome_of_call_error;
use dragnet_model::{Outcome, Reason, Status};

/// How many objects of a batch are read at the same time. With 30 ms for a response, these are the
/// 1,000 calls a second with which the quota of a bucket begins.
const CONCURRENT: usize = 32;

/// The end of the keys of objects that are packed, also if they have no records.
const PACKED: &str = ".gz";

/// Reads the objects of one folder.
#[derive(Clone)]
pub(super) struct ObjectReader {
    pub sweep: Arc<ObjectSweep>,
    pub session: Arc<Session>,
    pub bucket: Bucket,
    pub origin: Arc<FolderOrigin>,
    /// Which objects need not be read, if Athena was asked.
    pub index: Option<Arc<BucketIndex>>,
    /// The digests of the folder, once they were read, if the user asks for it.
    pub integrity: Arc<OnceLock<FolderIntegrity>>,
}

/// An object to read, and when it was delivered.
#[derive(Clone, Debug)]
pub(super) struct DeliveredObject {
    pub object: ListedObject,
    pub delivered_ms: i64,
}

/// The result of one object.
pub(super) struct ObjectResult {
    pub key: String,
    pub findings: ObjectFindings,
    /// Why it was not read, or not completely.
    pub problem: Option<(Reason, String)>,
}

impl ObjectResult {
    fn unread(key: String, reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            key,
            findings: ObjectFindings::default(),
            problem: Some((reason, detail.into())),
        }
    }
}

impl ObjectReader {
    fn aws(&self) -> &Aws {
        &self.sweep.shared.aws
    }

    /// Reads objects, and returns their results in the same order. The error is the outcome of the
    /// folder: objects could not be read for a reason that is not theirs.
    pub(super) async fn read_all(
        &self,
        objects: Vec<DeliveredObject>,
    ) -> Result<Vec<ObjectResult>, Outcome> {
        let mut results: Vec<(usize, ObjectResult)> = Vec::with_capacity(objects.len());
        // Dropped after an error, it ends the other tasks.
        let mut tasks = JoinSet::new();
        for (number, object) in objects.into_iter().enumerate() {
            if tasks.len() >= CONCURRENT {
                results.extend(next_result(&mut tasks).await?);
            }
            // Permits are taken in the order of the objects, before they are read. Who has memory waits for
            // nothing but a thread.
            let read_permit = self.sweep.reads.read_permit().await;
            let memory = memory_for(object.object.size);
            let Some(permit) = self.aws().object_permit(memory).await else {
                let detail = format!("{memory} bytes of memory are more than the limit");
                let result =
                    ObjectResult::unread(object.object.key, Reason::ObjectUnreadable, detail);
                results.push((number, result));
                continue;
            };
            let reader = self.clone();
            tasks.spawn(async move {
                let result = reader.read(object, permit).await;
                drop(read_permit);
                (number, result)
            });
        }
        while !tasks.is_empty() {
            results.extend(next_result(&mut tasks).await?);
        }
        results.sort_by_key(|(number, _)| *number);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    async fn read(
        self,
        delivered: DeliveredObject,
        permit: ObjectPermit,
    ) -> Result<ObjectResult, Outcome> {
        let examination = self.examination(&delivered);
        let object = delivered.object;
        let examined = if object.size > WHOLE_BYTES {
            self.read_ranges(&object, examination, permit).await?
        } else {
            self.read_whole(&object, examination, permit).await?
        };
        let mut findings = match examined {
            Ok(findings) => findings,
            Err((reason, detail)) => {
                return Ok(ObjectResult::unread(object.key, reason, detail));
            }
        };
        // The object may have been read in part only.
        if self.sweep.shared.cancel.is_cancelled() {
            return Err(outcome::interrupted());
        }
        if object.size == 0 && object.key.ends_with(PACKED) {
            let empty = || "it is empty; expected at least the header of gzip".to_owned();
            findings.problem.get_or_insert_with(empty);
        }
        let problem = problem_of(&findings);
        Ok(ObjectResult {
            key: object.key,
            findings,
            problem,
        })
    }

    /// Returns what is needed to examine an object. It is compared with the digests.
    fn examination(&self, delivered: &DeliveredObject) -> Examination {
        let object = &delivered.object;
        let integrity = self.integrity.get();
        let expected = integrity.and_then(|integrity| integrity.expected(&object.key));
        Examination {
            sweep: Arc::clone(&self.sweep),
            origin: Arc::clone(&self.origin),
            name: format!("{}/{}", self.origin.bucket, object.key),
            times: (delivered.delivered_ms, object.modified.as_millisecond()),
            check: ObjectCheck::new(expected),
        }
    }

    async fn read_whole(
        &self,
        object: &ListedObject,
        examination: Examination,
        permit: ObjectPermit,
    ) -> Result<Examined, Outcome> {
        let content = self
            .aws()
            .object(&self.session, &self.bucket, object, permit)
            .await;
        let ObjectContent { bytes, permit, .. } = match content {
            Ok(content) => content,
            Err(error) => return object_problem(&error).map(Err),
        };
        let _thread = self.sweep.reads.thread().await;
        let examined = spawn_blocking(move || {
            let findings =
                examination.run(|reader, name, sink| reader.read_bytes(name, &bytes, sink));
            drop(permit);
            findings
        });
        match examined.await {
            Ok(findings) => Ok(Ok(findings)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => Err(outcome::interrupted()),
            },
        }
    }

    /// Reads an object that is too large for memory. The permit is for all of its ranges: if each waited for
    /// memory, the objects that have it could wait for the thread that is reserved here.
    async fn read_ranges(
        &self,
        object: &ListedObject,
        examination: Examination,
        permit: ObjectPermit,
    ) -> Result<Examined, Outcome> {
        let _thread = self.sweep.reads.thread().await;
        let (ranges, mut content) = RangeReader::with_sender();
        let (done, examined) = oneshot::channel();
        let started = thread::Builder::new().spawn(move || {
            let findings =
                examination.run(|reader, name, sink| reader.read_source(name, &mut content, sink));
            drop(permit);
            // Nothing receives it after an error of a call.
            _ = done.send(findings);
        });
        let handle = started.map_err(|error| {
            let detail = format!("starting a thread failed: {error}");
            Outcome::with_reason(Status::Failed, Reason::Error, detail)
        })?;
        let mut from = 0;
        while from < object.size {
            let to = object.size.min(from.saturating_add(RANGE_BYTES));
            let range = self
                .aws()
                .object_range(&self.session, &self.bucket, object, from..to)
                .await;
            let range = match range {
                Ok(range) => range,
                Err(error) => return object_problem(&error).map(Err),
            };
            if ranges.send(range).await.is_err() {
                break;
            }
            from = to;
        }
        drop(ranges);
        match (examined.await, handle) {
            (Ok(mut findings), _) => {
                if from < object.size {
                    let unread = || format!("it was not read from byte {from} on");
                    findings.problem.get_or_insert_with(unread);
                }
                Ok(Ok(findings))
            }
            (Err(_), handle) => match handle.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => Err(outcome::interrupted()),
            },
        }
    }
}

/// What was found in an object, or why it could not be read.
type Examined = Result<ObjectFindings, (Reason, String)>;

/// What is needed to examine an object on another thread.
struct Examination {
    sweep: Arc<ObjectSweep>,
    origin: Arc<FolderOrigin>,
    name: String,
    times: (i64, i64),
    check: ObjectCheck,
}

impl Examination {
    /// Examines the object with a reader of files.
    fn run(self, read: impl FnOnce(&mut FileReader, &str, &mut ObjectSink<'_>)) -> ObjectFindings {
        let mut sink =
            ObjectSink::new(&self.sweep, &self.origin, self.times).with_check(self.check);
        self.sweep
            .with_reader(|reader| read(reader, &self.name, &mut sink));
        sink.into_findings()
    }
}

/// Returns what is wrong with an object that was read. If digests list it, that it is another one says
/// more than that it is damaged.
fn problem_of(findings: &ObjectFindings) -> Option<(Reason, String)> {
    let modified = findings.difference.clone();
    let unreadable = findings.problem.clone();
    modified
        .map(|detail| (Reason::FileModified, detail))
        .or_else(|| unreadable.map(|detail| (Reason::ObjectUnreadable, detail)))
}

/// What a task of a batch returns: the number of its object, and the result.
type TaskResult = (usize, Result<ObjectResult, Outcome>);

/// Waits for the next object.
async fn next_result(
    tasks: &mut JoinSet<TaskResult>,
) -> Result<Option<(usize, ObjectResult)>, Outcome> {
    let Some(ended) = tasks.join_next().await else {
        return Ok(None);
    };
    match ended {
        Ok((number, result)) => result.map(|result| Some((number, result))),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // No single task of a set is ever aborted.
            Err(_) => Err(outcome::interrupted()),
        },
    }
}

/// Returns what a failed call says about its object. The error is the outcome of the folder, if the
/// call says nothing about the object.
fn object_problem(error: &CallError) -> Result<(Reason, String), Outcome> {
    let reason = match S3Failure::from_error(error) {
        S3Failure::ObjectDenied => Reason::ObjectDenied,
        S3Failure::KeyDenied => Reason::KeyDenied,
        S3Failure::Archived => Reason::ObjectArchived,
        S3Failure::ObjectGone | S3Failure::ObjectChanged => Reason::ObjectGone,
        S3Failure::Unreadable => Reason::ObjectUnreadable,
        S3Failure::WrongRegion
        | S3Failure::ListDenied
        | S3Failure::NoSuchBucket
        | S3Failure::Throttled
        | S3Failure::Interrupted
        | S3Failure::Other => return Err(outcome_of_call_error(error)),
    };
    let detail = if error.message.is_empty() {
        error.code.clone()
    } else {
        format!("{}: {}", error.code, error.message)
    };
    Ok((reason, detail))
}
