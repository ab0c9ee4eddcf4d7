//! The language of the source: plain English in comments and docs, and no old name under a new one.
//!
//! The words and names come from the style guide. The rules cover comments, the docs folder and type names; strings are
//! covered as they are rewritten.

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
    let text = text.to_lowercase();
    let is_word = |at: usize, word: &str| {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    };
    DIALECT
        .iter()
        .any(|word| text.match_indices(word).any(|(at, _)| is_word(at, word)))
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
    for file in files("src", "rs") {
        let text = std::fs::read_to_string(file).unwrap();
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
    for file in files("src", "rs") {
        let source = std::fs::read_to_string(&file).unwrap();
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
}
