//! What a passthrough query cannot do in a log group because of its class. What Insights does not
//! support there must not look like a query without results.

use crate::search::PassthroughQuery;
use dragnet_model::{LogGroupClass, Outcome, Reason, Status};

/// Returns the outcome of a passthrough query that Insights cannot run in a log group of this class:
/// AWS would refuse it, or it would find nothing because it reads a field that is not discovered
/// there.
///
/// Source: CloudWatch Logs user guide, "Logs Insights QL commands supported in log classes", and
/// "Supported logs and discovered fields": "Field discovery is supported only for log groups in the
/// Standard log class".
pub(super) fn unsupported_in_class(
    class: &LogGroupClass,
    hunt: &PassthroughQuery,
) -> Option<Outcome> {
    if *class != LogGroupClass::InfrequentAccess {
        return None;
    }
    let name = &hunt.hunt().name;
    let detail = match (hunt.standard_only_command(), hunt.discovered_field()) {
        (Some(command), _) => {
            format!(
                "{class}: Insights does not support `{command}` in this class, which hunt {name} uses"
            )
        }
        (None, Some(field)) => format!(
            "{class}: Insights discovers no fields in this class, but hunt {name} reads `{field}`"
        ),
        (None, None) => return None,
    };
    Some(Outcome::with_reason(
        Status::Unsearchable,
        Reason::ClassNotReadable,
        detail,
    ))
}

/// Returns the outcome of a passthrough query that was run in a log group of this class, but may
/// have read a field that is not discovered there.
pub(super) fn doubtful_in_class(class: &LogGroupClass, hunt: &PassthroughQuery) -> Option<Outcome> {
    if *class != LogGroupClass::InfrequentAccess {
        return None;
    }
    let field = hunt.possibly_discovered_field()?;
    let detail = format!(
        "{class}: Insights discovers no fields in this class, and hunt {} may read `{field}`",
        hunt.hunt().name
    );
    Some(Outcome::with_reason(
        Status::Partial,
        Reason::ClassNotReadable,
        detail,
    ))
}
