//! Resolves the settings that every command has.

use crate::cli::{ColorChoice, GlobalArguments, ProgressChoice};
use crate::settings::{GlobalSettings, ProgressStyle, ResolveContext, Verbosity};

impl GlobalSettings {
    /// Resolves the settings that depend on the terminal and the environment.
    pub fn resolve(arguments: &GlobalArguments, context: &ResolveContext<'_>) -> Self {
        let progress = match arguments.progress {
            ProgressChoice::Auto if arguments.quiet => ProgressStyle::None,
            ProgressChoice::Auto if context.stderr_is_terminal => ProgressStyle::Bar,
            ProgressChoice::Live if context.stderr_is_terminal => ProgressStyle::Live,
            ProgressChoice::Auto | ProgressChoice::Live | ProgressChoice::Plain => {
                ProgressStyle::Plain
            }
            ProgressChoice::Bar => ProgressStyle::Bar,
            ProgressChoice::Json => ProgressStyle::Json,
            ProgressChoice::None => ProgressStyle::None,
        };
        let verbosity = match (arguments.quiet, arguments.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Debug,
        };
        Self {
            progress,
            color: use_color(arguments.color, context),
            verbosity,
            json: arguments.json,
            practice: arguments.practice,
            insecure_endpoint: arguments.insecure_endpoint,
        }
    }
}

/// Source: no-color.org: a set and non-empty `NO_COLOR` turns colour off, unless an option requests
/// it.
fn use_color(choice: ColorChoice, context: &ResolveContext<'_>) -> bool {
    let variable = |name| (context.environment)(name).unwrap_or_default();
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            context.stdout_is_terminal
                && variable("NO_COLOR").is_empty()
                && variable("TERM") != "dumb"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::testing::with_resolve_context;

    #[test]
    fn terminal_determines_the_defaults() {
        with_resolve_context(|piped| {
            let terminal = ResolveContext {
                stdout_is_terminal: true,
                stderr_is_terminal: true,
                ..*piped
            };
            let arguments = GlobalArguments::default();
            let on = GlobalSettings::resolve(&arguments, &terminal);
            let off = GlobalSettings::resolve(&arguments, piped);
            assert_eq!((on.progress, on.color), (ProgressStyle::Bar, true));
            assert_eq!((off.progress, off.color), (ProgressStyle::Plain, false));
            let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
            assert!(
                !GlobalSettings::resolve(
                    &arguments,
                    &ResolveContext {
                        environment: &no_color,
                        ..terminal
                    }
                )
                .color
            );
            let live = GlobalArguments {
                progress: ProgressChoice::Live,
                ..arguments.clone()
            };
            let on = GlobalSettings::resolve(&live, &terminal);
            let off = GlobalSettings::resolve(&live, piped);
            assert_eq!(on.progress, ProgressStyle::Live);
            assert_eq!(off.progress, ProgressStyle::Plain);
            let quiet = GlobalArguments {
                quiet: true,
                ..arguments
            };
            assert_eq!(
                GlobalSettings::resolve(&quiet, &terminal).progress,
                ProgressStyle::None
            );
        });
    }
}
