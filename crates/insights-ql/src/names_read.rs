//! The fields that a query reads without computing them first.

use std::collections::HashSet;

use super::error::{QueryError, QueryErrorKind};
use super::record::is_local_field;
use super::tree::{Expr, Item, Query, Stage, Stats};

/// A name that is read after `stats`, whose results do not include it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownResult {
    /// The name.
    pub name: String,
    /// The names of the results.
    pub results: Vec<String>,
}

/// The names that are bound so far, and those that were read without being bound.
#[derive(Default)]
struct NameScope<'q> {
    bound: HashSet<String>,
    free: Vec<&'q str>,
}

impl<'q> NameScope<'q> {
    fn read_name(&mut self, name: &'q str) {
        if !self.bound.contains(name) && !self.free.contains(&name) {
            self.free.push(name);
        }
    }

    fn read(&mut self, expr: &'q Expr) {
        expr.walk(&mut |expr| {
            if let Expr::Field(name) = expr {
                self.read_name(name);
            }
        });
    }

    /// Reads what items compute. A later item may read the result of an earlier one.
    fn read_items(&mut self, items: &'q [Item]) {
        for item in items {
            self.read(&item.expr);
            if !item.is_plain_field() {
                self.bound.insert(item.name());
            }
        }
    }

    fn read_stats(&mut self, stats: &'q Stats) {
        self.read_items(&stats.by);
        self.read_items(&stats.items);
    }

    fn read_stage(&mut self, stage: &'q Stage) {
        match stage {
            Stage::Fields(items) | Stage::Display(items) => self.read_items(items),
            Stage::Filter(condition) => self.read(condition),
            Stage::Parse(extraction) => {
                self.read(&extraction.from);
                let names = extraction.pattern.names().into_iter().map(str::to_owned);
                self.bound.extend(names);
            }
            Stage::Stats(stats) => self.read_stats(stats),
            Stage::Sort(keys) => keys.iter().for_each(|key| self.read(&key.expr)),
            Stage::Dedup(names) => names.iter().for_each(|name| self.read_name(name)),
            Stage::Limit(_) => {}
        }
    }
}

impl Query {
    /// The fields of a record that the query reads, each once, in the order of the query.
    pub fn record_fields(&self) -> Vec<&str> {
        let mut scope = NameScope::default();
        for stage in &self.stages {
            scope.read_stage(stage);
            if matches!(stage, Stage::Stats(_)) {
                break;
            }
        }
        scope.free
    }

    /// The names that the query reads after `stats` although they are not results of it. They have
    /// no value, in Insights too.
    pub fn unknown_results(&self) -> Vec<UnknownResult> {
        let mut unknown = Vec::new();
        let mut scope: Option<(NameScope<'_>, Vec<String>)> = None;
        for stage in &self.stages {
            if let Some((scope, results)) = &mut scope {
                scope.read_stage(stage);
                unknown.extend(scope.free.drain(..).map(|name| UnknownResult {
                    name: name.to_owned(),
                    results: results.clone(),
                }));
            }
            if let Stage::Stats(stats) = stage {
                let results: Vec<String> = stats
                    .by
                    .iter()
                    .chain(&stats.items)
                    .map(Item::name)
                    .collect();
                let bound = results.iter().cloned().collect();
                let free = Vec::new();
                scope = Some((NameScope { bound, free }, results));
            }
        }
        unknown
    }

    /// Parses a query that is to be evaluated locally.
    ///
    /// # Errors
    /// As for parsing; or the query reads a field that only Insights discovers.
    pub fn parse_local(text: &str) -> Result<Self, QueryError> {
        let query: Self = text.parse()?;
        let remote = query
            .record_fields()
            .into_iter()
            .find(|name| !is_local_field(name));
        match remote {
            None => Ok(query),
            Some(name) => {
                let message =
                    format!("only CloudWatch Logs Insights can discover the field `{name}`");
                let position = text.find(name).unwrap_or_default();
                Err(QueryError::new(
                    text,
                    position,
                    QueryErrorKind::InsightsOnly,
                    message,
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computed_names_are_not_read_from_records() {
        for (query, fields) in [
            ("fields a, b + c as d | filter d > e", "a b c e"),
            (
                "parse @message '* x' as @user | stats count(*) by @user",
                "@message",
            ),
            ("parse m /(?<x>.)/ | dedup x, y | sort z", "m y z"),
            (
                "filter @type = 'REPORT' | stats max(@duration / 2) as d, d + 1 as e by bin(5m) as t | filter d > f",
                "@type @duration",
            ),
            ("fields a as b, b as c | display c", "a"),
            ("fields abs(a - b) | sort `abs(a - b)`", "a b"),
            ("filter a = 'b' | limit 5", "a"),
        ] {
            let parsed: Query = query.parse().unwrap();
            assert_eq!(parsed.record_fields().join(" "), fields, "{query}");
        }
    }

    #[test]
    fn names_after_stats_must_be_results() {
        for (query, unknown) in [
            (
                "stats count(*) as hits by a | sort hits desc | filter a = 1",
                "",
            ),
            (
                "stats count(*) as hits by a | filter hit > 1 | sort b",
                "hit b",
            ),
            ("stats count(*) by a | sort `count(*)`", ""),
            (
                "stats count(*) as n by a | stats max(n) as m | filter n > 1",
                "n",
            ),
            ("stats count(*) as n by a | fields n * 2 as m | sort m", ""),
            ("filter x = 1 | fields y", ""),
        ] {
            let parsed: Query = query.parse().unwrap();
            let found: Vec<String> = parsed
                .unknown_results()
                .into_iter()
                .map(|one| one.name)
                .collect();
            assert_eq!(found.join(" "), unknown, "{query}");
        }
    }

    #[test]
    fn discovered_fields_are_for_insights() {
        for query in [
            "filter @type = 'REPORT'",
            "fields @entity.Attributes.x",
            "stats max(@duration) by bin(5m)",
            "dedup @requestId",
            "filter 1 = 1\n| sort by @billedDuration desc",
        ] {
            assert!(query.parse::<Query>().is_ok(), "{query}");
            let error = Query::parse_local(query).unwrap_err();
            assert_eq!(error.kind, QueryErrorKind::InsightsOnly, "{query}");
        }
        for query in [
            "fields @timestamp, @ingestionTime, @message, @log, @logStream, @ptr, @@x, a",
            "parse @message '* *' as @type, b | filter @type = 'x'",
        ] {
            assert!(Query::parse_local(query).is_ok(), "{query}");
        }
    }
}
