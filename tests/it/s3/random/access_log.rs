//! Random server access logs of the buckets of trails.

use std::collections::BTreeSet;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::organization::{FROM, happens, pick, time};
use crate::s3::sweeps::IP;
use crate::scenario::Bucket;

/// The access logs of the bucket of an account, with one request.
#[derive(Clone, Debug)]
pub(crate) struct RandomAccessLog {
    /// The account that owns both buckets.
    pub owner: &'static str,
    /// The dates of the keys, if these name the bucket.
    dates: Option<&'static str>,
    at: Timestamp,
    late: SignedDuration,
}

impl RandomAccessLog {
    /// Returns access logs of some buckets.
    pub(super) fn random(rng: &mut Rng, owners: &BTreeSet<&'static str>) -> Vec<Self> {
        let mut logs = Vec::new();
        for owner in owners {
            if happens(rng, 2) {
                continue;
            }
            let minutes = SignedDuration::from_mins(rng.i64(0..29 * 60));
            logs.push(Self {
                owner,
                dates: pick(rng, &[None, Some("DeliveryTime"), Some("EventTime")]),
                at: time("2026-03-01T06:00:00Z") + minutes,
                late: SignedDuration::from_hours(rng.i64(0..6)),
            });
        }
        logs
    }

    pub(super) fn is_in_window(&self) -> bool {
        self.at >= time(FROM) && self.at < time("2026-03-02T12:00:00Z")
    }

    /// The line of the request.
    pub(super) fn line(&self) -> String {
        let owner = self.owner;
        let at = self.at.strftime("%d/%b/%Y:%H:%M:%S");
        format!(
            r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be trails-{owner} [{at} +0000] {IP} - 3E57427F3A1B2C4D REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 1 1 7 6 "-" "curl/8.0" - - SigV4 - AuthHeader x TLSv1.3 - -"#
        )
    }

    /// Adds the destination to the bucket of the trails.
    pub(super) fn add_to(&self, bucket: Bucket) -> Bucket {
        let bucket = bucket.access_logs(format!("reads-{}/x-", self.owner));
        match self.dates {
            Some(dates) => bucket.access_log_dates(dates),
            None => bucket,
        }
    }

    /// The bucket with the logs, and the object.
    pub(super) fn tables(&self, region: &str) -> String {
        let owner = self.owner;
        let bucket = Bucket::new(format!("reads-{owner}"), owner, region);
        // Before the window ends, which is now.
        let delivered = (self.at + self.late).min(time("2026-03-02T11:59:00Z"));
        let day = |time: Timestamp| time.strftime("%Y/%m/%d").to_string();
        let name = |time: Timestamp| time.strftime("%Y-%m-%d-%H-%M-%S").to_string();
        let source = format!("{owner}/{region}/trails-{owner}/");
        let key = match self.dates {
            Some("EventTime") => {
                let date = self.at.strftime("%Y-%m-%d-00-00-00");
                format!("{source}{}/{date}", day(self.at))
            }
            Some(_) => format!("{source}{}/{}", day(delivered), name(delivered)),
            None => name(delivered),
        };
        let line = self.line();
        format!(
            "{bucket}[[objects]]\nbucket = 'reads-{owner}'\nkey = 'x-{key}-E568B2907131C0C4'\nat = '{delivered}'\ntext = '{line}'\n"
        )
    }
}
