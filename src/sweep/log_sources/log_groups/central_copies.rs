//! Reads the copies that centralization rules made of events whose originals are gone.
//!
//! A centralization rule copies log groups of the organization to one account-Region, and keeps their
//! names. If a sweep is limited to accounts, that account-Region is usually out of scope. Its log groups are
//! read if one of their streams has copies of a log group in scope that was not searched completely,
//! or that no longer exists. This only finds events: the gap of the original stays, because a rule does not copy
//! what was there before it.
//!
//! Of a sweep in shards, each reads the copies of the log groups that it searched itself, because it does not know
//! how the search of the others ended. Two shards may read the same log group; the merge keeps one of them.
//!
//! Source: botocore, `data/observabilityadmin/2018-05-10/service-2.json`,
//! `ListCentralizationRulesForOrganization`; aws-observability/observability-best-practices,
//! "Centralizing logs".

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use tokio::task::JoinSet;
use tracing::info;

use super::found_group::read_found_group;
use crate::aws::{CallError, Pages, Session};
use crate::store::{Entry, JournalClosed};
use crate::sweep::context::SweepContext;
use crate::sweep::directory::{member_to_enter, organization_session};
use crate::sweep::host::Host;
use crate::sweep::member::{Member, Members};
use crate::sweep::region_context::RegionContext;
use crate::sweep::region_scope::is_in_scope;
use crate::sweep::tasks::join_tasks;
use crate::sweep::window_basis::WindowBasis;
use dragnet_model::{CentralStream, LogGroup, LogGroupArn, StorageKind, Target};

/// How many pages of streams, 50 each, are listed to find out whether a log group has copies. If it has more
/// streams, it is read.
const MOST_STREAM_PAGES: usize = 20;

/// What the coverage says about a log group with copies.
const REMARK: &str = "read for copies of events whose log groups are not complete";

/// Reads the copies. Makes no call unless the scope is limited to accounts of an organization.
pub(in crate::sweep) async fn read_central_copies(
    shared: &Arc<SweepContext>,
    members: &Members,
) -> Result<(), JournalClosed> {
    if !may_read(shared) {
        return Ok(());
    }
    let mut tasks = JoinSet::new();
    for target in find_destinations(shared, members).await {
        let member = member_to_enter(members, &shared.access, target.account);
        let host = Host::new(target.account, member);
        let (member, session) = match host.enter(shared).await {
            Ok(entered) => entered,
            Err(outcome) => {
                let reason = outcome.reason_text();
                info!(%target, %reason, "copies of centralization rules are not read");
                continue;
            }
        };
        for group in find_groups(shared, members, &session, &target).await {
            let context = RegionContext {
                shared: Arc::clone(shared),
                member: Arc::clone(&member),
                session: Arc::clone(&session),
                region: target.region.clone(),
                is_linked: false,
            };
            tasks.spawn(read_group(context, group));
        }
    }
    join_tasks(tasks).await
}

/// Whether copies are read. A plan does not list them, a passthrough query runs in the account of its log
/// groups, and a watch reads events before their originals can be gone.
fn may_read(shared: &SweepContext) -> bool {
    let settings = &shared.settings;
    settings.reach.scope.is_limited_to_accounts()
        && settings.sources.allows(StorageKind::Logs)
        && matches!(shared.windows, WindowBasis::EventTime(_))
        && !shared.is_plan()
        && shared.known_sources().is_none()
        && shared.search_set.passthrough_queries().is_empty()
}

/// Returns the account-Regions out of scope to which the rules of the organization copy.
async fn find_destinations(shared: &SweepContext, members: &Members) -> BTreeSet<Target> {
    let settings = &shared.settings;
    let session = organization_session(&shared.aws, &shared.access, &settings.reach);
    let is_organization = members
        .values()
        .any(|member| member.organization().is_some());
    let Some(session) = session.filter(|_| is_organization) else {
        return BTreeSet::new();
    };
    let listed = shared.aws.centralization_rules(&session);
    let rules = match shared.run_until_cancelled(listed).await {
        Some(Ok(rules)) => rules,
        Some(Err(error)) => {
            info!(%error, "centralization rules are not known");
            Vec::new()
        }
        None => Vec::new(),
    };
    rules
        .into_iter()
        .filter_map(|rule| rule.destination)
        .filter(|target| !is_target_in_scope(shared, members, target))
        .collect()
}

fn is_target_in_scope(shared: &SweepContext, members: &Members, target: &Target) -> bool {
    let scope = &shared.settings.reach.scope;
    let in_scope = |member: &Member| is_in_scope(scope, member, &target.region);
    members.get(&target.account).is_some_and(in_scope)
}

/// Whether this process searches a log group, or of a sweep in shards a part of it.
fn is_searched_here(shared: &SweepContext, group: &LogGroupArn) -> bool {
    shared.owns(&group.target) || shared.slice_of(group).is_some()
}

/// Returns the log groups of an account-Region that have copies whose originals are gone.
async fn find_groups(
    shared: &SweepContext,
    members: &Members,
    session: &Session,
    target: &Target,
) -> Vec<LogGroup> {
    let listed = match shared
        .run_until_cancelled(list_groups(shared, session, target))
        .await
    {
        Some(Ok(groups)) => groups,
        Some(Err(error)) => {
            info!(%target, %error, "copies of centralization rules are not read");
            Vec::new()
        }
        None => Vec::new(),
    };
    let searches = listed.into_iter().map(|group| async move {
        let arn = LogGroupArn::new(target.clone(), &group.name);
        let is_wanted = shared.settings.reach.scope.has_log_group(&group.name)
            && !shared.searched.receives_trail(&arn)
            && has_lost_originals(shared, members, session, &arn).await;
        is_wanted.then_some(group)
    });
    join_all(searches).await.into_iter().flatten().collect()
}

async fn list_groups(
    shared: &SweepContext,
    session: &Session,
    target: &Target,
) -> Result<Vec<LogGroup>, CallError> {
    let mut all = Vec::new();
    let mut pages = Pages::default();
    loop {
        let listed = shared
            .aws
            .log_groups(session, &target.region, pages.token());
        let (page, next) = listed.await?;
        let advanced = pages.advance(page.len(), next);
        all.extend(page);
        if !matches!(advanced, Ok(true)) {
            return Ok(all);
        }
    }
}

/// Whether a stream of a log group has copies of a log group in scope that was not searched completely.
async fn has_lost_originals(
    shared: &SweepContext,
    members: &Members,
    session: &Session,
    arn: &LogGroupArn,
) -> bool {
    let target = &arn.target;
    let mut pages = Pages::default();
    for _ in 0..MOST_STREAM_PAGES {
        let listed = shared
            .aws
            .log_streams(session, &target.region, &arn.name, pages.token());
        let (names, next) = match shared.run_until_cancelled(listed).await {
            Some(Ok(page)) => page,
            Some(Err(error)) => {
                info!(log_group = %arn, %error, "streams are not known");
                return false;
            }
            None => return false,
        };
        let is_lost = |name: &String| {
            CentralStream::parse(name, target).is_some_and(|stream| {
                let original = LogGroupArn::new(stream.origin, &arn.name);
                is_target_in_scope(shared, members, &original.target)
                    && is_searched_here(shared, &original)
                    && !shared.searched.is_complete(&original)
            })
        };
        if names.iter().any(is_lost) {
            return true;
        }
        if !matches!(pages.advance(names.len(), next), Ok(true)) {
            return false;
        }
    }
    true
}

/// Reads a log group, and says in the coverage why.
async fn read_group(context: RegionContext, group: LogGroup) -> Result<(), JournalClosed> {
    let shared = Arc::clone(&context.shared);
    let arn = LogGroupArn::new(context.target(), &group.name);
    let coverage_id = read_found_group(context, arn, group, true).await?;
    let remark = Entry::Remark {
        coverage_id,
        text: REMARK.to_owned(),
    };
    shared.journal.write(remark).await
}
