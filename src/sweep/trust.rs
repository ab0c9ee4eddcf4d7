//! Which events a trail wrote. Only these say themselves where and when something happened: in any other log stream,
//! whoever may write lines there writes what he likes.

use crate::model::{AccountId, Region};

/// Whether a trail that delivers to the log group wrote an event of this stream that tells of an account.
///
/// An account's own trail records that account alone, and names its streams after it; an organization's puts the
/// organization's id before that. Busy trails write several streams, which are numbered.
///
/// Sources: CloudTrail user guide, "CloudWatch log group and log stream naming for CloudTrail"
/// (`account_ID_CloudTrail_trail_region`, `…_number`), and "Role policy document for CloudTrail to use CloudWatch Logs
/// for monitoring" (`log-stream:o-exampleorgid_*`).
pub(super) fn is_stream_of_trail(log_stream: &str, event_account: &str) -> bool {
    let organization = log_stream.split_once('_').filter(|(id, _)| is_organization_id(id));
    let name = organization.map_or(log_stream, |(_, name)| name);
    let Some((owner, place)) = name.split_once("_CloudTrail_") else { return false };
    let (region, number) = place.split_once('_').unwrap_or((place, "0"));
    owner.parse::<AccountId>().is_ok()
        && region.parse::<Region>().is_ok()
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
        && (organization.is_some() || owner == event_account)
}

/// Source: Organizations API, `Organization`: `^o-[a-z0-9]{10,32}$`.
fn is_organization_id(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_names_its_streams_after_what_it_records() {
        for stream in [
            "111111111111_CloudTrail_us-east-1",
            "111111111111_CloudTrail_us-gov-west-1_12",
            "o-exampleorgid_111111111111_CloudTrail_us-east-1",
            "o-exampleorgid_222222222222_CloudTrail_us-east-1_3",
        ] {
            assert!(is_stream_of_trail(stream, "111111111111"), "{stream}");
        }
    }

    #[test]
    fn other_streams_are_anybodys() {
        for stream in [
            "",
            "app",
            "_CloudTrail_",
            "222222222222_CloudTrail_us-east-1",
            "x111111111111_CloudTrail_us-east-1",
            "111111111111_CloudTrail_us-east-1_",
            "111111111111_CloudTrail_us-east-1_a",
            "111111111111_CloudTrail_us-east-1_1_2",
            "111111111111_CloudTrail_",
            "o-short_111111111111_CloudTrail_us-east-1",
            "o-exampleorgid_x_CloudTrail_us-east-1",
            "i-0123456789_111111111111_CloudTrail_us-east-1",
        ] {
            assert!(!is_stream_of_trail(stream, "111111111111"), "{stream}");
        }
    }
}
