//! Coverage adds up in every world, whatever is closed, denied, masked, deleted or broken.
//!
//! [`World::sweep`] asserts the sums for each run. This file generates the worlds.

use proptest::prelude::*;

use crate::world::{SMALL, World};

/// An account in addition to those of [`SMALL`].
fn account() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("state = \"SUSPENDED\"\n".to_owned()),
        Just("state = \"CLOSED\"\n".to_owned()),
        Just("lacks_roles = [\"DragnetRead\"]\n".to_owned()),
    ]
}

fn group() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(""),
        Just("class = \"INFREQUENT_ACCESS\"\n"),
        Just("class = \"DELIVERY\"\n"),
        Just("masked = true\n"),
        Just("retention_days = 1\n"),
        Just("created = \"2h ago\"\n"),
    ]
    .prop_map(str::to_owned)
}

fn fault() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec![
        "throttle",
        "server-error",
        "unavailable",
        "reset",
        "access-denied",
        "expired-token",
        "repeated-token",
        "truncated",
        "delete-group",
        "slow\"\nmilliseconds = 700\n#\"",
    ]);
    let operation = prop::sample::select(vec![
        "*",
        "AssumeRole",
        "DescribeRegions",
        "DescribeLogGroups",
        "FilterLogEvents",
    ]);
    (kind, operation, 1..9_u32, 1..9_u32, 0..20_u32).prop_map(|(kind, operation, every, times, after)| {
        format!(
            "[[faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\nevery = {every}\ntimes = {times}\nafter = {}\n",
            // The first calls identify the caller and list the organization. Without them there is
            // no run.
            after + 4
        )
    })
}

fn gap() -> impl Strategy<Value = String> {
    let narrowed = prop::sample::select(vec![
        "accounts = [\"x*\"]",
        "regions = [\"eu-*\"]",
        "log_groups = [\"/g*\"]",
        "accounts = [\"*\"]\nregions = [\"*\"]",
    ]);
    let expires = prop::sample::select(vec!["2026-03-01", "2027-03-01"]);
    (narrowed, expires).prop_map(|(narrowed, expires)| {
        format!("[[scope.accepted_gap]]\n{narrowed}\nreason = \"known\"\nby = \"secops\"\nexpires = \"{expires}\"\n")
    })
}

fn world() -> impl Strategy<Value = (String, String)> {
    let several = |strategy| prop::collection::vec(strategy, 0..3);
    let accounts = prop::collection::vec(account(), 0..4);
    (
        accounts,
        prop::collection::vec(group(), 0..5),
        several(fault().boxed()),
        several(gap().boxed()),
    )
        .prop_map(|(accounts, groups, faults, gaps)| {
            let accounts = accounts.iter().enumerate().map(|(n, rest)| {
                format!("[[accounts]]\nid = \"44444444444{n}\"\nname = \"x{n}\"\n{rest}")
            });
            let groups = groups.iter().enumerate().map(|(n, rest)| {
                format!("[[groups]]\naccounts = [\"prod\"]\nname = \"/g{n}\"\n{rest}")
            });
            let world: String = accounts.chain(groups).chain(faults).collect();
            (format!("{SMALL}{world}"), gaps.concat())
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn coverage_adds_up((scenario, config) in world()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            World::from_toml(&scenario).with_config(&config).sweep(&["192.0.2.1", "--since", "24h"]).await;
        });
    }
}

const DENIED: &str = r#"
[[scps]]
name = "deny"
targets = ["prod"]
policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "logs:*", "Resource": "*",
  "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}}]}'''
"#;

#[tokio::test(start_paused = true)]
async fn accepted_gap_is_reported_until_its_expiry() {
    let sweep = async |expires: &str| {
        let gap = format!(
            "[[scope.accepted_gap]]\naccounts = ['prod']\nregions = ['eu-*']\nreason = 'Region-deny SCP'\nby = 'secops'\n\
             expires = '{expires}'\n"
        );
        World::small_with(DENIED)
            .with_config(&gap)
            .sweep(&["192.0.2.1"])
            .await
    };
    let run = sweep("2026-03-03").await;
    assert_eq!(run.status(), "complete");
    let row = run.coverage_row("222222222222 eu-west-1");
    assert!(
        row.contains(
            "accepted access-denied: accepted by secops until 2026-03-03: Region-deny SCP; "
        ),
        "{row}"
    );
    assert!(
        run.columns("coverage.csv", &["status", "denied_by"])
            .contains(&"accepted scp".to_owned())
    );
    let summary = run.summary();
    assert_eq!(
        (
            &summary["targets"]["accepted"],
            &summary["accounts"]["accepted"]
        ),
        (&1.into(), &1.into())
    );
    assert_eq!(
        sweep("2026-03-02").await.status(),
        "incomplete",
        "expired today"
    );
}
