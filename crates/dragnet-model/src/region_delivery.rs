//! What a trail delivers from one of its Regions.

use serde::{Deserialize, Serialize};

use super::{Delivery, LogSource, Region, SourceState};

/// The state of a multi-Region trail in a Region other than its home Region.
///
/// Source: CloudTrail API, `GetTrailStatus`: "returns trail status information only from a single
/// Region".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionDelivery {
    /// The name of the log source: the ARN of the trail.
    pub via: String,
    /// The Region.
    pub region: Region,
    /// Whether it delivers from there.
    pub delivery: Delivery,
}

impl RegionDelivery {
    /// Whether the trail does not deliver from there.
    pub fn has_failed(&self) -> bool {
        let Delivery {
            logging,
            error,
            bucket_error,
            ..
        } = &self.delivery;
        !logging || !error.is_empty() || !bucket_error.is_empty()
    }

    /// Returns the log source as it is in this Region. Only what shows a failure counts: a Region without
    /// any call may never have delivered.
    #[must_use]
    pub fn apply_to(&self, log_source: &LogSource) -> LogSource {
        let mut here = log_source.clone();
        let SourceState::Known(delivery, _) = &mut here.state else {
            return here;
        };
        let reported = &self.delivery;
        if !reported.logging {
            delivery.logging = false;
            delivery.stopped_ms = reported.stopped_ms;
        }
        if !reported.error.is_empty() {
            delivery.error.clone_from(&reported.error);
            delivery.last_ms = reported.last_ms;
        }
        if !reported.bucket_error.is_empty() {
            delivery.bucket_error.clone_from(&reported.bucket_error);
            delivery.bucket_last_ms = reported.bucket_last_ms;
        }
        here
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Destination, Selection, SourceKind, Target};

    fn delivery(error: &str, last_ms: Option<i64>) -> Delivery {
        Delivery {
            logging: true,
            started_ms: None,
            stopped_ms: None,
            last_ms,
            error: error.to_owned(),
            bucket_last_ms: last_ms,
            bucket_error: String::new(),
        }
    }

    #[test]
    fn only_failures_of_a_region_count() {
        let source = LogSource {
            kind: SourceKind::CloudTrail,
            via: "v".to_owned(),
            home: Target {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
            },
            destination: Destination::Other(String::new()),
            bucket: None,
            multi_region: true,
            is_organization_trail: false,
            state: SourceState::Known(
                delivery("", Some(9)),
                Selection::Traffic {
                    kept: "ALL".to_owned(),
                    format: String::new(),
                },
            ),
        };
        let applied = |delivery: Delivery| {
            let here = RegionDelivery {
                via: "v".to_owned(),
                region: "eu-west-1".parse().unwrap(),
                delivery,
            };
            let SourceState::Known(delivery, _) = here.apply_to(&source).state else {
                panic!("the state is known");
            };
            delivery
        };
        assert_eq!(applied(delivery("", None)), delivery("", Some(9)));
        let failing = applied(delivery("AccessDenied", Some(5)));
        assert_eq!(
            (failing.error.as_str(), failing.last_ms),
            ("AccessDenied", Some(5))
        );
        assert_eq!(failing.bucket_last_ms, Some(9));
        let off = Delivery {
            logging: false,
            ..delivery("", Some(9))
        };
        assert!(!applied(off).logging);
    }
}
