//! Kills sweeps of objects with `kill -9` at random points: 3, or 21 with `DRAGNET_CASES=7`. They are
//! resumed, killed again, resumed again, and end with the same bytes.

use std::path::Path;
use std::time::Duration;

use dragnet_model::time::Clock;
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use tokio::time::{Instant, sleep};

use super::sweeps::{BUCKET, IP};
use crate::cases::{cases, seed};
use crate::scenario::{Behaviour, Fault, ObjectChange, Record, ScenarioBuilder, Trail};
use crate::survive::binary::{dragnet, ended, run_in};
use crate::survive::served::Served;

const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
/// A sweep mostly waits for responses, so several can run on one processor.
const AT_ONCE: usize = 5;

/// Returns an organization whose trail delivers to a bucket alone: an object every seven minutes in each
/// account-Region, some of them in an archive. Calls take so long that a sweep can be killed in all of
/// its steps.
fn scenario() -> String {
    let trail = Trail::new("organization", ACCOUNTS[0], "us-east-1").organization(true);
    let mut scenario = ScenarioBuilder::new("killed")
        .regions(&REGIONS)
        .account(ACCOUNTS[1], "prod")
        .account(ACCOUNTS[2], "dev")
        .with(&Behaviour::new().own_traces(false))
        .with(&trail.validation(false))
        .with(&Fault::slow("*", 40));
    for (account, region) in ACCOUNTS
        .iter()
        .flat_map(|account| REGIONS.map(|region| (*account, region)))
    {
        for number in 0..40 {
            let at = format!("{}m ago", 180 + 7 * number);
            let bob = format!("arn:aws:iam::{account}:user/bob");
            let call = Record::new(account, region, &at, bob)
                .call("s3", "DeleteBucket")
                .ip(IP)
                .raw(&format!("delivered = \"{at}\""));
            scenario = scenario.with(&call);
        }
    }
    let archived = ObjectChange::new(BUCKET, "*/333333333333/*T*5Z_*", "archive");
    scenario.with(&archived).toml()
}

/// The sweep, and where its calls are sent.
struct SweepCommand {
    served: Served,
    arguments: Vec<String>,
}

impl SweepCommand {
    async fn start() -> Self {
        let clock = Clock::wall();
        let now = clock.now();
        let ago = |hours: i64| {
            let time = now - SignedDuration::from_hours(hours);
            time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        };
        // Everything in the window has been delivered, so that later sweeps find the same.
        let window = ["--from".to_owned(), ago(12), "--to".to_owned(), ago(2)];
        let sweep = ["sweep", IP, "--sources", "s3", "--progress", "none"];
        let arguments = sweep.into_iter().map(str::to_owned).chain(window);
        Self {
            served: Served::with_clock(clock, &scenario(), |_, _| None).await,
            arguments: arguments.collect(),
        }
    }

    fn process(&self, directory: &Path, arguments: &[&str]) -> tokio::process::Command {
        let mut command = dragnet(directory);
        self.served.point(&mut command);
        command.args(arguments);
        command
    }

    fn sweep(&self, directory: &Path) -> tokio::process::Command {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.process(directory, &arguments)
    }

    /// Kills a process after a while.
    async fn kill(mut process: tokio::process::Command, after: Duration) {
        let mut child = process.spawn().unwrap();
        sleep(after).await;
        child.kill().await.unwrap();
    }

    /// Returns the run if it had begun when it was killed, and ended after it was resumed.
    async fn kill_and_resume(&self, directory: &Path, times: [Duration; 2]) -> bool {
        let [first, second] = times;
        Self::kill(self.sweep(directory), first).await;
        let Some(run) = run_in(directory).filter(|run| run.join("run.db").exists()) else {
            return false;
        };
        let name = run.file_name().unwrap().to_str().unwrap();
        Self::kill(self.process(directory, &["resume", name]), second).await;
        let resume = ["resume", name, "--progress", "none"];
        let (code, stderr) = ended(self.process(directory, &resume)).await;
        if code == Some(1) && stderr.contains("the run ended before it made any request") {
            return false;
        }
        assert!(matches!(code, Some(0 | 3)), "{stderr}");
        let (verified, stderr) = ended(self.process(directory, &["runs", "verify", name])).await;
        assert_eq!(verified, Some(0), "{stderr}");
        true
    }
}

/// Returns the files with what was found and searched, byte for byte.
fn evidence(directory: &Path) -> Vec<String> {
    let run = run_in(directory).unwrap();
    let names = [
        "sightings.csv",
        "sightings.jsonl",
        "coverage.csv",
        "sources.csv",
    ];
    let read = |name: &str| std::fs::read_to_string(run.join(name)).unwrap();
    // A trail reports its last delivery, which every sweep finds at another time.
    let sources = |text: String| -> String {
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        let columns = csv.headers().unwrap().clone();
        let rows = csv.records().map(|row| {
            let row = row.unwrap();
            let fields = columns.iter().zip(&row);
            let kept = fields.filter(|(column, _)| *column != "last_delivery");
            kept.map(|(_, field)| field).collect::<Vec<_>>().join(",")
        });
        rows.collect::<Vec<_>>().join("\n")
    };
    names
        .into_iter()
        .map(|name| match name {
            "sources.csv" => sources(read(name)),
            _ => read(name),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_sweep_of_objects_resumes_to_identical_bytes() {
    let command = SweepCommand::start().await;
    let temp = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let (code, stderr) = ended(command.sweep(temp.path())).await;
    assert!(matches!(code, Some(0 | 3)), "{stderr}");
    let whole = start.elapsed();
    let expected = evidence(temp.path());
    let found = expected[1].lines().count();
    assert!(found > 150, "{found} sightings");
    assert!(expected[2].contains("archived: "), "{}", expected[2]);

    let seed = seed();
    println!("DRAGNET_SEED={seed}; an undisturbed run takes {whole:?}");
    let points = cases(3);
    let command = &command;
    let expected = &expected;
    let check = move |point: u32| async move {
        let temp = tempfile::tempdir().unwrap();
        let mut rng = fastrand::Rng::with_seed(seed ^ u64::from(point));
        // The first part of a run finds out what there is, and reads no object.
        let times = [(); 2].map(|()| whole.mul_f64(0.3 + 0.65 * rng.f64()));
        let is_resumed = command.kill_and_resume(temp.path(), times).await;
        if is_resumed {
            assert_eq!(&evidence(temp.path()), expected, "point {point}, {times:?}");
        }
        u32::from(is_resumed)
    };
    let results = stream::iter(0..points).map(check);
    let results: Vec<u32> = results.buffer_unordered(AT_ONCE).collect().await;
    let resumed: u32 = results.iter().sum();
    println!("{resumed} of {points} had begun when they were killed");
    assert!(resumed * 2 >= points, "{resumed}");
}
