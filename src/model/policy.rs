//! IAM policy documents that Dragnet writes: what is allowed, and nothing else.

use std::fmt;

use serde::Serialize;

use super::Operation;

/// A policy of one statement that allows some actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: [Allow; 1],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Allow {
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

impl Policy {
    /// The longest session policy that STS takes, in characters.
    ///
    /// Source: STS API, `AssumeRole`, `Policy`; a packed form, whose limit is not published, is checked too.
    pub const SESSION_LIMIT: usize = 2_048;

    /// Allows these actions, sorted, on every resource.
    pub fn allowing(actions: impl IntoIterator<Item = &'static str>) -> Self {
        let mut action: Vec<_> = actions.into_iter().collect();
        action.sort_unstable();
        action.dedup();
        Self { version: "2012-10-17", statement: [Allow { effect: "Allow", action, resource: vec!["*".to_owned()] }] }
    }

    /// Allows what these operations need, on every resource.
    pub fn for_operations(operations: &[Operation]) -> Self {
        Self::allowing(operations.iter().filter_map(|operation| operation.action()))
    }

    /// The same on these resources alone.
    #[must_use]
    pub fn on(mut self, resources: impl IntoIterator<Item = String>) -> Self {
        let [allow] = &mut self.statement;
        allow.resource = resources.into_iter().collect();
        self
    }
}

/// As JSON in one line.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_may_read_and_no_more() {
        assert_eq!(
            Policy::for_operations(&Operation::SWEEP).to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeRegions","logs:DescribeLogGroups","logs:FilterLogEvents"],"Resource":["*"]}]}"#
        );
    }

    #[test]
    fn even_all_operations_fit_a_session_policy() {
        assert!(Policy::for_operations(&Operation::ALL).to_string().len() < Policy::SESSION_LIMIT / 2);
    }
}
