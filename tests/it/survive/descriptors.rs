//! 256 file descriptors are enough for any number of accounts.

use super::binary::{ended, limited, run_in};
use super::served::{Served, unlimited};

#[tokio::test]
async fn two_hundred_account_regions_need_at_most_256_descriptors() {
    let account = |n| format!("[[accounts]]\nid = \"3000000000{n:02}\"\nname = \"a{n:02}\"\n");
    let accounts: Vec<String> = (0..50).map(account).collect();
    let names: Vec<String> = (0..50).map(|n| format!("\"a{n:02}\"")).collect();
    let scenario = format!(
        "name = \"wide\"\nnow = \"2026-03-02T12:00:00Z\"\n[organization]\nmanagement = \"111111111111\"\n\
         regions = [\"eu-west-1\", \"eu-central-1\", \"us-east-1\", \"us-west-2\"]\n\
         [[accounts]]\nid = \"111111111111\"\nname = \"management\"\n{accounts}\
         [[trails]]\nname = \"all\"\naccount = \"111111111111\"\nhome = \"us-east-1\"\norganization = true\n\
         log_group = \"/trail\"\n[[groups]]\naccounts = [{}]\nname = \"/app\"\n[[faults]]\noperation = \"*\"\nkind = \"slow\"\nmilliseconds = 20\n",
        names.join(", "),
        accounts = accounts.concat()
    );
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
