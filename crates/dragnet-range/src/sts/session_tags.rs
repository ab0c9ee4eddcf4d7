//! Session tags of `AssumeRole`. The range checks them and passes transitive ones on, but no condition
//! of a policy sees their values.
//!
//! Source: IAM user guide, "Pass session tags in AWS STS"; the recorded answers in LocalStack's
//! `test_assume_role_tag_validation` and `test_iam_role_chaining_override_transitive_tags`.

use crate::access::Caller;
use crate::iam;
use crate::wire::{AwsError, Params};

/// The session tags of a request.
#[derive(Debug, Default)]
pub(super) struct SessionTags {
    /// Whether the request has any.
    pub(super) is_tagged: bool,
    /// The keys that later sessions of the chain have too, in lower case.
    pub(super) transitive: Vec<String>,
}

impl SessionTags {
    /// Reads the tags of a call by this caller.
    ///
    /// # Errors
    /// Two keys differ only in case, a transitive key has no tag, or a key is one that the calling
    /// session passes on.
    pub(super) fn parse(caller: &Caller, params: &Params) -> Result<Self, AwsError> {
        let tags = iam::pairs(params);
        if iam::has_duplicates(tags.iter().map(|(key, _)| *key)) {
            return Err(invalid(iam::DUPLICATE_KEYS));
        }
        let keys: Vec<String> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
        let own: Vec<String> = params
            .list("TransitiveTagKeys.member")
            .into_iter()
            .map(str::to_lowercase)
            .collect();
        if own.iter().any(|key| !keys.contains(key)) {
            return Err(invalid(
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        let inherited = caller
            .session
            .as_ref()
            .map(|session| session.transitive_tag_keys.clone())
            .unwrap_or_default();
        if keys.iter().any(|key| inherited.contains(key)) {
            return Err(invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
            ));
        }
        Ok(Self {
            is_tagged: !tags.is_empty(),
            transitive: inherited.into_iter().chain(own).collect(),
        })
    }
}

fn invalid(message: &str) -> AwsError {
    AwsError::new("InvalidParameterValue", message)
}
