//! Accounts: list, create, move and close.
//!
//! Source: Organizations API, `ListAccounts`, `ListAccountsForParent`, `DescribeAccount`,
//! `CreateAccount`, `DescribeCreateAccountStatus`, `MoveAccount`, `CloseAccount`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::list::page;
use super::{account_id, account_not_found, epoch_seconds, is_parent, required};
use crate::call::Call;
use crate::policy::PolicyKind;
use crate::wire::{AwsError, Reply};
use crate::world::{Account, Boundary, Policies, Policy, Role, World};
use dragnet_model::{AccountId, AccountState};

const DEFAULT_ROLE: &str = "OrganizationAccountAccessRole";
/// The number of `DescribeCreateAccountStatus` calls after which a creation has succeeded.
const CALLS_UNTIL_DONE: u32 = 2;
const ACCOUNT_NUMBERS: u64 = 1_000_000_000_000;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, AwsError> {
    list_where(call, |_| true)
}

pub(super) fn list_for_parent(call: &Call<'_>) -> Result<Reply, AwsError> {
    let parent = required(call, "ParentId")?;
    if !is_parent(call.world, parent) {
        return Err(parent_not_found());
    }
    list_where(call, |account| account.parent == parent)
}

fn list_where(call: &Call<'_>, includes: impl Fn(&Account) -> bool) -> Result<Reply, AwsError> {
    let rows = call
        .world
        .accounts
        .values()
        .filter(|account| account.is_in_organization() && includes(account));
    let rows: Vec<_> = rows
        .map(|account| (account.id.to_string(), account_json(call.world, account)))
        .collect();
    page(call, "Accounts", &rows)
}

pub(super) fn describe(call: &Call<'_>) -> Result<Reply, AwsError> {
    let id = account_id(call, "AccountId")?;
    let account = call.world.account(id).ok_or_else(account_not_found)?;
    Reply::json(&json!({ "Account": account_json(call.world, account) }))
}

fn account_json(world: &World, account: &Account) -> Value {
    json!({
        "Id": account.id.to_string(),
        "Arn": world.organization_arn(&format!("account/{}/{}", world.organization.id, account.id)),
        "Email": account.email,
        "Name": account.name,
        "Paths": [path(world, account)],
        "State": account.state_str(),
        "Status": account.status_str(),
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": epoch_seconds(account.joined),
    })
}

/// The path of an account: `o-…/r-…/ou-…/111111111111/`.
///
/// Source: Organizations API, `Account.Paths`; IAM user guide, "Understand the AWS Organizations
/// entity path".
fn path(world: &World, account: &Account) -> String {
    let mut ids = world.ancestor_ids(account.id);
    ids.push(world.organization.id.clone());
    ids.reverse();
    ids.join("/") + "/"
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let name = required(call, "AccountName")?.to_owned();
    let email = required(call, "Email")?.to_owned();
    let role = call
        .input
        .text("RoleName")
        .unwrap_or(DEFAULT_ROLE)
        .to_owned();
    let id = new_account_id(call.world);
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "AWS": call.world.arn("iam", "", call.world.organization.management, "root") },
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
    }});
    let trust = Policy::parse(&trust.to_string(), PolicyKind::Trust)
        .map_err(|error| AwsError::new("ServiceException", error.to_string()).with_status(500))?;
    let mut policies = Policies::default();
    policies.attach(
        "arn:aws:iam::aws:policy/AdministratorAccess".to_owned(),
        call.now,
    );
    let role = Role {
        id: call.world.mint.next_id("AROA", 17),
        name: role,
        path: "/".to_owned(),
        created: call.now,
        trust,
        max_session_seconds: 3_600,
        policies,
        boundary: Boundary::default(),
        description: None,
        tags: BTreeMap::new(),
    };
    let account = Account {
        id,
        name,
        email,
        state: AccountState::Active,
        joined_method: "CREATED",
        joined: call.now,
        parent: call.world.organization.root.clone(),
        tags: BTreeMap::new(),
        opted_in: BTreeSet::new(),
        users: BTreeMap::new(),
        roles: BTreeMap::from([(role.name.clone(), role)]),
        groups: BTreeMap::new(),
        logs: BTreeMap::new(),
        flow_logs: BTreeMap::new(),
    };
    call.world.accounts.insert(id, account);
    let request = call.world.mint.next_id("car-", 32).to_lowercase();
    call.world
        .organization
        .creations
        .insert(request.clone(), (id, 0));
    Reply::json(&json!({ "CreateAccountStatus": creation_status(call, &request, id, false) }))
}

fn new_account_id(world: &mut World) -> AccountId {
    loop {
        let digits = world
            .mint
            .next_id("", 12)
            .bytes()
            .fold(0u64, |sum, byte| sum * 31 + u64::from(byte));
        if let Ok(id) = format!("{:012}", digits % ACCOUNT_NUMBERS).parse()
            && world.account(id).is_none()
        {
            return id;
        }
    }
}

pub(super) fn describe_creation(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let request = required(call, "CreateAccountRequestId")?;
    let unknown = || {
        AwsError::new(
            "CreateAccountStatusNotFoundException",
            "There is no such create request.",
        )
    };
    let (id, calls) = call
        .world
        .organization
        .creations
        .get_mut(request)
        .ok_or_else(unknown)?;
    *calls = calls.saturating_add(1);
    let id = *id;
    let done = *calls >= CALLS_UNTIL_DONE;
    Reply::json(&json!({ "CreateAccountStatus": creation_status(call, request, id, done) }))
}

fn creation_status(call: &Call<'_>, request: &str, id: AccountId, done: bool) -> Value {
    let name = call
        .world
        .account(id)
        .map_or("", |account| account.name.as_str());
    let mut status = json!({
        "Id": request,
        "AccountName": name,
        "State": if done { "SUCCEEDED" } else { "IN_PROGRESS" },
        "RequestedTimestamp": epoch_seconds(call.now),
    });
    if done {
        status["AccountId"] = json!(id.to_string());
        status["CompletedTimestamp"] = epoch_seconds(call.now);
    }
    status
}

pub(super) fn move_account(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let id = account_id(call, "AccountId")?;
    let from = required(call, "SourceParentId")?;
    let to = required(call, "DestinationParentId")?;
    if !is_parent(call.world, to) {
        let text = "We can't find the destination container with the ParentId that you specified.";
        return Err(AwsError::new("DestinationParentNotFoundException", text));
    }
    let account = call.world.account_mut(id).ok_or_else(account_not_found)?;
    if account.parent != from {
        let text = "We can't find a source root or OU with the ParentId that you specified.";
        return Err(AwsError::new("SourceParentNotFoundException", text));
    }
    to.clone_into(&mut account.parent);
    Ok(Reply::empty())
}

pub(super) fn close(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let id = account_id(call, "AccountId")?;
    if id == call.world.organization.management {
        let text = "You can't close the management account of the organization.";
        return Err(AwsError::new("ConstraintViolationException", text));
    }
    let account = call.world.account_mut(id).ok_or_else(account_not_found)?;
    if !account.is_active() {
        return Err(AwsError::new(
            "AccountAlreadyClosedException",
            "The account is already closed.",
        ));
    }
    account.state = AccountState::Inactive("PENDING_CLOSURE".to_owned());
    Ok(Reply::empty())
}

fn parent_not_found() -> AwsError {
    AwsError::new(
        "ParentNotFoundException",
        "We can't find a root or OU with the ParentId that you specified.",
    )
}
