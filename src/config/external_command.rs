//! A program that the configuration names, with its arguments.

use serde::{Deserialize, Serialize};

/// A program and its arguments, run directly and not by a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct ExternalCommand(Vec<String>);

/// The words are not a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommand {
    /// There is no program.
    #[error("the command names no program: expected [\"program\", \"argument\", …]")]
    NoProgram,
    /// The program is in a folder that depends on the working directory, which may come from
    /// somebody else.
    #[error(
        "`{0}` depends on the working directory: expected the name of a program in PATH, or its absolute path"
    )]
    RelativePath(String),
}

impl ExternalCommand {
    /// Returns the program and its arguments.
    pub fn parts(&self) -> (&str, &[String]) {
        // The constructor rejects an empty list.
        self.0
            .split_first()
            .map_or(("", &[]), |(program, arguments)| (program, arguments))
    }
}

impl TryFrom<Vec<String>> for ExternalCommand {
    type Error = InvalidCommand;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        let program = words.first().map_or("", String::as_str);
        if program.is_empty() {
            Err(InvalidCommand::NoProgram)
        } else if program.contains('/') && !program.starts_with('/') {
            Err(InvalidCommand::RelativePath(program.to_owned()))
        } else {
            Ok(Self(words))
        }
    }
}

impl From<ExternalCommand> for Vec<String> {
    fn from(command: ExternalCommand) -> Self {
        command.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Result<ExternalCommand, InvalidCommand> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        ExternalCommand::try_from(words)
    }

    #[test]
    fn command_names_a_program_that_does_not_depend_on_the_working_directory() {
        let ykman = command(&["ykman", "oath"]).unwrap();
        assert_eq!(ykman.parts(), ("ykman", &["oath".to_owned()][..]));
        assert!(command(&["/usr/bin/minisign", "-S", "-m"]).is_ok());
        for none in [&[][..], &[""]] {
            assert_eq!(command(none), Err(InvalidCommand::NoProgram));
        }
        for relative in ["./sign.sh", "../sign.sh", "bin/sign"] {
            let error = command(&[relative]).unwrap_err();
            assert_eq!(error, InvalidCommand::RelativePath(relative.to_owned()));
        }
    }
}
