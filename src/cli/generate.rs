//! Generates completion scripts and manual pages from the definition of the command line.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Arguments;
use super::completion_script::completion_script;

/// Writes the completion script for a shell.
///
/// # Errors
/// Writing to `out` fails.
pub fn write_completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(completion_script(shell).as_bytes())
}

/// Writes the manual page in roff: first `dragnet`, then a page for each command.
///
/// # Errors
/// Writing to `out` fails.
pub fn write_manual(out: &mut dyn Write) -> io::Result<()> {
    write_pages(&documented_command(), out)
}

/// Writes the page of each command to a file in a directory: `dragnet.1`, `dragnet-sweep.1` and so
/// on. Creates the directory if it does not exist.
///
/// # Errors
/// The directory or a file cannot be written.
pub fn write_manual_pages(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    write_page_files(&documented_command(), directory)
}

/// Returns the whole command line, with all options in the short help.
fn documented_command() -> clap::Command {
    let mut command = document_all_options(Arguments::command());
    command.build();
    command
}

/// The manual describes only options that are in the short help, so all of them are put there.
fn document_all_options(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| argument.hide_short_help(false))
        .mut_subcommands(document_all_options)
}

fn write_pages(command: &clap::Command, out: &mut dyn Write) -> io::Result<()> {
    manual_page(command).render(out)?;
    documented_subcommands(command).try_for_each(|subcommand| write_pages(subcommand, out))
}

fn write_page_files(command: &clap::Command, directory: &Path) -> io::Result<()> {
    manual_page(command).generate_to(directory)?;
    documented_subcommands(command)
        .try_for_each(|subcommand| write_page_files(subcommand, directory))
}

/// Returns the page of a command. Only the root has a version, which every page shows.
fn manual_page(command: &clap::Command) -> clap_mangen::Man {
    let source = concat!("dragnet ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command.clone()).source(source)
}

fn documented_subcommands(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
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

    #[test]
    fn every_command_has_a_page_of_its_own() {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("man1");
        write_manual_pages(&directory).unwrap();
        let page = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
        assert!(page("dragnet.1").contains(".TH dragnet 1"));
        assert!(page("dragnet-sweep.1").contains(env!("CARGO_PKG_VERSION")));
        assert!(page("dragnet-contain-plan.1").contains("reason"));
        let entries = fs::read_dir(&directory).unwrap();
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert!(
            !names
                .iter()
                .any(|name| name.to_string_lossy().contains("help")),
            "{names:?}"
        );
    }
}
