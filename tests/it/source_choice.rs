//! The choice between the sources that have the same records: its rule on random candidates, what a
//! plan shows, and what a sweep reads.

use std::sync::Arc;
use std::time::Duration;

use dragnet::store::{Checkpoint, EarlierFindings, Journal};
use dragnet::sweep::{
    self, Candidate, ChoiceReason, PlanSheet, ReadMethod, ReadSource, ReadTime, RecordRanges,
    SweepParts, Tally, WindowBasis, choose,
};
use dragnet_model::{LogKind, RunId, Target};
use fastrand::Rng;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cases::{cases, seed};
use crate::scenario::{Behaviour, Fault, Group, Record, ScenarioBuilder, Trail};
use crate::world::{Run, World};

const IP: &str = "192.0.2.1";
const HOURS: i64 = 24;

/// Two days of management events in one account-Region. The log group keeps one day.
const SEARCH: [&str; 9] = [
    IP,
    "--since",
    "48h",
    "--require",
    "management",
    "--account",
    "prod",
    "--region",
    "eu-west-1",
];

/// With this share of the quota, a single page takes longer than ten minutes.
const SLOW: &str = "[limits]\nquota_share = 0.15\n[limits.quotas]\nFilterLogEvents = 0.01\n";

fn target() -> Target {
    Target {
        account: "222222222222".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    }
}

/// Returns an organization whose trail delivers to a bucket and to a log group that keeps one day,
/// with calls before the window and in it, and `more`.
fn scenario(more: &str) -> String {
    let call = |at: &str| {
        let bob = "arn:aws:iam::222222222222:user/bob";
        Record::new("222222222222", "eu-west-1", at, bob)
            .call("s3", "DeleteBucket")
            .ip(IP)
            .raw(&format!("delivered = \"{at}\""))
            .to_string()
    };
    ScenarioBuilder::new("choice")
        .regions(&["eu-west-1", "us-east-1"])
        .account("222222222222", "prod")
        .with(&Behaviour::new().own_traces(false))
        .with(
            &Trail::new("organization", "111111111111", "us-east-1")
                .organization(true)
                .log_group("/trail"),
        )
        .with(
            &Group::new("111111111111", "/trail")
                .region("us-east-1")
                .retention_days(1),
        )
        .with(&(call("3d ago") + &call("1h ago")))
        .with(more)
        .toml()
}

/// Plans a sweep.
pub(crate) async fn plan(world: &World, arguments: &[&str]) -> PlanSheet {
    let settings = world.settings(arguments);
    let environment = world.environment();
    let aws = environment.connect(&settings.reach, None).await.unwrap();
    let clock = environment.clock();
    let started = clock.now();
    let (_, calls) = mpsc::channel(1);
    let parts = SweepParts {
        part: None,
        aws,
        calls,
        clock,
        windows: WindowBasis::EventTime(settings.window),
        settings,
        run_id: RunId::new(started, 0),
        started,
        checkpoint: Checkpoint::default(),
        earlier: EarlierFindings::default(),
        journal: Journal::discarding(),
        tally: Arc::new(Tally::default()),
        cancel: CancellationToken::new(),
    };
    Box::pin(sweep::plan(parts)).await.unwrap()
}

/// Returns the reason of the choice, and each source: `!` if it would be read, `?` if it is not
/// certain to have everything.
fn choice(sheet: &PlanSheet) -> (ChoiceReason, Vec<String>) {
    let choice = &sheet.choices()[&target()];
    let sources = choice.sources.iter().map(|planned| {
        let read = if planned.is_read { "!" } else { "" };
        let partial = if planned.is_complete { "" } else { "?" };
        format!("{}{read}{partial}", planned.source.method)
    });
    (choice.reason, sources.collect())
}

/// Returns the status and reason of the log group of the trail.
fn trail_group(run: &Run) -> Vec<String> {
    let rows = run.columns("coverage.csv", &["log_group", "status", "reason"]);
    let of_group = rows.iter().filter_map(|row| row.strip_prefix("/trail "));
    of_group.map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn plan_shows_the_choice_and_what_the_others_take() {
    let world = World::from_toml(&scenario("")).with_config(SLOW);
    let sheet = plan(&world, &SEARCH).await;
    let (reason, sources) = choice(&sheet);
    assert_eq!(sources, ["filter?", "insights?", "s3!", "history"]);
    assert_eq!(reason, ChoiceReason::Cheapest);
    let planned = &sheet.choices()[&target()];
    let objects = planned
        .sources
        .iter()
        .find(|planned| planned.source.method == ReadMethod::Objects)
        .unwrap();
    assert!(objects.source.usd.unwrap() > 0.0 && objects.source.calls.unwrap() >= 2.0);
    assert!(matches!(objects.source.time, ReadTime::AtQuota(_)));
    let target_plan = &sheet.targets()[&target()];
    assert_eq!(target_plan.objects, 1, "one object is in the window");
    assert_eq!(target_plan.history_calls, 0);
    assert!(
        sheet
            .targets()
            .values()
            .all(|plan| plan.filter.log_groups == 0),
        "{:?}",
        sheet.targets()
    );
    assert_eq!(world.calls("GetObject") + world.calls("FilterLogEvents"), 0);
}

#[tokio::test(start_paused = true)]
async fn fast_log_group_is_read_without_listing_the_bucket() {
    let world = World::from_toml(&scenario(""));
    let day = [&[IP, "--since", "12h"][..], &SEARCH[3..]].concat();
    let (reason, sources) = choice(&plan(&world, &day).await);
    assert_eq!(sources, ["filter!", "insights", "s3", "history"]);
    assert_eq!(reason, ChoiceReason::Cheapest);
    assert_eq!(world.calls("ListObjectsV2"), 0);
}

#[tokio::test(start_paused = true)]
async fn named_sources_are_never_exchanged() {
    let world = World::from_toml(&scenario("")).with_config(SLOW);
    let both = [&SEARCH[..], &["--sources", "logs,s3"]].concat();
    let sheet = plan(&world, &both).await;
    assert!(sheet.choices().is_empty());
    assert_eq!(sheet.targets()[&target()].objects, 1);
    let groups = sheet.targets().values();
    let groups: u64 = groups
        .map(|plan| plan.filter.log_groups + plan.insights.log_groups)
        .sum();
    assert_eq!(groups, 1, "{:?}", sheet.targets());
}

#[tokio::test(start_paused = true)]
async fn sweep_reads_what_its_plan_shows() {
    let world = World::from_toml(&scenario("")).with_config(SLOW);
    let run = world.sweep(&SEARCH).await;
    assert_eq!(run.columns("sightings.csv", &["source"]), ["s3"]);
    assert_eq!(trail_group(&run), ["skipped read-in-bucket"]);
    assert_eq!(
        world.calls("FilterLogEvents") + world.calls("LookupEvents") + world.calls("StartQuery"),
        0
    );
    assert_eq!(run.status(), "complete", "{}", run.file("sources.csv"));
}

#[tokio::test(start_paused = true)]
async fn log_group_is_read_after_all_if_its_bucket_cannot_be() {
    let denied = Fault::denied("GetObject");
    let world = World::from_toml(&scenario(&denied)).with_config(SLOW);
    let run = world.sweep(&SEARCH).await;
    assert!(world.calls("GetObject") > 0, "the bucket was chosen");
    let groups = trail_group(&run);
    assert!(
        groups.len() == 1 && groups[0].starts_with("partial retention-inside-window"),
        "{groups:?}"
    );
    assert_eq!(run.columns("sightings.csv", &["event_name"]).len(), 1);
}

fn random_candidate(rng: &mut Rng, targets: &[Target]) -> Candidate {
    let method = rng.choice(ReadMethod::ALL).unwrap();
    let mut records = RecordRanges::default();
    for target in targets {
        for kind in [LogKind::Management, LogKind::Data] {
            for _ in 0..rng.u8(..3) {
                let from = rng.i64(..HOURS);
                records.add(target, kind, (from, rng.i64(from..=HOURS)));
            }
            if rng.u8(..3) > 0 {
                records.add(target, kind, (0, HOURS));
            }
        }
    }
    let time = match rng.u8(..4) {
        0 => ReadTime::Unknown,
        1 => ReadTime::Short,
        _ => ReadTime::AtQuota(Duration::from_secs(rng.u64(..2_000))),
    };
    Candidate {
        source: ReadSource {
            method,
            location: String::new(),
            calls: None,
            time,
            usd: rng.bool().then(|| f64::from(rng.u8(..40))),
        },
        records,
    }
}

/// Returns what of `needed` the candidates that are selected do not have.
fn missing<'c>(
    needed: &RecordRanges,
    candidates: impl IntoIterator<Item = &'c Candidate>,
) -> RecordRanges {
    candidates
        .into_iter()
        .fold(needed.clone(), |left, candidate| {
            left.without(&candidate.records)
        })
}

#[test]
fn choice_has_as_much_as_all_candidates_together() {
    const LIMIT: f64 = 20.0;
    let mut rng = Rng::with_seed(seed());
    let targets = ["eu-west-1", "us-east-1"].map(|region| Target {
        region: region.parse().unwrap(),
        ..target()
    });
    for case in 0..cases(2_000) {
        let mut needed = RecordRanges::default();
        for target in &targets {
            needed.add(target, LogKind::Management, (0, HOURS));
            if rng.bool() {
                needed.add(target, LogKind::Data, (0, HOURS));
            }
        }
        // One candidate for each method, so that a method names a candidate.
        let mut candidates: Vec<Candidate> = Vec::new();
        for _ in 0..rng.u8(..6) {
            let candidate = random_candidate(&mut rng, &targets);
            candidates.retain(|other| other.source.method != candidate.source.method);
            candidates.push(candidate);
        }
        let choice = choose(&needed, &candidates, LIMIT);
        let is_chosen = |candidate: &&Candidate| choice.methods.contains(&candidate.source.method);
        let allowed = candidates.iter().filter(|candidate| {
            candidate.source.method != ReadMethod::Insights
                || candidate.source.usd.is_some_and(|usd| usd <= LIMIT)
        });
        let left = missing(&needed, candidates.iter().filter(is_chosen));
        let least = missing(&needed, allowed.clone());
        assert_eq!(left, least, "case {case}: {choice:?} of {candidates:?}");
        let alone = allowed.filter(|candidate| missing(&needed, [*candidate]).is_empty());
        if alone.count() > 0 {
            assert_eq!(choice.methods.len(), 1, "case {case}: {choice:?}");
        }
    }
}
