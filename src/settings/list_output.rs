//! How a list is printed.

use super::{JmespathQuery, OutputFormat};

/// How a list is printed.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOutput {
    /// The format.
    pub format: OutputFormat,
    /// The part to print.
    pub query: Option<JmespathQuery>,
}
