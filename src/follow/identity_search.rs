//! What finds the calls of an identity: its indicators, and the accounts in which it acts.

use std::collections::{BTreeMap, BTreeSet};

use crate::lineage::{Identity, Lineage, Node};
use dragnet_model::{AccountId, Arn, Indicator, IndicatorKind};

/// Returns the indicators that find the calls of an identity. None if its calls are not recorded
/// under a name of its own. `partition` is that of the organization: `aws`.
///
/// A session is searched by its keys and by its ARN: in the console it signs with keys that no
/// record shows.
///
/// Source: IAM user guide, "Enable custom identity broker access to the AWS console"
/// (`GetSigninToken`).
pub(super) fn indicators_of(node: &Node, partition: &str) -> Vec<Indicator> {
    let mut indicators: Vec<Indicator> = node
        .access_keys
        .iter()
        .filter_map(|key| {
            let key_id = Indicator::parse_as(IndicatorKind::AccessKey, key);
            key_id
                .or_else(|_| Indicator::parse_as(IndicatorKind::Text, key))
                .ok()
        })
        .collect();
    indicators.extend(name_indicator(&node.identity, partition));
    indicators
}

fn name_indicator(identity: &Identity, partition: &str) -> Option<Indicator> {
    let sts = |account: &AccountId, rest: String| {
        (
            IndicatorKind::Arn,
            format!("arn:{partition}:sts::{account}:{rest}"),
        )
    };
    let (kind, text) = match identity {
        Identity::Session {
            account,
            role,
            name,
        }
        | Identity::Function {
            account,
            role,
            name,
        } => sts(account, format!("assumed-role/{role}/{name}")),
        Identity::FederatedUser { account, name } => sts(account, format!("federated-user/{name}")),
        Identity::User { name, .. } | Identity::Console { user: name, .. } => {
            (IndicatorKind::User, name.clone())
        }
        Identity::Role { name, .. } => (IndicatorKind::Role, name.clone()),
        Identity::Provider(arn) => (IndicatorKind::Arn, arn.clone()),
        Identity::Instance { id, .. } => (IndicatorKind::Text, id.clone()),
        Identity::Outsider { outsider, .. } => (IndicatorKind::Account, outsider.to_string()),
        Identity::Key(_)
        | Identity::RootSession(_)
        | Identity::Credential { .. }
        | Identity::Group { .. }
        | Identity::PermissionSet { .. }
        | Identity::Resource(_) => return None,
    };
    let indicator = Indicator::parse_as(kind, &text);
    indicator
        .or_else(|_| Indicator::parse_as(IndicatorKind::Text, &text))
        .ok()
}

/// Returns the account of an identity, if its name has one.
pub(super) fn account_of(identity: &Identity) -> Option<AccountId> {
    match identity {
        Identity::Session { account, .. }
        | Identity::FederatedUser { account, .. }
        | Identity::RootSession(account)
        | Identity::User { account, .. }
        | Identity::Console { account, .. }
        | Identity::Credential { account, .. }
        | Identity::Role { account, .. }
        | Identity::Group { account, .. }
        | Identity::Instance { account, .. }
        | Identity::Function { account, .. }
        | Identity::PermissionSet { account, .. }
        | Identity::Outsider { account, .. } => Some(*account),
        Identity::Provider(arn) => arn.parse().ok().and_then(|arn: Arn| arn.account()),
        Identity::Key(_) | Identity::Resource(_) => None,
    }
}

/// Returns the accounts that record the calls of an identity; none if that is not known.
/// CloudTrail records a call in the account of the caller, also if the resource is in another
/// account. `key_accounts` are the accounts of the access keys that acted.
///
/// Source: CloudTrail user guide, "CloudTrail record contents" (`sharedEventID`, and the accounts
/// that receive an event).
pub(super) fn accounts_of(
    number: usize,
    lineage: &Lineage,
    key_accounts: &BTreeMap<String, AccountId>,
) -> BTreeSet<AccountId> {
    let Some(node) = lineage.nodes.get(number) else {
        return BTreeSet::new();
    };
    let own = account_of(&node.identity).or_else(|| node.owner.as_ref().and_then(account_of));
    let of_keys = || {
        node.access_keys
            .iter()
            .find_map(|key| key_accounts.get(key))
    };
    if let Some(account) = own.or_else(|| of_keys().copied()) {
        return BTreeSet::from([account]);
    }
    let edges = lineage.edges.iter().filter(|edge| edge.to == number);
    edges
        .flat_map(|edge| &edge.accounts)
        .filter_map(|account| account.parse().ok())
        .collect()
}
