//! The settings of `doctor`.

use super::{AthenaSettings, Reach};
use dragnet_model::{RequiredKinds, TimeWindow};

/// The settings of `doctor`.
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// Whether only to remove the stored MFA session.
    pub forget: bool,
    /// The window of the sweep that is predicted.
    pub window: TimeWindow,
    /// The kinds of logs that this sweep has to cover.
    pub required: RequiredKinds,
    /// The tables of Athena, if there are any.
    pub athena: Option<AthenaSettings>,
}
