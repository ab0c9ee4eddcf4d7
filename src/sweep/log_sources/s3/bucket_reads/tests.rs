use super::*;
use dragnet_model::{
    ArnCondition, DeliveryBucket, Destination, ManagementEvents, ObjectSelector, Outcome,
    S3_OBJECT, Selection,
};

const HOUR: i64 = 3_600_000;
const OWNER: &str = "222222222222";

fn target(account: &str) -> Target {
    Target {
        account: account.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

/// A trail of another account that selects objects with this prefix, and has been on since the start
/// of the window.
fn trail(prefix: &str) -> LogSource {
    let selection = Selection::Events {
        management: ManagementEvents::all(),
        data: BTreeSet::from([S3_OBJECT.to_owned()]),
        objects: vec![ObjectSelector {
            reads: true,
            conditions: vec![ArnCondition::StartsWith(vec![prefix.to_owned()])],
            has_other_conditions: false,
        }],
    };
    LogSource {
        kind: SourceKind::CloudTrail,
        via: "t".to_owned(),
        home: target("111111111111"),
        destination: Destination::Other("s3://logs".to_owned()),
        bucket: Some(DeliveryBucket::new("logs", "")),
        multi_region: true,
        is_organization_trail: true,
        state: SourceState::Known(delivery(true, Some(10 * HOUR), None), selection),
    }
}

fn delivery(logging: bool, started_ms: Option<i64>, stopped_ms: Option<i64>) -> Delivery {
    Delivery {
        logging,
        started_ms,
        stopped_ms,
        last_ms: None,
        error: String::new(),
        bucket_last_ms: None,
        bucket_error: String::new(),
    }
}

fn with_delivery(trail: LogSource, delivery: Delivery) -> LogSource {
    let state = match trail.state {
        SourceState::Known(_, selection) => SourceState::Known(delivery, selection),
        other => other,
    };
    LogSource { state, ..trail }
}

/// Judges the bucket `logs` for a window from hour 10 to 20.
fn judge(logging: Result<&BucketLogging, &str>, trails: &[LogSource]) -> BucketReads {
    let lookups = [SourceLookup {
        target: target(OWNER),
        kind: SourceKind::CloudTrail,
        result: Ok(trails.iter().map(|trail| trail.via.clone()).collect()),
    }];
    let known = KnownTrails {
        lookups: &lookups,
        trails,
        window: TimeWindow::try_from([10 * HOUR, 20 * HOUR]).unwrap(),
    };
    judge_reads("logs", logging, known)
}

fn logging(access_logs: Option<&str>) -> BucketLogging {
    BucketLogging {
        owner: OWNER.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        access_logs: access_logs.map(|bucket| AccessLogTarget {
            bucket: bucket.to_owned(),
            prefix: "reads/".to_owned(),
            is_partitioned: false,
        }),
    }
}

#[test]
fn data_events_or_access_logs_record_reads() {
    let off = logging(None);
    let on = logging(Some("audit"));
    let all = [trail("arn:aws:s3")];
    let folder = [trail("arn:aws:s3:::logs/a")];
    let other = [trail("arn:aws:s3:::other/")];
    for (logging, trails, expected) in [
        (&off, &all[..], ReadRecording::Recorded),
        (&off, &folder, ReadRecording::Partial),
        (&off, &other, ReadRecording::NotRecorded),
        (&off, &[], ReadRecording::NotRecorded),
        (&on, &[], ReadRecording::Recorded),
        (&on, &folder, ReadRecording::Recorded),
    ] {
        let reads = judge(Ok(logging), trails);
        assert_eq!(reads.recording, expected, "{reads:?}");
    }
    let sentence = judge(Ok(&on), &all).sentence();
    assert_eq!(
        sentence,
        "bucket logs: reads were recorded by data events of trail t (on since 1970-01-01T10:00:00.000Z) \
         and server access logs in s3://audit/reads/ (AWS delivers most, not all; since when is not known)"
    );
}

#[test]
fn trail_counts_for_the_time_in_which_it_was_on() {
    let off = logging(None);
    for (logging, started, stopped, expected) in [
        (true, None, None, ReadRecording::Recorded),
        (true, Some(11), Some(9), ReadRecording::Partial),
        (true, Some(20), None, ReadRecording::NotRecorded),
        (false, Some(5), Some(21), ReadRecording::Recorded),
        (false, Some(5), Some(15), ReadRecording::Partial),
        (false, Some(5), Some(9), ReadRecording::NotRecorded),
        (false, None, None, ReadRecording::NotRecorded),
    ] {
        let hours = |hour: Option<i64>| hour.map(|hour| hour * HOUR);
        let delivery = delivery(logging, hours(started), hours(stopped));
        let trails = [with_delivery(trail("arn:aws:s3"), delivery)];
        let reads = judge(Ok(&off), &trails);
        assert_eq!(
            reads.recording, expected,
            "{logging} {started:?} {stopped:?}"
        );
    }
}

#[test]
fn what_was_not_asked_is_unknown() {
    let off = logging(None);
    let undescribed = LogSource {
        state: SourceState::Denied(Outcome::denied("no")),
        ..trail("arn:aws:s3")
    };
    let reads = judge(Ok(&off), &[undescribed]);
    assert_eq!(
        reads.sentence(),
        "bucket logs: unknown: it has no server access logs, and trail t is not described"
    );
    let of_other_account = BucketLogging {
        owner: "333333333333".parse().unwrap(),
        ..off
    };
    let reads = judge(Ok(&of_other_account), &[trail("arn:aws:s3")]);
    assert_eq!(
        reads.sentence(),
        "bucket logs: unknown: it has no server access logs, and account 333333333333 was not asked for its trails"
    );
    let denied = judge(Err("GetBucketLogging was denied"), &[trail("arn:aws:s3")]);
    assert_eq!(
        denied.sentence(),
        "bucket logs: unknown: GetBucketLogging was denied; trail t selects its objects, if it records the owner of the bucket"
    );
}
