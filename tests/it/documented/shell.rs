//! Splits the shell commands of a document into words, as far as documents need it: quotes, escapes, comments,
//! continued lines, and several commands in a line.

/// Returns the words of each command that starts with `dragnet`.
pub(super) fn dragnet_commands(script: &str) -> Vec<Vec<String>> {
    let mut commands = split_commands(script);
    commands.retain(|words| words.first().is_some_and(|word| word == "dragnet"));
    commands
}

fn split_commands(script: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = script.chars();
    while let Some(character) = characters.next() {
        match character {
            '#' if word.is_none() => {
                _ = characters.by_ref().find(|character| *character == '\n');
                commands.push(std::mem::take(&mut words));
            }
            '\n' | '|' | ';' | '&' => {
                words.extend(word.take());
                commands.push(std::mem::take(&mut words));
            }
            ' ' | '\t' => words.extend(word.take()),
            '\\' => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            '\'' | '"' => {
                let quoted = word.get_or_insert_default();
                read_quoted(character, &mut characters, quoted);
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    commands.push(words);
    commands
}

/// Reads up to the closing quotation mark. Only double quotation marks have escapes.
fn read_quoted(mark: char, characters: &mut std::str::Chars<'_>, word: &mut String) {
    while let Some(character) = characters.next() {
        match character {
            end if end == mark => return,
            '\\' if mark == '"' => word.extend(characters.next()),
            other => word.push(other),
        }
    }
    panic!("a quotation mark is not closed: {word}")
}

#[test]
fn commands_are_split_like_a_shell_does() {
    let script = "dragnet a 'b # | c' # why\naws x | dragnet b \\\n    --c=\"d \\\"e\\\"\" \"\"\n# dragnet no\n  dragnet c#d";
    assert_eq!(
        dragnet_commands(script),
        [
            vec!["dragnet", "a", "b # | c"],
            vec!["dragnet", "b", "--c=d \"e\"", ""],
            vec!["dragnet", "c#d"],
        ]
    );
}
