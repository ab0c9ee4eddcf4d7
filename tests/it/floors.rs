//! The floors of the source: a room (a top-level module) uses only rooms on lower floors, and only
//! the rooms that need the AWS SDK name it. So there are no cycles, and each room can be read
//! alone.

use std::fs;
use std::path::Path;

/// The floors from top to bottom. Rooms on the same floor do not use each other.
const FLOORS: [&[&str]; 7] = [
    &["main", "lib", "commands"],
    &["watch", "progress"],
    &["sweep"],
    &["contain", "search"],
    &["report", "aws", "cli"],
    &["store", "throttle", "config"],
    &["lineage"],
];

/// Crates of the SDK's runtime. Only `src/aws` may name them.
const RUNTIME_CRATES: [&str; 5] = [
    "aws_smithy_",
    "aws_credential_types",
    "aws_config",
    "aws_runtime",
    "aws_types",
];

#[test]
fn rooms_use_only_rooms_on_lower_floors() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    let mut folders = vec![source.clone()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&source).unwrap().to_str().unwrap();
                violations.extend(violations_in(name, &fs::read_to_string(&path).unwrap()));
                files += 1;
            }
        }
    }
    assert!(files > 10, "the source is somewhere else");
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// Returns the violations in a file, which is given by its path below `src`.
fn violations_in(file: &str, source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| without_comment(line).to_owned() + "\n")
        .collect();
    let room = file.split(['/', '.']).next().unwrap_or_default();
    let Some(floor) = floor_of(room) else {
        return vec![format!("{file}: the room `{room}` is on no floor")];
    };
    let mut violations = Vec::new();
    for used in rooms_used(&code) {
        match floor_of(&used) {
            _ if used == room => {}
            Some(other) if other > floor => {}
            Some(other) if other == floor => {
                violations.push(format!("{file}: `{room}` uses `{used}` beside it"));
            }
            Some(_) => violations.push(format!("{file}: `{room}` uses `{used}` above it")),
            None => violations.push(format!("{file}: uses `crate::{used}`, which is no room")),
        }
    }
    if room != "aws" && code.contains("aws_sdk_") {
        violations.push(format!("{file}: only src/aws may name aws_sdk_*"));
    }
    for name in RUNTIME_CRATES {
        if room != "aws" && code.contains(name) {
            violations.push(format!("{file}: only src/aws may name {name}*"));
        }
    }
    violations
}

fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Returns the rooms in `crate::room…` and `crate::{room…, room…}`.
fn rooms_used(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let path = code[at + prefix.len()..].trim_start();
        match path.strip_prefix('{') {
            Some(group) => rooms.extend(first_segments_of_group(group)),
            None => rooms.push(first_segment(path)),
        }
    }
    rooms
}

/// Returns the first segment of each path in a `{…}` whose opening bracket has been read.
fn first_segments_of_group(group: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut depth = 0_u32;
    let mut is_path_start = true;
    for (at, character) in group.char_indices() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => is_path_start = true,
            _ if is_path_start && depth == 0 && !character.is_whitespace() => {
                segments.push(first_segment(&group[at..]));
                is_path_start = false;
            }
            _ => {}
        }
    }
    segments
}

fn first_segment(path: &str) -> String {
    path.chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect()
}

#[test]
fn check_can_fail() {
    let wrong = |file: &str, source: &str| violations_in(file, source).join("; ");
    assert_eq!(
        wrong("sweep/a.rs", "use crate::store::Journal;\nuse super::x;"),
        ""
    );
    assert_eq!(
        wrong("lineage/a.rs", "use crate::config::Glob;"),
        "lineage/a.rs: `lineage` uses `config` above it"
    );
    assert_eq!(
        wrong("cli/mod.rs", "fn f() { crate::report::escape(x) }"),
        "cli/mod.rs: `cli` uses `report` beside it"
    );
    assert_eq!(
        wrong(
            "search/a.rs",
            "use crate::{\n    store::{Journal, RunDir},\n    sweep,\n    contain::Plan,\n};"
        ),
        "search/a.rs: `search` uses `sweep` above it; search/a.rs: `search` uses `contain` beside it"
    );
    assert_eq!(
        wrong(
            "aws/logs.rs",
            "use aws_sdk_cloudwatchlogs::Client;\nuse aws_smithy_types::X;"
        ),
        ""
    );
    assert!(wrong("sweep/a.rs", "use aws_sdk_sts::Client;").contains("only src/aws"));
    assert!(
        wrong("sweep/a.rs", "use aws_smithy_runtime_api::X;")
            .contains("only src/aws may name aws_smithy_")
    );
    assert_eq!(
        wrong("lineage/a.rs", "//! See [`crate::sweep`].\n/// crate::cli"),
        ""
    );
    assert!(wrong("attic/mod.rs", "").contains("on no floor"));
    assert!(wrong("lineage/a.rs", "use crate::Clock;").contains("no room"));
}
