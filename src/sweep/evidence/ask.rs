//! Which trails and flow logs record a target: it is asked itself.

use futures::future::join_all;

use crate::aws::{Aws, CallError, Pages, Session};
use crate::model::{LogSource, Outcome, SourceKind, SourceLookup, SourceState, Status, Target};
use crate::sweep::outcome::{of_endless, of_error};

/// What a target tells of who records it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// A cell a kind of record.
    pub cells: Vec<SourceLookup>,
    /// The recorders that the cells name. Those that live in the target have been asked about themselves.
    pub recorders: Vec<LogSource>,
}

impl Answer {
    fn new(target: &Target, asked: [(SourceKind, Result<Vec<LogSource>, Outcome>); 2]) -> Self {
        let mut answer = Self {
            cells: Vec::new(),
            recorders: Vec::new(),
        };
        for (kind, told) in asked {
            let names = match told {
                Ok(recorders) => {
                    let names = recorders
                        .iter()
                        .map(|recorder| recorder.via.clone())
                        .collect();
                    answer.recorders.extend(recorders);
                    Ok(names)
                }
                Err(outcome) => Err(outcome),
            };
            answer.cells.push(SourceLookup {
                target: target.clone(),
                kind,
                answer: names,
            });
        }
        answer
    }

    /// The answer of a target that could not be asked, or not to the end.
    pub(in crate::sweep) fn unanswered(target: &Target, outcome: &Outcome) -> Self {
        Self::new(
            target,
            SourceKind::ALL.map(|kind| (kind, Err(outcome.clone()))),
        )
    }
}

/// Asks a target, which `session` is in.
pub async fn ask(aws: &Aws, session: &Session, target: &Target) -> Answer {
    let (trails, flow_logs) = tokio::join!(
        trails(aws, session, target),
        flow_logs(aws, session, target)
    );
    Answer::new(
        target,
        [
            (SourceKind::CloudTrail, trails),
            (SourceKind::VpcFlow, flow_logs),
        ],
    )
}

async fn trails(aws: &Aws, session: &Session, target: &Target) -> Result<Vec<LogSource>, Outcome> {
    let seen = aws
        .trails(session, &target.region)
        .await
        .map_err(|error| of_error(&error))?;
    let completed = seen.into_iter().map(|trail| async {
        // A trail is asked about once, where it lives.
        if trail.home == *target {
            ask_owner(aws, session, trail).await
        } else {
            trail
        }
    });
    Ok(join_all(completed).await)
}

async fn flow_logs(
    aws: &Aws,
    session: &Session,
    target: &Target,
) -> Result<Vec<LogSource>, Outcome> {
    let (mut all, mut pages) = (Vec::new(), Pages::default());
    loop {
        let (page, next) = aws
            .flow_logs(session, target, pages.token())
            .await
            .map_err(|error| of_error(&error))?;
        let advanced = pages.advance(page.len(), next);
        all.extend(page);
        match advanced {
            Ok(true) => {}
            Ok(false) => return Ok(all),
            Err(endless) => return Err(of_endless(Status::Failed, "DescribeFlowLogs", endless)),
        }
    }
}

/// Asks about a trail in the target that owns it, which `session` is in.
pub async fn ask_owner(aws: &Aws, session: &Session, trail: LogSource) -> LogSource {
    let (status, selection) = tokio::join!(
        aws.trail_status(session, &trail),
        aws.trail_selection(session, &trail)
    );
    let told = status.and_then(|status| Ok::<_, CallError>(SourceState::Facts(status, selection?)));
    LogSource {
        told: told.unwrap_or_else(|error| SourceState::Refused(of_error(&error))),
        ..trail
    }
}
