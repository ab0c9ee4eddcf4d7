//! Watermarks: until when each place has been covered completely.
//!
//! A place is a log group, an account's Region, an account, or everything. The watermark of a log group says
//! until when all of it was read. That of any other place says from when on whatever is still unknown below it
//! has to be read: a group that shows up in an account which could not be entered for a week begins a week
//! ago, not today. So a place without a watermark of its own has that of the place above it.

use std::collections::BTreeMap;

use crate::model::{AccountId, LogGroupArn, Region};

/// A place in an organization; each part is only there if the one before it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeNode {
    /// The account; `None`: everything.
    pub account: Option<AccountId>,
    /// Its Region.
    pub region: Option<Region>,
    /// The name of the log group there.
    pub log_group: Option<String>,
}

impl ScopeNode {
    /// Everything that is in scope.
    pub const ROOT: Self = Self {
        account: None,
        region: None,
        log_group: None,
    };

    /// A log group.
    pub fn group(arn: &LogGroupArn) -> Self {
        let target = &arn.target;
        Self {
            account: Some(target.account),
            region: Some(target.region.clone()),
            log_group: Some(arn.name.clone()),
        }
    }

    /// The place that it lies in.
    pub fn parent(&self) -> Option<Self> {
        let Self {
            account,
            region,
            log_group,
        } = self;
        match (account, region, log_group) {
            (_, _, Some(_)) => Some(Self {
                log_group: None,
                ..self.clone()
            }),
            (_, Some(_), None) => Some(Self {
                account: *account,
                ..Self::ROOT
            }),
            (Some(_), None, None) => Some(Self::ROOT),
            (None, None, None) => None,
        }
    }
}

/// How far a place was covered. Times are milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// All before this was covered.
    pub until_ms: i64,
    /// What was covered beyond, while the time between is still being caught up.
    pub ahead: Option<TimeRange>,
}

/// A stretch of time, closed at its start and open at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// Its first millisecond.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
}

/// The watermarks of one schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watermarks(BTreeMap<ScopeNode, Watermark>);

impl Watermarks {
    /// The place's own.
    pub fn own(&self, place: &ScopeNode) -> Option<Watermark> {
        self.0.get(place).copied()
    }

    /// The place's own, or, with nothing ahead, that of the nearest place above it which has one.
    pub fn of(&self, place: &ScopeNode) -> Option<Watermark> {
        if let Some(own) = self.own(place) {
            return Some(own);
        }
        let mut above = place.parent();
        while let Some(place) = above {
            if let Some(Watermark { until_ms, .. }) = self.own(&place) {
                return Some(Watermark {
                    until_ms,
                    ahead: None,
                });
            }
            above = place.parent();
        }
        None
    }

    /// Every place that has one.
    pub fn iter(&self) -> impl Iterator<Item = (&ScopeNode, &Watermark)> {
        self.0.iter()
    }
}

impl FromIterator<(ScopeNode, Watermark)> for Watermarks {
    fn from_iter<T: IntoIterator<Item = (ScopeNode, Watermark)>>(all: T) -> Self {
        Self(all.into_iter().collect())
    }
}

impl Extend<(ScopeNode, Watermark)> for Watermarks {
    fn extend<T: IntoIterator<Item = (ScopeNode, Watermark)>>(&mut self, more: T) {
        self.0.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_begins_where_the_place_above_it_was_left() {
        let group = ScopeNode::group(
            &"arn:aws:logs:eu-west-1:111111111111:log-group:/a"
                .parse()
                .unwrap(),
        );
        let account = ScopeNode {
            account: group.account,
            ..ScopeNode::ROOT
        };
        let mark = |until_ms| Watermark {
            until_ms,
            ahead: Some(TimeRange {
                from_ms: 90,
                to_ms: 99,
            }),
        };
        let mut marks = Watermarks::default();
        assert_eq!(marks.of(&group), None);
        marks.extend([(ScopeNode::ROOT, mark(10))]);
        assert_eq!(
            marks.of(&group),
            Some(Watermark {
                until_ms: 10,
                ahead: None
            })
        );
        marks.extend([(account, mark(5))]);
        assert_eq!(marks.of(&group).unwrap().until_ms, 5);
        marks.extend([(group.clone(), mark(7))]);
        assert_eq!(marks.of(&group), Some(mark(7)));
    }
}
