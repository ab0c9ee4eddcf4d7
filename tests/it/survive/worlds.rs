//! Coverage adds up in every world, whatever is closed, denied, masked, deleted or broken.
//!
//! [`World::sweep`] asserts the sums for each run. This file generates the worlds.

use proptest::prelude::*;

use crate::scenario::{Account, Fault, Group};
use crate::world::{SMALL, World};

/// How an account in addition to those of [`SMALL`] is special.
fn account() -> impl Strategy<Value = fn(Account) -> Account> {
    const KINDS: [fn(Account) -> Account; 4] = [
        |account| account,
        |account| account.state("SUSPENDED"),
        |account| account.state("CLOSED"),
        |account| account.lacks_roles(["DragnetRead"]),
    ];
    let kind = |n: usize| Just(KINDS[n]);
    prop_oneof![kind(0), kind(1), kind(2), kind(3)]
}

/// How a log group is special.
fn group() -> impl Strategy<Value = fn(Group) -> Group> {
    const KINDS: [fn(Group) -> Group; 6] = [
        |group| group,
        |group| group.class("INFREQUENT_ACCESS"),
        |group| group.class("DELIVERY"),
        |group| group.masked(true),
        |group| group.retention_days(1),
        |group| group.created("2h ago"),
    ];
    let kind = |n: usize| Just(KINDS[n]);
    prop_oneof![kind(0), kind(1), kind(2), kind(3), kind(4), kind(5)]
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
        "slow",
    ]);
    let operation = prop::sample::select(vec![
        "*",
        "AssumeRole",
        "DescribeRegions",
        "DescribeLogGroups",
        "FilterLogEvents",
    ]);
    (kind, operation, 1..9_u32, 1..9_u32, 0..20_u32).prop_map(
        |(kind, operation, every, times, after)| {
            let fault = match kind {
                "slow" => Fault::slow(operation, 700),
                _ => Fault::new(operation, kind),
            };
            // The first calls identify the caller and list the organization. Without them there is
            // no run.
            let fault = fault.every(every).times(times).after(after + 4);
            fault.to_string()
        },
    )
}

fn gap() -> impl Strategy<Value = String> {
    let narrowed = prop::sample::select(vec![
        r#"accounts = ["x*"]"#,
        r#"regions = ["eu-*"]"#,
        r#"log_groups = ["/g*"]"#,
        r#"
accounts = ["*"]
regions = ["*"]"#,
    ]);
    let expires = prop::sample::select(vec!["2026-03-01", "2027-03-01"]);
    (narrowed, expires).prop_map(|(narrowed, expires)| {
        format!(
            r#"
[[scope.accepted_gap]]
{narrowed}
reason = "known"
by = "secops"
expires = "{expires}"
"#
        )
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
            let accounts = accounts.iter().enumerate().map(|(n, specialize)| {
                let account = Account::new(format!("44444444444{n}"), format!("x{n}"));
                specialize(account).to_string()
            });
            let groups = groups.iter().enumerate().map(|(n, specialize)| {
                specialize(Group::new(["prod"], format!("/g{n}"))).to_string()
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
            let world = World::from_toml(&scenario).with_config(&config);
            world.sweep(&["192.0.2.1", "--since", "24h"]).await.assert_consistent();
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
            r"
[[scope.accepted_gap]]
accounts = ['prod']
regions = ['eu-*']
reason = 'Region-deny SCP'
by = 'secops'
expires = '{expires}'
"
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
