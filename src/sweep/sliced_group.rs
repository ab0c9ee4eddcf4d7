//! A log group whose window is divided among shards, by log time.
//!
//! `FilterLogEvents` selects by log time, so each event belongs to one slice. The first slice has no
//! beginning and the last no end: whatever range a sweep reads is divided without a gap.

use serde::{Deserialize, Serialize};

use dragnet_model::LogGroupArn;

/// A log group that several shards read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlicedGroup {
    /// The log group.
    pub group: LogGroupArn,
    /// The shards of the slices, in the order of time. Each has one slice; the first is the owner of the
    /// account-Region.
    pub shards: Vec<usize>,
    /// Where the slices after the first begin, in milliseconds since the Unix epoch.
    pub starts_ms: Vec<i64>,
    /// About how many pages it has.
    pub pages: u64,
}

/// The part of the log time of a log group that one shard reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSlice {
    /// The first millisecond.
    pub from_ms: i64,
    /// The end in milliseconds, exclusive.
    pub to_ms: i64,
    /// How many slices the log group has.
    pub number: usize,
}

impl SlicedGroup {
    /// Divides a range of log time evenly. AWS does not say when the bytes of a log group were written.
    pub fn new(group: LogGroupArn, range: (i64, i64), shards: Vec<usize>, pages: u64) -> Self {
        let (from_ms, to_ms) = range;
        let number = i128::try_from(shards.len()).unwrap_or(i128::MAX).max(1);
        let length = i128::from(to_ms) - i128::from(from_ms);
        let start = |slice: i128| i64::try_from(i128::from(from_ms) + length * slice / number);
        let starts_ms = (1..number)
            .map(|slice| start(slice).unwrap_or(to_ms))
            .collect();
        Self {
            group,
            shards,
            starts_ms,
            pages,
        }
    }

    /// Returns the slices in the order of time, each with its shard.
    pub fn slices(&self) -> impl Iterator<Item = (usize, TimeSlice)> {
        let starts = std::iter::once(i64::MIN).chain(self.starts_ms.iter().copied());
        let ends = self.starts_ms.iter().copied().chain([i64::MAX]);
        let number = self.shards.len();
        let shards = self.shards.iter().copied();
        shards
            .zip(starts.zip(ends))
            .map(move |(shard, (from_ms, to_ms))| {
                let slice = TimeSlice {
                    from_ms,
                    to_ms,
                    number,
                };
                (shard, slice)
            })
    }
}

impl TimeSlice {
    /// Returns the part of a range of log time that belongs to the slice, if there is one.
    pub fn part_of(self, (from_ms, to_ms): (i64, i64)) -> Option<(i64, i64)> {
        let part = (from_ms.max(self.from_ms), to_ms.min(self.to_ms));
        (part.0 < part.1).then_some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_every_range_without_overlap() {
        let group: LogGroupArn = "arn:aws:logs:eu-west-1:111111111111:log-group:/trail"
            .parse()
            .unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let from_ms = random.i64(-1_000..1_000);
            let to_ms = from_ms + random.i64(1..1_000);
            let shards: Vec<usize> = (0..random.usize(1..8)).collect();
            let sliced = SlicedGroup::new(group.clone(), (from_ms, to_ms), shards.clone(), 9);
            let slices: Vec<(usize, TimeSlice)> = sliced.slices().collect();
            assert_eq!(slices.len(), shards.len());
            // Another range than the one that was divided.
            let range = (from_ms - 7, to_ms + 7);
            let mut next = range.0;
            for part in slices.iter().filter_map(|(_, slice)| slice.part_of(range)) {
                assert_eq!(part.0, next);
                next = part.1;
            }
            assert_eq!(next, range.1);
        }
    }
}
