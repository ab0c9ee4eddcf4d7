//! An organization to contain in, its principals at work, and the commands as a user gives them.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_iam::error::ProvideErrorMetadata;
use clap::Parser;
use dragnet::cli::settings::{ContainSettings, PlanSettings, ResolveContext};
use dragnet::cli::{Arguments, Command, ContainCommand, GlobalArguments, Override, PlanArguments};
use dragnet::commands::{
    Canary, CommandError, Environment, apply_plan, make_plan, undo_containment, verify_containment,
};
use dragnet::contain::{Containment, SealedPlan};
use dragnet::range::Range;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::range::clients::World as Wire;

/// Two member accounts, each with users, a group, roles; an administrator who sets scenes.
pub const ORGANIZATION: &str = r#"
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

/// Commands over an organization, with a state directory of their own.
pub struct World {
    pub place: Environment,
    temp: TempDir,
}

impl World {
    /// [`ORGANIZATION`] with more in it.
    pub fn with(more: &str) -> Self {
        Self::of(&format!("{ORGANIZATION}{more}"))
    }

    pub fn of(scenario: &str) -> Self {
        let scenario =
            dragnet::range::Scenario::from_toml(scenario).unwrap_or_else(|error| panic!("{error}"));
        Self {
            place: Environment::practising(&scenario).unwrap(),
            temp: tempfile::tempdir().unwrap(),
        }
    }

    fn range(&self) -> &Range {
        self.place.range().unwrap()
    }

    /// SDK clients of the same range.
    pub fn wire(&self) -> Wire {
        Wire::at(self.range().clone(), self.place.clock())
    }

    /// IAM in a member account, as its administrator.
    pub async fn iam(&self, account: &str) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(
            &self
                .wire()
                .assume(account, "OrganizationAccountAccessRole", "us-east-1")
                .await,
        )
    }

    /// The access key of the management account's administrator.
    pub fn administrators_key(&self) -> String {
        self.range().administrator().access_key_id
    }

    fn resolved<T>(&self, resolve: impl FnOnce(&ResolveContext<'_>) -> T) -> T {
        let state = self.temp.path().display().to_string();
        resolve(&ResolveContext {
            environment: &|name| (name == "XDG_STATE_HOME").then(|| state.clone()),
            working_directory: self.temp.path(),
            now: self.place.clock().now(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        })
    }

    /// The settings of `contain` with a configuration file of this text.
    pub fn settings(&self, config: &str) -> ContainSettings {
        let global = self.global(config);
        self.resolved(|surroundings| ContainSettings::resolve(&global, surroundings).unwrap())
    }

    fn global(&self, config: &str) -> GlobalArguments {
        let file = self.temp.path().join("test.toml");
        std::fs::write(&file, config).unwrap();
        GlobalArguments {
            config: Some(file),
            ..GlobalArguments::default()
        }
    }

    /// `dragnet contain plan` with these arguments.
    pub async fn try_plan(
        &self,
        arguments: &[&str],
        config: &str,
    ) -> Result<SealedPlan, CommandError> {
        let global = self.global(config);
        let arguments = parse(&[arguments, &["--reason", "test"]].concat());
        let settings = self.resolved(|surroundings| {
            PlanSettings::resolve(&global, &arguments, surroundings).unwrap()
        });
        make_plan(&self.place, &settings).await
    }

    pub async fn plan(&self, arguments: &[&str]) -> SealedPlan {
        self.try_plan(arguments, "").await.unwrap()
    }

    pub async fn try_apply(&self, plan: &SealedPlan) -> Result<Containment, CommandError> {
        self.try_apply_forcing(plan, &[]).await
    }

    /// `dragnet contain apply --force` with these guards.
    pub async fn try_apply_forcing(
        &self,
        plan: &SealedPlan,
        forced: &[Override],
    ) -> Result<Containment, CommandError> {
        apply_plan(&self.place, &self.settings(""), plan, forced, None).await
    }

    /// How many containments there are.
    pub fn containments(&self) -> usize {
        dragnet::contain::Journals::new(self.settings("").journals)
            .ids()
            .unwrap()
            .len()
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: &str) -> u64 {
        self.range()
            .calls()
            .iter()
            .filter(|seen| seen.operation == operation)
            .map(|seen| seen.count)
            .sum()
    }

    pub async fn apply(&self, plan: &SealedPlan) -> Containment {
        self.try_apply(plan).await.unwrap()
    }

    pub async fn apply_canary(
        &self,
        plan: &SealedPlan,
        targets: usize,
        go_on: bool,
    ) -> Containment {
        let canary = Canary {
            targets,
            go_on: &mut |_| go_on,
        };
        apply_plan(&self.place, &self.settings(""), plan, &[], Some(canary))
            .await
            .unwrap()
    }

    /// How many lines a containment's journal has.
    pub fn events(&self, id: &str) -> usize {
        let journals = dragnet::contain::Journals::new(self.settings("").journals);
        journals
            .read(id)
            .map_or(0, |containment| containment.events.len())
    }

    pub async fn verify(&self, id: &str) -> (Containment, Vec<String>) {
        verify_containment(&self.place, &self.settings(""), id)
            .await
            .unwrap()
    }

    pub async fn try_undo(
        &self,
        id: &str,
        overwrite_drift: bool,
    ) -> Result<Containment, CommandError> {
        undo_containment(&self.place, &self.settings(""), id, overwrite_drift).await
    }

    pub async fn undo(&self, id: &str, overwrite_drift: bool) -> Containment {
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

/// Whether calls of this principal are let in.
pub async fn works(config: &SdkConfig) -> bool {
    let iam = aws_sdk_iam::Client::new(config);
    match unthrottled(async || iam.list_users().send().await).await {
        Ok(_) => true,
        Err(error) => {
            // Denied, or its key is switched off.
            assert!(
                matches!(error.code(), Some("AccessDenied" | "InvalidClientTokenId")),
                "{error:?}"
            );
            false
        }
    }
}

/// The answer once the range has room for the call.
pub async fn unthrottled<T, E: ProvideErrorMetadata>(
    call: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    loop {
        match call().await {
            Err(error) if error.code() == Some("Throttling") => {
                tokio::time::sleep(Duration::from_secs(1)).await
            }
            answer => return answer,
        }
    }
}

/// The states of a containment's steps.
pub fn states(containment: &Containment) -> Vec<&'static str> {
    containment
        .steps()
        .map(|(.., state)| state.as_str())
        .collect()
}

/// Everything inline on a principal, byte for byte: `role`, `user` or `group`.
pub async fn inline(iam: &aws_sdk_iam::Client, kind: &str, name: &str) -> Vec<(String, String)> {
    let details = unthrottled(async || iam.get_account_authorization_details().send().await)
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

/// A plan whose JSON was edited and sealed again, as whoever edits it can.
pub fn edited(plan: &SealedPlan, edit: impl FnOnce(&mut Value)) -> SealedPlan {
    let mut file: Value = serde_json::from_str(&plan.to_text().unwrap()).unwrap();
    edit(&mut file["plan"]);
    SealedPlan::parse(&sealed_again(&file["plan"])).unwrap()
}

/// The text of a plan's file with the hash that fits its content.
pub fn sealed_again(plan: &Value) -> String {
    let hash = hex::encode(Sha256::digest(serde_json::to_vec(plan).unwrap()));
    serde_json::json!({ "hash": hash, "plan": plan }).to_string()
}

/// A policy document as IAM hands it back: percent-encoded.
pub fn decoded(document: &str) -> String {
    percent_encoding::percent_decode_str(document)
        .decode_utf8_lossy()
        .into_owned()
}
