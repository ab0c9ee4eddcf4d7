//! Generates completion scripts and the manual page from the definition of the command line.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::Arguments;

/// Writes the completion script for a shell.
///
/// # Errors
/// Writing to `out` fails.
pub fn write_completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "dragnet", &mut script);
    out.write_all(&script)
}

/// Writes the manual page in roff: first `dragnet`, then a page for each command.
///
/// # Errors
/// Writing to `out` fails.
pub fn write_manual(out: &mut dyn Write) -> io::Result<()> {
    let mut command = document_all_options(Arguments::command());
    command.build();
    write_pages(&command, out)
}

/// The manual describes only options that are in the short help, so all of them are put there.
fn document_all_options(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| argument.hide_short_help(false))
        .mut_subcommands(document_all_options)
}

fn write_pages(command: &clap::Command, out: &mut dyn Write) -> io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(out)?;
    let is_documented = |command: &&clap::Command| command.get_name() != "help";
    command
        .get_subcommands()
        .filter(is_documented)
        .try_for_each(|subcommand| write_pages(subcommand, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_and_manual_contain_the_commands() {
        let mut script = Vec::new();
        write_completions(Shell::Bash, &mut script).unwrap();
        assert!(String::from_utf8(script).unwrap().contains("log-groups"));
        let mut manual = Vec::new();
        write_manual(&mut manual).unwrap();
        let manual = String::from_utf8(manual).unwrap();
        assert!(
            manual.contains("dragnet\\-sweep") && manual.contains("fail\\-on\\-sighting"),
            "{manual}"
        );
        assert!(
            manual.contains("Print the result as JSON"),
            "options of the long help are described: {manual}"
        );
    }
}
