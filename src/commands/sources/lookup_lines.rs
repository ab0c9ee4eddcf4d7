//! Looks something up in each account-Region and describes it, one line each. What could not be looked
//! up takes one line for all account-Regions.

use std::sync::Arc;

use futures::future::join_all;

use crate::aws::{CallError, Session};
use dragnet_model::Target;
use dragnet_model::format::plural;

/// Returns the lines of each account-Region, and one line that begins with `what`, e.g. `CloudTrail Lake was`,
/// if some could not be asked.
pub(super) async fn describe_each<'e, F>(
    entered: &'e [(Target, Arc<Session>)],
    what: &str,
    look_up: impl Fn(&'e Target, &'e Session) -> F,
) -> Vec<String>
where
    F: Future<Output = Result<Vec<String>, CallError>>,
{
    let lookups = entered
        .iter()
        .map(|(target, session)| look_up(target, session));
    let mut lines = Vec::new();
    let mut failures = 0;
    let mut first_failure: Option<CallError> = None;
    for described in join_all(lookups).await {
        match described {
            Ok(described) => lines.extend(described),
            Err(error) => {
                failures += 1;
                first_failure.get_or_insert(error);
            }
        }
    }
    if let Some(error) = first_failure {
        let targets = plural(failures, "account-Region");
        lines.push(format!("{what} not looked up in {targets}: {error}"));
    }
    lines
}
