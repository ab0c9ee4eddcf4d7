//! 256 file descriptors are enough for any number of accounts.

use super::binary::{ended, limited, run_in};
use super::served::{Served, unlimited};
use crate::scenario::{Account, Fault, ScenarioBuilder, Trail};

#[tokio::test]
async fn two_hundred_account_regions_need_at_most_256_descriptors() {
    let names: Vec<String> = (0..50).map(|n| format!("a{n:02}")).collect();
    let accounts: String = (0..50)
        .map(|n| Account::new(format!("3000000000{n:02}"), &names[n]).to_string())
        .collect();
    let trail = Trail::new("all", "111111111111", "us-east-1");
    let scenario = ScenarioBuilder::new("wide")
        .regions(&["eu-west-1", "eu-central-1", "us-east-1", "us-west-2"])
        .with(&accounts)
        .with(&trail.organization(true).log_group("/trail"))
        .group(names, "/app")
        .with(&Fault::slow("*", 20))
        .toml();
    let served = Served::start(&scenario, |_, _| None).await;
    let temp = tempfile::tempdir().unwrap();
    unlimited(temp.path());
    let arguments = ["sweep", "192.0.2.1", "--since", "24h", "--progress", "none"];
    let mut command = limited(temp.path(), "ulimit -n 256", &arguments);
    served.point(&mut command);
    let (code, stderr) = ended(command).await;
    assert_eq!(code, Some(0), "{stderr}");
    let calls = std::fs::read_to_string(run_in(temp.path()).unwrap().join("calls.csv")).unwrap();
    assert!(
        calls.lines().count() > 600 && !calls.contains("NoConnection"),
        "{calls}"
    );
}
