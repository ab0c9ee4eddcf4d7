//! Why a hunt cannot be asked as it was given.

/// Why a hunt cannot be asked as it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHunt {
    /// There is no such hunt.
    #[error("there is no hunt `{given}`{}; `dragnet hunts list` shows them", hint(.nearest.as_ref()))]
    Unknown {
        /// As it was given.
        given: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// What follows the name is not `key=value`.
    #[error("`{0}` is not NAME[:key=value,...]")]
    Malformed(String),
    /// There is no such parameter.
    #[error("hunt `{hunt}` has no parameter `{given}`{}", hint(.nearest.as_ref()))]
    UnknownParameter {
        /// The hunt.
        hunt: String,
        /// As it was given.
        given: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A parameter without a default was not given.
    #[error("hunt `{hunt}` needs `{parameter}` ({about}): --hunt {hunt}:{parameter}=…")]
    MissingParameter {
        /// The hunt.
        hunt: String,
        /// The parameter.
        parameter: String,
        /// What it is for.
        about: String,
    },
    /// A value is not of its parameter's type.
    #[error(
        "hunt `{hunt}`: `{given}` is not a value for `{parameter}`, whose type is {kind}, such as {example}"
    )]
    Value {
        /// The hunt.
        hunt: String,
        /// The parameter.
        parameter: String,
        /// As it was given.
        given: String,
        /// The type's word.
        kind: &'static str,
        /// A value of that type.
        example: &'static str,
    },
}

fn hint(nearest: Option<&String>) -> String {
    nearest
        .map(|near| format!(": did you mean `{near}`?"))
        .unwrap_or_default()
}
