//! The words of a query that cannot be parsed: its commands, and what may be a field. Texts, regular
//! expressions and comments are skipped.

/// Words that are part of the syntax, wherever they are.
///
/// Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".
const KEYWORDS: [&str; 14] = [
    "and", "or", "not", "like", "in", "as", "by", "asc", "desc", "is", "null", "true", "false",
    "limit",
];

/// A word outside of texts, regular expressions and comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueryWord<'q> {
    pub text: &'q str,
    /// Whether it is the first one after a pipe or the start.
    pub is_command: bool,
    /// Whether it is the name of a function.
    pub is_function: bool,
    /// Whether the query gives this name to a result.
    is_alias: bool,
}

/// The words of a query, and the names that its regular expressions give to their groups.
#[derive(Debug, Default)]
pub(super) struct QueryWords<'q> {
    pub words: Vec<QueryWord<'q>>,
    groups: Vec<&'q str>,
    /// Whether the next word is the first one of a command.
    is_at_start: bool,
    /// Whether the current command is `parse`.
    is_parsing: bool,
    /// Whether the words of the current command are names of its results.
    is_naming: bool,
}

impl<'q> QueryWords<'q> {
    /// Reads a query.
    pub(super) fn read(query: &'q str) -> Self {
        let mut read = Self {
            is_at_start: true,
            ..Self::default()
        };
        let mut rest = query;
        let mut previous = ' ';
        while let Some(next) = rest.chars().next() {
            let length = match next {
                '#' => rest.find('\n').unwrap_or(rest.len()),
                '\'' | '"' => delimited_length(rest, next),
                '/' if previous == '~' || read.expects_regex() => {
                    let length = delimited_length(rest, next);
                    read.add_groups(rest.split_at(length).0);
                    length
                }
                '`' => {
                    let length = delimited_length(rest, next);
                    let (quoted, after) = rest.split_at(length);
                    read.add(quoted.trim_matches('`'), after);
                    length
                }
                next if is_word_character(next) => {
                    let end = rest.find(|character: char| !is_word_character(character));
                    let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                    read.add(word, after);
                    word.len()
                }
                '|' => {
                    read.is_at_start = true;
                    next.len_utf8()
                }
                _ => next.len_utf8(),
            };
            if !next.is_whitespace() {
                previous = next;
            }
            rest = rest.split_at(length).1;
        }
        read
    }

    /// Returns a word that may be a field, except those that `is_known` accepts.
    pub(super) fn possible_field(&self, is_known: impl Fn(&str) -> bool) -> Option<&'q str> {
        let aliases: Vec<&str> = self
            .words
            .iter()
            .filter(|word| word.is_alias)
            .map(|word| word.text)
            .chain(self.groups.iter().copied())
            .collect();
        let field = self.words.iter().find(|word| {
            !word.is_command
                && !word.is_function
                && !word.text.starts_with(|first: char| first.is_ascii_digit())
                && !aliases.contains(&word.text)
                && !is_keyword(word.text)
                && !is_known(word.text)
        });
        field.map(|word| word.text)
    }

    /// Whether a slash begins a regular expression here, not a division.
    fn expects_regex(&self) -> bool {
        let is_after_like = self
            .words
            .last()
            .is_some_and(|word| word.text.eq_ignore_ascii_case("like"));
        is_after_like || self.is_parsing
    }

    /// Adds a word, which `after` follows.
    fn add(&mut self, text: &'q str, after: &str) {
        let is_command = std::mem::take(&mut self.is_at_start);
        if is_command {
            self.is_parsing = text.eq_ignore_ascii_case("parse");
            self.is_naming = false;
        }
        self.words.push(QueryWord {
            text,
            is_command,
            is_function: after.trim_start().starts_with('('),
            is_alias: self.is_naming,
        });
        let is_as = text.eq_ignore_ascii_case("as");
        // `parse` gives several names at once.
        self.is_naming = is_as || (self.is_naming && self.is_parsing);
    }

    /// Adds the names of the groups of a regular expression.
    fn add_groups(&mut self, regex: &'q str) {
        let names = regex.split("(?<").skip(1).filter_map(|after| {
            let (name, _) = after.split_once('>')?;
            name.starts_with(char::is_alphabetic).then_some(name)
        });
        self.groups.extend(names);
    }
}

fn is_keyword(text: &str) -> bool {
    KEYWORDS
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(text))
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '@' | '.')
}

/// The length of what begins with a delimiter, up to and including the same delimiter. A backslash
/// escapes the character after it.
fn delimited_length(text: &str, delimiter: char) -> usize {
    let mut is_escaped = true;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == delimiter => return at + character.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_outside_of_texts() {
        let commands = |query: &'static str| {
            let words = QueryWords::read(query).words.into_iter();
            let commands = words.filter(|word| word.is_command);
            commands.map(|word| word.text).collect::<Vec<_>>().join(" ")
        };
        for (query, expected) in [
            (
                "filter a = '| pattern' | Pattern @message",
                "filter Pattern",
            ),
            ("filter a like /x|diff/ | limit 5", "filter limit"),
            ("filter a =~ /x\\/|diff/ | limit 5", "filter limit"),
            ("parse @message /a|b/ | dedup c", "parse dedup"),
            ("fields a / b / c | diff", "fields diff"),
            (
                "# a | unmask\nfields \"\\\"|x\"\n|diff previousDay",
                "fields diff",
            ),
            ("filter 'open | pattern", "filter"),
            ("", ""),
        ] {
            assert_eq!(commands(query), expected, "{query}");
        }
    }

    #[test]
    fn possible_fields_are_neither_names_nor_syntax() {
        for (query, field) in [
            ("filter errorCode like /(?=A)/", Some("errorCode")),
            (
                "filter @message like /(?=A)/ | stats count(*) as n by bin(5m) | sort n desc",
                None,
            ),
            (
                "parse @message /(?<user>\\w+)(?=x)/ | stats count(*) by user",
                None,
            ),
            ("parse @message '* *' as a, b | newcommand a", None),
            (
                "fields @message as m, status | newcommand m",
                Some("status"),
            ),
            ("filter `a b` = 1 | newcommand", Some("a b")),
            (
                "filter @duration > 5 and not @message like 'x' | newcommand",
                Some("@duration"),
            ),
        ] {
            let words = QueryWords::read(query);
            let found = words.possible_field(|name| name == "@message");
            assert_eq!(found, field, "{query}");
        }
    }
}
