//! An organization to contain principals in, sessions of these principals, and the containment
//! commands as a user runs them.

use std::path::Path;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_iam::error::ProvideErrorMetadata;
use clap::Parser;
use dragnet::cli::{Arguments, Command, ContainCommand, GlobalArguments, PlanArguments};
use dragnet::commands::{
    Canary, CommandError, Environment, LogSearch, apply_plan, make_plan, undo_containment,
    verify_containment, verify_from_logs,
};
use dragnet::contain::{Containment, LogVerification, SealedPlan};
use dragnet::settings::{
    ContainSettings, Override, PlanSettings, ProgressStyle, ResolveContext, WatchSettings,
};
use dragnet_range::Range;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::range::clients::World as SdkClients;
use crate::world::resolve_context;

/// Two member accounts, each with users, a group, roles, and an administrator with which tests make
/// changes.
pub(super) const ORGANIZATION: &str = r#"
name = "contain"
now = "2026-03-02T12:00:00Z"
[organization]
management = "111111111111"
regions = ["us-east-1"]
[[accounts]]
id = "111111111111"
name = "management"
[[accounts]]
id = "222222222222"
name = "prod"
[[accounts]]
id = "333333333333"
name = "dev"

[[users]]
account = "222222222222"
name = "eve"
path = "/staff/"
access_keys = ["AKIAEVE2222222222222", "AKIAEVE2222222222223"]
groups = ["staff"]
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
policies = { Notes = '{ "Version":"2012-10-17",  "Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"} }' }
[[user_groups]]
account = "222222222222"
name = "staff"
[[users]]
account = "111111111111"
name = "breakglass-1"

[[roles]]
name = "DragnetRead"
allow = ["ec2:DescribeRegions", "iam:Generate*", "iam:Get*", "iam:List*"]
[[roles]]
name = "DragnetContain"
allow = ["iam:*"]
[[roles]]
name = "OrganizationAccountAccessRole"
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
[[roles]]
name = "App"
path = "/apps/"
attached = ["arn:aws:iam::aws:policy/AdministratorAccess"]
policies = { Own = "{\n \"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]\n}" }
"#;

/// Runs commands over an organization, with a state directory that is not shared.
pub(super) struct World {
    pub environment: Environment,
    temp: TempDir,
}

impl World {
    /// Creates [`ORGANIZATION`] with more tables.
    pub(super) fn new(more: &str) -> Self {
        Self::from_scenario(&format!("{ORGANIZATION}{more}"))
    }

    pub(super) fn from_scenario(scenario: &str) -> Self {
        let scenario =
            dragnet_range::Scenario::from_toml(scenario).unwrap_or_else(|error| panic!("{error}"));
        Self {
            environment: Environment::for_practice(&scenario).unwrap(),
            temp: tempfile::tempdir().unwrap(),
        }
    }

    fn range(&self) -> &Range {
        self.environment.range().unwrap()
    }

    /// Returns SDK clients of the same range.
    pub(super) fn sdk_clients(&self) -> SdkClients {
        SdkClients::from_range(self.range().clone(), self.environment.clock())
    }

    /// Returns IAM in a member account, as its administrator.
    pub(super) async fn iam(&self, account: &str) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(
            &self
                .sdk_clients()
                .assume(account, "OrganizationAccountAccessRole", "us-east-1")
                .await,
        )
    }

    /// Returns the access key id of the management account's administrator.
    pub(super) fn administrator_key(&self) -> String {
        self.range().administrator().access_key_id
    }

    fn resolve<T>(&self, resolve: impl FnOnce(&ResolveContext<'_>) -> T) -> T {
        let state = self.temp.path().display().to_string();
        let variables = |name: &str| (name == "XDG_STATE_HOME").then(|| state.clone());
        resolve(&resolve_context(
            &self.environment,
            self.temp.path(),
            &variables,
        ))
    }

    /// Returns the settings of `contain` with this configuration file.
    pub(super) fn settings(&self, config: &str) -> ContainSettings {
        let global = self.global(config);
        self.resolve(|context| ContainSettings::resolve(&global, context).unwrap())
    }

    /// Returns the settings of `watch` with this configuration file, on the same machine.
    pub(super) fn watch_settings(&self, config: &str) -> WatchSettings {
        let global = self.global(config);
        self.resolve(|context| WatchSettings::resolve(&global, context).unwrap())
    }

    /// Returns the directory to which the paths in a configuration file are relative.
    pub(super) fn path(&self) -> &Path {
        self.temp.path()
    }

    fn global(&self, config: &str) -> GlobalArguments {
        let file = self.temp.path().join("test.toml");
        std::fs::write(&file, config).unwrap();
        GlobalArguments {
            config: Some(file),
            ..GlobalArguments::default()
        }
    }

    /// Runs `dragnet contain plan` with these arguments.
    pub(super) async fn try_plan(
        &self,
        arguments: &[&str],
        config: &str,
    ) -> Result<SealedPlan, CommandError> {
        let global = self.global(config);
        let arguments = parse(&[arguments, &["--reason", "test"]].concat());
        let settings =
            self.resolve(|context| PlanSettings::resolve(&global, &arguments, context).unwrap());
        make_plan(&self.environment, &settings).await
    }

    pub(super) async fn plan(&self, arguments: &[&str]) -> SealedPlan {
        self.try_plan(arguments, "").await.unwrap()
    }

    pub(super) async fn try_apply(&self, plan: &SealedPlan) -> Result<Containment, CommandError> {
        self.try_apply_forcing(plan, &[]).await
    }

    /// Runs `dragnet contain apply --force` with these guards.
    pub(super) async fn try_apply_forcing(
        &self,
        plan: &SealedPlan,
        forced: &[Override],
    ) -> Result<Containment, CommandError> {
        let settings = self.settings("");
        Box::pin(apply_plan(&self.environment, &settings, plan, forced, None)).await
    }

    /// Returns the number of containments.
    pub(super) fn containments(&self) -> usize {
        dragnet::contain::Journals::new(self.settings("").journals)
            .ids()
            .unwrap()
            .len()
    }

    /// Returns how often an operation was called.
    pub(super) fn calls(&self, operation: &str) -> u64 {
        self.range()
            .calls()
            .iter()
            .filter(|call| call.operation == operation)
            .map(|call| call.count)
            .sum()
    }

    pub(super) async fn apply(&self, plan: &SealedPlan) -> Containment {
        self.try_apply(plan).await.unwrap()
    }

    pub(super) async fn apply_canary(
        &self,
        plan: &SealedPlan,
        targets: usize,
        should_continue: bool,
    ) -> Containment {
        let canary = Canary {
            targets,
            should_continue: &mut |_| should_continue,
        };
        let settings = self.settings("");
        let applied = apply_plan(&self.environment, &settings, plan, &[], Some(canary));
        Box::pin(applied).await.unwrap()
    }

    /// Returns the number of events in the journal of a containment.
    pub(super) fn events(&self, id: &str) -> usize {
        let journals = dragnet::contain::Journals::new(self.settings("").journals);
        journals
            .read(id)
            .map_or(0, |containment| containment.events.len())
    }

    pub(super) async fn verify(&self, id: &str) -> (Containment, Vec<String>) {
        verify_containment(&self.environment, &self.settings(""), id)
            .await
            .unwrap()
    }

    /// Runs the part of `dragnet contain verify --from-logs` that reads the logs.
    pub(super) async fn try_verify_from_logs(
        &self,
        id: &str,
    ) -> Result<LogVerification, CommandError> {
        let search = LogSearch {
            out_dir: self.temp.path().join("runs"),
            progress: ProgressStyle::None,
            interrupt: CancellationToken::new().into(),
        };
        let settings = self.settings("");
        Box::pin(verify_from_logs(&self.environment, &settings, id, search)).await
    }

    pub(super) async fn verify_from_logs(&self, id: &str) -> LogVerification {
        self.try_verify_from_logs(id).await.unwrap()
    }

    pub(super) async fn try_undo(
        &self,
        id: &str,
        overwrite_drift: bool,
    ) -> Result<Containment, CommandError> {
        let settings = self.settings("");
        Box::pin(undo_containment(
            &self.environment,
            &settings,
            id,
            overwrite_drift,
        ))
        .await
    }

    pub(super) async fn undo(&self, id: &str, overwrite_drift: bool) -> Containment {
        self.try_undo(id, overwrite_drift).await.unwrap()
    }
}

fn parse(arguments: &[&str]) -> PlanArguments {
    let parsed = Arguments::try_parse_from([&["dragnet", "contain", "plan"], arguments].concat());
    match parsed.unwrap_or_else(|error| panic!("{error}")).command {
        Command::Contain(ContainCommand::Plan(plan)) => plan,
        _ => panic!("not a plan"),
    }
}

/// Returns whether calls with these credentials are allowed.
pub(super) async fn is_allowed(config: &SdkConfig) -> bool {
    let iam = aws_sdk_iam::Client::new(config);
    match retry_while_throttled(async || iam.list_users().send().await).await {
        Ok(_) => true,
        Err(error) => {
            // Denied, or the access key is inactive.
            assert!(
                matches!(error.code(), Some("AccessDenied" | "InvalidClientTokenId")),
                "{error:?}"
            );
            false
        }
    }
}

/// Repeats a call until the range does not throttle it.
pub(super) async fn retry_while_throttled<T, E: ProvideErrorMetadata>(
    call: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    loop {
        match call().await {
            Err(error) if error.code() == Some("Throttling") => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            answer => return answer,
        }
    }
}

/// Returns the states of the steps of a containment.
pub(super) fn states(containment: &Containment) -> Vec<&'static str> {
    containment
        .steps()
        .map(|(.., state)| state.as_str())
        .collect()
}

/// Returns all inline policies of a principal, byte for byte. `kind` is `role`, `user` or `group`.
pub(super) async fn inline_policies(
    iam: &aws_sdk_iam::Client,
    kind: &str,
    name: &str,
) -> Vec<(String, String)> {
    let details =
        retry_while_throttled(async || iam.get_account_authorization_details().send().await)
            .await
            .unwrap();
    let policies = match kind {
        "role" => details
            .role_detail_list()
            .iter()
            .find(|role| role.role_name() == Some(name))
            .unwrap()
            .role_policy_list(),
        "user" => details
            .user_detail_list()
            .iter()
            .find(|user| user.user_name() == Some(name))
            .unwrap()
            .user_policy_list(),
        _ => details
            .group_detail_list()
            .iter()
            .find(|group| group.group_name() == Some(name))
            .unwrap()
            .group_policy_list(),
    };
    let text = |policy: &aws_sdk_iam::types::PolicyDetail| {
        (
            policy.policy_name().unwrap().to_owned(),
            policy.policy_document().unwrap().to_owned(),
        )
    };
    policies.iter().map(text).collect()
}

/// Returns a plan whose JSON was edited and which was sealed again, as an attacker could do.
pub(super) fn edit_plan(plan: &SealedPlan, edit: impl FnOnce(&mut Value)) -> SealedPlan {
    let mut file: Value = serde_json::from_str(&plan.to_text().unwrap()).unwrap();
    edit(&mut file["plan"]);
    SealedPlan::parse(&seal_again(&file["plan"])).unwrap()
}

/// Returns the text of a plan file, with the hash that matches its content.
pub(super) fn seal_again(plan: &Value) -> String {
    let hash = hex::encode(Sha256::digest(serde_json::to_vec(plan).unwrap()));
    serde_json::json!({ "hash": hash, "plan": plan }).to_string()
}

/// Decodes a policy document, which IAM returns percent-encoded.
pub(super) fn decode_document(document: &str) -> String {
    percent_encoding::percent_decode_str(document)
        .decode_utf8_lossy()
        .into_owned()
}
