//! The judgement of log sources, by what they report and how the search of their destinations ended.

use super::*;
use dragnet_model::{SourceKind, Target};

const HOUR: i64 = 3_600_000;

/// Judges a trail that delivers, for the hours 100 to 124, after `change` was applied to it.
fn judged(
    change: impl FnOnce(&mut LogSource, &mut Delivery, &mut Selection),
    end: &GroupEnd,
) -> Judgement {
    let home = Target {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    };
    let mut delivery = Delivery {
        logging: true,
        started_ms: Some(0),
        stopped_ms: None,
        last_ms: Some(124 * HOUR),
        error: String::new(),
        bucket_last_ms: Some(124 * HOUR),
        bucket_error: String::new(),
    };
    let mut selection = Selection::Events {
        management: ManagementEvents::all(),
        data: std::collections::BTreeSet::new(),
        objects: Vec::new(),
    };
    let mut trail = LogSource {
        kind: SourceKind::CloudTrail,
        via: "t".to_owned(),
        destination: Destination::LogGroup(LogGroupArn::new(home.clone(), "/trail")),
        bucket: None,
        home,
        multi_region: true,
        is_organization_trail: false,
        state: SourceState::Unknown,
    };
    change(&mut trail, &mut delivery, &mut selection);
    if trail.state == SourceState::Unknown {
        trail.state = SourceState::Known(delivery, selection);
    }
    let at = |hours: i64| Timestamp::from_millisecond(hours * HOUR).unwrap();
    judge(&trail, TimeWindow::new(at(100), at(124)).unwrap(), |_| {
        end.clone()
    })
}

fn status(change: impl FnOnce(&mut LogSource, &mut Delivery, &mut Selection)) -> SourceStatus {
    judged(change, &GroupEnd::new(SourceStatus::Searched, "")).status
}

#[test]
fn source_that_is_off_or_never_delivered_is_not_searched() {
    let whole = judged(|_, _, _| (), &GroupEnd::new(SourceStatus::Searched, ""));
    assert!(whole.status == SourceStatus::Searched && whole.management.is_all());
    let denied = judged(|_, _, _| (), &GroupEnd::new(SourceStatus::Denied, "no"));
    assert!(denied.status == SourceStatus::Denied && denied.management.is_none());
    assert_eq!(
        status(|_, delivery, _| delivery.logging = false),
        SourceStatus::Stopped
    );
    assert_eq!(
        status(|_, delivery, _| delivery.error = "no".to_owned()),
        SourceStatus::Failing
    );
    assert_eq!(
        status(|_, delivery, _| delivery.last_ms = None),
        SourceStatus::Stale
    );
    assert_eq!(
        status(|_, delivery, _| delivery.last_ms = Some(HOUR)),
        SourceStatus::Searched
    );
    assert_eq!(
        status(|_, delivery, _| delivery.started_ms = Some(101 * HOUR)),
        SourceStatus::Partial
    );
    let bucket =
        |trail: &mut LogSource| trail.destination = Destination::Other("s3://b".to_owned());
    assert_eq!(status(|trail, _, _| bucket(trail)), SourceStatus::OnlyS3);
}

#[test]
fn changes_after_window_do_not_matter() {
    let later = |delivery: &mut Delivery| {
        delivery.logging = false;
        delivery.stopped_ms = Some(124 * HOUR);
    };
    assert_eq!(
        status(|_, delivery, _| later(delivery)),
        SourceStatus::Searched
    );
    let failed_later = |delivery: &mut Delivery| {
        delivery.error = "no".to_owned();
        delivery.last_ms = Some(126 * HOUR);
    };
    assert_eq!(
        status(|_, delivery, _| failed_later(delivery)),
        SourceStatus::Searched
    );
}

#[test]
fn bucket_is_judged_by_its_own_deliveries() {
    let home = Target {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    };
    let delivery = Delivery {
        logging: true,
        started_ms: Some(0),
        stopped_ms: None,
        last_ms: None,
        error: "no log group".to_owned(),
        bucket_last_ms: Some(124 * HOUR),
        bucket_error: String::new(),
    };
    let selection = Selection::Events {
        management: ManagementEvents::all(),
        data: std::collections::BTreeSet::new(),
        objects: Vec::new(),
    };
    let trail = |delivery: Delivery| LogSource {
        kind: SourceKind::CloudTrail,
        via: "t".to_owned(),
        destination: Destination::Other("s3://b".to_owned()),
        bucket: None,
        home: home.clone(),
        multi_region: true,
        is_organization_trail: false,
        state: SourceState::Known(delivery, selection.clone()),
    };
    let at = |hours: i64| Timestamp::from_millisecond(hours * HOUR).unwrap();
    let window = TimeWindow::new(at(100), at(124)).unwrap();
    let status = |delivery: Delivery| {
        let end = GroupEnd::new(SourceStatus::Searched, "");
        judge_objects(&trail(delivery), window, &end).status
    };
    assert_eq!(status(delivery.clone()), SourceStatus::Searched);
    let never = Delivery {
        bucket_last_ms: None,
        ..delivery.clone()
    };
    assert_eq!(status(never), SourceStatus::Stale);
    let failing = Delivery {
        bucket_error: "AccessDenied".to_owned(),
        ..delivery
    };
    assert_eq!(status(failing), SourceStatus::Failing);
}

#[test]
fn incomplete_selectors_make_source_partial() {
    let writes = ManagementEvents {
        reads: None,
        ..ManagementEvents::all()
    };
    let judgement = judged(
        |_, _, selection| {
            *selection = Selection::Events {
                management: writes.clone(),
                data: std::collections::BTreeSet::new(),
                objects: Vec::new(),
            };
        },
        &GroupEnd::new(SourceStatus::Searched, ""),
    );
    assert_eq!(
        (judgement.status, judgement.management),
        (SourceStatus::Partial, writes)
    );
    let refused = |trail: &mut LogSource| trail.state = SourceState::Denied(Outcome::denied("no"));
    assert_eq!(status(|trail, _, _| refused(trail)), SourceStatus::Denied);
}
