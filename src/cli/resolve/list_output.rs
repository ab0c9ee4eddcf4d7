//! Resolves how a list is printed.

use crate::cli::{ListFormat, UsageError};
use crate::settings::{JmespathQuery, ListOutput, OutputFormat};

impl ListOutput {
    /// Resolves the options of a list. `json` is the global option, which applies without a format.
    ///
    /// # Errors
    /// The query is malformed.
    pub fn resolve(json: bool, format: &ListFormat) -> Result<Self, UsageError> {
        let parse = |expression: &String| {
            JmespathQuery::parse(expression).map_err(|problem| UsageError::Query {
                expression: expression.clone(),
                problem,
            })
        };
        let query = format.query.as_ref().map(parse).transpose()?;
        let default_format = if json || query.is_some() {
            OutputFormat::Json
        } else {
            OutputFormat::Table
        };
        Ok(Self {
            format: format.output.unwrap_or(default_format),
            query,
        })
    }
}
