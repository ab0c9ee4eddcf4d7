//! Everyday traffic: events that look like those of CloudTrail, VPC flow logs and applications,
//! without any findings.
//!
//! The traffic of a group is generated when the group is first read. It depends only on the seed
//! and on the account, Region or group, so it is always the same. An organization of a hundred
//! accounts therefore starts immediately, and uses memory only for the groups that are read.

mod application;
mod flow;
mod records;

use std::sync::Arc;

use crate::cloudtrail::Record;
use crate::logs::NewEvent;
use dragnet_model::{AccountId, Region};

pub(crate) use application::ApplicationTraffic;
pub(crate) use flow::FlowSource;
pub(crate) use records::TrailStream;

const DAY_MS: i64 = 86_400_000;

/// The traffic of one log group, before it is generated.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    pub(crate) kind: Kind,
    /// The seed of the scenario.
    pub(crate) seed: u64,
    /// The start, inclusive, in milliseconds since the Unix epoch.
    pub(crate) from_ms: i64,
    /// The end, exclusive, in milliseconds since the Unix epoch.
    pub(crate) to_ms: i64,
    /// Events in 24 hours: of the group, or of each account-Region that a trail records.
    pub(crate) events_a_day: u32,
}

/// The kind of traffic.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// CloudTrail records of every account-Region that the trail of the group records.
    Trail(Arc<[TrailStream]>),
    /// VPC flow log records.
    Flow(FlowSource),
    /// Log lines of an application.
    Application(ApplicationTraffic),
}

impl Traffic {
    /// The number of events that will be generated.
    pub(crate) fn count(&self) -> u64 {
        let per_source = self.count_per_source();
        match &self.kind {
            Kind::Trail(streams) => per_source.saturating_mul(streams.len() as u64),
            Kind::Flow(_) | Kind::Application(_) => per_source,
        }
    }

    fn count_per_source(&self) -> u64 {
        let span = u64::try_from(self.to_ms.saturating_sub(self.from_ms)).unwrap_or(0);
        span.saturating_mul(u64::from(self.events_a_day)) / DAY_MS.unsigned_abs()
    }

    /// The approximate number of bytes that will be generated. On AWS, stored sizes are not exact
    /// either.
    pub(crate) fn estimated_bytes(&self) -> u64 {
        let bytes_per_event = match &self.kind {
            Kind::Trail(_) => 1_000,
            Kind::Flow(_) | Kind::Application(_) => 150,
        };
        self.count().saturating_mul(bytes_per_event)
    }

    /// Generates the events, in no particular order.
    pub(crate) fn generate(&self, mut store: impl FnMut(NewEvent)) {
        match &self.kind {
            Kind::Trail(streams) => {
                for stream in streams.iter() {
                    let mut random = self.random_of_stream(stream);
                    let times = self.times(&mut random);
                    records::generate(stream, self.seed, &times, &mut random, &mut store);
                }
            }
            Kind::Flow(source) => {
                let mut random = self.random(&format!("flow {} {}", source.account, source.region));
                let times = self.times(&mut random);
                flow::generate(source, &times, &mut random, store);
            }
            Kind::Application(application) => {
                let mut random = self.random(&application.seed_text);
                let times = self.times(&mut random);
                application.generate(&times, &mut random, store);
            }
        }
    }

    /// The CloudTrail records of one account-Region; none if no trail generates them.
    pub(crate) fn records(&self, account: AccountId, region: &Region) -> Vec<Record> {
        let Kind::Trail(streams) = &self.kind else {
            return Vec::new();
        };
        let stream = streams
            .iter()
            .find(|stream| stream.account == account && stream.region == *region);
        let Some(stream) = stream else {
            return Vec::new();
        };
        let mut random = self.random_of_stream(stream);
        let times = self.times(&mut random);
        records::records(stream, self.seed, &times, &mut random)
            .map(|(record, _)| record)
            .collect()
    }

    /// The random number generator of an account-Region. It does not depend on the trail, so all
    /// trails have the same records.
    fn random_of_stream(&self, stream: &TrailStream) -> fastrand::Rng {
        self.random(&format!("{} {}", stream.account, stream.region))
    }

    /// Returns a random number generator that depends only on the seed and `seed_text`.
    fn random(&self, seed_text: &str) -> fastrand::Rng {
        let hash = seed_text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        fastrand::Rng::with_seed(hash ^ self.seed.rotate_left(32))
    }

    /// The times of the events of one account-Region or group, ascending and about evenly spaced.
    fn times(&self, random: &mut fastrand::Rng) -> Vec<i64> {
        let count = i64::try_from(self.count_per_source()).unwrap_or(0);
        let step = self
            .to_ms
            .saturating_sub(self.from_ms)
            .checked_div(count)
            .unwrap_or(0)
            .max(1);
        (0..count)
            .map(|n| self.from_ms + n * step + random.i64(0..step))
            .collect()
    }
}

/// Picks an element of a list, which must not be empty.
fn pick<'a, T>(random: &mut fastrand::Rng, list: &'a [T]) -> &'a T {
    &list[random.usize(0..list.len())]
}

/// An address of the offices and customers of the organization. The network of the attacker is not
/// among them. The addresses 203.0.113.1 to 203.0.113.99 never occur, so they can be used where an
/// unknown address is needed.
fn everyday_address(random: &mut fastrand::Rng) -> String {
    format!("203.0.113.{}", random.u8(100..=254))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::RecordForm;

    fn events(traffic: &Traffic) -> Vec<NewEvent> {
        let mut events = Vec::new();
        traffic.generate(|event| events.push(event));
        events
    }

    fn traffic(kind: Kind) -> Traffic {
        Traffic {
            kind,
            seed: 7,
            from_ms: 1_772_323_200_000,
            to_ms: 1_772_409_600_000,
            events_a_day: 100,
        }
    }

    #[test]
    fn traffic_is_reproducible_and_within_its_window() {
        let account: AccountId = "111111111111".parse().unwrap();
        let region: Region = "us-east-1".parse().unwrap();
        let trail_stream = TrailStream {
            account,
            region: region.clone(),
            name: "s".to_owned(),
            form: RecordForm::for_source("s"),
        };
        for kind in [
            Kind::Trail(Arc::from([trail_stream])),
            Kind::Flow(FlowSource {
                account,
                region,
                format: "${srcaddr} ${dstaddr} ${nonsense}".to_owned(),
            }),
            Kind::Application(ApplicationTraffic::new("/app/web", "p")),
            Kind::Application(ApplicationTraffic::new("/aws/lambda/x", "p")),
        ] {
            let traffic = traffic(kind);
            let generated = events(&traffic);
            assert_eq!(generated, events(&traffic));
            assert_eq!(generated.len() as u64, traffic.count());
            assert!(
                generated
                    .iter()
                    .all(|event| (traffic.from_ms..traffic.to_ms).contains(&event.timestamp_ms))
            );
            assert!(
                generated
                    .iter()
                    .all(|event| !event.message.contains("198.51.100."))
            );
            assert_ne!(generated, events(&Traffic { seed: 8, ..traffic }));
        }
    }
}
