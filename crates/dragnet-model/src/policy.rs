//! IAM policy documents that Dragnet writes. They allow only what is listed.

use std::fmt;

use serde::Serialize;

use super::Operation;

/// A policy that allows certain actions on certain resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Allow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Allow {
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

impl Policy {
    /// The longest session policy that STS accepts, in characters.
    ///
    /// Source: STS API, `AssumeRole`, `Policy`; a packed form, whose limit is not published, is
    /// checked too.
    pub const SESSION_LIMIT: usize = 2_048;

    /// Allows these actions on every resource. The actions are sorted.
    pub fn allowing(actions: impl IntoIterator<Item = &'static str>) -> Self {
        let mut action: Vec<_> = actions.into_iter().collect();
        action.sort_unstable();
        action.dedup();
        Self {
            version: "2012-10-17",
            statement: vec![Allow {
                effect: "Allow",
                action,
                resource: vec!["*".to_owned()],
            }],
        }
    }

    /// Allows the actions of these operations on every resource.
    pub fn for_operations(operations: &[Operation]) -> Self {
        Self::allowing(operations.iter().filter_map(|operation| operation.action()))
    }

    /// Restricts the policy to these resources.
    #[must_use]
    pub fn with_resources(mut self, resources: &[String]) -> Self {
        for allow in &mut self.statement {
            allow.resource = resources.to_vec();
        }
        self
    }

    /// Combines the statements of both policies.
    #[must_use]
    pub fn merged_with(mut self, other: Self) -> Self {
        self.statement.extend(other.statement);
        self
    }
}

/// The policy as JSON in one line.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_sorted_and_listed_once() {
        let operations = [
            Operation::StopQuery,
            Operation::GetCallerIdentity,
            Operation::DescribeTrails,
            Operation::StopQuery,
        ];
        assert_eq!(
            Policy::for_operations(&operations).to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:DescribeTrails","logs:StopQuery"],"Resource":["*"]}]}"#
        );
    }

    /// A query and a report about the used services are the only things that may be started.
    #[test]
    fn commands_that_search_only_read() {
        // These start and stop searches and reports, or read under another verb.
        let others = [
            Operation::StartQuery,
            Operation::StopQuery,
            Operation::GenerateServiceLastAccessedDetails,
            Operation::LookupEvents,
        ];
        let lists = [
            &Operation::SWEEP[..],
            &Operation::SOURCES,
            &Operation::ORGANIZATION,
            &Operation::SURVEY,
        ];
        for operation in lists.concat() {
            let reads = ["Describe", "Filter", "Get", "List"]
                .iter()
                .any(|verb| operation.as_str().starts_with(verb));
            assert!(reads || others.contains(&operation), "{operation}");
        }
    }

    /// The packed form, whose limit is not published, is why a third must stay free.
    #[test]
    fn every_set_of_operations_that_is_sent_fits_a_session_policy() {
        let with_survey = [&Operation::SWEEP[..], &Operation::SURVEY].concat();
        for operations in [
            &with_survey[..],
            &Operation::ORGANIZATION,
            &Operation::CONTAIN,
        ] {
            let length = Policy::for_operations(operations).to_string().len();
            assert!(length < Policy::SESSION_LIMIT * 2 / 3, "{length}");
        }
    }
}
