//! A responder who runs the binary against a range on loopback, in real time.

use std::process::{Output, Stdio};

use dragnet_model::time::Clock;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::range::clients::World as SdkClients;
use crate::survive::binary::dragnet;
use crate::survive::served::{Served, unlimited};
use crate::world::SMALL;

const DEFAULT_ROLES: &str = include_str!("../../../config/range/default-roles.toml");

/// A responder with a home directory, where the commands also run, and a range.
pub(super) struct Responder {
    pub home: TempDir,
    served: Served,
}

impl Responder {
    /// Serves a small organization with the default roles and more tables.
    pub(super) async fn new(more: &str) -> Self {
        let scenario = [SMALL, DEFAULT_ROLES, more].concat();
        let served = Served::start(&scenario, |_, _| None).await;
        let home = tempfile::tempdir().unwrap();
        unlimited(home.path());
        Self { home, served }
    }

    /// Returns SDK clients of the same range.
    pub(super) fn sdk_clients(&self) -> SdkClients {
        SdkClients::from_range(self.served.range().clone(), Clock::wall())
    }

    /// Returns a command of the practice user.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = dragnet(self.home.path());
        self.served.point(&mut command);
        command.args(arguments).stdout(Stdio::piped());
        command
    }

    /// Runs a command of the practice user to its end.
    pub(super) async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }
}

/// Returns the exit code of a command, and its JSON.
pub(super) fn code_and_json(output: &Output) -> (Option<i32>, Value) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout);
    let json = json.unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (output.status.code(), json)
}
