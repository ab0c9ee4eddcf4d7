//! The floors of the source: a room (a top-level module) uses only rooms on lower floors, and only
//! the rooms that need the AWS SDK name it. So there are no cycles, and each room can be read
//! alone.
//!
//! The crates in `crates` are below all rooms. None knows the product, the SDK or the command line,
//! and each uses only the crates that it may.

use std::fs;
use std::path::Path;

/// The floors from top to bottom. Rooms on the same floor do not use each other.
const FLOORS: [&[&str]; 9] = [
    &["main", "lib", "commands"],
    &["cli"],
    &["watch", "progress", "shard"],
    &["sweep"],
    &["contain", "search", "follow"],
    &["report", "aws", "settings"],
    &["store", "throttle", "config"],
    &["lineage", "files", "s3_layout", "digests", "geoip"],
    &["byte_scan"],
];

/// The folders in `crates`, each with the crates of this workspace that it may use.
const CRATES: [(&str, &[&str]); 4] = [
    ("dragnet-model", &[]),
    ("insights-ql", &[]),
    ("cw-filter-pattern", &[]),
    (
        "dragnet-range",
        &["dragnet-model", "insights-ql", "cw-filter-pattern"],
    ),
];

/// The folder of a program that starts `dragnet` and is no crate of the workspace. It uses none of ours.
const PROGRAM: &str = "dragnet-temporal";

/// Crates of the SDK's runtime. Only `src/aws` may name them, where the connector to the practice
/// range is too.
const RUNTIME_CRATES: [&str; 5] = [
    "aws_smithy_",
    "aws_credential_types",
    "aws_config",
    "aws_runtime",
    "aws_types",
];

/// A library of cryptography, which is no part of the SDK in spite of its name, and the crate that
/// signs CloudTrail digests with it.
const SIGNING: (&str, &str) = ("dragnet-range", "aws-lc-rs");

/// The rooms that know the command line.
const COMMAND_LINE_ROOMS: [&str; 3] = ["main", "commands", "cli"];
const COMMAND_LINE_CRATES: [&str; 3] = ["clap::", "clap_complete", "clap_mangen"];

/// The rooms that print. The others write to what they are given.
const PRINTING_ROOMS: [&str; 2] = ["main", "commands"];
const PRINTING: [&str; 4] = ["print!(", "println!(", "stdout()", "stderr()"];

/// Returns the Rust files below a folder of the repository: the path below that folder, and the
/// text.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                files.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

#[test]
fn rooms_use_only_rooms_on_lower_floors() {
    let files = rust_files("src");
    assert!(files.len() > 10, "the source is somewhere else");
    let violations: Vec<String> = files
        .iter()
        .flat_map(|(file, source)| violations_in(file, source))
        .collect();
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn crates_use_only_the_crates_that_they_may() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut violations = Vec::new();
    for entry in fs::read_dir(&crates).unwrap() {
        let folder = entry.unwrap().file_name().into_string().unwrap();
        let manifest = crates.join(&folder).join("Cargo.toml");
        if folder == PROGRAM {
            let manifest = fs::read_to_string(manifest).unwrap();
            assert!(!manifest.contains("path = "), "it uses a crate of ours");
            continue;
        }
        violations.extend(violations_in_manifest(
            &folder,
            &fs::read_to_string(manifest).unwrap(),
        ));
        for (file, source) in rust_files(&format!("crates/{folder}")) {
            violations.extend(violations_in_crate(&folder, &file, &source));
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// Returns the violations in the dependencies of a crate in the folder `crates`.
fn violations_in_manifest(folder: &str, manifest: &str) -> Vec<String> {
    let Some((_, allowed)) = CRATES.iter().find(|(known, _)| *known == folder) else {
        return vec![format!("crates/{folder}: not in the list of crates")];
    };
    let manifest: toml::Table = toml::from_str(manifest).unwrap();
    let is_own = |name: &str| name == "dragnet" || CRATES.iter().any(|(known, _)| *known == name);
    let is_outside = |name: &str| name.starts_with("aws-") || name.starts_with("clap");
    let mut violations = Vec::new();
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let names = manifest.get(table).and_then(toml::Value::as_table);
        for name in names.into_iter().flat_map(toml::Table::keys) {
            let may_sign = (folder, name.as_str()) == SIGNING;
            let is_refused = is_own(name) && !allowed.contains(&name.as_str());
            if is_refused || (is_outside(name) && !may_sign) {
                violations.push(format!("crates/{folder}: may not depend on {name}"));
            }
        }
    }
    violations
}

/// Returns the violations in a file of a crate, which is given by its path below the crate.
fn violations_in_crate(folder: &str, file: &str, source: &str) -> Vec<String> {
    let code = without_comments(source);
    let allowed = CRATES
        .iter()
        .find(|(known, _)| *known == folder)
        .map_or(&[][..], |(_, allowed)| *allowed);
    let others = CRATES.iter().map(|(known, _)| *known).chain(["dragnet"]);
    let refused = others.filter(|other| *other != folder && !allowed.contains(other));
    let mut violations = Vec::new();
    for name in refused.map(|name| name.replace('-', "_")) {
        if names_crate(&code, &name) {
            violations.push(format!("crates/{folder}/{file}: may not use {name}"));
        }
    }
    let outside = RUNTIME_CRATES
        .iter()
        .chain(&COMMAND_LINE_CRATES)
        .chain(&PRINTING)
        .chain(&["aws_sdk_"]);
    for name in outside.filter(|name| code.contains(**name)) {
        violations.push(format!("crates/{folder}/{file}: only rooms may use {name}"));
    }
    violations
}

/// Whether code names a crate in a path: `dragnet::Aws`, but not `my_dragnet::Aws`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !matches!(before, '_' | ':'))
    })
}

fn without_comments(source: &str) -> String {
    source
        .lines()
        .map(|line| without_comment(line).to_owned() + "\n")
        .collect()
}

/// Returns the violations in a file, which is given by its path below `src`.
fn violations_in(file: &str, source: &str) -> Vec<String> {
    let code = without_comments(source);
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
    if !COMMAND_LINE_ROOMS.contains(&room) {
        let names = COMMAND_LINE_CRATES
            .iter()
            .filter(|name| code.contains(*name));
        violations.extend(names.map(|name| {
            let name = name.trim_end_matches(':');
            format!("{file}: only main, commands and cli may name {name}")
        }));
    }
    if !PRINTING_ROOMS.contains(&room) {
        let calls = PRINTING.iter().filter(|call| code.contains(*call));
        violations
            .extend(calls.map(|call| format!("{file}: only main and commands print: {call}")));
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
        wrong("store/a.rs", "use crate::lineage::Actor;\nuse super::x;"),
        ""
    );
    assert_eq!(
        wrong("lineage/a.rs", "use crate::config::Glob;"),
        "lineage/a.rs: `lineage` uses `config` above it"
    );
    assert_eq!(
        wrong("settings/mod.rs", "fn f() { crate::report::escape(x) }"),
        "settings/mod.rs: `settings` uses `report` beside it"
    );
    assert_eq!(
        wrong(
            "search/a.rs",
            "use crate::{\n    config::{Glob, Tags},\n    sweep,\n    contain::Plan,\n};"
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
        wrong("commands/a.rs", "use aws_smithy_runtime_api::X;").contains("only src/aws may name")
    );
    assert_eq!(
        wrong("aws/range_connector.rs", "use aws_smithy_runtime_api::X;"),
        ""
    );
    assert_eq!(
        wrong("store/a.rs", "//! See [`crate::sweep`].\n/// crate::cli"),
        ""
    );
    assert_eq!(
        wrong("sweep/run.rs", "use crate::cli::EngineChoice;"),
        "sweep/run.rs: `sweep` uses `cli` above it"
    );
    assert_eq!(
        wrong("settings/list.rs", "#[derive(clap::ValueEnum)]"),
        "settings/list.rs: only main, commands and cli may name clap"
    );
    assert_eq!(wrong("cli/list.rs", "use clap::ValueEnum;"), "");
    assert_eq!(
        wrong("watch/health.rs", "eprintln!(\"x\"); io::stdout();"),
        "watch/health.rs: only main and commands print: println!(; \
         watch/health.rs: only main and commands print: stdout()"
    );
    assert_eq!(wrong("commands/run.rs", "println!(\"x\");"), "");
    assert!(wrong("attic/mod.rs", "").contains("on no floor"));
    assert!(wrong("store/a.rs", "use crate::Clock;").contains("no room"));
}

#[test]
fn check_of_crates_can_fail() {
    let wrong =
        |folder: &str, source: &str| violations_in_crate(folder, "src/a.rs", source).join("; ");
    let allowed = "use insights_ql::Query;\nuse dragnet_model::Arn;\n// dragnet::aws";
    assert_eq!(wrong("dragnet-range", allowed), "");
    assert_eq!(
        wrong("insights-ql", "use dragnet_model::Arn;"),
        "crates/insights-ql/src/a.rs: may not use dragnet_model"
    );
    assert_eq!(
        wrong("dragnet-range", "fn f() { dragnet::run() }"),
        "crates/dragnet-range/src/a.rs: may not use dragnet"
    );
    assert_eq!(
        wrong("dragnet-range", "my_dragnet::run(); a::dragnet::b"),
        ""
    );
    assert!(wrong("dragnet-range", "use aws_smithy_types::X;").contains("only rooms"));
    assert!(wrong("dragnet-model", "println!(\"x\");").contains("only rooms"));

    let wrong = |folder: &str, manifest: &str| violations_in_manifest(folder, manifest).join("; ");
    let model = "[dependencies]\ndragnet-model.workspace = true\nserde = \"1\"";
    assert_eq!(wrong("dragnet-range", model), "");
    assert_eq!(
        wrong("cw-filter-pattern", model),
        "crates/cw-filter-pattern: may not depend on dragnet-model"
    );
    let sdk = "[dev-dependencies]\naws-sdk-sts = \"1\"";
    assert!(wrong("dragnet-range", sdk).contains("aws-sdk-sts"));
    let signing = "[dependencies]\naws-lc-rs.workspace = true";
    assert_eq!(wrong("dragnet-range", signing), "");
    assert!(wrong("dragnet-model", signing).contains("aws-lc-rs"));
    assert!(wrong("attic", "").contains("not in the list"));
}
