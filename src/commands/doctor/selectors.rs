//! Checks that every selector of the scope matches something.

use super::check::{Check, Subject};
use crate::sweep::UnmatchedSelectors;

/// Returns a failed check for each inclusion that matches nothing, because a sweep would not search
/// what it names, and a note for each other selector.
pub(super) fn check_selectors(unmatched: &UnmatchedSelectors) -> Vec<Check> {
    let advice =
        "correct or remove it; `dragnet list accounts|regions|log-groups` shows what exists";
    let inclusions = unmatched
        .inclusions
        .iter()
        .map(|selector| Check::failed(Subject::Scope, describe(selector), advice));
    let others = unmatched
        .others
        .iter()
        .map(|selector| Check::note(Subject::Scope, describe(selector)));
    inclusions.chain(others).collect()
}

fn describe(selector: &str) -> String {
    format!("{selector} matches nothing")
}
