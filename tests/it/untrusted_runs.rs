//! Runs from an untrusted source, and damaged ones. Whatever is in the database of a run, no command
//! writes outside of its directory or panics; and if the database is not the original one, no command
//! succeeds with another result.
//!
//! `DRAGNET_CASES=25` damages 1,000 databases and changes 600 values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use fastrand::Rng;
use futures::StreamExt;
use futures::stream;
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::cases::cases;
use crate::run_checksums::{accept_changes, open_database, tables};
use crate::survive::binary::{dragnet, run_in};

const CONCURRENT: usize = 4;
const SECRET: &str = "[default]\naws_secret_access_key = hush\n";

/// The files of a run that depend on its database only.
type Results = BTreeMap<String, Vec<u8>>;

/// A finished run, and the results that `report` writes for it.
struct Original {
    _temp: TempDir,
    run: PathBuf,
    results: Results,
    shown: Vec<u8>,
}

/// Returns a finished run, which is made once and copied for each case.
async fn original() -> &'static Original {
    static ORIGINAL: OnceCell<Original> = OnceCell::const_new();
    let create = || async {
        let temp = tempfile::tempdir().unwrap();
        let sweep = [
            "sweep",
            "198.51.100.23",
            "--practice",
            "--account",
            "dev",
            "-q",
            "--hunt",
            "iam-access-denied",
            "--hunt",
            "vpc-rejects-by-source",
        ];
        dragnet(temp.path()).args(sweep).status().await.unwrap();
        let run = run_in(temp.path()).unwrap();
        let results = results(&run);
        assert!(results.contains_key("sightings.csv"), "{results:?}");
        let name = run.to_str().unwrap();
        let shown = command(temp.path(), &["runs", "show", name, "--json"]).await;
        assert!(shown.status.success(), "{shown:?}");
        Original {
            _temp: temp,
            run,
            results,
            shown: shown.stdout,
        }
    };
    ORIGINAL.get_or_init(create).await
}

async fn command(directory: &Path, arguments: &[&str]) -> Output {
    let output = dragnet(directory)
        .args(arguments)
        .arg("-q")
        .stdout(Stdio::piped())
        .output();
    tokio::time::timeout(std::time::Duration::from_mins(1), output)
        .await
        .unwrap_or_else(|_| panic!("{arguments:?} hangs"))
        .unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Reads all files of a run except its database and manifest.
fn results(run: &Path) -> Results {
    let mut results = Results::new();
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = path.strip_prefix(run).unwrap().display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if !name.starts_with("run.") && name != "manifest.json" {
                results.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    results
}

/// A copy of the finished run in a new directory, with a file beside it that must not change.
struct Copy {
    temp: TempDir,
    run: PathBuf,
}

impl Copy {
    fn of(original: &Original) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let run = temp
            .path()
            .join("runs")
            .join(original.run.file_name().unwrap());
        copy(&original.run, &run);
        std::fs::create_dir(temp.path().join("home")).unwrap();
        std::fs::write(temp.path().join("home/credentials"), SECRET).unwrap();
        Self { temp, run }
    }

    fn database(&self) -> PathBuf {
        self.run.join("run.db")
    }

    fn remove_manifest(&self) {
        std::fs::remove_file(self.run.join("manifest.json")).unwrap();
    }

    /// Asserts that nothing beside the run was touched. Dragnet's own state is in hidden
    /// directories.
    fn assert_nothing_outside(&self, case: &str) {
        let names = |directory: &Path| {
            let entries = std::fs::read_dir(directory).unwrap();
            let mut names: Vec<String> = entries
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .filter(|name| !name.starts_with('.') && name != "plan.json")
                .collect();
            names.sort();
            names
        };
        let run = self.run.file_name().unwrap().to_str().unwrap();
        assert_eq!(names(self.temp.path()), ["home", "runs"], "{case}");
        assert_eq!(
            names(&self.temp.path().join("home")),
            ["credentials"],
            "{case}"
        );
        assert_eq!(names(&self.temp.path().join("runs")), [run], "{case}");
        let secret = std::fs::read_to_string(self.temp.path().join("home/credentials")).unwrap();
        assert_eq!(secret, SECRET, "{case}");
    }
}

/// Asserts that a command ended by itself, as an error or not.
fn assert_no_panic(output: &Output, case: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(code) if code != 101) && !stderr.contains("panicked"),
        "{case}: {:?}: {stderr}",
        output.status
    );
}

/// The ways in which a file is damaged.
const DAMAGES: [&str; 6] = [
    "one bit is inverted",
    "some bytes are overwritten",
    "the end is missing",
    "two blocks are exchanged",
    "two values are exchanged",
    "a row is missing",
];

/// Damages the database of a run. Returns whether that was possible.
fn damage(database: &Path, kind: &str, random: &mut Rng) -> bool {
    match kind {
        "two values are exchanged" => return exchange_values(database, random),
        "a row is missing" => return delete_row(database, random),
        _ => {}
    }
    let mut bytes = std::fs::read(database).unwrap();
    let length = bytes.len();
    match kind {
        "one bit is inverted" => bytes[random.usize(..length)] ^= 1 << random.u8(..8),
        "some bytes are overwritten" => {
            let from = random.usize(..length);
            let to = length.min(from + random.usize(1..100));
            bytes[from..to].fill_with(|| random.u8(..));
        }
        "the end is missing" => bytes.truncate(random.usize(..length)),
        _ => {
            let size: usize = 512 << random.usize(..6);
            let number = length / size;
            let one = random.usize(..number) * size;
            let other = random.usize(..number) * size;
            for offset in 0..size {
                bytes.swap(one + offset, other + offset);
            }
        }
    }
    std::fs::write(database, bytes).unwrap();
    true
}

/// Returns a table at random, and its columns with their types.
fn choose_table(database: &Connection, random: &mut Rng) -> (String, Vec<(String, String)>) {
    let tables = tables(database);
    let (table, _) = tables[random.usize(..tables.len())].clone();
    let mut select = database
        .prepare(&format!(
            "SELECT name, type FROM pragma_table_info('{table}')"
        ))
        .unwrap();
    let columns = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    (table, columns)
}

fn exchange_values(path: &Path, random: &mut Rng) -> bool {
    let database = Connection::open(path).unwrap();
    let (table, columns) = choose_table(&database, random);
    let (column, _) = &columns[random.usize(..columns.len())];
    let extreme = |function: &str| {
        database.query_row(
            &format!("SELECT {function}(\"{column}\") FROM {table}"),
            [],
            |row| row.get::<_, Value>(0),
        )
    };
    let least = extreme("min").unwrap();
    let greatest = extreme("max").unwrap();
    let exchange = format!(
        "UPDATE OR REPLACE {table} SET \"{column}\" =
         CASE \"{column}\" WHEN ?1 THEN ?2 WHEN ?2 THEN ?1 ELSE \"{column}\" END"
    );
    database.pragma_update(None, "foreign_keys", false).unwrap();
    least != greatest && database.execute(&exchange, [least, greatest]).is_ok()
}

fn delete_row(path: &Path, random: &mut Rng) -> bool {
    let database = Connection::open(path).unwrap();
    let (table, columns) = choose_table(&database, random);
    let (column, _) = &columns[0];
    database.pragma_update(None, "foreign_keys", false).unwrap();
    let delete = format!(
        "DELETE FROM {table} WHERE \"{column}\" IN (SELECT \"{column}\" FROM {table} ORDER BY random() LIMIT 1)"
    );
    database.execute(&delete, []).unwrap() > 0
}

/// Damages one copy and makes its report, or shows it. Returns whether that was an error; `None` if
/// nothing could be damaged.
async fn read_damaged_copy(case: u32) -> Option<bool> {
    let original = original().await;
    let mut random = Rng::with_seed(u64::from(case));
    let kind = DAMAGES[case as usize % DAMAGES.len()];
    let case = format!("case {case}: {kind}");
    let copy = Copy::of(original);
    // Without the manifest, as in a run that has not ended, only the checksums are left.
    if random.u8(..4) > 0 {
        copy.remove_manifest();
    }
    if !damage(&copy.database(), kind, &mut random) {
        return None;
    }
    let run = copy.run.to_str().unwrap().to_owned();
    let output = if random.bool() {
        let shown = command(copy.temp.path(), &["runs", "show", &run, "--json"]).await;
        assert!(
            !shown.status.success() || shown.stdout == original.shown,
            "{case}: another result is shown"
        );
        shown
    } else {
        let reported = command(copy.temp.path(), &["report", &run]).await;
        assert!(
            !reported.status.success() || results(&copy.run) == original.results,
            "{case}: another result is reported"
        );
        reported
    };
    assert_no_panic(&output, &case);
    copy.assert_nothing_outside(&case);
    Some(!output.status.success())
}

#[tokio::test]
async fn damaged_run_never_has_another_result() {
    let number = cases(40);
    let noticed: Vec<Option<bool>> = stream::iter(0..number)
        .map(read_damaged_copy)
        .buffer_unordered(CONCURRENT)
        .collect()
        .await;
    let errors = noticed.iter().filter(|one| **one == Some(true)).count();
    assert!(
        errors * 3 > noticed.len(),
        "{errors} of {number}: {noticed:?}"
    );
}

/// Every command that reads a run. `RUN` is its directory.
const COMMANDS: [&[&str]; 7] = [
    &["report", "RUN"],
    &["resume", "RUN"],
    &["runs", "show", "RUN"],
    &["runs", "list"],
    &["runs", "verify", "RUN"],
    &["runs", "diff", "RUN", "RUN"],
    &[
        "contain",
        "plan",
        "--practice",
        "--from-run",
        "RUN",
        "--reason",
        "test",
        "--out",
        "plan.json",
    ],
];

fn hostile_value(kind: &str, home: &str, random: &mut Rng) -> Value {
    let planted = format!("{home}/planted");
    let long = "x".repeat(10_000);
    let texts = [
        "../../../home/planted",
        "../../home/credentials",
        planted.as_str(),
        "",
        "\0",
        "\u{1b}[31m",
        "a\r\nb",
        "null",
        "[]",
        "{}",
        "[\"../../home/planted\"]",
        "-1",
        "999999999999",
        "us-east-1",
        "=1+1",
        "99999-99-99T99:99:99Z",
        "\u{202e}",
        long.as_str(),
    ];
    let numbers = [i64::MIN, i64::MAX, -1, 0, 1, 1 << 53, i64::MAX / 1_000];
    match kind {
        "INTEGER" => Value::Integer(numbers[random.usize(..numbers.len())]),
        "REAL" => Value::Real([-1.0, 1e308, f64::INFINITY][random.usize(..3)]),
        "BLOB" => Value::Blob((0..random.usize(..64)).map(|_| random.u8(..)).collect()),
        _ => Value::Text(texts[random.usize(..texts.len())].to_owned()),
    }
}

/// Writes a hostile value into a column: into all rows, or into one. Returns its description, or
/// `None` if the database did not change.
fn write_hostile_value(copy: &Copy, random: &mut Rng) -> Option<String> {
    let database = open_database(&copy.run);
    database.pragma_update(None, "foreign_keys", false).unwrap();
    let (table, columns) = choose_table(&database, random);
    let (column, kind) = &columns[random.usize(..columns.len())];
    let value = hostile_value(
        kind,
        &copy.temp.path().join("home").display().to_string(),
        random,
    );
    let (key, _) = &columns[0];
    let rows = if table == "fact" || random.bool() {
        format!("\"{key}\" = (SELECT \"{key}\" FROM {table} ORDER BY random() LIMIT 1)")
    } else {
        "true".to_owned()
    };
    let update = format!(
        "UPDATE OR REPLACE {table} SET \"{column}\" = ?1 WHERE {rows} AND \"{column}\" IS NOT ?1"
    );
    let changed = database.execute(&update, [&value]).unwrap_or_default();
    (changed > 0).then(|| format!("{table}.{column} = {value:?} WHERE {rows}"))
}

/// Changes one value of a copy and runs one command. Returns whether there was a value to change.
async fn read_changed_copy(case: u32) -> bool {
    let original = original().await;
    let mut random = Rng::with_seed(u64::from(case));
    let copy = Copy::of(original);
    let Some(change) = write_hostile_value(&copy, &mut random) else {
        return false;
    };
    let is_accepted = random.bool();
    if is_accepted {
        accept_changes(&copy.run, &open_database(&copy.run));
    }
    let run = copy.run.to_str().unwrap();
    let template = COMMANDS[case as usize % COMMANDS.len()];
    let arguments: Vec<&str> = template
        .iter()
        .map(|argument| if *argument == "RUN" { run } else { *argument })
        .collect();
    let output = command(copy.temp.path(), &arguments).await;
    let case = format!("case {case}: {arguments:?}, checksums {is_accepted}, {change}");
    assert_no_panic(&output, &case);
    copy.assert_nothing_outside(&case);
    // The list describes a damaged run as such, and reads the facts only.
    assert!(
        is_accepted || template.contains(&"list") || !output.status.success(),
        "{case}: the change was not noticed"
    );
    true
}

#[tokio::test]
async fn hostile_values_touch_nothing_outside_the_run() {
    let tested: Vec<bool> = stream::iter(0..cases(24))
        .map(read_changed_copy)
        .buffer_unordered(CONCURRENT)
        .collect()
        .await;
    let number = tested.iter().filter(|was_changed| **was_changed).count();
    assert!(number * 3 > tested.len(), "{number} of {}", tested.len());
}

#[tokio::test]
async fn rollback_journal_in_run_is_refused() {
    // Source: SQLite, "Database File Format", "The Rollback Journal"; a super-journal's name is
    // followed by its length, a checksum and these bytes.
    let magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let with_super_journal = [&magic[..], &[0; 504], b"/etc/passwd", &magic].concat();
    let copy = Copy::of(original().await);
    copy.remove_manifest();
    let run = copy.run.to_str().unwrap();
    for content in [b"planted".to_vec(), with_super_journal] {
        std::fs::write(copy.run.join("run.db-journal"), content).unwrap();
        for arguments in [
            &["report", run][..],
            &["runs", "show", run],
            &["resume", run],
        ] {
            let output = command(copy.temp.path(), arguments).await;
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
            assert!(stderr.contains("run.db-journal"), "{arguments:?}: {stderr}");
        }
    }
}

#[tokio::test]
async fn trigger_in_run_is_refused() {
    let copy = Copy::of(original().await);
    let database = open_database(&copy.run);
    database
        .execute_batch(
            "CREATE TRIGGER planted AFTER DELETE ON fact BEGIN DELETE FROM sighting; END",
        )
        .unwrap();
    accept_changes(&copy.run, &database);
    drop(database);
    let output = command(copy.temp.path(), &["report", copy.run.to_str().unwrap()]).await;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("planted"), "{stderr}");
}
