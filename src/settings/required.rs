//! Which kinds of logs have to be covered.

use crate::config::Scope;
use dragnet_model::{Hunt, Indicator, RequiredKinds};

/// Returns the kinds in which the indicators are recorded, and which the hunts read. If the scope
/// does not require log sources, all log groups in scope are required: without log sources, no other
/// proof is left.
pub(crate) fn required_kinds(
    scope: &Scope,
    indicators: &[Indicator],
    hunts: &[Hunt],
) -> RequiredKinds {
    if scope.requires_sources() {
        RequiredKinds::for_search(indicators, hunts)
    } else {
        RequiredKinds::all()
    }
}
