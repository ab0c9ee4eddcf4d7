//! When two sightings are the same, for deduplication, and when they are about the same subject, for
//! suppression.

use super::state::Identity;
use crate::search::canonical_text;
use dragnet_model::Sighting;

/// The identity of a sighting, and the one that earlier versions stored, which did not include the
/// message.
///
/// The second one prevents repeated alerts after an upgrade. This version never stores it, so a
/// forged line cannot suppress a record through it.
pub(super) struct SightingIdentity {
    pub identity: Identity,
    pub without_message: Identity,
}

/// Returns the identity of a sighting, which is the same wherever and however often it is stored.
/// As with copies, it includes the whole message, so a forged line cannot hide a record by using
/// its id.
pub(super) fn identity(sighting: &Sighting) -> SightingIdentity {
    let stored = &sighting.stored;
    let event = &sighting.details;
    let time = event.time_ms.to_string();
    let message = canonical_text(&sighting.message);
    let account = stored.account.to_string();
    // A CloudTrail record is the same in every log group. Any other event is identified by where it
    // is stored.
    let origin = if event.is_cloudtrail() {
        None
    } else {
        Some([
            account.as_str(),
            stored.region.as_str(),
            &stored.log_group,
            &stored.event_id,
        ])
    };
    let origin = origin.into_iter().flatten();
    let details = [
        time.as_str(),
        &event.account,
        &event.region,
        &event.event_name,
        &event.event_source,
        &event.identity.arn,
        &event.identity.access_key_id,
        &event.source_ip,
        &event.user_agent,
        &event.error_code,
        &event.record_id,
        &event.request_id,
    ];
    SightingIdentity {
        identity: Identity::from_parts(
            details
                .into_iter()
                .chain([message.as_str()])
                .chain(origin.clone()),
        ),
        without_message: Identity::from_parts(details.into_iter().chain(origin)),
    }
}

/// The subject of a sighting for suppression: what was found, in which account, and the principal.
pub(super) fn subject(sighting: &Sighting) -> Identity {
    let event = &sighting.details;
    let matches = sighting
        .indicators
        .iter()
        .chain(&sighting.hunts)
        .map(String::as_str);
    Identity::from_parts(matches.chain([&*event.account, &*event.identity.arn]))
}
