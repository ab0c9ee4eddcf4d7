//! The kinds of logs, and which of them a search requires: a search for an access key is complete
//! if all management events were searched, whatever the retention of an application's log.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Hunt, HuntSource, Indicator, IndicatorKind, LogSource, Selection, SourceState};

crate::word_enum! {
    /// A kind of log, in the order of the reports. The words are those of `--require`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum LogKind: Serialize, Deserialize {
        /// The management events that trails record.
        Management => "management",
        /// The data events that trails record.
        Data => "data",
        /// VPC flow logs.
        Flow => "flow",
        /// All other log groups.
        App => "app",
    }
}

impl LogKind {
    /// What the logs of this kind contain, in the plural.
    pub fn description(self) -> &'static str {
        match self {
            Self::Management => "management events",
            Self::Data => "data events",
            Self::Flow => "flow logs",
            Self::App => "application logs",
        }
    }

    /// Returns the kinds of logs that a log source may deliver. A trail whose selectors are not
    /// known may deliver all events.
    pub fn from_log_source(source: &LogSource) -> BTreeSet<Self> {
        match &source.state {
            SourceState::Known(_, Selection::Traffic { .. }) => BTreeSet::from([Self::Flow]),
            SourceState::Known(
                _,
                Selection::Events {
                    management, data, ..
                },
            ) => {
                let management = (!management.is_none()).then_some(Self::Management);
                let data = (!data.is_empty()).then_some(Self::Data);
                management.into_iter().chain(data).collect()
            }
            SourceState::Unknown | SourceState::Denied(_) => match source.kind {
                super::SourceKind::CloudTrail => BTreeSet::from([Self::Management, Self::Data]),
                super::SourceKind::VpcFlow => BTreeSet::from([Self::Flow]),
            },
        }
    }
}

/// The kinds of logs whose gaps make a search incomplete. Gaps of other kinds are only reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequiredKinds(BTreeSet<LogKind>);

impl Default for RequiredKinds {
    fn default() -> Self {
        Self::all()
    }
}

impl RequiredKinds {
    /// All kinds.
    pub fn all() -> Self {
        Self::new(LogKind::ALL)
    }

    /// Creates the requirement of these kinds.
    pub fn new(kinds: impl IntoIterator<Item = LogKind>) -> Self {
        Self(kinds.into_iter().collect())
    }

    /// Returns the kinds that a search requires if the user does not say: those in which its
    /// indicators are recorded, and those that its hunts read.
    pub fn for_search(indicators: &[Indicator], hunts: &[Hunt]) -> Self {
        let of_indicators = indicators
            .iter()
            .flat_map(|indicator| required_by_indicator(indicator.kind()));
        let of_hunts = hunts.iter().flat_map(|hunt| required_by_hunt(hunt.source));
        Self(of_indicators.chain(of_hunts).copied().collect())
    }

    /// Whether a kind is required.
    pub fn contains(&self, kind: LogKind) -> bool {
        self.0.contains(&kind)
    }

    /// Whether all kinds are required.
    pub fn is_all(&self) -> bool {
        self.0.len() == LogKind::ALL.len()
    }

    /// Whether a gap in logs of these kinds makes the search incomplete. Without kinds it is not
    /// known what is missing, so it may be anything.
    pub fn concern(&self, kinds: &BTreeSet<LogKind>) -> bool {
        kinds.is_empty() || !self.0.is_disjoint(kinds)
    }

    /// Describes the kinds: "management events and flow logs".
    pub fn describe(&self) -> String {
        let mut words: Vec<&str> = self.0.iter().map(|kind| kind.description()).collect();
        let last = words.pop().unwrap_or_default();
        if words.is_empty() {
            last.to_owned()
        } else {
            format!("{} and {last}", words.join(", "))
        }
    }
}

/// An access key, a principal or an API call is in the management events. An address is in flow logs
/// too. Everything else can be in any log.
fn required_by_indicator(kind: IndicatorKind) -> &'static [LogKind] {
    match kind {
        IndicatorKind::AccessKey
        | IndicatorKind::Arn
        | IndicatorKind::User
        | IndicatorKind::Role
        | IndicatorKind::EventName => &[LogKind::Management],
        IndicatorKind::Ip | IndicatorKind::Cidr => &[LogKind::Management, LogKind::Flow],
        IndicatorKind::Account
        | IndicatorKind::Domain
        | IndicatorKind::UserAgent
        | IndicatorKind::Resource
        | IndicatorKind::Hash
        | IndicatorKind::Text
        | IndicatorKind::Regex => &LogKind::ALL,
    }
}

fn required_by_hunt(source: HuntSource) -> &'static [LogKind] {
    match source {
        HuntSource::CloudTrail => &[LogKind::Management],
        HuntSource::VpcFlow => &[LogKind::Flow],
        HuntSource::Any => &LogKind::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(indicators: &[&str]) -> String {
        let indicators: Vec<Indicator> = indicators
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let required = RequiredKinds::for_search(&indicators, &[]);
        if required.is_all() {
            "all".to_owned()
        } else {
            required.describe()
        }
    }

    #[test]
    fn indicators_require_the_logs_that_record_them() {
        for key in [
            "AKIAIOSFODNN7EXAMPLE",
            "arn:aws:iam::111111111111:user/ben",
            "user:ben",
            "role:ops",
            "event:StopLogging",
        ] {
            assert_eq!(required(&[key]), "management events", "{key}");
        }
        assert_eq!(required(&["192.0.2.1"]), "management events and flow logs");
        assert_eq!(required(&["user:ben", "192.0.2.0/24"]), required(&["::1"]));
        for anywhere in ["evil.example", "text:x", "regex:x+", "resource:bucket"] {
            assert_eq!(required(&[anywhere]), "all", "{anywhere}");
        }
    }

    #[test]
    fn gap_of_unknown_content_concerns_every_search() {
        let management = RequiredKinds::new([LogKind::Management]);
        assert!(management.concern(&BTreeSet::new()));
        assert!(management.concern(&BTreeSet::from([LogKind::App, LogKind::Management])));
        assert!(!management.concern(&BTreeSet::from([LogKind::App])));
        assert!(RequiredKinds::default().is_all() && !management.is_all());
    }
}
