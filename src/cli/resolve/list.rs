//! Resolves the settings of `list`.

use super::load_config;
use crate::cli::{GlobalArguments, ListArguments, UsageError};
use crate::settings::{JmespathQuery, ListSettings, OutputFormat, Reach, ResolveContext};

impl ListSettings {
    /// Resolves the arguments of `list`.
    ///
    /// # Errors
    /// The arguments, the configuration or the accounts file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &ListArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let parse = |expression: &String| {
            JmespathQuery::parse(expression).map_err(|problem| UsageError::Query {
                expression: expression.clone(),
                problem,
            })
        };
        let query = arguments.query.as_ref().map(parse).transpose()?;
        let machine_readable = global.json || query.is_some();
        let default_output = if machine_readable {
            OutputFormat::Json
        } else {
            OutputFormat::Table
        };
        Ok(Self {
            reach: Reach::resolve(global, &arguments.scope, &load_config(global, context)?)?,
            what: arguments.what,
            output: arguments.output.unwrap_or(default_output),
            query,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::resolve::testing::parse_list;
    use crate::settings::Listing;
    use crate::settings::testing::with_resolve_context;

    fn resolve(rest: &[&str]) -> Result<ListSettings, UsageError> {
        let (global, arguments) = parse_list(rest);
        with_resolve_context(|context| ListSettings::resolve(&global, &arguments, context))
    }

    #[test]
    fn query_implies_json() {
        assert_eq!(resolve(&["accounts"]).unwrap().output, OutputFormat::Table);
        let settings = resolve(&["log-groups", "--query", "logGroups[*].logGroupName"]).unwrap();
        assert_eq!(
            (settings.what, settings.output),
            (Listing::LogGroups, OutputFormat::Json)
        );
        assert_eq!(
            resolve(&["accounts", "--query", "a", "-o", "csv"])
                .unwrap()
                .output,
            OutputFormat::Csv
        );
        assert!(
            resolve(&["accounts", "--query", "a["])
                .unwrap_err()
                .to_string()
                .contains("`a[`")
        );
    }
}
