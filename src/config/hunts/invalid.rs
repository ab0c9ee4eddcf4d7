//! Errors in the request for a hunt.

/// A request for a hunt is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHunt {
    /// There is no hunt of this name.
    #[error("there is no hunt `{name}`{}; `dragnet hunts list` lists all", hint(.nearest.as_ref()))]
    Unknown {
        /// The requested name.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// The part after the name is not `key=value`.
    #[error("`{0}` does not have the form NAME[:key=value,...]")]
    Malformed(String),
    /// The hunt has no parameter of this name.
    #[error("hunt `{hunt}` has no parameter `{parameter}`{}", hint(.nearest.as_ref()))]
    UnknownParameter {
        /// The hunt.
        hunt: String,
        /// The unknown name.
        parameter: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// A parameter without a default has no value.
    #[error("hunt `{hunt}` needs `{parameter}` ({about}): use --hunt {hunt}:{parameter}=…")]
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
        "hunt `{hunt}`: `{value}` is not a valid value for `{parameter}` of type {kind}: expected a value such as {example}"
    )]
    Value {
        /// The hunt.
        hunt: String,
        /// The parameter.
        parameter: String,
        /// The invalid value.
        value: String,
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
