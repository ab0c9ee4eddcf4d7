//! What is wrong with a policy.

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// It violates the grammar. AWS does not say where.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// In AWS's words.
    #[error("{0}")]
    Said(String),
}

impl Problem {
    pub(super) fn said(message: impl Into<String>) -> Self {
        Self::Said(message.into())
    }

    /// The error for what only the former parser of IAM refuses.
    pub(super) fn legacy() -> Self {
        Self::said("The policy failed legacy parsing")
    }
}
