//! What IAM reports about the effective access of a principal. It is advice, not proof: SCPs,
//! conditions and propagation delays can change the actual result.

use std::time::Duration;

use aws_sdk_iam::types::{JobStatusType, PolicyEvaluationDecisionType};
use jiff::Timestamp;
use tokio::time::sleep;

use super::detail::timestamp;
use crate::aws::call::send;
use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::session::Session;
use dragnet_model::{Operation, Principal};

/// Actions of several services; a principal in use is usually allowed some of them.
const SIMULATED_ACTIONS: [&str; 4] = [
    "s3:ListAllMyBuckets",
    "sts:AssumeRole",
    "ec2:DescribeInstances",
    "iam:ListUsers",
];

/// IAM generates the report in the background, usually within seconds.
const REPORT_WAIT: Duration = Duration::from_secs(1);
const REPORT_ATTEMPTS: u32 = 10;

/// A service, and when a principal last used it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUse {
    /// The namespace of the service: `s3`, `sts` …
    pub service: String,
    /// The time of the last use.
    pub at: Timestamp,
}

impl Aws {
    /// Whether IAM simulates an explicit deny for everything that the principal does; `None` if the
    /// response lacks the result of an action.
    ///
    /// Source: IAM API, `SimulatePrincipalPolicy`.
    ///
    /// # Errors
    /// The call fails; the caller may lack the permission.
    pub async fn simulates_as_denied(
        &self,
        session: &Session,
        principal: &Principal,
    ) -> Result<Option<bool>, CallError> {
        let request = self
            .clients
            .iam
            .simulate_principal_policy()
            .policy_source_arn(principal.arn().as_str())
            .set_action_names(Some(SIMULATED_ACTIONS.map(str::to_owned).to_vec()));
        let output = send!(
            self,
            self.home_context(session, Operation::SimulatePrincipalPolicy),
            request
        )?;
        let results = output.evaluation_results();
        let denied = |decision: &PolicyEvaluationDecisionType| {
            *decision == PolicyEvaluationDecisionType::ExplicitDeny
        };
        let is_complete = SIMULATED_ACTIONS.iter().all(|action| {
            results
                .iter()
                .any(|result| result.eval_action_name() == *action)
        });
        Ok(is_complete.then(|| results.iter().all(|result| denied(result.eval_decision()))))
    }

    /// Returns the services that a principal has used, the most recent first; `None` if the report
    /// is not ready in time.
    ///
    /// Source: IAM API, `GenerateServiceLastAccessedDetails`: 400 days, some hours late.
    ///
    /// # Errors
    /// A call fails; the caller may lack the permission.
    pub async fn services_used(
        &self,
        session: &Session,
        principal: &Principal,
    ) -> Result<Option<Vec<ServiceUse>>, CallError> {
        let iam = &self.clients.iam;
        let request = iam
            .generate_service_last_accessed_details()
            .arn(principal.arn().as_str());
        let job = send!(
            self,
            self.home_context(session, Operation::GenerateServiceLastAccessedDetails),
            request
        )?
        .job_id;
        for _ in 0..REPORT_ATTEMPTS {
            sleep(REPORT_WAIT).await;
            // The first page has 100 services, more than are displayed.
            let request = iam
                .get_service_last_accessed_details()
                .set_job_id(job.clone());
            let report = send!(
                self,
                self.home_context(session, Operation::GetServiceLastAccessedDetails),
                request
            )?;
            match report.job_status() {
                JobStatusType::InProgress => {}
                JobStatusType::Completed => {
                    let used = report
                        .services_last_accessed
                        .into_iter()
                        .filter_map(|used| {
                            Some(ServiceUse {
                                at: timestamp(used.last_authenticated())?,
                                service: used.service_namespace,
                            })
                        });
                    let mut used: Vec<_> = used.collect();
                    used.sort_by(|one, other| {
                        other
                            .at
                            .cmp(&one.at)
                            .then_with(|| one.service.cmp(&other.service))
                    });
                    return Ok(Some(used));
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}
