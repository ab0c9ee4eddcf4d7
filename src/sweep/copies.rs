//! Decides which sightings are copies of one event, and combines them: the record of two trails, a
//! record that a pipeline rewrote, and an event that CloudWatch Logs copied to a central account.

use crate::search::are_equal_documents;
use dragnet_model::{CentralStream, Sighting, Target};

/// Returns whether two sightings could be copies. The order of the rows keeps such sightings
/// adjacent.
pub(super) fn may_be_copies(one: &Sighting, other: &Sighting) -> bool {
    let one = &one.details;
    let other = &other.details;
    (one.time_ms, &one.account, &one.region, &one.record_id)
        == (
            other.time_ms,
            &other.account,
            &other.region,
            &other.record_id,
        )
}

/// Returns whether two sightings are copies of one event.
pub(super) fn are_copies(one: &Sighting, other: &Sighting) -> bool {
    are_equal_copies(one, other)
        || is_transformed_copy(one, other)
        || is_centralized_copy(one, other)
}

/// Returns whether one sighting is the record of the other, which a pipeline rewrote: what both of
/// them say agrees. A rewritten record may lack fields, so CloudTrail must have delivered both: no other
/// line may add its indicators to a record.
fn is_transformed_copy(one: &Sighting, other: &Sighting) -> bool {
    let (transformed, original) = match (one.details.is_transformed, other.details.is_transformed) {
        (true, false) => (&one.details, &other.details),
        (false, true) => (&other.details, &one.details),
        _ => return false,
    };
    let is_part = |part: &str, whole: &str| part.is_empty() || part == whole;
    one.trusted
        && other.trusted
        && !original.record_id.is_empty()
        && original.event_name == transformed.event_name
        && original.event_source == transformed.event_source
        && is_part(&transformed.identity.arn, &original.identity.arn)
        && is_part(
            &transformed.identity.access_key_id,
            &original.identity.access_key_id,
        )
        && is_part(&transformed.source_ip, &original.source_ip)
        && is_part(&transformed.error_code, &original.error_code)
        && is_part(&transformed.request_id, &original.request_id)
}

/// Returns whether CloudWatch Logs copied an event to the log group of the other: they have the same
/// message and log time, and the same stream of the same account-Region.
fn is_centralized_copy(one: &Sighting, other: &Sighting) -> bool {
    let target = |sighting: &Sighting| Target {
        account: sighting.stored.account,
        region: sighting.stored.region.clone(),
    };
    let one_target = target(one);
    let other_target = target(other);
    let one_copy = CentralStream::parse(&one.stored.log_stream, &one_target);
    let other_copy = CentralStream::parse(&other.stored.log_stream, &other_target);
    if one_copy.is_none() && other_copy.is_none() {
        return false;
    }
    let stream_of_one = one_copy.map_or(one.stored.log_stream.as_str(), |copy| copy.original);
    let stream_of_other = other_copy.map_or(other.stored.log_stream.as_str(), |copy| copy.original);
    let is_same_place =
        one_target == other_target && one.stored.log_group == other.stored.log_group;
    !is_same_place
        && stream_of_one == stream_of_other
        && one.stored.timestamp_ms == other.stored.timestamp_ms
        && one.details == other.details
        && one.message == other.message
}

/// Whether a sighting is stored in the account-Region in which it happened.
fn is_original(sighting: &Sighting) -> bool {
    let stored = &sighting.stored;
    sighting.details.account == stored.account.to_string()
        && sighting.details.region == stored.region.as_str()
}

/// Returns whether two sightings are equal copies of one record: the event details and the whole message
/// must agree. A record that has another's id but differs in any field is no copy, because
/// combining them would hide one of the two. Without a record id, only the same event of CloudWatch
/// Logs is a copy.
fn are_equal_copies(one: &Sighting, other: &Sighting) -> bool {
    let is_record = !one.details.record_id.is_empty();
    (is_record || is_same_event(one, other))
        && one.details == other.details
        && are_equal_documents(&one.message, &other.message)
}

/// Returns whether both are the same event of CloudWatch Logs, by its id, read twice.
fn is_same_event(one: &Sighting, other: &Sighting) -> bool {
    let one = &one.stored;
    let other = &other.stored;
    !one.event_id.is_empty()
        && (&one.event_id, &one.log_group, one.account, &one.region)
            == (
                &other.event_id,
                &other.log_group,
                other.account,
                &other.region,
            )
}

pub(super) fn combine(one: &mut Sighting, copy: Sighting) {
    // The same event read twice is still one copy.
    one.copies += u32::from(!is_same_event(one, &copy));
    // The origin of a record is where a trail delivered it, not where somebody copied it. CloudTrail's
    // own form has all fields; and a central copy has its original elsewhere.
    let is_record = one.details.is_cloudtrail();
    let rank = |sighting: &Sighting| {
        (
            sighting.trusted,
            !sighting.details.is_transformed,
            !is_record && is_original(sighting),
        )
    };
    if rank(&copy) > rank(&*one) {
        one.trusted = copy.trusted;
        one.details = copy.details;
        one.stored = copy.stored;
        one.message = copy.message;
    }
    union(&mut one.indicators, copy.indicators);
    union(&mut one.hunts, copy.hunts);
    union(&mut one.matched_fields, copy.matched_fields);
}

fn union(all: &mut Vec<String>, more: Vec<String>) {
    all.extend(more);
    all.sort();
    all.dedup();
}
