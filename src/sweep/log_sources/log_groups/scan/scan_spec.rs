//! The specification of the scan of one log group.

use std::sync::Arc;

use crate::aws::{CallError, ErrorClass, Session};
use crate::search::FlowLogFormats;
use crate::store::CoverageId;
use crate::sweep::context::SweepContext;
use crate::sweep::delivery_trust::DeliveryTrust;
use crate::sweep::examine::{EventOrigin, PageOrigin};
use crate::sweep::refusal::outcome_of_call_error;
use crate::sweep::sliced_group::TimeSlice;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{Engine, LogGroupArn, LogGroupClass, Outcome, Reason, Status, Target};

/// The specification of a scan: the log group, what to read of it, and its outcome if everything is
/// read.
#[derive(Debug)]
pub(in crate::sweep) struct ScanSpec {
    pub shared: Arc<SweepContext>,
    pub session: Arc<Session>,
    pub target: Target,
    pub name: String,
    pub coverage_id: CoverageId,
    /// Whether it is read through a monitoring account.
    pub is_linked: bool,
    pub trust: DeliveryTrust,
    /// Which events are searched, by time.
    pub time_filter: TimeFilter,
    /// The part of the log time that this shard reads; `None` for all of it.
    pub slice: Option<TimeSlice>,
    /// The engine of the search pass, unless earlier work units already have one.
    pub engine: Engine,
    /// Whether the other engine may read what this one cannot.
    pub allow_handover: bool,
    pub class: LogGroupClass,
    /// The customer-managed KMS key that encrypts it, if there is one.
    pub kms_key: Option<String>,
    /// Whether a server-side filter pattern may be used.
    pub narrow: bool,
    /// The outcome if masked values cannot be read unmasked. Set only if unmasking is requested.
    pub if_masked: Option<Outcome>,
    /// The outcome if Insights refuses the window because the log group is too new for it. Set only
    /// if that proves that it has no events of the window.
    pub if_too_new: Option<Outcome>,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
    /// The number of pages that it probably has.
    pub expected_pages: f64,
    /// The estimated cost of one Insights query over it, in US dollars.
    pub insights_usd: f64,
    /// The outcome if every page is read.
    pub outcome: Outcome,
}

impl ScanSpec {
    /// Returns the outcome after a call failed and was not retried any more.
    pub(super) fn outcome_for_error(&self, error: &CallError) -> Outcome {
        if let Some(outcome) = self.if_too_new.as_ref().filter(|_| is_too_new(error)) {
            return outcome.clone();
        }
        let mentions_kms =
            error.message.to_ascii_lowercase().contains("kms") || error.code.contains("KMS");
        match (&self.kms_key, &self.class) {
            (Some(key), _) if mentions_kms => Outcome::with_reason(
                Status::Failed,
                Reason::KeyNotUsable,
                format!("{key}: {error}"),
            ),
            (_, LogGroupClass::Unknown(class)) if error.class == ErrorClass::Refused => {
                Outcome::with_reason(
                    Status::Unsearchable,
                    Reason::ClassNotReadable,
                    format!("{class}: {error}"),
                )
            }
            _ => outcome_of_call_error(error),
        }
    }

    /// Returns by what a call names the log group.
    pub(super) fn identifier(&self) -> String {
        if self.is_linked {
            LogGroupArn::new(self.target.clone(), &self.name).to_string()
        } else {
            self.name.clone()
        }
    }

    /// Returns where the events of its pages come from. `receives_trail` says that a trail delivers
    /// to the log group, as far as known.
    pub(super) fn page_origin(&self, receives_trail: bool) -> PageOrigin<'_> {
        PageOrigin {
            shared: &self.shared,
            event: EventOrigin {
                search_set: &self.shared.search_set,
                scope: &self.shared.settings.reach.scope,
                stored: &self.target,
                log_name: &self.name,
                trust: &self.trust,
                time_filter: &self.time_filter,
                flow_logs: &self.flow_logs,
            },
            receives_trail,
        }
    }
}

/// Whether Insights refused a window that is before the creation of the log group.
///
/// Source: recorded message: "end date and time is either before the log groups creation time or
/// exceeds the log groups log retention settings".
fn is_too_new(error: &CallError) -> bool {
    error.code == "MalformedQueryException" && error.message.contains("creation time")
}
