//! Watermarks: the log time before which everything of a scope node was read.
//!
//! A scope node is the whole scope, an account, an account-Region or a log group. Everything of a
//! log group before its watermark was read. The watermark of any other node applies to log groups
//! that appear below it: if an account could not be entered for a week, a new log group in it is
//! read from a week ago, not from today. A node without a watermark therefore has the watermark of
//! its parent.

use std::collections::BTreeMap;

use dragnet_model::{AccountId, LogGroupArn, Region};

/// A node of the scope tree. Each part requires the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeNode {
    /// The account; `None` for the whole scope.
    pub account: Option<AccountId>,
    /// The Region in this account.
    pub region: Option<Region>,
    /// The name of the log group in this account-Region.
    pub log_group: Option<String>,
}

impl ScopeNode {
    /// The whole scope.
    pub const ROOT: Self = Self {
        account: None,
        region: None,
        log_group: None,
    };

    /// The node of a log group.
    pub fn group(arn: &LogGroupArn) -> Self {
        let target = &arn.target;
        Self {
            account: Some(target.account),
            region: Some(target.region.clone()),
            log_group: Some(arn.name.clone()),
        }
    }

    /// The parent node.
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

/// How far a scope node is covered. Times are milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// Everything before this time is covered.
    pub until_ms: i64,
    /// A later range that is covered too, while the time before it is being caught up.
    pub ahead: Option<TimeRange>,
}

/// A time range. The start is inclusive, the end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// The start, inclusive.
    pub from_ms: i64,
    /// The end, exclusive.
    pub to_ms: i64,
}

/// The watermarks of one schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watermarks(BTreeMap<ScopeNode, Watermark>);

impl Watermarks {
    /// The watermark of the node itself.
    pub fn own(&self, node: &ScopeNode) -> Option<Watermark> {
        self.0.get(node).copied()
    }

    /// The watermark of the node, or of its nearest ancestor that has one, without `ahead`.
    pub fn own_or_inherited(&self, node: &ScopeNode) -> Option<Watermark> {
        if let Some(own) = self.own(node) {
            return Some(own);
        }
        let inherited = std::iter::successors(node.parent(), ScopeNode::parent)
            .find_map(|ancestor| self.own(&ancestor))?;
        Some(Watermark {
            until_ms: inherited.until_ms,
            ahead: None,
        })
    }

    /// All nodes with a watermark.
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
    fn unknown_node_inherits_watermark_of_nearest_ancestor() {
        let group = ScopeNode::group(
            &"arn:aws:logs:eu-west-1:111111111111:log-group:/a"
                .parse()
                .unwrap(),
        );
        let account = ScopeNode {
            account: group.account,
            ..ScopeNode::ROOT
        };
        let watermark = |until_ms| Watermark {
            until_ms,
            ahead: Some(TimeRange {
                from_ms: 90,
                to_ms: 99,
            }),
        };
        let mut watermarks = Watermarks::default();
        assert_eq!(watermarks.own_or_inherited(&group), None);
        watermarks.extend([(ScopeNode::ROOT, watermark(10))]);
        assert_eq!(
            watermarks.own_or_inherited(&group),
            Some(Watermark {
                until_ms: 10,
                ahead: None
            })
        );
        watermarks.extend([(account, watermark(5))]);
        assert_eq!(watermarks.own_or_inherited(&group).unwrap().until_ms, 5);
        watermarks.extend([(group.clone(), watermark(7))]);
        assert_eq!(watermarks.own_or_inherited(&group), Some(watermark(7)));
    }
}
