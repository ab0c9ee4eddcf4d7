//! Adds the users and roles of a scenario, including the practice user.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::ScenarioError;
use super::references::{parse_policy, undefined_reference};
use super::spec::{RoleSpec, Spec, UserGroupSpec, UserSpec};
use crate::access::{MfaDevice, Mint};
use crate::policy::PolicyKind;
use crate::world::{
    AccessKey, Boundary, Credential, CredentialKind, Group, KeyStatus, Policies, Role, User, World,
};
use dragnet_model::AccountId;

/// The user for practice: it belongs to the management account, can read there, and can assume
/// roles in every account.
pub(crate) const PRACTICE_USER: &str = "responder";
/// An administrator of the management account. Tests use it to change the organization; it is not
/// meant for practice.
pub(crate) const ADMINISTRATOR: &str = "administrator";

const ASSUME_ANY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#;
/// The rules of CloudWatch for the whole organization, which the identity that lists the accounts also lists.
const LIST_RULES: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"observabilityadmin:List*","Resource":"*"}}"#;
/// The roles of every member account if the scenario defines none.
const DEFAULT_ROLES: &str = include_str!("../../../../config/range/default-roles.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultRoles {
    roles: Vec<RoleSpec>,
}

pub(super) fn add(world: &mut World, spec: &Spec, created: Timestamp) -> Result<(), ScenarioError> {
    let management = spec.organization.management;
    let practice = built_in_user(
        management,
        PRACTICE_USER,
        "ReadOnlyAccess",
        &[("AssumeRoles", ASSUME_ANY), ("ListRules", LIST_RULES)],
    );
    let administrator = built_in_user(management, ADMINISTRATOR, "AdministratorAccess", &[]);
    for user in [&practice, &administrator].into_iter().chain(&spec.users) {
        add_user(world, user, created)?;
    }
    for group in &spec.user_groups {
        add_user_group(world, group, created)?;
    }
    let defaults = match &spec.roles {
        Some(_) => Vec::new(),
        None => {
            toml::from_str::<DefaultRoles>(DEFAULT_ROLES)
                .map_err(|error| ScenarioError::Unreadable(Box::new(error)))?
                .roles
        }
    };
    for role in defaults.iter().chain(spec.roles.iter().flatten()) {
        add_role(world, spec, role, created)?;
    }
    Ok(())
}

fn built_in_user(
    account: AccountId,
    name: &str,
    managed: &str,
    policies: &[(&str, &str)],
) -> UserSpec {
    UserSpec {
        account,
        name: name.to_owned(),
        path: "/".to_owned(),
        access_keys: vec![practice_key(account, name)],
        ssh_keys: Vec::new(),
        signing_certificates: Vec::new(),
        service_specific_credentials: Vec::new(),
        login_profile: false,
        boundary: None,
        groups: Vec::new(),
        policies: policies
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        attached: vec![format!("arn:aws:iam::aws:policy/{managed}")],
        mfa: true,
    }
}

/// The access key id of a built-in user. It does not depend on the seed, so the settings of a shell
/// stay valid.
pub(crate) fn practice_key(management: AccountId, name: &str) -> String {
    Mint::new(0).id_for("AKIA", &format!("{management} {name}"), 16)
}

fn parse_policies(
    owner: &str,
    inline: &BTreeMap<String, String>,
    attached: &[String],
    from: Timestamp,
) -> Result<Policies, ScenarioError> {
    let mut policies = Policies::default();
    for (name, text) in inline {
        let policy = parse_policy(&format!("{owner}/{name}"), text, PolicyKind::Identity)?;
        policies.put(name.clone(), policy, from);
    }
    for arn in attached {
        policies.attach(arn.clone(), from);
    }
    Ok(policies)
}

fn parse_boundary(
    table: &'static str,
    arn: Option<&str>,
    from: Timestamp,
) -> Result<Boundary, ScenarioError> {
    let mut boundary = Boundary::default();
    if arn.is_some() && !boundary.set(arn, from) {
        let policy = arn.unwrap_or_default().to_owned();
        return Err(undefined_reference(table, "the managed policy", policy));
    }
    Ok(boundary)
}

/// The credentials of a user besides access keys, by id.
fn credentials(spec: &UserSpec, created: Timestamp) -> BTreeMap<String, Credential> {
    let kinds = [
        (
            CredentialKind::ServiceSpecific,
            &spec.service_specific_credentials,
        ),
        (CredentialKind::SshPublicKey, &spec.ssh_keys),
        (
            CredentialKind::SigningCertificate,
            &spec.signing_certificates,
        ),
    ];
    let mut credentials = BTreeMap::new();
    for (kind, ids) in kinds {
        for id in ids {
            let credential = Credential {
                kind,
                status: KeyStatus::Active,
                created,
            };
            credentials.insert(id.clone(), credential);
        }
    }
    credentials
}

fn add_user(world: &mut World, spec: &UserSpec, created: Timestamp) -> Result<(), ScenarioError> {
    let serial = world.arn("iam", "", spec.account, &format!("mfa/{}", spec.name));
    let mint = world.mint.clone();
    let key = |id: &String| {
        let key = AccessKey {
            secret: mint.secret_of(id),
            status: KeyStatus::Active,
            created,
        };
        (id.clone(), key)
    };
    let user = User {
        name: spec.name.clone(),
        path: spec.path.clone(),
        id: mint.id_for("AIDA", &format!("{} user {}", spec.account, spec.name), 17),
        created,
        policies: parse_policies(&spec.name, &spec.policies, &spec.attached, created)?,
        groups: BTreeSet::from_iter(spec.groups.clone()),
        keys: spec.access_keys.iter().map(key).collect(),
        credentials: credentials(spec, created),
        login_profile: spec.login_profile.then_some(created),
        boundary: parse_boundary("[[users]]", spec.boundary.as_deref(), created)?,
        tags: BTreeMap::new(),
        mfa: spec
            .mfa
            .then(|| MfaDevice::new(serial.clone(), mint.mfa_secret_of(&serial))),
    };
    for id in &spec.access_keys {
        world
            .key_owners
            .insert(id.clone(), (spec.account, spec.name.clone()));
    }
    let account = world.account_mut(spec.account);
    let account = account
        .ok_or_else(|| undefined_reference("[[users]]", "the account", spec.account.to_string()))?;
    account.users.insert(spec.name.clone(), user);
    Ok(())
}

fn add_user_group(
    world: &mut World,
    spec: &UserGroupSpec,
    created: Timestamp,
) -> Result<(), ScenarioError> {
    let group = Group {
        name: spec.name.clone(),
        path: spec.path.clone(),
        id: world
            .mint
            .id_for("AGPA", &format!("{} group {}", spec.account, spec.name), 17),
        created,
        policies: parse_policies(&spec.name, &spec.policies, &spec.attached, created)?,
    };
    let account = world.account_mut(spec.account);
    let account = account.ok_or_else(|| {
        undefined_reference("[[user_groups]]", "the account", spec.account.to_string())
    })?;
    account.groups.insert(spec.name.clone(), group);
    Ok(())
}

fn add_role(
    world: &mut World,
    spec: &Spec,
    role: &RoleSpec,
    created: Timestamp,
) -> Result<(), ScenarioError> {
    let management = spec.organization.management;
    let trust_text = match &role.trust_policy {
        Some(text) => text.clone(),
        None => trust_policy(world, management, role),
    };
    let trust = parse_policy(&role.name, &trust_text, PolicyKind::Trust)?;
    let mut inline = role.policies.clone();
    if !role.allow.is_empty() {
        let allow = json!({ "Version": "2012-10-17",
            "Statement": { "Effect": "Allow", "Action": role.allow, "Resource": "*" } });
        inline.insert(role.name.clone(), allow.to_string());
    }
    let policies = parse_policies(&role.name, &inline, &role.attached, created)?;
    let boundary = parse_boundary("[[roles]]", role.boundary.as_deref(), created)?;
    let mint = world.mint.clone();
    for account in world.accounts.values_mut() {
        let selected = match &role.accounts {
            None => account.id != management,
            Some(names) if account.id == management => names
                .globs()
                .iter()
                .any(|name| *name == account.name || *name == account.id.to_string()),
            Some(names) => names.include_account(account.id, &account.name),
        };
        let is_excluded = spec
            .accounts
            .iter()
            .any(|spec| spec.id == account.id && spec.lacks_roles.contains(&role.name));
        if selected && !is_excluded {
            let new_role = Role {
                name: role.name.clone(),
                path: role.path.clone(),
                id: mint.id_for("AROA", &format!("{} role {}", account.id, role.name), 17),
                created,
                trust: trust.clone(),
                max_session_seconds: role.max_session_seconds,
                policies: policies.clone(),
                boundary: boundary.clone(),
                description: None,
                tags: BTreeMap::new(),
            };
            account.roles.insert(role.name.clone(), new_role);
        }
    }
    Ok(())
}

fn trust_policy(world: &World, management: AccountId, role: &RoleSpec) -> String {
    let principals = if role.trusts.is_empty() {
        vec![world.arn("iam", "", management, "root")]
    } else {
        role.trusts.clone()
    };
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "AWS": principals },
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
    });
    let mut conditions = serde_json::Map::new();
    if let Some(id) = &role.external_id {
        conditions.insert("StringEquals".to_owned(), json!({ "sts:ExternalId": id }));
    }
    if role.mfa {
        conditions.insert(
            "Bool".to_owned(),
            json!({ "aws:MultiFactorAuthPresent": "true" }),
        );
    }
    if !conditions.is_empty() {
        statement["Condition"] = conditions.into();
    }
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}
