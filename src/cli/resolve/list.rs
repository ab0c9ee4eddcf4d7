//! Resolves the settings of `list`.

use super::load_config;
use crate::cli::{GlobalArguments, ListArguments, UsageError};
use crate::settings::{ListOutput, ListSettings, Reach, ResolveContext};

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
        Ok(Self {
            reach: Reach::resolve(global, &arguments.scope, &load_config(global, context)?)?,
            what: arguments.what,
            output: ListOutput::resolve(global.json, &arguments.format)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::resolve::testing::parse_list;
    use crate::settings::testing::with_resolve_context;
    use crate::settings::{Listing, OutputFormat};

    fn resolve(rest: &[&str]) -> Result<ListSettings, UsageError> {
        let (global, arguments) = parse_list(rest);
        with_resolve_context(|context| ListSettings::resolve(&global, &arguments, context))
    }

    #[test]
    fn query_implies_json() {
        let format = |rest: &[&str]| resolve(rest).unwrap().output.format;
        assert_eq!(format(&["accounts"]), OutputFormat::Table);
        let settings = resolve(&["log-groups", "--query", "logGroups[*].logGroupName"]).unwrap();
        assert_eq!(
            (settings.what, settings.output.format),
            (Listing::LogGroups, OutputFormat::Json)
        );
        let csv = ["accounts", "--query", "a", "-o", "csv"];
        assert_eq!(format(&csv), OutputFormat::Csv);
        assert!(
            resolve(&["accounts", "--query", "a["])
                .unwrap_err()
                .to_string()
                .contains("`a[`")
        );
    }
}
