//! Reads the log groups of accounts that could not be entered through a monitoring account to which
//! they are linked.
//!
//! A link may leave out log groups, so this finds events and never proves that there are none: the
//! account stays denied, and each log group is incomplete.
//!
//! Source: CloudWatch user guide, "CloudWatch cross-account observability"; CloudWatch Logs API,
//! `DescribeLogGroups` (`includeLinkedAccounts`) and `FilterLogEvents` (`logGroupIdentifier`).

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use tokio::task::JoinSet;
use tracing::info;

use super::found_group::read_found_group;
use crate::aws::Session;
use crate::store::JournalClosed;
use crate::sweep::context::SweepContext;
use crate::sweep::linked_accounts::EnteredRegion;
use crate::sweep::member::Member;
use crate::sweep::region_context::RegionContext;
use crate::sweep::region_scope::is_in_scope;
use crate::sweep::tasks::join_tasks;
use dragnet_model::{AccountId, LogGroup, LogGroupArn, StorageKind};

/// Source: CloudWatch Logs API, `DescribeLogGroups`, `accountIdentifiers`: at most 20.
const MAX_ACCOUNTS: usize = 20;

/// A log group of a linked account, and the session that may read it.
type Linked = (LogGroup, Arc<Session>);

/// Reads the log groups of denied accounts that a monitoring account shows. Makes no call if no account
/// was denied.
pub(in crate::sweep) async fn read_linked_groups(
    shared: &Arc<SweepContext>,
) -> Result<(), JournalClosed> {
    let mut denied = shared.linked.take_denied();
    if let Some(part) = &shared.part {
        denied.extend(part.denied_in_others());
    }
    let entered = shared.linked.take_entered();
    if denied.is_empty() || !may_read(shared) {
        return Ok(());
    }
    let members: BTreeMap<AccountId, Arc<Member>> = denied
        .into_iter()
        .map(|member| (member.account.id, member))
        .collect();
    let ids: Vec<AccountId> = members.keys().copied().collect();
    let mut tasks = JoinSet::new();
    for (arn, (group, session)) in find_groups(shared, &entered, &ids).await {
        let scope = &shared.settings.reach.scope;
        let Some(member) = members.get(&arn.target.account) else {
            continue;
        };
        if scope.has_log_group(&group.name) && is_in_scope(scope, member, &arn.target.region) {
            let context = RegionContext {
                shared: Arc::clone(shared),
                member: Arc::clone(member),
                session,
                region: arn.target.region.clone(),
                is_linked: true,
            };
            tasks
                .spawn(async move { read_found_group(context, arn, group, false).await.map(drop) });
        }
    }
    join_tasks(tasks).await
}

/// Whether linked log groups are read. A plan does not list them, and a passthrough query runs in the
/// account of its log groups.
fn may_read(shared: &SweepContext) -> bool {
    let settings = &shared.settings;
    settings.sources.allows(StorageKind::Logs)
        && !shared.is_plan()
        && shared.known_sources().is_none()
        && shared.search_set.passthrough_queries().is_empty()
}

/// Asks every account-Region that was entered for the log groups of these accounts.
async fn find_groups(
    shared: &SweepContext,
    entered: &[EnteredRegion],
    accounts: &[AccountId],
) -> BTreeMap<LogGroupArn, Linked> {
    let lookups = entered.iter().flat_map(|(session, region)| {
        accounts.chunks(MAX_ACCOUNTS).map(move |ids| async move {
            let listed = shared.aws.linked_log_groups(session, region, ids);
            match shared.run_until_cancelled(listed).await {
                Some(Ok(groups)) => (session, groups),
                Some(Err(error)) => {
                    info!(%region, %error, "no linked accounts");
                    (session, Vec::new())
                }
                None => (session, Vec::new()),
            }
        })
    });
    let mut found = BTreeMap::new();
    for (session, groups) in join_all(lookups).await {
        for (arn, group) in groups {
            found
                .entry(arn)
                .or_insert_with(|| (group, Arc::clone(session)));
        }
    }
    found
}
