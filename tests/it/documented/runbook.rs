//! Each query of the lab in `docs/runbook.md` and the hunt beside it return the same rows on the practice range. Hunts with
//! the lab's purpose have its columns too; for the others, the text names the columns that only one of them has.

use dragnet_range::Scenario;

use super::fences::fences;
use super::read;
use super::shell::dragnet_commands;
use crate::world::{Run, World};

/// The lab's query that finds the keys of sessions only; the hunt finds keys of users too.
const FINDS_LESS: &str = "access-key-created";

/// The hunts with exactly the columns of the lab, in its order.
const SAME_COLUMNS: [&str; 5] = [
    "iam-access-denied",
    "vpc-connections-by-destination",
    "vpc-rejects-by-source",
    "vpc-rejects-from-inside",
    "vpc-requests-from-ip",
];

/// The columns that every file of rows starts with.
const COLUMNS_OF_RECORDS: [&str; 5] = [
    "event_account_id",
    "event_region",
    "log_group",
    "event_time",
    "record_id",
];

/// A query of the lab, the hunt beside it, and the text about both.
struct Pair {
    query: String,
    hunt: String,
    text: String,
}

impl Pair {
    /// Reads a section of the runbook, if it has a query.
    fn from_section(section: &str) -> Option<Self> {
        let blocks = fences(section);
        let query = blocks.iter().find(|block| block.info == "insights")?;
        let commands: Vec<Vec<String>> = blocks
            .iter()
            .filter(|block| block.info == "sh")
            .flat_map(|block| dragnet_commands(&block.text))
            .collect();
        let hunt = commands[0]
            .iter()
            .skip_while(|word| *word != "--hunt")
            .nth(1);
        Some(Self {
            query: query.text.clone(),
            hunt: hunt.unwrap().clone(),
            text: section.to_owned(),
        })
    }

    fn name(&self) -> &str {
        self.hunt.split(':').next().unwrap()
    }
}

fn pairs() -> Vec<Pair> {
    let runbook = read("docs/runbook.md");
    runbook
        .split("\n### ")
        .skip(1)
        .filter_map(|section| Pair::from_section(section.split("\n## ").next().unwrap()))
        .collect()
}

/// Returns the columns of a query's own, in their order.
fn columns(run: &Run, file: &str) -> Vec<String> {
    let text = run.file(file);
    let header = text.lines().next().unwrap();
    header
        .split(',')
        .filter(|name| !COLUMNS_OF_RECORDS.contains(name))
        .map(str::to_owned)
        .collect()
}

fn sorted_rows(run: &Run, file: &str, columns: &[&str]) -> Vec<String> {
    let mut rows = run.columns(file, columns);
    rows.sort();
    rows
}

fn assert_columns(pair: &Pair, lab: &[String], hunt: &[String]) {
    if SAME_COLUMNS.contains(&pair.name()) {
        assert_eq!(hunt, lab, "{}", pair.hunt);
        return;
    }
    let added = hunt.iter().filter(|column| !lab.contains(column));
    let left_out = lab.iter().filter(|column| !hunt.contains(column));
    for column in added.chain(left_out) {
        assert!(
            pair.text.contains(&format!("`{column}`")),
            "{}: `{column}` is not in the text",
            pair.hunt
        );
    }
}

fn assert_same_rows(run: &Run, pair: &Pair, lab: &str, hunt: &str) {
    let lab_columns = columns(run, lab);
    let hunt_columns = columns(run, hunt);
    assert_columns(pair, &lab_columns, &hunt_columns);
    let mut compared: Vec<&str> = Vec::new();
    if !pair.query.contains("stats ") {
        compared.extend(COLUMNS_OF_RECORDS);
    }
    let common = lab_columns
        .iter()
        .filter(|name| hunt_columns.contains(name));
    compared.extend(common.map(String::as_str));
    let expected = sorted_rows(run, lab, &compared);
    let found = sorted_rows(run, hunt, &compared);
    if pair.name() == FINDS_LESS {
        assert_eq!((expected.len(), found.len()), (0, 1), "{}", pair.hunt);
    } else {
        assert!(!expected.is_empty(), "{}", pair.hunt);
        assert_eq!(found, expected, "{}", pair.hunt);
    }
}

#[tokio::test(start_paused = true)]
async fn hunts_return_the_rows_of_the_lab() {
    let pairs = pairs();
    assert_eq!(pairs.len(), 10);
    let mut arguments = vec!["--since", "24h"];
    for pair in &pairs {
        arguments.extend([
            "--query-string",
            pair.query.as_str(),
            "--hunt",
            pair.hunt.as_str(),
        ]);
    }
    let world = World::from_scenario(&Scenario::builtin("small").unwrap());
    let run = world.sweep(&arguments).await;
    let names: Vec<&str> = pairs.iter().map(Pair::name).collect();
    assert!(
        SAME_COLUMNS.iter().all(|name| names.contains(name)),
        "{names:?}"
    );
    for (index, pair) in pairs.iter().enumerate() {
        let lab = if index == 0 {
            "hunts/query-string.csv".to_owned()
        } else {
            format!("hunts/query-string-{}.csv", index + 1)
        };
        let hunt = format!("hunts/{}.csv", pair.name());
        assert_same_rows(&run, pair, &lab, &hunt);
    }
}
