//! Follows the steps of a sweep, account by account, and tests each permission with the cheapest
//! real call.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::task::JoinSet;

use super::centralization::check_centralization;
use super::check::{Check, Subject, format_session_end};
use super::selectors::check_selectors;
use crate::aws::{Aws, CallError, ErrorClass, EventQuery, InsightsRequest, Pages, Session};
use crate::commands::sources::survey::EnteredAccounts;
use crate::settings::Reach;
use crate::store::ScopeMembership;
use crate::sweep::{Access, Directory, Entered, Member, Refusal, RegionScope, SelectorMatches};
use dragnet_model::time::Clock;
use dragnet_model::{
    AccountId, AccountState, LogGroup, LogGroupClass, LogSource, Operation, Region, Target,
};

/// AWS rejects requests whose time differs by more than this.
///
/// Source: AWS General Reference, "Signing AWS API requests".
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// The difference at which a remark recommends to correct the clock, before AWS rejects requests.
const NOTED_SKEW: SignedDuration = SignedDuration::from_mins(1);
/// A log group that almost certainly does not exist. A call about it shows whether the call is
/// permitted.
const NONEXISTENT_GROUP: &str = "dragnet-doctor";

/// What [`examine_accounts`] found.
pub(super) struct Examined {
    /// The checks, sorted.
    pub checks: Vec<Check>,
    /// The accounts that could be entered.
    pub entered: EnteredAccounts,
}

/// Checks the access to every account in scope.
pub async fn examine(aws: Aws, reach: Reach, clock: Clock) -> Vec<Check> {
    examine_accounts(aws, reach, clock).await.checks
}

/// Does the same, and keeps the accounts that could be entered.
pub(super) async fn examine_accounts(aws: Aws, reach: Reach, clock: Clock) -> Examined {
    let mut checks = vec![check_clock(aws.clock_skew().await)];
    let access = match authenticate(&aws, &reach, &mut checks).await {
        Ok(access) => access,
        Err(check) => {
            checks.push(check);
            return Examined {
                checks,
                entered: EnteredAccounts::new(),
            };
        }
    };
    let entered = Examination {
        aws,
        access,
        matches: SelectorMatches::new(&reach.scope),
        reach,
        clock,
    }
    .check_accounts(&mut checks)
    .await;
    checks.sort_by_key(Check::order);
    Examined { checks, entered }
}

fn check_clock(skew: Option<SignedDuration>) -> Check {
    let Some(skew) = skew else {
        return Check::note(Subject::Clock, "no response of AWS had a date");
    };
    let detail = format!("this host's clock is {} s off", skew.as_secs());
    if skew.abs() >= MAX_SKEW {
        return Check::failed(
            Subject::Clock,
            detail,
            "set the clock: AWS rejects requests that are 5 minutes off",
        );
    }
    if skew.abs() >= NOTED_SKEW {
        Check::note(Subject::Clock, detail)
    } else {
        Check::ok(Subject::Clock, detail)
    }
}

/// Checks the source credentials, MFA and the role chain, and stops at the first failure, because
/// the later steps depend on it.
async fn authenticate(aws: &Aws, reach: &Reach, checks: &mut Vec<Check>) -> Result<Access, Check> {
    let refused =
        |subject, error: &CallError| Check::refused(subject, Refusal::from_call_error(error));
    let caller = aws
        .caller()
        .await
        .map_err(|error| refused(Subject::Source, &error))?;
    checks.push(Check::ok(Subject::Source, caller.arn.to_string()));
    let gaps = aws.home().partition().gaps();
    checks.extend(gaps.map(|gap| Check::note(Subject::Source, gap.sentence())));
    aws.authenticate()
        .await
        .map_err(|error| refused(Subject::Mfa, &error))?;
    checks.push(match aws.mfa().await {
        Some(mfa) => Check::ok(
            Subject::Mfa,
            format!(
                "session with {}{}",
                mfa.serial,
                format_session_end(mfa.session_until)
            ),
        ),
        None => Check::note(
            Subject::Mfa,
            "no mfa_serial is configured: calls are made without MFA",
        ),
    });
    let access = Access::new(
        aws,
        &caller,
        &reach.identity,
        "dragnet-doctor".to_owned(),
        &Operation::SWEEP,
    );
    for hop in access.hops() {
        let role = hop.role().map(ToString::to_string).unwrap_or_default();
        access
            .check_hop(aws, hop)
            .await
            .map_err(|refusal| Check::refused(Subject::Hop, refusal))?;
        checks.push(Check::ok(Subject::Hop, role));
    }
    Ok(access)
}

/// The context that the checks of all accounts share.
struct Examination {
    aws: Aws,
    access: Access,
    matches: SelectorMatches,
    reach: Reach,
    clock: Clock,
}

impl Examination {
    async fn check_accounts(self, checks: &mut Vec<Check>) -> EnteredAccounts {
        let this = Arc::new(self);
        let mut directory =
            Directory::new(&this.aws, &this.access, &this.reach).with_matches(&this.matches);
        let mut accounts = JoinSet::new();
        loop {
            match directory.next().await {
                Ok(Some(member)) => match (member.membership, &member.account.state) {
                    (ScopeMembership::InScope, _) => {
                        _ = accounts.spawn(Arc::clone(&this).check_account(member));
                    }
                    (ScopeMembership::NotActive, AccountState::Inactive(state)) => {
                        let note = Check::note(Subject::Account, format!("out of scope: {state}"));
                        checks.push(with_account(&member, note));
                    }
                    (ScopeMembership::NotActive | ScopeMembership::NotSelected, _) => {}
                },
                Ok(None) => break,
                Err(error) => {
                    let cause = std::error::Error::source(&error)
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    checks.push(Check::failed(
                        Subject::Organization,
                        cause,
                        error.to_string(),
                    ));
                    break;
                }
            }
        }
        let is_listed = checks
            .iter()
            .all(|check| check.check != Subject::Organization);
        if accounts.is_empty() && is_listed {
            let advice = "widen the scope (include_accounts, --account)";
            checks.push(Check::failed(
                Subject::Organization,
                "no active account is in scope",
                advice,
            ));
        }
        let mut entered_accounts = EnteredAccounts::new();
        for (account, entered, found) in accounts.join_all().await {
            checks.extend(found);
            if let Some(entered) = entered {
                entered_accounts.insert(account, entered);
            }
        }
        if is_listed {
            let unmatched = this.matches.unmatched_with_gaps(this.clock.now());
            checks.extend(check_selectors(&unmatched));
            let checked = check_centralization(&this.aws, &this.access, &this.reach);
            checks.extend(checked.await);
        }
        entered_accounts
    }

    /// Checks an account, and returns how it can be entered, if it can.
    async fn check_account(
        self: Arc<Self>,
        member: Member,
    ) -> (AccountId, Option<Entered>, Vec<Check>) {
        let account = member.account.id;
        match self.access.enter(&self.aws, &member).await {
            Ok(entered) => {
                let checks = self.check_entered(&member, entered.clone()).await;
                (account, Some(entered), checks)
            }
            Err(refusal) => {
                let check = Check::refused(Subject::Account, refusal);
                (account, None, vec![with_account(&member, check)])
            }
        }
    }

    async fn check_entered(&self, member: &Member, entered: Entered) -> Vec<Check> {
        let Entered { session, regions } = entered;
        let role = match (session.role(), session.permission_set()) {
            (Some(role), _) => role.to_string(),
            (None, Some(name)) => format!("permission set {} (no session policy)", name.as_str()),
            (None, None) => "source credentials (no role)".to_owned(),
        };
        for enabled in &regions {
            self.matches.mark_region(&member.account, &enabled.region);
        }
        let detail = format!("{role}; Regions enabled: {}", regions.len());
        let mut checks = vec![with_account(member, Check::ok(Subject::Account, detail))];
        let scope = RegionScope::new(&self.reach.scope, member, regions);
        for region in &scope.missing {
            let check = Check::refused(Subject::Region, Refusal::region_not_enabled());
            checks.push(with_region(member, region, check));
        }
        let regions = scope
            .enabled
            .iter()
            .map(|enabled| self.check_region(member, &session, &enabled.region));
        checks.extend(futures::future::join_all(regions).await);
        checks
    }

    async fn check_region(&self, member: &Member, session: &Session, region: &Region) -> Check {
        let check = match self.try_calls(member, session, region).await {
            Ok(()) => match self.insights_refusal(session, region).await {
                None => {
                    let target = Target {
                        account: member.account.id,
                        region: region.clone(),
                    };
                    let channels = self.channels_refusal(session, &target).await;
                    let imports = self.imports_refusal(session, region).await;
                    let readable = "log groups, events, trails and flow logs can be read";
                    Check::ok(Subject::Region, format!("{readable}{channels}{imports}"))
                }
                Some(error) if error.class != ErrorClass::Denied => {
                    Check::refused(Subject::Region, Refusal::from_call_error(&error))
                }
                Some(error) => Check::ok(
                    Subject::Region,
                    format!(
                        "log groups, events, trails and flow logs can be read, except log groups of class \
                         INFREQUENT_ACCESS: {error}"
                    ),
                ),
            },
            Err(error) => Check::refused(Subject::Region, Refusal::from_call_error(&error)),
        };
        with_region(member, region, check)
    }

    /// Returns a remark if channels of CloudTrail may not be listed. That is no failure: a sweep then
    /// reads the event history, if no trail records the account-Region.
    async fn channels_refusal(&self, session: &Session, target: &Target) -> String {
        match self.aws.channels(session, target).await {
            Err(error) if error.class == ErrorClass::Denied => format!(
                "; channels, which deliver without a trail, are not known ({}): allow it if no trail delivers to a \
                 log group",
                error.operation
            ),
            _ => String::new(),
        }
    }

    /// Returns a remark if imports of event data stores may not be listed. That is no failure: a sweep then
    /// takes an import for complete.
    async fn imports_refusal(&self, session: &Session, region: &Region) -> String {
        match self.aws.import_tasks(session, region).await {
            Err(error) if error.class == ErrorClass::Denied => format!(
                "; imports of event data stores are not known ({}): allow it if there are log groups aws/cloudtrail/…",
                error.operation
            ),
            _ => String::new(),
        }
    }

    /// Returns the error if Insights queries are denied, or if AWS's answer does not show whether
    /// they are. A query on a log group that does not exist
    /// costs nothing.
    async fn insights_refusal(&self, session: &Session, region: &Region) -> Option<CallError> {
        let second = self.clock.now().as_second();
        let request = InsightsRequest {
            log_groups: vec![NONEXISTENT_GROUP.to_owned()],
            first_second: second - 1,
            last_second: second,
            query: "fields @message".to_owned(),
            limit: 1,
        };
        let error = self
            .aws
            .start_query(session, region, &request)
            .await
            .err()?;
        match error.class {
            // AWS checks permissions first, so any other refusal proves that the call is permitted.
            ErrorClass::NotFound | ErrorClass::Refused => None,
            ErrorClass::Denied
            | ErrorClass::Throttled
            | ErrorClass::Transient
            | ErrorClass::Expired
            | ErrorClass::Interrupted => Some(error),
        }
    }

    /// Tests the calls for log sources, for one page of log groups, and for one millisecond of
    /// events of one log group.
    async fn try_calls(
        &self,
        member: &Member,
        session: &Session,
        region: &Region,
    ) -> Result<(), CallError> {
        let target = Target {
            account: member.account.id,
            region: region.clone(),
        };
        let mut log_sources = self.aws.trails(session, region).await?;
        let (flow_logs, _) = self.aws.flow_logs(session, &target, None).await?;
        log_sources.extend(flow_logs);
        // A sweep also searches the log groups of other accounts to which these deliver.
        for group in log_sources.iter().filter_map(LogSource::log_group) {
            self.matches
                .mark_log_group(&member.account, &group.target.region, &group.name);
        }
        let groups = self.list_log_groups(member, session, region).await?;
        let is_readable = |group: &&LogGroup| group.class == LogGroupClass::Standard;
        let log_group = groups
            .iter()
            .find(is_readable)
            .map_or(NONEXISTENT_GROUP, |group| &group.name)
            .to_owned();
        let now = self.clock.now_ms();
        let query = EventQuery {
            log_group,
            from_ms: now.saturating_sub(1),
            to_ms: now,
            pattern: None,
            unmask: false,
            streams: Vec::new(),
        };
        match self.aws.events(session, region, &query, None, None).await {
            // AWS checks permissions first, so "not found" proves that the call is permitted.
            Err(error) if error.class != ErrorClass::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Lists log groups: one page, or as many as the selectors of log groups need to match.
    async fn list_log_groups(
        &self,
        member: &Member,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<LogGroup>, CallError> {
        let mut first_page = None;
        let mut pages = Pages::default();
        loop {
            let (groups, next) = self.aws.log_groups(session, region, pages.token()).await?;
            for group in &groups {
                self.matches
                    .mark_log_group(&member.account, region, &group.name);
            }
            // Pages that do not end leave selectors unmatched, which is reported.
            let has_next = pages.advance(groups.len(), next).unwrap_or(false);
            let first_page = first_page.get_or_insert(groups);
            if !has_next || !self.matches.needs_log_groups() {
                return Ok(std::mem::take(first_page));
            }
        }
    }
}

fn with_account(member: &Member, check: Check) -> Check {
    Check {
        account_id: Some(member.account.id),
        account_name: member.account.name.clone(),
        ..check
    }
}

fn with_region(member: &Member, region: &Region, check: Check) -> Check {
    Check {
        region: Some(region.clone()),
        ..with_account(member, check)
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn clock_skew_is_judged() {
        let state = |seconds| check_clock(Some(SignedDuration::from_secs(seconds))).status;
        assert_eq!(
            [state(2), state(-70), state(301), state(-301)],
            [State::Ok, State::Note, State::Failed, State::Failed]
        );
        assert_eq!(check_clock(None).status, State::Note);
    }
}
