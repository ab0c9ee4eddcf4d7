//! Chooses what is read of the sources that could have the records of account-Regions. Pure: the
//! same candidates always give the same choice.
//!
//! Completeness comes before time and money: a source is chosen only if no other is certain to have
//! more of what is needed. Of those that have everything, the rule is [`choose`]. Sizes that are
//! not known before reading are never guessed: such a source comes last.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use dragnet_model::{LogKind, Target};

/// Reading that takes no longer is fast enough: a faster source is not worth its price.
pub(super) const FAST_ENOUGH: Duration = Duration::from_mins(10);

dragnet_model::word_enum! {
    /// A way to read records. If two are equally good, the first one is chosen.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ReadMethod {
        /// A log group by `FilterLogEvents`.
        Filter => "filter",
        /// A log group by Logs Insights.
        Insights => "insights",
        /// Objects in S3.
        Objects => "s3",
        /// CloudTrail's event history.
        History => "history",
    }
}

/// Time ranges by account-Region and kind of log, each as its first millisecond and the first one
/// after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordRanges(BTreeMap<(Target, LogKind), Vec<(i64, i64)>>);

impl RecordRanges {
    /// Adds a range. An empty one adds nothing.
    pub fn add(&mut self, target: &Target, kind: LogKind, (from_ms, to_ms): (i64, i64)) {
        if from_ms < to_ms {
            let ranges = self.0.entry((target.clone(), kind)).or_default();
            ranges.push((from_ms, to_ms));
        }
    }

    /// Whether there is no range.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what of these ranges is not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let left = self.0.iter().filter_map(|(part, ranges)| {
            let removed = other.0.get(part).into_iter().flatten();
            let left = removed.fold(ranges.clone(), |left, range| subtract(left, *range));
            (!left.is_empty()).then(|| (part.clone(), left))
        });
        Self(left.collect())
    }
}

/// Removes one range from others.
fn subtract(ranges: Vec<(i64, i64)>, (from_ms, to_ms): (i64, i64)) -> Vec<(i64, i64)> {
    ranges
        .into_iter()
        .flat_map(|(first, end)| [(first, end.min(from_ms)), (first.max(to_ms), end)])
        .filter(|(first, end)| first < end)
        .collect()
}

/// How long reading takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadTime {
    /// This long at the quota.
    AtQuota(Duration),
    /// Insights: no quota says how long, but it reads gigabytes in seconds.
    Short,
    /// Not known before it is read or listed.
    Unknown,
}

/// A source that could be read, and what that takes.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadSource {
    /// How it is read.
    pub method: ReadMethod,
    /// The names of log groups or buckets; empty for event histories.
    pub location: String,
    /// The number of calls if it is known; of event histories the fewest.
    pub calls: Option<f64>,
    /// How long that takes.
    pub time: ReadTime,
    /// What that costs at list prices, in US dollars, if it is known.
    pub usd: Option<f64>,
}

/// A source, and the records that it is certain to have.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The source.
    pub source: ReadSource,
    /// Its records.
    pub records: RecordRanges,
}

dragnet_model::word_enum! {
    /// Why sources are chosen.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ChoiceReason {
        /// No other source has everything.
        OnlySource => "only-source",
        /// It is the cheapest of those that take at most ten minutes.
        Cheapest => "cheapest",
        /// None takes at most ten minutes, and it is the fastest.
        Fastest => "fastest",
        /// None of known size is within the limit, and it costs the least.
        OverLimit => "over-limit",
        /// The size of none is known.
        UnknownSize => "unknown-size",
        /// None has everything, so all are read that have something.
        Together => "together",
        /// None has anything.
        NoSource => "no-source",
    }
}

impl ChoiceReason {
    /// Explains the reason to people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::OnlySource => "the only source that has everything",
            Self::Cheapest => "the cheapest of those that take at most 10 minutes",
            Self::Fastest => "the fastest within --max-scan-cost",
            Self::OverLimit => "the least expensive; none is within --max-scan-cost",
            Self::UnknownSize => "the first; how much they have is not known before reading",
            Self::Together => "no source is certain to have everything",
            Self::NoSource => "no source has the records",
        }
    }
}

/// What is read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The methods that are used.
    pub methods: Vec<ReadMethod>,
    /// Why.
    pub reason: ChoiceReason,
}

/// Chooses what is read to get the records `needed`:
///
/// 1. Only a source that has everything is read alone. If there is none, all are read that add
///    something.
/// 2. Of those that have everything, within `limit_usd`: the cheapest of those that take at most ten
///    minutes; if there is none, the fastest.
/// 3. If none is within the limit: the cheapest. Insights never exceeds the limit.
/// 4. One whose size is not known before reading: only if there is no other.
/// 5. Equally good ones: log groups, then objects, then the event history.
pub fn choose(needed: &RecordRanges, candidates: &[Candidate], limit_usd: f64) -> Choice {
    let allowed: Vec<(&Candidate, Rank)> = candidates
        .iter()
        .filter(|candidate| is_allowed(&candidate.source, limit_usd))
        .map(|candidate| (candidate, Rank::new(&candidate.source, limit_usd)))
        .collect();
    choose_one(needed, &allowed).unwrap_or_else(|| choose_together(needed, allowed))
}

/// Chooses the best source of those that have everything, if there is one.
fn choose_one(needed: &RecordRanges, allowed: &[(&Candidate, Rank)]) -> Option<Choice> {
    let sufficient: Vec<&Rank> = allowed
        .iter()
        .filter(|(candidate, _)| needed.without(&candidate.records).is_empty())
        .map(|(_, rank)| rank)
        .collect();
    let best = sufficient.iter().min_by(|one, other| one.compare(other))?;
    let reason = if sufficient.len() == 1 {
        ChoiceReason::OnlySource
    } else {
        best.class.reason()
    };
    Some(Choice {
        methods: vec![best.method],
        reason,
    })
}

/// Chooses all sources that add something, in the order in which a sweep reads them.
fn choose_together(needed: &RecordRanges, mut allowed: Vec<(&Candidate, Rank)>) -> Choice {
    allowed.sort_by(|(_, one), (_, other)| {
        let by_storage = storage_order(one.method).cmp(&storage_order(other.method));
        by_storage.then_with(|| one.compare(other))
    });
    let mut missing = needed.clone();
    let mut methods = Vec::new();
    for (candidate, rank) in allowed {
        let left = missing.without(&candidate.records);
        if left != missing {
            methods.push(rank.method);
            missing = left;
        }
    }
    let reason = if methods.is_empty() {
        ChoiceReason::NoSource
    } else {
        ChoiceReason::Together
    };
    Choice { methods, reason }
}

/// The engines of a log group have the same records, so the better one is first.
fn storage_order(method: ReadMethod) -> u8 {
    match method {
        ReadMethod::Filter | ReadMethod::Insights => 0,
        ReadMethod::Objects => 1,
        ReadMethod::History => 2,
    }
}

/// Whether a source may be read at all: the limit is that of Insights.
fn is_allowed(source: &ReadSource, limit_usd: f64) -> bool {
    source.method != ReadMethod::Insights || source.usd.is_some_and(|usd| usd <= limit_usd)
}

/// How good a source is: the classes in order, and within a class two figures, of which the lower
/// is better.
#[derive(Clone, Copy, Debug)]
struct Rank {
    class: Class,
    figures: [f64; 2],
    method: ReadMethod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Fast,
    Slow,
    OverLimit,
    UnknownSize,
}

impl Class {
    fn reason(self) -> ChoiceReason {
        match self {
            Self::Fast => ChoiceReason::Cheapest,
            Self::Slow => ChoiceReason::Fastest,
            Self::OverLimit => ChoiceReason::OverLimit,
            Self::UnknownSize => ChoiceReason::UnknownSize,
        }
    }
}

impl Rank {
    fn new(source: &ReadSource, limit_usd: f64) -> Self {
        let time = match source.time {
            ReadTime::AtQuota(time) => Some(time),
            ReadTime::Short => Some(Duration::ZERO),
            ReadTime::Unknown => None,
        };
        let (class, figures) = match (time, source.usd) {
            (Some(time), Some(usd)) => {
                let seconds = time.as_secs_f64();
                if usd > limit_usd {
                    (Class::OverLimit, [usd, seconds])
                } else if time <= FAST_ENOUGH {
                    // How fast does not matter any more.
                    (Class::Fast, [usd, 0.0])
                } else {
                    (Class::Slow, [seconds, usd])
                }
            }
            (None, _) | (_, None) => (Class::UnknownSize, [0.0, 0.0]),
        };
        Self {
            class,
            figures,
            method: source.method,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let [first, second] = self.figures;
        let [other_first, other_second] = other.figures;
        self.class
            .cmp(&other.class)
            .then_with(|| first.total_cmp(&other_first))
            .then_with(|| second.total_cmp(&other_second))
            .then_with(|| self.method.cmp(&other.method))
    }
}

#[cfg(test)]
mod tests;
