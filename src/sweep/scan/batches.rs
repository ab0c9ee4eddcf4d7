//! Units that one Insights query asks about together: of the same stretch of time, as the query is the same.

use std::collections::BTreeMap;

use super::unit::Unit;
use crate::model::LogGroupClass;
use crate::store::Pass;

/// Source: CloudWatch Logs API, `StartQuery`: a query takes up to 50 log groups.
const MOST_GROUPS: usize = 50;

/// What units must have in common to be asked about together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    /// What is asked for.
    pub pass: Pass,
    /// The first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
    /// Whether the server may filter.
    pub narrow: bool,
    /// Whether their class is `INFREQUENT_ACCESS`, of which few queries run at once.
    pub infrequent_access: bool,
}

impl Question {
    fn new(unit: &Unit) -> Self {
        let (span, group) = (unit.span(), &unit.reading().group);
        Self {
            pass: unit.pass(),
            from_ms: span.from_ms,
            to_ms: span.to_ms,
            narrow: group.narrow,
            infrequent_access: group.class == LogGroupClass::InfrequentAccess,
        }
    }
}

/// One or more units, each of another log group.
#[derive(Debug)]
pub(super) struct Batch {
    /// What is asked about them.
    pub question: Question,
    /// The units.
    pub units: Vec<Unit>,
    /// How often this very question was asked in vain.
    pub attempts: u32,
    /// What it cost, in US dollars, to ask about all of it, if that was done in vain.
    pub cost_before: Option<f64>,
}

impl Batch {
    /// Units of one question.
    pub fn new(question: Question, units: Vec<Unit>) -> Self {
        Self {
            question,
            units,
            attempts: 0,
            cost_before: None,
        }
    }

    /// One of so many parts of it, each of which is likely to cost as much.
    pub fn part(&self, of: usize, question: Question, units: Vec<Unit>) -> Self {
        Self {
            question,
            units,
            attempts: 0,
            cost_before: self.cost_before.map(|usd| usd / of as f64),
        }
    }

    /// Two halves, one of which has the more units if they cannot be equal.
    pub fn halves(mut self) -> [Self; 2] {
        let second = self.units.split_off(self.units.len().div_ceil(2));
        let first = std::mem::take(&mut self.units);
        [first, second].map(|units| self.part(2, self.question, units))
    }
}

/// Batches that wait.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// What joins others.
    open: BTreeMap<Question, Vec<Unit>>,
    ready: Vec<Batch>,
}

impl Batches {
    /// Adds a unit, which joins others.
    pub fn add(&mut self, unit: Unit) {
        let question = Question::new(&unit);
        if question.pass == Pass::Passthrough {
            // Nothing but the query's own text says what its rows are from.
            return self.ready.push(Batch::new(question, vec![unit]));
        }
        let units = self.open.entry(question).or_default();
        units.push(unit);
        if units.len() == MOST_GROUPS {
            let units = std::mem::take(units);
            self.open.remove(&question);
            self.ready.push(Batch::new(question, units));
        }
    }

    /// Adds units that have come together already.
    pub fn add_ready(&mut self, batch: Batch) {
        self.ready.push(batch);
    }

    /// Whether there is a batch to ask about. While log groups are still listed, those that are not full wait for more.
    pub fn has_next(&self, is_listing: bool) -> bool {
        !self.ready.is_empty() || (!is_listing && !self.open.is_empty())
    }

    /// Takes the next batch.
    pub fn next(&mut self, is_listing: bool) -> Option<Batch> {
        let open = |this: &mut Self| {
            this.open
                .pop_first()
                .map(|(question, units)| Batch::new(question, units))
        };
        self.ready
            .pop()
            .or_else(|| if is_listing { None } else { open(self) })
    }
}
