//! How much of AWS's quotas a sweep uses. The practice range has AWS's real quotas, runs in a
//! separate process on loopback, and responds after a tenth of a second; it has 40 accounts × 6
//! Regions. In the uniform world, every account-Region has 30 log groups of four pages; in the
//! skewed world, a central log group holds four fifths of all pages. Prints one table.
//!
//! `cargo bench --bench quota`

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::fmt::Write;

use support::served::{Served, summary_of, sweep_over};
use support::{head, row};

const ADDRESS: &str = "198.51.100.23";
const EVENTS_A_PAGE: u64 = 10;
const PLANTED: usize = 120;

fn main() {
    head();
    let groups =
        "[[groups]]\naccounts = [\"a-*\"]\nname = \"/app\"\ncount = 30\nevents_a_day = 39\n";
    // 37 to 39 events a day are four pages. Two of the Regions allow five calls per second.
    measure("uniform", 30.0 * 4.0, 5.0, &organization(groups));
    let groups = "[[trails]]\nname = \"all\"\naccount = \"100000000000\"\nhome = \"us-east-1\"\norganization = true\n\
                  log_group = \"/trail\"\nevents_a_day = 78\n\
                  [[groups]]\naccounts = [\"a-*\"]\nname = \"/app\"\ncount = 1\nevents_a_day = 19\n";
    // Each of the 41 × 6 account-Regions has 154 records in 47 h 40 min, and 23 h 40 min of these
    // are in the window.
    let records = 41.0 * 6.0 * 154.0 * (71.0 / 143.0);
    measure(
        "skewed",
        records / EVENTS_A_PAGE as f64,
        25.0,
        &organization(groups),
    );
}

fn organization(more: &str) -> String {
    let mut text = format!(
        "name = \"quota\"\nnow = \"2026-03-02T12:00:00Z\"\n[organization]\nmanagement = \"100000000000\"\n\
         regions = [\"us-east-1\", \"us-west-2\", \"eu-west-1\", \"eu-north-1\", \"eu-central-1\", \"ap-northeast-3\"]\n\
         [behaviour]\nevents_scanned_a_page = {EVENTS_A_PAGE}\nempty_pages = false\nown_traces = false\n\
         [[accounts]]\nid = \"100000000000\"\nname = \"management\"\n\
         [[accounts]]\nid = \"100000000001\"\nname = \"a\"\ncount = 40\n{more}\
         [[faults]]\noperation = \"FilterLogEvents\"\nkind = \"slow\"\nmilliseconds = 100\n"
    );
    for n in 0..PLANTED {
        write!(
            text,
            "[[events]]\naccount = \"{}\"\nregion = \"eu-west-1\"\ngroup = \"/app-001\"\nat = \"{}m ago\"\n\
             message = \"{n} from {ADDRESS}\"\n",
            100_000_000_001 + n as u64 % 40,
            60 + n * 10,
        )
        .unwrap();
    }
    text
}

fn measure(world: &str, pages: f64, quota: f64, scenario: &str) {
    let temp = tempfile::tempdir().unwrap();
    let served = Served::start(temp.path(), scenario, "real");
    let config = "[limits]\nquota_share = 1.0\n";
    let arguments = [ADDRESS, "--since", "24h", "--no-tamper-check"];
    sweep_over(&served, temp.path(), config, &arguments);
    let summary = summary_of(temp.path());
    let time_of = |key: &str| {
        summary[key]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    let elapsed = time_of("finished")
        .duration_since(time_of("started"))
        .as_secs_f64();
    let total = |section: &str| {
        summary[section]
            .as_object()
            .unwrap()
            .values()
            .map(|n| n.as_u64().unwrap())
            .sum::<u64>() as f64
    };
    // Before that, one account is entered with three calls. Only `FilterLogEvents` is slow here, so
    // they take no time.
    let bound = pages / quota;
    row(
        &format!("{world}: makespan / lower bound ({elapsed:.1} s / {bound:.1} s)"),
        elapsed / bound,
        "<= 1.05",
    );
    row(
        &format!("{world}: share of planted events that was found"),
        summary["sightings"].as_f64().unwrap() / PLANTED as f64,
        "1",
    );
    row(
        &format!("{world}: share of calls that was throttled"),
        total("throttled") / total("api_calls"),
        "< 0.01",
    );
}
