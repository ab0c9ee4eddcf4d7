//! Asks an account-Region which trails and flow logs record it.

use futures::future::join_all;
use tracing::info;

use crate::aws::{Aws, CallError, Pages, Session};
use crate::settings::KnownSources;
use crate::sweep::outcome;
use crate::sweep::refusal::outcome_of_call_error;
use dragnet_model::{LogSource, Outcome, SourceKind, SourceLookup, SourceState, Status, Target};

/// The log sources of one account-Region.
#[derive(Clone, Debug)]
pub struct SourceLookups {
    /// One source lookup per source kind.
    pub lookups: Vec<SourceLookup>,
    /// The log sources that the lookups name. The state of those that belong to this account-Region
    /// was looked up.
    pub log_sources: Vec<LogSource>,
}

impl SourceLookups {
    fn new(target: &Target, results: [(SourceKind, Result<Vec<LogSource>, Outcome>); 2]) -> Self {
        let mut lookups = Self {
            lookups: Vec::new(),
            log_sources: Vec::new(),
        };
        for (kind, result) in results {
            let names = match result {
                Ok(log_sources) => {
                    let names = log_sources
                        .iter()
                        .map(|log_source| log_source.via.clone())
                        .collect();
                    lookups.log_sources.extend(log_sources);
                    Ok(names)
                }
                Err(outcome) => Err(outcome),
            };
            lookups.lookups.push(SourceLookup {
                target: target.clone(),
                kind,
                result: names,
            });
        }
        lookups
    }

    /// Returns what the first search of the run found.
    pub(in crate::sweep) fn from_known(target: &Target, known: &KnownSources) -> Self {
        let lookup = known.lookup(target);
        let log_sources = lookup.map(|lookup| known.log_sources(lookup).cloned().collect());
        Self {
            lookups: lookup.cloned().into_iter().collect(),
            log_sources: log_sources.unwrap_or_default(),
        }
    }

    /// Returns the lookups of an account-Region that could not be asked, or not completely.
    pub(in crate::sweep) fn from_failure(target: &Target, outcome: &Outcome) -> Self {
        Self::new(
            target,
            SourceKind::ALL.map(|kind| (kind, Err(outcome.clone()))),
        )
    }
}

/// Asks the account-Region `target`, in which `session` is.
pub async fn look_up_log_sources(aws: &Aws, session: &Session, target: &Target) -> SourceLookups {
    let (trails, flow_logs) = tokio::join!(
        trails(aws, session, target),
        flow_logs(aws, session, target)
    );
    SourceLookups::new(
        target,
        [
            (SourceKind::CloudTrail, trails),
            (SourceKind::VpcFlow, flow_logs),
        ],
    )
}

async fn trails(aws: &Aws, session: &Session, target: &Target) -> Result<Vec<LogSource>, Outcome> {
    let mut listed = aws
        .trails(session, &target.region)
        .await
        .map_err(|error| outcome_of_call_error(&error))?;
    if listed.iter().all(|trail| trail.log_group().is_none()) {
        listed.extend(channels(aws, session, target).await);
    }
    let with_state = listed.into_iter().map(|trail| async {
        // The state of a trail is looked up once, in its home Region.
        if trail.home == *target && trail.state == SourceState::Unknown {
            look_up_trail_state(aws, session, trail).await
        } else {
            trail
        }
    });
    Ok(join_all(with_state).await)
}

/// Returns the channels that record an account-Region without a trail. They can only add coverage, so
/// a denied lookup is no gap: roles of earlier versions do not allow it.
async fn channels(aws: &Aws, session: &Session, target: &Target) -> Vec<LogSource> {
    match aws.channels(session, target).await {
        Ok(channels) => channels,
        Err(error) => {
            info!(%target, %error, "channels of CloudTrail are not known");
            Vec::new()
        }
    }
}

async fn flow_logs(
    aws: &Aws,
    session: &Session,
    target: &Target,
) -> Result<Vec<LogSource>, Outcome> {
    let mut all = Vec::new();
    let mut pages = Pages::default();
    loop {
        let (page, next) = aws
            .flow_logs(session, target, pages.token())
            .await
            .map_err(|error| outcome_of_call_error(&error))?;
        let advanced = pages.advance(page.len(), next);
        all.extend(page);
        match advanced {
            Ok(true) => {}
            Ok(false) => return Ok(all),
            Err(endless) => {
                return Err(outcome::from_endless_pages(
                    Status::Failed,
                    "DescribeFlowLogs",
                    endless,
                ));
            }
        }
    }
}

/// Looks up the state of a trail in the account-Region that owns it, in which `session` is.
pub async fn look_up_trail_state(aws: &Aws, session: &Session, trail: LogSource) -> LogSource {
    let (status, selection) = tokio::join!(
        aws.trail_status(session, &trail),
        aws.trail_selection(session, &trail)
    );
    let state =
        status.and_then(|status| Ok::<_, CallError>(SourceState::Known(status, selection?)));
    LogSource {
        state: state.unwrap_or_else(|error| SourceState::Denied(outcome_of_call_error(&error))),
        ..trail
    }
}
