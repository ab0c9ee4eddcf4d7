//! Which `--log-group` patterns selected a log group: a misspelt pattern must not look like an absence.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::{Glob, Scope};

/// The log group patterns of a sweep's scope, each with whether a listed log group matched it.
#[derive(Debug)]
pub(super) struct LogGroupPatterns(Vec<(Glob, AtomicBool)>);

impl LogGroupPatterns {
    pub fn new(scope: &Scope) -> Self {
        Self(
            scope
                .log_groups
                .iter()
                .map(|glob| (glob.clone(), AtomicBool::new(false)))
                .collect(),
        )
    }

    /// Notes that a log group in scope exists.
    pub fn note(&self, name: &str) {
        for (glob, is_matched) in &self.0 {
            if !is_matched.load(Ordering::Relaxed) && glob.is_match(name) {
                is_matched.store(true, Ordering::Relaxed);
            }
        }
    }

    /// The patterns that no listed log group matched.
    pub fn unmatched(&self) -> Vec<String> {
        let unmatched = self
            .0
            .iter()
            .filter(|(_, is_matched)| !is_matched.load(Ordering::Relaxed));
        unmatched.map(|(glob, _)| format!("`{glob}`")).collect()
    }

    /// Whether there are patterns, and none of them matched.
    pub fn selected_nothing(&self) -> bool {
        !self.0.is_empty() && self.unmatched().len() == self.0.len()
    }
}
