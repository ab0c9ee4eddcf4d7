//! The sentences about sightings that are calls of Dragnet itself, and about those that only look
//! like them.

use super::Summary;
use dragnet_model::format::count;

/// Returns the sentences of the verdict. Calls of Dragnet itself are no findings; claimed ones are.
pub(super) fn own_calls_sentences(summary: &Summary) -> Vec<String> {
    let own_calls = match summary.own_calls {
        0 => None,
        1 => Some("1 sighting is a call of Dragnet itself: it is not a finding.".to_owned()),
        more => Some(format!(
            "{} sightings are calls of Dragnet itself: they are not findings.",
            count(more)
        )),
    };
    let claimed = match summary.claimed_own_calls {
        0 => None,
        1 => Some(
            "1 sighting is a call that looks like Dragnet's, but no run on this machine made it: \
             treat it as a finding."
                .to_owned(),
        ),
        more => Some(format!(
            "{} sightings are calls that look like Dragnet's, but no run on this machine made them: \
             treat them as findings.",
            count(more)
        )),
    };
    own_calls.into_iter().chain(claimed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{RunStatus, testing};

    #[test]
    fn own_and_claimed_calls_have_sentences() {
        let mut summary = testing::summary(RunStatus::Complete);
        summary.sightings = 1_204;
        assert!(own_calls_sentences(&summary).is_empty());
        summary.own_calls = 1_200;
        summary.claimed_own_calls = 3;
        assert_eq!(
            own_calls_sentences(&summary),
            [
                "1,200 sightings are calls of Dragnet itself: they are not findings.",
                "3 sightings are calls that look like Dragnet's, but no run on this machine made \
                 them: treat them as findings."
            ]
        );
    }

    #[test]
    fn own_calls_are_no_findings() {
        let mut summary = testing::summary(RunStatus::Complete);
        summary.sightings = 3;
        summary.own_calls = 3;
        assert!(!summary.has_findings());
        summary.claimed_own_calls = 1;
        summary.own_calls = 2;
        assert!(summary.has_findings());
    }
}
