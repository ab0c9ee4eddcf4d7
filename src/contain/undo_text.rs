//! Describes for people how a step is undone, and the state after that.

use super::change::{Change, ResourceState};
use super::plan::Step;

impl Step {
    /// Describes for people how the change is undone.
    pub(super) fn describe_undo(&self) -> String {
        match (&self.change, &self.prior) {
            (Change::DeactivateKey { key }, _) => format!("activate access key {key} again"),
            (Change::DeactivateCredential { kind, id }, _) => {
                format!("activate {} {id} again", kind.describe())
            }
            (Change::DeleteLoginProfile {}, _) => {
                "its console password cannot be restored: create a new one if it is needed"
                    .to_owned()
            }
            (Change::DeactivateMfa { serial }, _) => format!(
                "MFA device {serial} cannot be restored: enable it again with two of its codes"
            ),
            (Change::BlockAssume { .. }, _) => {
                "restore its trust policy as recorded in the plan".to_owned()
            }
            (Change::Boundary { .. }, ResourceState::Boundary(Some(prior))) => {
                format!("set its permissions boundary to {prior} again")
            }
            (Change::Boundary { .. }, _) => "delete its permissions boundary".to_owned(),
            (change, ResourceState::Policy(None)) => format!(
                "delete its inline policy {}",
                change.policy().unwrap_or_default()
            ),
            (change, _) => format!(
                "restore its inline policy {} as recorded in the plan",
                change.policy().unwrap_or_default()
            ),
        }
    }

    /// Describes for people the state after undo.
    pub(super) fn describe_undone(&self) -> String {
        match (&self.change, &self.prior) {
            (Change::DeactivateKey { key }, prior) => {
                format!("access key {key} is {} again", prior.describe())
            }
            (Change::DeactivateCredential { kind, id }, prior) => {
                format!("{} {id} is {} again", kind.describe(), prior.describe())
            }
            (Change::DeleteLoginProfile {} | Change::DeactivateMfa { .. }, _) => {
                "not restored".to_owned()
            }
            (Change::BlockAssume { .. }, _) => "trust policy restored".to_owned(),
            (Change::Boundary { .. }, ResourceState::Boundary(Some(prior))) => {
                format!("permissions boundary {prior} restored")
            }
            (Change::Boundary { .. }, _) => "permissions boundary removed".to_owned(),
            (change, ResourceState::Policy(None)) => {
                format!("{} removed", change.policy().unwrap_or_default())
            }
            (change, _) => format!("{} restored", change.policy().unwrap_or_default()),
        }
    }
}
