//! The language of the source: plain English in comments, docs, help and messages; standard terms as names; one
//! binding per `let`.
//!
//! The words and names come from the style guide. Every rule has a counterexample in [`the_checks_can_fail`].

use std::path::{Path, PathBuf};

/// Words of the private dialect that the code was once written in. Some are ordinary English now and then, so a small
/// share of the comment lines may have them.
const DIALECT: [&str; 9] = [
    "told",
    "tells of",
    "whoever",
    "nobody",
    "gone on",
    "goes on with",
    "begun",
    "so many",
    "what is there",
];

/// More of the dialect, which no help text, error or message may have.
const DIALECT_OF_MESSAGES: [&str; 18] = [
    "asked again",
    "asks again",
    "cells",
    "comes to",
    "going on",
    "has been met",
    "in hand",
    "is at work",
    "is due to",
    "looked for nothing",
    "not told",
    "places",
    "recorder",
    "rehearsal",
    "surroundings",
    "tells",
    "there no more",
    "what it was",
];

/// Identifiers of the dialect: not one of them is a word of AWS or of systems programming.
const RETIRED_IDENTIFIERS: [&str; 16] = [
    "elsewhere",
    "entrance",
    "glance",
    "lookout",
    "outlined",
    "patience",
    "recorder",
    "recorders",
    "rehearsal",
    "skim",
    "skimmer",
    "standing",
    "standings",
    "surroundings",
    "told",
    "whoever",
];

/// At most one comment line in this many may have a word of the dialect.
const LINES_A_DIALECT_WORD: usize = 200;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The comment on a line of Rust. A `//` inside a string or an address is not one: comments follow a space or begin the
/// line.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") {
        Some(line)
    } else {
        line.split_once(" // ").map(|(_, comment)| comment)
    }
}

fn has_dialect(text: &str) -> bool {
    has_phrase(text, &DIALECT)
}

fn has_phrase(text: &str, phrases: &[&str]) -> bool {
    let text = text.to_lowercase();
    let is_word = |at: usize, word: &str| {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    };
    phrases
        .iter()
        .any(|word| text.match_indices(word).any(|(at, _)| is_word(at, word)))
}

/// A file split into its code, with every string literal emptied and every comment removed, and those literals.
struct Source {
    code: String,
    literals: Vec<String>,
}

/// Separates code from strings and comments. It knows raw strings, escapes, character literals and nested comments, as
/// far as rustfmt's output has them.
fn parse_source(text: &str) -> Source {
    let mut code = String::new();
    let mut literals = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').map(|after| {
            let hashes = after.len() - after.trim_start_matches('#').len();
            (hashes, &after[hashes..])
        });
        let follows_a_name = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some((hashes, after)) = raw
            && !follows_a_name
            && let Some(body) = after.strip_prefix('"')
        {
            let end = format!("\"{}", "#".repeat(hashes));
            let length = body.find(&end).unwrap_or(body.len());
            literals.push(body[..length].to_owned());
            code.push_str("\"\"");
            rest = body.get(length + end.len()..).unwrap_or("");
        } else if let Some(body) = rest.strip_prefix('"') {
            let mut length = 0;
            while !body[length..].starts_with('"') && length < body.len() {
                let escape = body[length..].starts_with('\\');
                let skipped = body[length..].chars().take(1 + usize::from(escape));
                length += skipped.map(char::len_utf8).sum::<usize>();
            }
            literals.push(body[..length].to_owned());
            code.push_str("\"\"");
            rest = body.get(length + 1..).unwrap_or("");
        } else if let Some(length) = character_literal(rest) {
            code.push_str("' '");
            rest = &rest[length..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Source { code, literals }
}

/// The length of the character literal that the text starts with; a lifetime is not one.
fn character_literal(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let first = body.chars().next()?;
    let escape = usize::from(first == '\\');
    let least = body.chars().take(1 + escape).map(char::len_utf8).sum();
    let end = least + body[least..].find('\'')?;
    (end == least || first == '\\' && end - least < 12).then_some(1 + end + 1)
}

/// The string literals of a source file that are meant for people: those with a space, not SQL, and not in the unit
/// tests. The names of their arguments are removed.
fn messages(source: &str) -> Vec<String> {
    let product = source.split("#[cfg(test)]").next().unwrap_or("");
    parse_source(product)
        .literals
        .iter()
        .filter(|literal| literal.trim().contains(' ') && !is_sql(literal))
        .map(|literal| without_arguments(literal))
        .collect()
}

/// Whether a text is SQL; its tables and columns are persisted names.
fn is_sql(text: &str) -> bool {
    [
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE FROM",
        "CREATE ",
        "PRAGMA ",
    ]
    .iter()
    .any(|keyword| text.contains(keyword))
}

/// Removes the arguments of a format string: `{cells}`.
fn without_arguments(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        shown.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    shown + rest
}

/// The retired identifiers that a source file uses.
fn retired_identifiers(source: &str) -> Vec<&'static str> {
    let code = parse_source(source).code;
    let words: std::collections::BTreeSet<&str> = code
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    RETIRED_IDENTIFIERS
        .into_iter()
        .filter(|name| words.contains(name))
        .collect()
}

/// The lines of a source file with `let (a, b) = (x, y);`. A refutable `let … else` needs the tuple.
fn tuple_packed_lets(source: &str) -> Vec<usize> {
    let code = parse_source(source).code;
    let mut lines = Vec::new();
    for (at, _) in code.match_indices("let (") {
        let Some(after_pattern) = after_parentheses(&code[at + "let ".len()..]) else {
            continue;
        };
        let Some(value) = after_pattern.trim_start().strip_prefix('=') else {
            continue;
        };
        if value.trim_start().starts_with('(')
            && after_parentheses(value.trim_start()).is_some_and(|rest| rest.starts_with(';'))
        {
            lines.push(code[..at].matches('\n').count() + 1);
        }
    }
    lines
}

/// What follows the parentheses that the text starts with.
fn after_parentheses(text: &str) -> Option<&str> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..);
        }
    }
    None
}

fn product_sources() -> Vec<(PathBuf, String)> {
    let sources = |folder: &str| {
        files(folder, "rs").into_iter().map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            (file, text)
        })
    };
    sources("src").chain(sources("crates")).collect()
}

#[test]
fn messages_are_plain_english() {
    let mut count = 0;
    for (file, source) in product_sources() {
        for message in messages(&source) {
            count += 1;
            assert!(
                !has_dialect(&message) && !has_phrase(&message, &DIALECT_OF_MESSAGES),
                "{}: {message:?}",
                file.display()
            );
        }
    }
    assert!(count > 1_500, "only {count} messages were read");
}

#[test]
fn names_are_standard_terms() {
    for (file, source) in product_sources() {
        let retired = retired_identifiers(&source);
        assert!(retired.is_empty(), "{}: {retired:?}", file.display());
    }
}

#[test]
fn every_let_binds_one_name() {
    for folder in ["src", "crates", "tests", "benches"] {
        for file in files(folder, "rs") {
            let source = std::fs::read_to_string(&file).unwrap();
            let lines = tuple_packed_lets(&source);
            assert!(lines.is_empty(), "{}: lines {lines:?}", file.display());
        }
    }
}

/// The lines that have a word of the dialect, and how many lines there are.
fn dialect_in<'a>(lines: impl Iterator<Item = &'a str>) -> (Vec<String>, usize) {
    let mut count = 0;
    let mut found = Vec::new();
    for line in lines {
        count += 1;
        if has_dialect(line) {
            found.push(line.to_owned());
        }
    }
    (found, count)
}

#[test]
fn comments_are_plain_english() {
    let mut comments = Vec::new();
    for (_, text) in product_sources() {
        comments.extend(text.lines().filter_map(comment).map(str::to_owned));
    }
    let (found, count) = dialect_in(comments.iter().map(String::as_str));
    assert!(count > 5_000, "the comments were read");
    assert!(
        found.len() * LINES_A_DIALECT_WORD <= count,
        "{} of {count}: {found:#?}",
        found.len()
    );
}

#[test]
fn docs_are_plain_english() {
    for file in files("docs", "md")
        .into_iter()
        .chain(files("crates", "md"))
        .chain([repository().join("CONTRIBUTING.md")])
    {
        let text = std::fs::read_to_string(&file).unwrap();
        let (found, _) = dialect_in(text.lines());
        assert!(found.is_empty(), "{}: {found:#?}", file.display());
    }
}

/// The names that `docs/renames.tsv` retires everywhere, as (old, new).
fn retired_names() -> Vec<(String, String)> {
    let list = std::fs::read_to_string(repository().join("docs/renames.tsv")).unwrap();
    let mut names = Vec::new();
    for line in list.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [old, new, scope, _] = columns[..] else {
            panic!("not four columns: {line}")
        };
        let is_type = old.starts_with(|c: char| c.is_ascii_uppercase())
            && old.chars().all(char::is_alphanumeric);
        if scope == "everywhere" && is_type {
            names.push((old.to_owned(), new.to_owned()));
        }
    }
    names
}

/// The retired type names that a source file defines.
fn retired_in<'n>(source: &str, names: &'n [(String, String)]) -> Vec<&'n str> {
    let is_defined = |name: &str| {
        ["struct", "enum", "trait", "type"].iter().any(|keyword| {
            source.lines().any(|line| {
                let Some((_, rest)) = line.split_once(&format!("{keyword} {name}")) else {
                    return false;
                };
                comment(line).is_none()
                    && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            })
        })
    };
    names
        .iter()
        .filter(|(old, _)| is_defined(old))
        .map(|(old, _)| old.as_str())
        .collect()
}

#[test]
fn no_retired_name_comes_back() {
    let names = retired_names();
    assert!(names.len() > 30, "the list was read");
    for (file, source) in product_sources() {
        assert_eq!(
            retired_in(&source, &names),
            Vec::<&str>::new(),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_checks_can_fail() {
    assert!(has_dialect("/// Whoever asks is told.") && has_dialect("so many"));
    assert!(!has_dialect("/// Returns the retold story.") && !has_dialect("also many"));
    assert_eq!(comment("let a = 1; // why"), Some("why"));
    assert_eq!(comment("let url = \"https://x\";"), None);
    let (found, count) = dialect_in(["// begun", "// started"].into_iter());
    assert_eq!((found.len(), count), (1, 2));
    let names = [("Glance".to_owned(), "LiteralPrefilter".to_owned())];
    assert_eq!(retired_in("pub(super) struct Glance {", &names), ["Glance"]);
    assert!(retired_in("struct Glances;\n// struct Glance", &names).is_empty());

    let source = "let a = \"he told \\\"us\\\" so\"; // told\nlet b = r#\"a \"raw\" one\"#; let c: &'a str = f('\"');";
    assert_eq!(messages(source), ["he told \\\"us\\\" so", "a \"raw\" one"]);
    assert!(has_dialect(&messages(source)[0]));
    assert_eq!(
        messages("f(\"no {told} name\", \"SELECT told FROM x\")"),
        ["no  name"]
    );
    assert!(has_phrase("2 places were denied", &DIALECT_OF_MESSAGES));
    assert!(!has_phrase("it is still in place", &DIALECT_OF_MESSAGES));
    assert!(retired_identifiers(source).is_empty());
    assert_eq!(
        retired_identifiers("let standing = f(told_by);"),
        ["standing"]
    );
    assert_eq!(tuple_packed_lets("\nlet (a, (b, c)) = (f(1), g());"), [2]);
    assert!(tuple_packed_lets("let (a, b) = f(); let (Some(a), b) = (x, y) else {").is_empty());
}

/// The names in backquotes in a document that look like Rust functions, types or paths.
fn code_names(document: &str) -> Vec<&str> {
    let is_name = |text: &&str| {
        let is_word =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        let has_code_form = text.contains('_') || text.contains("::");
        has_code_form && text.split("::").all(is_word) && text.contains(char::is_lowercase)
    };
    document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(is_name)
        .collect()
}

/// A recipe that names a function which was renamed sends its reader astray.
#[test]
fn documents_name_existing_code() {
    let mut code = String::new();
    for folder in ["src", "crates", "tests", "benches"] {
        for file in files(folder, "rs") {
            code.push_str(&std::fs::read_to_string(file).unwrap());
        }
    }
    let words: std::collections::BTreeSet<&str> = code
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let mut documents = files("docs", "md");
    documents.push(repository().join("CONTRIBUTING.md"));
    for document in documents {
        let text = std::fs::read_to_string(&document).unwrap();
        let absent: Vec<&str> = code_names(&text)
            .into_iter()
            .filter(|name| !name.split("::").all(|part| words.contains(part)))
            .collect();
        assert!(absent.is_empty(), "{}: {absent:?}", document.display());
    }
    assert_eq!(
        code_names("`Aws::call` and `a b`, `row_of`, `Aws`"),
        ["Aws::call", "row_of"]
    );
}
