//! Random organizations: what is found in a collection is what a sweep finds.

use fastrand::Rng;

use super::{ACCOUNTS, IOC, REGIONS, WINDOW, collect, scenario, search_collection, sightings};
use crate::cases::{cases, seed};
use crate::scenario::{Behaviour, Event, FlowLog, Record, Trail};
use crate::world::World;

const FORMATS: [&str; 2] = [
    "${vpc-id} ${srcaddr} ${action}",
    "${version} ${vpc-id} ${srcaddr} ${dstaddr}",
];

/// Returns a time of its own, inside or before the window.
fn random_time(rng: &mut Rng, number: usize) -> String {
    let day = rng.usize(1..=2);
    let hour = rng.usize(0..11);
    format!(
        "2026-03-0{day}T{hour:02}:{:02}:{:02}Z",
        number / 60,
        number % 60
    )
}

fn random_address(rng: &mut Rng) -> &'static str {
    if rng.bool() { IOC } else { "192.0.2.78" }
}

/// Returns a call that trails and event histories record.
fn random_record(rng: &mut Rng, number: usize) -> String {
    let account = *rng.choice(&ACCOUNTS).unwrap();
    let region = *rng.choice(&REGIONS).unwrap();
    let at = random_time(rng, number);
    let action = *rng.choice(&["ListBuckets", "DeleteBucket"]).unwrap();
    Record::new(
        account,
        region,
        at,
        format!("arn:aws:iam::{account}:user/bob"),
    )
    .call("s3", action)
    .ip(random_address(rng))
    .read_only(action.starts_with("List"))
    .to_string()
}

/// Returns a line of an application or of a flow log.
fn random_event(rng: &mut Rng, number: usize) -> String {
    let address = random_address(rng);
    let messages = [
        format!("login from {address}"),
        format!("several\nlines\n\"{address}\"\\ é"),
        format!(r#"{{"client":"{address}","level":"info"}}"#),
        format!("vpc-1 {address} REJECT"),
        format!("3 vpc-1 {address} 10.0.0.5"),
        format!(
            "2 999999999999 eni-0a {address} 10.0.0.5 443 49152 6 10 840 1772366400 1772366460 ACCEPT OK"
        ),
    ];
    let group = *rng.choice(&["/app", "/flows"]).unwrap();
    let account = *rng.choice(&["222222222222", "333333333333"]).unwrap();
    Event::new(
        account,
        *rng.choice(&REGIONS).unwrap(),
        group,
        random_time(rng, number),
        rng.choice(&messages).unwrap(),
    )
    .to_string()
}

fn random_scenario(rng: &mut Rng) -> String {
    let mut builder = scenario().group(["prod", "dev"], "/flows");
    if rng.bool() {
        builder = builder.organization_trail("us-east-1");
    }
    if rng.bool() {
        let account = *rng.choice(&ACCOUNTS).unwrap();
        let trail = Trail::new("own", account, *rng.choice(&REGIONS).unwrap());
        builder = builder.with(&trail.multi_region(rng.bool()).log_group("/own"));
    }
    let formats: Vec<&str> = FORMATS.into_iter().filter(|_| rng.bool()).collect();
    for format in formats {
        let account = *rng.choice(&["prod", "dev"]).unwrap();
        let region = *rng.choice(&REGIONS).unwrap();
        builder = builder.with(&FlowLog::new(account, region, "/flows").format(format));
    }
    for number in 0..rng.usize(0..60) {
        builder = builder.with(&random_record(rng, number));
    }
    for number in 0..rng.usize(0..60) {
        builder = builder.with(&random_event(rng, number));
    }
    builder.toml()
}

#[tokio::test(start_paused = true)]
async fn search_of_a_collection_finds_what_a_sweep_finds() {
    let mut rng = Rng::with_seed(seed());
    let mut found_any = 0;
    for _ in 0..cases(8) {
        let toml = random_scenario(&mut rng);
        let sources = *rng.choice(&["auto", "logs", "history"]).unwrap();
        let account = *rng.choice(&["*", "prod", "management"]).unwrap();
        let scope = ["--account", account, "--sources", sources];
        let search = [
            IOC,
            "--query-string",
            "filter action = 'REJECT' or level = 'info'",
        ];
        let required = ["--require", "all"];
        let arguments = [&search[..], &scope, &WINDOW, &required].concat();
        let expected = sightings(&World::from_toml(&toml).sweep(&arguments).await);
        let world = World::from_toml(&toml);
        collect(&world, &scope).await;
        let (found, _) = search_collection(&world, &search).await;
        assert_eq!(found, expected, "{scope:?} {toml}");
        found_any += found.len();
    }
    assert!(found_any > 0, "the organizations have records");
}

#[tokio::test(start_paused = true)]
async fn pages_of_any_size_give_the_same_records() {
    let mut rng = Rng::with_seed(seed());
    let planted = Event::new("222222222222", "us-east-1", "/app", "1h ago", "hello");
    let toml = random_scenario(&mut rng).replace("own_traces = false\n", "") + &planted;
    let mut files = Vec::new();
    for page in [2, 1_000] {
        let behaviour = Behaviour::new()
            .own_traces(false)
            .events_scanned_a_page(page);
        let toml = toml.replace("[behaviour]\n", &behaviour);
        let world = World::from_toml(&toml);
        collect(&world, &["--account", "*", "--sources", "logs"]).await;
        files.push(super::manifest(&super::directory(&world))["files"].clone());
    }
    assert_eq!(files[0], files[1]);
    assert!(!files[0].as_array().unwrap().is_empty());
}
