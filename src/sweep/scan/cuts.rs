//! Where to cut the time of an Insights query that gives more rows than can be had. Pure.

/// Parts into which what was too much is cut by time, and as many around the events that were seen.
const PARTS: i64 = 4;

/// Full seconds at which to cut a stretch of time of which events were seen in a part; none if it has only one second.
/// Many parts cost no more than two: each byte is scanned once. The events are likely to lie where they were seen, or,
/// if those came in order, as close together elsewhere.
pub(super) fn cuts(from_ms: i64, to_ms: i64, seen: Option<(i64, i64)>) -> Vec<i64> {
    let (first, last) = (from_ms.div_euclid(1_000), (to_ms - 1).div_euclid(1_000));
    let even = |first: i64, end: i64| (0..=PARTS).map(move |n| first + (end - first) * n / PARTS);
    let around =
        seen.map(|(seen, last_seen)| even(seen.div_euclid(1_000), last_seen.div_euclid(1_000) + 1));
    let mut cuts: Vec<i64> = even(first, last + 1)
        .chain(around.into_iter().flatten())
        .collect();
    cuts.retain(|second| first < *second && *second <= last);
    cuts.sort_unstable();
    cuts.dedup();
    cuts.iter().map(|second| second * 1_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_cut_at_full_seconds() {
        assert_eq!(cuts(0, 2_000, None), [1_000]);
        assert_eq!(cuts(500, 1_001, None), [1_000]);
        assert_eq!(cuts(0, 8_000, None), [2_000, 4_000, 6_000]);
        for (from, to) in [(0, 1_000), (3_999, 4_000), (5_200, 5_300)] {
            assert_eq!(cuts(from, to, Some((from, from))), [0; 0]);
        }
    }

    #[test]
    fn a_burst_is_cut_out_at_once() {
        assert_eq!(
            cuts(0, 80_000, Some((33_250, 33_250))),
            [20_000, 33_000, 34_000, 40_000, 60_000]
        );
        assert_eq!(
            cuts(0, 16_000, Some((8_000, 15_999))),
            [4_000, 8_000, 10_000, 12_000, 14_000]
        );
    }
}
