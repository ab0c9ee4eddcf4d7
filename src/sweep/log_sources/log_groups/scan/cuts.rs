//! Decides where to split the time range of an Insights query that has too many rows. Pure.

/// The number of parts into which a time range is split, and again the range of the events that
/// were seen.
const PARTS: i64 = 4;

/// Returns the full seconds at which to split a time range, or none if the range lies within one
/// second. `seen` is the range of the events that were received.
///
/// Many parts cost no more than two, because each byte is scanned once in either case. The extra
/// splits around `seen` are there because most events are likely to be where some were seen; if
/// events arrived in order of time, the others are likely to be as dense.
pub(super) fn split_times(from_ms: i64, to_ms: i64, seen: Option<(i64, i64)>) -> Vec<i64> {
    let first = from_ms.div_euclid(1_000);
    let last = (to_ms - 1).div_euclid(1_000);
    let even = |first: i64, end: i64| (0..=PARTS).map(move |n| first + (end - first) * n / PARTS);
    let around =
        seen.map(|(seen, last_seen)| even(seen.div_euclid(1_000), last_seen.div_euclid(1_000) + 1));
    let mut split_times: Vec<i64> = even(first, last + 1)
        .chain(around.into_iter().flatten())
        .collect();
    split_times.retain(|second| first < *second && *second <= last);
    split_times.sort_unstable();
    split_times.dedup();
    split_times.iter().map(|second| second * 1_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_is_split_at_full_seconds() {
        assert_eq!(split_times(0, 2_000, None), [1_000]);
        assert_eq!(split_times(500, 1_001, None), [1_000]);
        assert_eq!(split_times(0, 8_000, None), [2_000, 4_000, 6_000]);
        for (from, to) in [(0, 1_000), (3_999, 4_000), (5_200, 5_300)] {
            assert_eq!(split_times(from, to, Some((from, from))), [0; 0]);
        }
    }

    #[test]
    fn seen_events_get_extra_splits() {
        assert_eq!(
            split_times(0, 80_000, Some((33_250, 33_250))),
            [20_000, 33_000, 34_000, 40_000, 60_000]
        );
        assert_eq!(
            split_times(0, 16_000, Some((8_000, 15_999))),
            [4_000, 8_000, 10_000, 12_000, 14_000]
        );
    }
}
