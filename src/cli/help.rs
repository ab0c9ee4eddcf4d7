//! The help texts: `-h` fits a terminal of 24 lines, `--help` is complete, and the global options
//! are listed only once.

use clap::{Arg, ArgAction, Args, Command, CommandFactory, Parser};

use super::Arguments;

const ABOUT: &str = "Search an AWS organization for indicators of compromise, and contain them";

const EXIT_CODES: &str = "\
Exit codes:
  0    done, and everything in scope was covered
  1    the command failed and has no result
  2    wrong usage or configuration
  3    done, but coverage is incomplete, or a containment step is not verified:
       the summary says where
  4    with --fail-on-sighting: covered, and something was found
  5    with --fail-on-sighting: something was found, and coverage is incomplete
  130  interrupted; continue with dragnet resume

Try it without an AWS account:
  dragnet sweep 198.51.100.23 --since 24h --practice";

const SEE_ALL_OPTIONS: &str =
    "Use --help for all options, and `dragnet --help` for the global options.";
const SEE_GLOBAL_OPTIONS: &str = "Global options: see `dragnet --help`.";

impl Parser for Arguments {}

impl CommandFactory for Arguments {
    fn command() -> Command {
        hide_global_options(Self::augment_args(root()))
            .about(ABOUT)
            .after_long_help(EXIT_CODES)
    }

    fn command_for_update() -> Command {
        hide_global_options(Self::augment_args_for_update(root()))
    }
}

fn root() -> Command {
    // Replaces clap's own `--version`, which cannot be left out of the short help.
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help("Print version")
        .hide_short_help(true);
    Command::new("dragnet")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .max_term_width(80)
        .arg(version)
}

/// Hides the global options in the help of every subcommand, which accepts them nevertheless. clap
/// would otherwise list all of them everywhere.
fn hide_global_options(command: Command) -> Command {
    let hidden: Vec<Arg> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.clone().hide(true))
        .collect();
    command.mut_subcommands(|subcommand| add_hints(subcommand.args(hidden.iter().cloned())))
}

/// Ends the help of a command and its subcommands with where to find the other options.
fn add_hints(command: Command) -> Command {
    let command = command.mut_subcommands(add_hints);
    let details = command.get_after_long_help().map(ToString::to_string);
    if details.is_none() && !command.get_arguments().any(is_longer_in_long_help) {
        return command.after_help(SEE_GLOBAL_OPTIONS);
    }
    let details = match details {
        Some(text) => format!("{text}\n\n{SEE_GLOBAL_OPTIONS}"),
        None => SEE_GLOBAL_OPTIONS.to_owned(),
    };
    command.after_help(SEE_ALL_OPTIONS).after_long_help(details)
}

fn is_longer_in_long_help(argument: &Arg) -> bool {
    !argument.is_hide_set()
        && (argument.is_hide_short_help_set() || argument.get_long_help().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `check` with every command and its help.
    fn for_each_help(render: fn(&mut Command) -> String, check: impl Fn(&str, &str)) {
        let mut root = Arguments::command();
        root.build();
        let mut commands = vec![&mut root];
        while let Some(command) = commands.pop() {
            let help = render(command);
            check(command.get_name(), &help);
            commands.extend(command.get_subcommands_mut());
        }
    }

    #[test]
    fn definition_is_valid() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn long_help_fits_80_columns() {
        for_each_help(
            |command| command.render_long_help().to_string(),
            |name, help| {
                for line in help.lines() {
                    assert!(line.chars().count() <= 80, "{name}: {line}");
                }
            },
        );
    }

    #[test]
    fn short_help_fits_24_lines() {
        for_each_help(
            |command| command.render_help().to_string(),
            |name, help| assert!(help.lines().count() <= 24, "{name}:\n{help}"),
        );
    }

    #[test]
    fn global_options_are_listed_once_and_accepted_everywhere() {
        for_each_help(
            |command| command.render_long_help().to_string(),
            |name, help| {
                let is_root = name == "dragnet";
                assert_eq!(
                    help.contains("--insecure-endpoint"),
                    is_root,
                    "{name}:\n{help}"
                );
            },
        );
        for arguments in [
            ["dragnet", "--json", "runs", "list"],
            ["dragnet", "runs", "--json", "list"],
            ["dragnet", "runs", "list", "--json"],
        ] {
            let arguments = Arguments::try_parse_from(arguments).unwrap();
            assert!(arguments.global.json);
        }
    }
}
