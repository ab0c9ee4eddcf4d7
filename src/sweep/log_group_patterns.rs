//! Tracks which `--log-group` patterns matched a log group, so that a misspelt pattern is not taken
//! for an empty result.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::{Glob, Scope};

/// The log group patterns of a sweep's scope, each with whether a listed log group matched it.
#[derive(Debug)]
pub(super) struct LogGroupPatterns(Vec<(Glob, AtomicBool)>);

impl LogGroupPatterns {
    pub(super) fn new(scope: &Scope) -> Self {
        Self(
            scope
                .log_groups
                .iter()
                .map(|glob| (glob.clone(), AtomicBool::new(false)))
                .collect(),
        )
    }

    /// Marks the patterns that match the name of a listed log group.
    pub(super) fn mark_matching(&self, name: &str) {
        for (glob, is_matched) in &self.0 {
            if !is_matched.load(Ordering::Relaxed) && glob.is_match(name) {
                is_matched.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Returns the patterns that no listed log group matched.
    pub(super) fn unmatched(&self) -> Vec<String> {
        let unmatched = self
            .0
            .iter()
            .filter(|(_, is_matched)| !is_matched.load(Ordering::Relaxed));
        unmatched.map(|(glob, _)| format!("`{glob}`")).collect()
    }

    /// Returns whether there are patterns and none of them matched.
    pub(super) fn matched_nothing(&self) -> bool {
        !self.0.is_empty() && self.unmatched().len() == self.0.len()
    }
}
