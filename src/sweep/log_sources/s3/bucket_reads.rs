//! Determines whether reads of a bucket were recorded: by data events of trails, or by server access
//! logs.

use std::collections::BTreeSet;

use crate::aws::{AccessLogTarget, Aws, Bucket, CallError, ErrorClass, Session};
use dragnet_model::time::format_ms;
use dragnet_model::{
    AccountId, BucketReads, Delivery, LogSource, ReadRecording, Region, SelectedReads, SourceKind,
    SourceLookup, SourceState, Target, TimeWindow,
};

/// What the owner of a bucket says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketLogging {
    /// The owner.
    pub owner: AccountId,
    /// The Region of the bucket.
    pub region: Region,
    /// The destination of its server access logs, if they are on.
    pub access_logs: Option<AccessLogTarget>,
}

/// What is known about the trails that may record reads.
#[derive(Clone, Copy, Debug)]
pub struct KnownTrails<'t> {
    /// Which trails record each account-Region, as far as it was looked up.
    pub lookups: &'t [SourceLookup],
    /// The trails.
    pub trails: &'t [LogSource],
    /// The window in which reads should have been recorded.
    pub window: TimeWindow,
}

/// Asks an account, in which `session` is, where reads of a bucket are logged. Only its owner can
/// say it, so an answer proves that the account owns the bucket.
///
/// Source: S3 API, `GetBucketLogging`, `x-amz-expected-bucket-owner`.
///
/// # Errors
/// The call fails, also because another account owns the bucket.
pub async fn look_up_bucket_logging(
    aws: &Aws,
    session: &Session,
    bucket: &Bucket,
    account: AccountId,
) -> Result<BucketLogging, CallError> {
    let owned = Bucket {
        owner: Some(account),
        ..bucket.clone()
    };
    let target = aws.access_log_target(session, &owned).await?;
    Ok(BucketLogging {
        owner: account,
        region: bucket.region.clone(),
        access_logs: target,
    })
}

/// Says why an account did not answer [`look_up_bucket_logging`].
pub fn describe_logging_error(error: &CallError, account: AccountId) -> String {
    match error.class {
        ErrorClass::Denied => {
            format!("{} was denied in account {account}", error.operation)
        }
        _ => format!(
            "{} failed in account {account}: {}",
            error.operation, error.code
        ),
    }
}

/// Judges whether reads of a bucket were recorded. `logging` is what its owner says, or why that is
/// not known.
pub fn judge_reads(
    bucket: &str,
    logging: Result<&BucketLogging, &str>,
    known: KnownTrails<'_>,
) -> BucketReads {
    let (recording, detail) = match logging {
        Ok(logging) => judge_known(bucket, logging, known),
        Err(reason) => (ReadRecording::Unknown, unknown_owner(bucket, reason, known)),
    };
    BucketReads {
        bucket: bucket.to_owned(),
        recording,
        detail,
    }
}

/// Names the trails that may record the reads although the owner is not known.
fn unknown_owner(bucket: &str, reason: &str, known: KnownTrails<'_>) -> String {
    let selecting: Vec<&str> = known
        .trails
        .iter()
        .filter(|trail| selected_reads(trail, bucket, known.window) != SelectedReads::None)
        .map(|trail| trail.via.as_str())
        .collect();
    if selecting.is_empty() {
        return reason.to_owned();
    }
    let trails = selecting.join(", ");
    format!("{reason}; trail {trails} selects its objects, if it records the owner of the bucket")
}

fn judge_known(
    bucket: &str,
    logging: &BucketLogging,
    known: KnownTrails<'_>,
) -> (ReadRecording, String) {
    let owner = Target {
        account: logging.owner,
        region: logging.region.clone(),
    };
    let recording = OwnerTrails::new(&owner, known);
    let mut best = SelectedReads::None;
    let mut found = Vec::new();
    for trail in &recording.trails {
        let selected = selected_reads(trail, bucket, known.window);
        if selected != SelectedReads::None {
            found.push(format!("data events of trail {}", describe(trail)));
        }
        best = best.max(selected);
    }
    if let Some(target) = &logging.access_logs {
        // Source: S3 user guide, "Logging requests with server access logging", "Best-effort server
        // log delivery".
        found.push(format!(
            "server access logs in {} (AWS delivers most, not all; since when is not known)",
            target.url()
        ));
    }
    let found = found.join(" and ");
    match best {
        SelectedReads::All => (ReadRecording::Recorded, found),
        _ if logging.access_logs.is_some() => (ReadRecording::Recorded, found),
        SelectedReads::Part => (ReadRecording::Partial, found),
        SelectedReads::None => recording.judge_without(&owner),
    }
}

/// The trails that record the owner of a bucket.
struct OwnerTrails<'t> {
    trails: Vec<&'t LogSource>,
    /// Why there may be others, or others that select the objects.
    doubt: Option<String>,
}

impl<'t> OwnerTrails<'t> {
    fn new(owner: &Target, known: KnownTrails<'t>) -> Self {
        let lookup = known
            .lookups
            .iter()
            .find(|lookup| lookup.kind == SourceKind::CloudTrail && lookup.target == *owner);
        let named: BTreeSet<&str> = lookup
            .into_iter()
            .flat_map(|lookup| lookup.result.iter().flatten())
            .map(String::as_str)
            .collect();
        let is_own = |trail: &LogSource| {
            trail.home.account == owner.account
                && (trail.multi_region || trail.home.region == owner.region)
        };
        let trails: Vec<&LogSource> = known
            .trails
            .iter()
            .filter(|trail| trail.kind == SourceKind::CloudTrail)
            .filter(|trail| named.contains(trail.via.as_str()) || is_own(trail))
            .collect();
        let unknown = trails
            .iter()
            .find(|trail| !matches!(trail.state, SourceState::Known(..)));
        let doubt = match lookup.map(|lookup| &lookup.result) {
            None => Some(format!(
                "account {} was not asked for its trails",
                owner.account
            )),
            Some(Err(_)) => Some(format!(
                "account {} did not say which trails record it",
                owner.account
            )),
            Some(Ok(_)) => unknown.map(|trail| format!("trail {} is not described", trail.via)),
        };
        Self { trails, doubt }
    }

    /// The judgement if none of them selects the objects.
    fn judge_without(self, owner: &Target) -> (ReadRecording, String) {
        match self.doubt {
            Some(doubt) => (
                ReadRecording::Unknown,
                format!("it has no server access logs, and {doubt}"),
            ),
            None => (
                ReadRecording::NotRecorded,
                format!(
                    "no trail of account {} that is on selects reads of its objects, and it has no server access logs",
                    owner.account
                ),
            ),
        }
    }
}

/// Returns how many of the reads of a window a trail records, as far as its state is known. A trail
/// that was on only in a part of the window records a part at most.
fn selected_reads(trail: &LogSource, bucket: &str, window: TimeWindow) -> SelectedReads {
    let SourceState::Known(delivery, selection) = &trail.state else {
        return SelectedReads::None;
    };
    let selected = selection.reads_of_bucket(bucket);
    match logged_part(delivery, window) {
        LoggedPart::None => SelectedReads::None,
        LoggedPart::Part => selected.min(SelectedReads::Part),
        LoggedPart::All => selected,
    }
}

/// In which part of a window a trail was on.
enum LoggedPart {
    None,
    Part,
    All,
}

fn logged_part(delivery: &Delivery, window: TimeWindow) -> LoggedPart {
    let from = window.from_ms();
    let to = window.to_ms();
    let began_late = delivery.started_ms.is_some_and(|started| started > from);
    if delivery.logging {
        return match delivery.started_ms {
            Some(started) if started >= to => LoggedPart::None,
            _ if began_late => LoggedPart::Part,
            _ => LoggedPart::All,
        };
    }
    match delivery.stopped_ms {
        Some(stopped) if stopped >= to && !began_late => LoggedPart::All,
        Some(stopped) if stopped > from => LoggedPart::Part,
        // AWS does not say when it was switched off.
        None | Some(_) => LoggedPart::None,
    }
}

/// Names a trail, and since when it is on. AWS does not say since when its selectors are what they
/// are.
fn describe(trail: &LogSource) -> String {
    let SourceState::Known(delivery, _) = &trail.state else {
        return trail.via.clone();
    };
    let until = delivery.stopped_ms.filter(|_| !delivery.logging);
    let times = [("since", delivery.started_ms), ("until", until)];
    let times: Vec<String> = times
        .into_iter()
        .filter_map(|(word, ms)| Some(format!("{word} {}", format_ms(ms?))))
        .collect();
    if times.is_empty() {
        trail.via.clone()
    } else {
        format!("{} (on {})", trail.via, times.join(" "))
    }
}

#[cfg(test)]
mod tests;
