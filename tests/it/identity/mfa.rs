//! One MFA code is enough for the whole organization.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::device::Guesser;
use super::{GROUP, HEAD, MEMBER, reader, with_mfa_device, with_serial};
use crate::scenario::{Account, Group};
use crate::world::{World, event};

const IP: &str = "192.0.2.1";

/// Returns an organization with one member account, whose role requires MFA.
fn world_requiring_mfa() -> World {
    let role = reader().mfa(true);
    World::from_toml(&[HEAD, MEMBER, GROUP, &role].concat())
}

/// Returns the reason why a sweep cannot start.
async fn start_error(world: &World) -> String {
    let error = world
        .try_sweep(&[IP], CancellationToken::new())
        .await
        .err()
        .unwrap();
    assert_eq!(error.exit_code(), 1);
    std::error::Error::source(&error).unwrap().to_string()
}

#[tokio::test(start_paused = true)]
async fn three_hundred_accounts_need_one_code() {
    let accounts = Account::new("300000000001", "member").count(300);
    let role = reader().mfa(true);
    let groups = Group::new("member-*", "/app").region("us-east-1");
    let matching_event = event(
        "300000000007",
        "us-east-1",
        "/app",
        "1h ago",
        "from 192.0.2.1",
    );
    let world = World::from_toml(&format!("{HEAD}{accounts}{groups}{role}{matching_event}"))
        .with_config(&with_serial(""));
    let (world, device) = with_mfa_device(world);
    let run = world.sweep(&[IP]).await;
    let summary = run.summary();
    assert_eq!(
        (run.status().as_str(), summary["sightings"].as_u64()),
        ("complete", Some(1)),
        "{:?}",
        run.coverage()
    );
    assert_eq!(summary["accounts"]["swept"], 301);
    assert_eq!(
        (device.code_requests(), world.calls("GetSessionToken")),
        (1, 1)
    );
    // One for each member account, and one for the caller's own account, which has no role.
    assert_eq!(world.calls("AssumeRole"), 301);
    let busiest = world
        .range()
        .calls()
        .iter()
        .filter(|seen| seen.operation == "AssumeRole")
        .map(|seen| seen.busiest_second)
        .max();
    assert!(
        busiest.unwrap() <= 480 + 2,
        "80 % of STS's 600 calls a second: {busiest:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn missing_code_prevents_the_start() {
    let world = world_requiring_mfa().with_config(&with_serial(""));
    let cause = start_error(&world).await;
    assert!(
        cause.contains("DRAGNET_MFA_CODE") && cause.contains("mfa_command"),
        "{cause}"
    );
    assert_eq!(world.calls("GetSessionToken"), 0);
}

#[tokio::test(start_paused = true)]
async fn used_code_is_requested_again() {
    let (world, device) = with_mfa_device(world_requiring_mfa().with_config(&with_serial("")));
    assert_eq!(world.sweep(&[IP]).await.status(), "complete");
    // Within the same half minute, the device still shows the code that was used.
    assert_eq!(world.sweep(&[IP]).await.status(), "complete");
    assert_eq!(
        (device.code_requests(), world.calls("GetSessionToken")),
        (3, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn three_wrong_codes_end_the_attempt() {
    let guesser = Arc::new(Guesser::default());
    let world = world_requiring_mfa()
        .with_config(&with_serial(""))
        .with_codes(guesser.clone());
    let cause = start_error(&world).await;
    assert!(
        cause.contains("AWS rejected 3 MFA codes: MultiFactorAuthentication failed"),
        "{cause}"
    );
    assert_eq!((guesser.guesses(), world.calls("GetSessionToken")), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn foreign_device_requests_no_second_code() {
    let config = r#"
[identity]
mfa_serial = "arn:aws:iam::111111111111:mfa/alice"
"#;
    let (world, device) = with_mfa_device(world_requiring_mfa().with_config(config));
    let cause = start_error(&world).await;
    assert!(cause.contains("verify your MFA serial number"), "{cause}");
    assert_eq!(device.code_requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn session_is_cached_until_expiry_unless_disabled() {
    let state = tempfile::tempdir().unwrap();
    let (world, device) = with_mfa_device(
        world_requiring_mfa()
            .with_config(&with_serial(""))
            .with_session_directory(state.path()),
    );
    for _ in 0..2 {
        assert_eq!(world.sweep(&[IP]).await.status(), "complete");
    }
    assert_eq!(
        (device.code_requests(), world.calls("GetSessionToken")),
        (1, 1)
    );
    let files: Vec<_> = std::fs::read_dir(state.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("runs.tsv") && !path.ends_with("runs.lock"))
        .collect();
    assert_eq!(files.len(), 1);
    assert_eq!(
        std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777,
        0o600
    );

    tokio::time::advance(Duration::from_hours(12)).await;
    assert_eq!(world.sweep(&[IP]).await.status(), "complete");
    assert_eq!(device.code_requests(), 2, "the session had expired");

    let world = world.with_config(&with_serial("mfa_cache = false"));
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(world.sweep(&[IP]).await.status(), "complete");
    assert_eq!(device.code_requests(), 3, "the cache was not used");
}
