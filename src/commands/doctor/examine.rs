//! Follows the steps of a sweep, account by account, and tests each permission with the cheapest
//! real call.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::task::JoinSet;

use super::check::{Check, Subject, until};
use crate::aws::{Aws, CallError, ErrorClass, EventQuery, InsightsRequest, Session};
use crate::cli::settings::Reach;
use crate::model::{AccountState, LogGroup, LogGroupClass, Operation, Region, Target};
use crate::store::ScopeMembership;
use crate::sweep::{Access, Directory, Entered, Member, Refusal, RegionScope};
use crate::time::Clock;

/// AWS rejects requests whose time differs by more than this.
///
/// Source: AWS General Reference, "Signing AWS API requests".
const SKEW_REFUSED: SignedDuration = SignedDuration::from_mins(5);
/// The difference at which a remark recommends to correct the clock, before AWS rejects requests.
const SKEW_NOTED: SignedDuration = SignedDuration::from_mins(1);
/// A log group that almost certainly does not exist. A call about it shows whether the call is
/// permitted.
const NO_SUCH_GROUP: &str = "dragnet-doctor";

/// Checks the access to every account in scope.
pub async fn examine(aws: Aws, reach: Reach, clock: Clock) -> Vec<Check> {
    let mut checks = vec![clock_check(aws.clock_skew().await)];
    let access = match way_in(&aws, &reach, &mut checks).await {
        Ok(access) => access,
        Err(check) => {
            checks.push(check);
            return checks;
        }
    };
    Examination {
        aws,
        access,
        reach,
        clock,
    }
    .accounts(&mut checks)
    .await;
    checks.sort_by(|one, other| {
        let key = |check: &Check| (check.account_id, check.check, check.region.clone());
        key(one).cmp(&key(other))
    });
    checks
}

fn clock_check(skew: Option<SignedDuration>) -> Check {
    let Some(skew) = skew else {
        return Check::note(Subject::Clock, "no answer told the time");
    };
    let told = format!("this machine's clock is {} s off", skew.as_secs());
    if skew.abs() >= SKEW_REFUSED {
        return Check::failed(
            Subject::Clock,
            told,
            "set the clock: AWS refuses calls that are 5 minutes off",
        );
    }
    if skew.abs() >= SKEW_NOTED {
        Check::note(Subject::Clock, told)
    } else {
        Check::ok(Subject::Clock, told)
    }
}

/// Checks the source credentials, MFA and the role chain, and stops at the first failure, because
/// the later steps depend on it.
async fn way_in(aws: &Aws, reach: &Reach, checks: &mut Vec<Check>) -> Result<Access, Check> {
    let refused =
        |subject, error: &CallError| Check::refused(subject, Refusal::from_call_error(error));
    let caller = aws
        .caller()
        .await
        .map_err(|error| refused(Subject::Source, &error))?;
    checks.push(Check::ok(Subject::Source, caller.arn.to_string()));
    aws.authenticate()
        .await
        .map_err(|error| refused(Subject::Mfa, &error))?;
    checks.push(match aws.mfa().await {
        Some(mfa) => Check::ok(
            Subject::Mfa,
            format!("session with {}{}", mfa.serial, until(mfa.session_until)),
        ),
        None => Check::note(Subject::Mfa, "no mfa_serial: calls carry no MFA code"),
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
            .pass(aws, hop)
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
    reach: Reach,
    clock: Clock,
}

impl Examination {
    async fn accounts(self, checks: &mut Vec<Check>) {
        let this = Arc::new(self);
        let mut directory = Directory::new(&this.aws, &this.access, &this.reach);
        let mut accounts = JoinSet::new();
        loop {
            match directory.next().await {
                Ok(Some(member)) => match (member.standing, &member.account.state) {
                    (ScopeMembership::InScope, _) => {
                        _ = accounts.spawn(Arc::clone(&this).account(member));
                    }
                    (ScopeMembership::NotActive, AccountState::Inactive(state)) => {
                        let note = Check::note(Subject::Account, format!("out of scope: {state}"));
                        checks.push(in_account(&member, note));
                    }
                    (ScopeMembership::NotActive | ScopeMembership::NotAsked, _) => {}
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
        if accounts.is_empty()
            && checks
                .iter()
                .all(|check| check.check != Subject::Organization)
        {
            let advice = "widen the scope (include_accounts, --account)";
            checks.push(Check::failed(
                Subject::Organization,
                "no active account is in scope",
                advice,
            ));
        }
        checks.extend(accounts.join_all().await.into_iter().flatten());
    }

    async fn account(self: Arc<Self>, member: Member) -> Vec<Check> {
        let Entered { session, regions } = match self.access.enter(&self.aws, &member).await {
            Ok(entered) => entered,
            Err(refusal) => {
                return vec![in_account(
                    &member,
                    Check::refused(Subject::Account, refusal),
                )];
            }
        };
        let role = session
            .role()
            .map_or("as the caller itself".to_owned(), ToString::to_string);
        let entered = format!("{role}; Regions enabled: {}", regions.len());
        let mut checks = vec![in_account(&member, Check::ok(Subject::Account, entered))];
        let wanted = RegionScope::new(&self.reach.scope, &member, regions);
        for region in &wanted.missing {
            let check = Check::refused(Subject::Region, Refusal::region_not_enabled());
            checks.push(in_region(&member, region, check));
        }
        let regions = wanted
            .enabled
            .iter()
            .map(|enabled| self.region(&member, &session, &enabled.region));
        checks.extend(futures::future::join_all(regions).await);
        checks
    }

    async fn region(&self, member: &Member, session: &Session, region: &Region) -> Check {
        let check = match self.permissions(member, session, region).await {
            Ok(()) => match self.insights_refusal(session, region).await {
                None => Check::ok(
                    Subject::Region,
                    "log groups, events, trails and flow logs can be read",
                ),
                Some(error) => Check::ok(
                    Subject::Region,
                    format!(
                        "log groups, events, trails and flow logs can be read, but no group of class INFREQUENT_ACCESS: \
                         {error}"
                    ),
                ),
            },
            Err(error) => Check::refused(Subject::Region, Refusal::from_call_error(&error)),
        };
        in_region(member, region, check)
    }

    /// Returns the error if Insights queries are denied. A query on a log group that does not exist
    /// costs nothing.
    async fn insights_refusal(&self, session: &Session, region: &Region) -> Option<CallError> {
        let second = self.clock.now().as_second();
        let request = InsightsRequest {
            log_groups: vec![NO_SUCH_GROUP.to_owned()],
            first_second: second - 1,
            last_second: second,
            query: "fields @message".to_owned(),
            limit: 1,
        };
        let refused = self.aws.start_query(session, region, &request).await.err();
        refused.filter(|error| error.class == ErrorClass::Denied)
    }

    /// Tests the calls for log sources, for one page of log groups, and for one millisecond of
    /// events of one log group.
    async fn permissions(
        &self,
        member: &Member,
        session: &Session,
        region: &Region,
    ) -> Result<(), CallError> {
        let target = Target {
            account: member.account.id,
            region: region.clone(),
        };
        self.aws.trails(session, region).await?;
        self.aws.flow_logs(session, &target, None).await?;
        let (groups, _) = self.aws.log_groups(session, region, None).await?;
        let readable = |group: &&LogGroup| group.class == LogGroupClass::Standard;
        let log_group = groups
            .iter()
            .find(readable)
            .map_or(NO_SUCH_GROUP, |group| &group.name)
            .to_owned();
        let now = self.clock.now_ms();
        let query = EventQuery {
            log_group,
            from_ms: now.saturating_sub(1),
            to_ms: now,
            pattern: None,
            unmask: false,
        };
        match self.aws.events(session, region, &query, None, None).await {
            // AWS checks permissions first, so "not found" proves that the call is permitted.
            Err(error) if error.class != ErrorClass::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn in_account(member: &Member, check: Check) -> Check {
    Check {
        account_id: Some(member.account.id),
        account_name: member.account.name.clone(),
        ..check
    }
}

fn in_region(member: &Member, region: &Region, check: Check) -> Check {
    Check {
        region: Some(region.clone()),
        ..in_account(member, check)
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_clock_may_be_a_little_off() {
        let state = |seconds| clock_check(Some(SignedDuration::from_secs(seconds))).status;
        assert_eq!(
            [state(2), state(-70), state(301), state(-301)],
            [State::Ok, State::Note, State::Failed, State::Failed]
        );
        assert_eq!(clock_check(None).status, State::Note);
    }
}
