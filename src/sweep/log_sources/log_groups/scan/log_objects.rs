//! Fetches what CloudWatch Logs stores of truncated events apart from them, and joins both, so that the
//! search reads whole events.

use std::ops::ControlFlow;

use super::group_scan::GroupScan;
use crate::aws::{ErrorClass, EventPage};
use crate::search::{TruncatedField, is_truncated_event, join_log_objects, truncated_fields};
use crate::store::Pass;

impl GroupScan {
    /// Whether a page of the search has truncated events.
    pub(super) fn has_truncated_events(&self, pass: Pass, page: &EventPage) -> bool {
        pass == Pass::Search
            && self.may_have_truncated_events()
            && page
                .events
                .iter()
                .any(|event| is_truncated_event(&event.message))
    }

    /// Joins the truncated events of a page with their other parts, as far as these can be fetched. Breaks
    /// if the sweep is being cancelled.
    pub(super) async fn join_truncated_events(&self, page: &mut EventPage) -> ControlFlow<()> {
        let truncated = page
            .events
            .iter_mut()
            .filter(|event| is_truncated_event(&event.message));
        for event in truncated {
            if let Some(joined) = self.join_event(&event.message).await? {
                event.message = joined;
            }
        }
        ControlFlow::Continue(())
    }

    /// Returns the message of an event with its other parts, or `None` if one of them was not fetched.
    async fn join_event(&self, message: &str) -> ControlFlow<(), Option<String>> {
        let Some(fields) = truncated_fields(message) else {
            self.truncated()
                .note_problem("the event does not say where it is");
            return ControlFlow::Continue(None);
        };
        let mut parts = Vec::new();
        for field in fields {
            match self.fetch_part(&field).await? {
                Some(part) => parts.push((field, part)),
                None => return ControlFlow::Continue(None),
            }
        }
        ControlFlow::Continue(join_log_objects(message, &parts))
    }

    async fn fetch_part(&self, field: &TruncatedField) -> ControlFlow<(), Option<Vec<u8>>> {
        let truncated = self.truncated();
        if let Err(reason) = truncated.reserve_object() {
            truncated.note_problem(reason);
            return ControlFlow::Continue(None);
        }
        let spec = &self.spec;
        let unmask = self.requests_unmasked();
        let fetched =
            spec.shared
                .aws
                .log_object(&spec.session, &spec.target.region, &field.pointer, unmask);
        match spec.shared.run_until_cancelled(fetched).await {
            Some(Ok(part)) => {
                truncated.add_bytes(part.len());
                ControlFlow::Continue(Some(part))
            }
            Some(Err(error)) if error.class == ErrorClass::Interrupted => ControlFlow::Break(()),
            Some(Err(error)) => {
                if error.class == ErrorClass::Denied {
                    truncated.note_denial();
                }
                truncated.note_problem(error.to_string());
                ControlFlow::Continue(None)
            }
            None => ControlFlow::Break(()),
        }
    }
}
