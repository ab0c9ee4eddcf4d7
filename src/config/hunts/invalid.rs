//! Errors in the request for a hunt.

/// A request for a hunt is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHunt {
    /// There is no hunt of this name.
    #[error("there is no hunt `{given}`{}; `dragnet hunts list` shows them", hint(.nearest.as_ref()))]
    Unknown {
        /// The requested name.
        given: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// The part after the name is not `key=value`.
    #[error("`{0}` is not NAME[:key=value,...]")]
    Malformed(String),
    /// The hunt has no parameter of this name.
    #[error("hunt `{hunt}` has no parameter `{given}`{}", hint(.nearest.as_ref()))]
    UnknownParameter {
        /// The hunt.
        hunt: String,
        /// The name of the parameter that was given.
        given: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// A parameter without a default has no value.
    #[error("hunt `{hunt}` needs `{parameter}` ({about}): --hunt {hunt}:{parameter}=…")]
    MissingParameter {
        /// The hunt.
        hunt: String,
        /// The parameter.
        parameter: String,
        /// The description of the parameter.
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
        /// The value that was given.
        given: String,
        /// The name of the type.
        kind: &'static str,
        /// An example of a value of that type.
        example: &'static str,
    },
}

fn hint(nearest: Option<&String>) -> String {
    nearest
        .map(|near| format!(": did you mean `{near}`?"))
        .unwrap_or_default()
}
