//! Channels, which deliver CloudTrail events to log groups without a trail.

use super::{CENTRAL, DEV, IP, MANAGEMENT, call, covered, world, world_with_trail};
use crate::scenario::Fault;

const GROUPS: &str = "[[groups]]\nname = \"aws/cloudtrail/managementevents\"\n";

const ALL: [&str; 3] = [MANAGEMENT, DEV, CENTRAL];

#[tokio::test(start_paused = true)]
async fn channels_count_like_trails() {
    let run = world(&format!("{GROUPS}{}", call(DEV, "3h ago", "StopLogging")))
        .sweep(&[IP, "--sources", "logs"])
        .await;
    assert_eq!(covered(&run), ALL);
    assert_eq!(run.status(), "complete");
    assert_eq!(
        run.columns(
            "sightings.csv",
            &["event_account_id", "event_name", "trusted"]
        ),
        ["222222222222 StopLogging true"]
    );
}

#[tokio::test(start_paused = true)]
async fn channel_covers_only_what_it_selects() {
    for keys in [
        "records = \"WriteOnly\"\n",
        "excluded_sources = [\"kms.amazonaws.com\"]\n",
        "management = false\ndata_types = [\"AWS::S3::Object\"]\n",
        "service = \"inspector2\"\n",
    ] {
        let channel = format!("[[channels]]\naccount = \"dev\"\n{keys}");
        let run = world(&format!("{channel}{GROUPS}"))
            .sweep(&[IP, "--sources", "logs"])
            .await;
        assert_eq!(covered(&run), [MANAGEMENT, CENTRAL], "{keys}");
        assert_eq!(run.status(), "incomplete", "{keys}");
    }
}

#[tokio::test(start_paused = true)]
async fn role_of_an_earlier_version_loses_no_coverage() {
    let denied = [Fault::denied("ListChannels"), Fault::denied("GetChannel")];
    let denied = denied.map(String::from).concat();
    let run = world_with_trail(&denied)
        .sweep(&[IP, "--sources", "logs"])
        .await;
    assert_eq!(run.status(), "complete");
    let run = world(&format!("{GROUPS}{denied}"))
        .sweep(&[IP, "--require", "management"])
        .await;
    assert_eq!(covered(&run), ALL, "the event history covers them");
}

#[tokio::test(start_paused = true)]
async fn channels_are_not_looked_up_where_a_trail_delivers() {
    let world = world_with_trail(&call(DEV, "3h ago", "ListUsers"));
    world.sweep(&[IP, "--sources", "logs"]).await;
    assert_eq!(world.calls("ListChannels"), 0);
}
