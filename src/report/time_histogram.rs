//! When the events of each account happened, as a line of bars.

use std::collections::{BTreeMap, HashMap};

use super::resource::shorten;
use dragnet_model::time::UNKNOWN_TIME_MS;

/// The width of the narrowest bucket.
const MINUTE_MS: i64 = 60_000;

/// The maximum number of buckets of a histogram. If there are more, neighbours are combined.
const MOST_BUCKETS: usize = 256;

/// The maximum number of accounts. An event may claim any account.
const MOST_ACCOUNTS: usize = 100;

/// The bars, from few to many.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The number of events over time, in a limited number of buckets.
#[derive(Clone, Debug, Default)]
pub(super) struct TimeHistogram {
    /// The number of events by bucket. Bucket n has the minutes from n × 2^doublings on.
    buckets: BTreeMap<i64, u64>,
    doublings: u32,
}

impl TimeHistogram {
    fn add(&mut self, time_ms: i64) {
        let bucket = time_ms.div_euclid(MINUTE_MS) >> self.doublings;
        *self.buckets.entry(bucket).or_default() += 1;
        while self.buckets.len() > MOST_BUCKETS {
            self.combine_neighbours();
        }
    }

    fn combine_neighbours(&mut self) {
        let mut combined: BTreeMap<i64, u64> = BTreeMap::new();
        for (bucket, number) in &self.buckets {
            *combined.entry(bucket >> 1).or_default() += number;
        }
        self.buckets = combined;
        self.doublings += 1;
    }

    /// Draws the events between two times as bars: a dot where there is no event.
    fn draw(&self, (first_ms, last_ms): (i64, i64), columns: usize) -> String {
        let mut counts = vec![0_u64; columns];
        for (bucket, number) in &self.buckets {
            let start_ms = i128::from(*bucket) * (i128::from(MINUTE_MS) << self.doublings);
            if let Some(count) = counts.get_mut(column(start_ms, (first_ms, last_ms), columns)) {
                *count += number;
            }
        }
        let most = counts.iter().copied().max().unwrap_or_default();
        counts.iter().map(|count| bar(*count, most)).collect()
    }
}

/// Returns the column of a time. The buckets at both ends may start before the first time.
fn column(time_ms: i128, (first_ms, last_ms): (i64, i64), columns: usize) -> usize {
    let span = i128::from(last_ms) - i128::from(first_ms) + 1;
    let from_first = (time_ms - i128::from(first_ms)).clamp(0, span - 1);
    let columns = i128::try_from(columns).unwrap_or(1);
    usize::try_from(from_first * columns / span).unwrap_or_default()
}

/// Returns the bar of a number of events, if `most` is the largest number.
fn bar(number: u64, most: u64) -> char {
    if number == 0 || most == 0 {
        return '·';
    }
    let height = u128::from(number) * BARS.len() as u128 / u128::from(most);
    let at = usize::try_from(height).unwrap_or_default().max(1) - 1;
    BARS.get(at).copied().unwrap_or('█')
}

/// A histogram for each account.
#[derive(Clone, Debug, Default)]
pub(super) struct AccountHistograms(HashMap<String, TimeHistogram>);

impl AccountHistograms {
    /// Adds an event. One without a known time is left out.
    pub(super) fn add(&mut self, account: &str, time_ms: i64) {
        if time_ms == UNKNOWN_TIME_MS {
            return;
        }
        let account = shorten(account);
        if let Some(histogram) = self.0.get_mut(&*account) {
            histogram.add(time_ms);
        } else if self.0.len() < MOST_ACCOUNTS {
            let mut histogram = TimeHistogram::default();
            histogram.add(time_ms);
            self.0.insert(account.into_owned(), histogram);
        }
    }

    /// Draws the events of an account between two times, if it has any.
    pub(super) fn draw(
        &self,
        account: &str,
        span_ms: (i64, i64),
        columns: usize,
    ) -> Option<String> {
        let histogram = self.0.get(&*shorten(account))?;
        Some(histogram.draw(span_ms, columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn drawn(hours: &[i64], columns: usize) -> String {
        let mut histograms = AccountHistograms::default();
        for hour in hours {
            histograms.add("1", hour * HOUR_MS);
        }
        let first = hours.iter().min().unwrap() * HOUR_MS;
        let last = hours.iter().max().unwrap() * HOUR_MS;
        histograms.draw("1", (first, last), columns).unwrap()
    }

    #[test]
    fn bars_show_when_events_happened() {
        assert_eq!(drawn(&[0, 3], 4), "█··█");
        assert_eq!(drawn(&[0, 0, 0, 0, 1, 3, 3], 4), "█▂·▄");
        assert_eq!(drawn(&[5], 3), "█··");
    }

    #[test]
    fn account_without_known_time_has_no_bars() {
        let mut histograms = AccountHistograms::default();
        histograms.add("1", UNKNOWN_TIME_MS);
        assert_eq!(histograms.draw("1", (0, 1), 4), None);
    }

    #[test]
    fn any_times_fit_into_the_buckets() {
        let mut histogram = TimeHistogram::default();
        for number in 0..10_000 {
            histogram.add(number * HOUR_MS);
        }
        histogram.add(i64::MAX);
        histogram.add(i64::MIN + 1);
        assert!(histogram.buckets.len() <= MOST_BUCKETS);
        assert_eq!(histogram.buckets.values().sum::<u64>(), 10_002);
        let drawn = histogram.draw((i64::MIN + 1, i64::MAX), 8);
        assert_eq!(drawn.chars().count(), 8);
    }
}
