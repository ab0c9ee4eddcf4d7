//! Finds the value at the cursor of a shell, if it is one that only the program knows: a hunt, a
//! run, an account or a Region. The static completion script covers everything else.
//!
//! The dynamic completion of `clap_complete` is not used, because it is behind the feature
//! `unstable-dynamic`, and its interface between script and program may change with each version.
//! Source: `clap_complete` 4.6.11, `Cargo.toml` and the documentation of `clap_complete::env`.

use clap::{Arg, Command, CommandFactory};

use super::{Arguments, GlobalArguments};

/// A value that only the program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicValue {
    /// The name of a hunt
    Hunt,
    /// The id of a run
    Run,
    /// The id or name of an account
    Account,
    /// The name of a Region
    Region,
}

impl DynamicValue {
    /// Returns the kind of value of an argument, which its name in the help determines.
    fn from_argument(argument: &Arg) -> Option<Self> {
        let name = argument.get_value_names()?.first()?;
        match name.as_str() {
            // `hunts show` has `NAME`: it takes no parameters after the name.
            "HUNT" | "NAME" => Some(Self::Hunt),
            "RUN" => Some(Self::Run),
            "ACCOUNT" => Some(Self::Account),
            "REGION" => Some(Self::Region),
            _ => None,
        }
    }
}

/// A value to complete.
#[derive(Clone, Debug)]
pub struct CompletionRequest {
    /// The kind of the value.
    pub value: DynamicValue,
    /// The option in the same word as the value, such as `--account=`; else empty.
    pub option: String,
    /// The part of the value before the cursor.
    pub beginning: String,
    /// The options before the cursor that determine which values there are.
    pub global: GlobalArguments,
}

impl CompletionRequest {
    /// Reads the words after `dragnet`, of which the last one ends at the cursor. Returns `None` if
    /// the static completion script has to complete it.
    pub fn from_words(words: &[String]) -> Option<Self> {
        let (last, earlier) = words.split_last()?;
        let mut root = Arguments::command();
        root.build();
        let mut reader = WordReader::new(&root);
        // bash makes `=` a word of its own.
        for word in earlier.iter().filter(|word| *word != "=") {
            reader.read(word);
        }
        let beginning = if last == "=" { "" } else { last.as_str() };
        reader.request(beginning)
    }
}

/// Reads a command line that is not complete yet, so clap cannot parse it.
struct WordReader<'c> {
    command: &'c Command,
    /// The option that the next word is the value of.
    option: Option<&'c Arg>,
    /// The number of values that belong to no option.
    positionals: usize,
    /// Whether `--` was read, after which no word is an option.
    has_separator: bool,
    global: GlobalArguments,
}

impl<'c> WordReader<'c> {
    fn new(root: &'c Command) -> Self {
        Self {
            command: root,
            option: None,
            positionals: 0,
            has_separator: false,
            global: GlobalArguments::default(),
        }
    }

    fn read(&mut self, word: &str) {
        if let Some(option) = self.option.take() {
            self.set_global(option, word);
        } else if self.has_separator || !word.starts_with('-') || word == "-" {
            self.read_value(word);
        } else if word == "--" {
            self.has_separator = true;
        } else {
            self.read_option(word);
        }
    }

    fn read_value(&mut self, word: &str) {
        match self.command.find_subcommand(word) {
            Some(subcommand) if !self.has_separator => self.command = subcommand,
            _ => self.positionals += 1,
        }
    }

    fn read_option(&mut self, word: &str) {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let Some(option) = find_option(self.command, name) else {
            return;
        };
        match value {
            Some(value) => self.set_global(option, value),
            None if option.get_action().takes_values() => self.option = Some(option),
            None => self.set_global(option, ""),
        }
    }

    fn set_global(&mut self, option: &Arg, value: &str) {
        match option.get_id().as_str() {
            "config" => self.global.config = Some(value.into()),
            "accounts_file" => self.global.accounts_file = Some(value.into()),
            "practice" => self.global.practice = true,
            _ => {}
        }
    }

    fn request(self, beginning: &str) -> Option<CompletionRequest> {
        if let Some(option) = self.option {
            return self.request_value(option, "", beginning);
        }
        if !self.has_separator && beginning.starts_with('-') {
            let (name, value) = beginning.split_once('=')?;
            let option = find_option(self.command, name)?;
            return self.request_value(option, &format!("{name}="), value);
        }
        let positional = self.command.get_positionals().nth(self.positionals)?;
        self.request_value(positional, "", beginning)
    }

    fn request_value(
        self,
        argument: &Arg,
        option: &str,
        beginning: &str,
    ) -> Option<CompletionRequest> {
        Some(CompletionRequest {
            value: DynamicValue::from_argument(argument)?,
            option: option.to_owned(),
            beginning: beginning.to_owned(),
            global: self.global,
        })
    }
}

/// Returns the option with this name, such as `--account` or `-i`.
fn find_option<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    let mut arguments = command.get_arguments();
    if let Some(long) = name.strip_prefix("--") {
        return arguments.find(|argument| has_long_name(argument, long));
    }
    let short = name.strip_prefix('-')?;
    arguments.find(|argument| {
        let own = argument.get_short().map(String::from);
        own.is_some_and(|own| own == short)
    })
}

fn has_long_name(argument: &Arg, long: &str) -> bool {
    let aliases = argument.get_all_aliases().unwrap_or_default();
    argument.get_long() == Some(long) || aliases.contains(&long)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str) -> Option<CompletionRequest> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        CompletionRequest::from_words(&words)
    }

    #[test]
    fn value_at_the_cursor_is_recognised() {
        for (line, value, beginning) in [
            ("sweep --hunt ", DynamicValue::Hunt, ""),
            ("hunts show iam", DynamicValue::Hunt, "iam"),
            ("resume 2026", DynamicValue::Run, "2026"),
            ("--json runs show ", DynamicValue::Run, ""),
            (
                "runs diff 20260301T120000Z-3f9a la",
                DynamicValue::Run,
                "la",
            ),
            ("report --format csv ", DynamicValue::Run, ""),
            ("contain plan --from-run ", DynamicValue::Run, ""),
            ("sweep 192.0.2.1 --account pr", DynamicValue::Account, "pr"),
            (
                "contain plan --exclude-account 1",
                DynamicValue::Account,
                "1",
            ),
            ("list log-groups --region eu-", DynamicValue::Region, "eu-"),
            ("sweep -i list.csv --region ", DynamicValue::Region, ""),
            ("sweep --region = eu", DynamicValue::Region, "eu"),
            ("sweep --region =", DynamicValue::Region, ""),
        ] {
            let request = request(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(request.value, value, "{line}");
            assert_eq!(request.beginning, beginning, "{line}");
            assert_eq!(request.option, "", "{line}");
        }
    }

    #[test]
    fn option_in_the_word_is_kept() {
        let request = request("sweep --account=pr").unwrap();
        assert_eq!(request.value, DynamicValue::Account);
        assert_eq!(request.option, "--account=");
        assert_eq!(request.beginning, "pr");
    }

    #[test]
    fn other_words_are_left_to_the_static_script() {
        for line in [
            "",
            "swe",
            "sweep 192",
            "sweep --acc",
            "sweep --since ",
            "sweep --out ",
            "runs ",
            "runs diff one two ",
            "sweep --dry-run ",
            "sweep -- --account=",
            "unknown --account ",
        ] {
            assert!(request(line).is_none(), "{line}");
        }
        assert!(CompletionRequest::from_words(&[]).is_none());
    }

    #[test]
    fn options_that_determine_the_values_are_read() {
        let request =
            request("--config a.toml sweep --practice --accounts-file=ids --account ").unwrap();
        assert_eq!(request.global.config, Some("a.toml".into()));
        assert_eq!(request.global.accounts_file, Some("ids".into()));
        assert!(request.global.practice);
    }
}
