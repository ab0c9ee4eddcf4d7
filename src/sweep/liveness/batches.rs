//! Groups witnesses into few requests: ids of records that happened at about the same time. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use super::witness::Witness;

/// Source: CloudWatch Logs API, `FilterLogEvents`: `filterPattern` has at most 1,024 characters.
const LONGEST_PATTERN: usize = 1_024;

/// The longest time between the first and the last record of a request, so that little is read for
/// it.
const LONGEST_SPAN: Duration = Duration::from_hours(1);

/// How long after the call its record may have been stored, and how much earlier the log time may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Margin {
    pub(super) before: Duration,
    pub(super) after: Duration,
}

/// Records that are looked for with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The first log time, in milliseconds since the Unix epoch.
    pub(super) from_ms: i64,
    /// The end of the log times, exclusive.
    pub(super) to_ms: i64,
    pub(super) witnesses: Vec<Witness>,
}

impl Batch {
    /// Returns the pattern for events that contain one of the ids.
    pub(super) fn pattern(&self) -> String {
        let terms = self.witnesses.iter().map(term);
        terms.collect::<Vec<_>>().join(" ")
    }

    /// Returns the names of the log streams in which the records usually are.
    pub(super) fn streams(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.witnesses.iter().map(|one| &one.stream).collect();
        names.into_iter().cloned().collect()
    }
}

fn term(witness: &Witness) -> String {
    // An id has only letters, digits and hyphens, so nothing in it needs an escape.
    format!("?\"{}\"", witness.id)
}

/// Groups witnesses into batches, in the order of time.
pub(super) fn batch_witnesses(mut witnesses: Vec<Witness>, margin: Margin) -> Vec<Batch> {
    witnesses.sort();
    witnesses.dedup();
    let mut batches = Vec::new();
    let mut current: Vec<Witness> = Vec::new();
    for witness in witnesses {
        if !has_room(&current, &witness) {
            batches.extend(close(std::mem::take(&mut current), margin));
        }
        current.push(witness);
    }
    batches.extend(close(current, margin));
    batches
}

fn has_room(current: &[Witness], witness: &Witness) -> bool {
    let Some(first) = current.first() else {
        return true;
    };
    let length: usize = current.iter().map(|one| term(one).len() + 1).sum();
    witness.time_ms.saturating_sub(first.time_ms) <= as_ms(LONGEST_SPAN)
        && length + term(witness).len() <= LONGEST_PATTERN
}

fn close(witnesses: Vec<Witness>, margin: Margin) -> Option<Batch> {
    let first = witnesses.first()?.time_ms;
    let last = witnesses.last()?.time_ms;
    Some(Batch {
        from_ms: first.saturating_sub(as_ms(margin.before)).max(0),
        to_ms: last.saturating_add(as_ms(margin.after)).max(1),
        witnesses,
    })
}

fn as_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::Target;

    const MARGIN: Margin = Margin {
        before: Duration::from_mins(1),
        after: Duration::from_mins(30),
    };

    fn witness(minute: i64, number: i64) -> Witness {
        Witness {
            time_ms: minute * 60_000,
            id: format!("{number:0>36}"),
            target: Target {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
            },
            stream: String::new(),
        }
    }

    #[test]
    fn every_witness_is_in_one_batch_that_reaches_around_it() {
        let witnesses: Vec<Witness> = (0..100)
            .map(|number| witness(100 + 7 * (number % 40), number))
            .collect();
        let batches = batch_witnesses(witnesses.clone(), MARGIN);
        let mut batched: Vec<Witness> = Vec::new();
        for batch in &batches {
            assert!(batch.pattern().len() <= LONGEST_PATTERN);
            for one in &batch.witnesses {
                assert!(batch.from_ms + 60_000 <= one.time_ms);
                assert!(one.time_ms + 30 * 60_000 <= batch.to_ms);
            }
            batched.extend(batch.witnesses.iter().cloned());
        }
        batched.sort();
        let mut expected = witnesses;
        expected.sort();
        assert_eq!(batched, expected);
        assert!(batches.len() <= 8, "{}", batches.len());
    }

    #[test]
    fn records_far_apart_are_not_in_one_request() {
        let batches = batch_witnesses(vec![witness(1, 1), witness(62, 2)], MARGIN);
        assert_eq!(batches.len(), 2);
        assert_eq!(batches[0].pattern(), format!("?\"{:0>36}\"", 1));
    }

    #[test]
    fn no_witnesses_need_no_request() {
        assert!(batch_witnesses(Vec::new(), MARGIN).is_empty());
    }
}
