//! Which kinds of logs have to be covered.

use super::super::RequiredArgument;
use crate::config::Scope;
use dragnet_model::{Hunt, Indicator, LogKind, RequiredKinds};

/// Returns the kinds of the arguments, else those in which the indicators are recorded. If the scope
/// does not require log sources, all log groups in scope are required: without log sources, no other
/// proof is left.
pub(super) fn resolve(
    arguments: &[RequiredArgument],
    scope: &Scope,
    indicators: &[Indicator],
    hunts: &[Hunt],
) -> RequiredKinds {
    if !arguments.is_empty() {
        return from_arguments(arguments);
    }
    if scope.requires_sources() {
        RequiredKinds::for_search(indicators, hunts)
    } else {
        RequiredKinds::all()
    }
}

/// Returns the kinds of the arguments.
pub(super) fn from_arguments(arguments: &[RequiredArgument]) -> RequiredKinds {
    let kinds = arguments.iter().flat_map(|argument| match argument {
        RequiredArgument::Management => vec![LogKind::Management],
        RequiredArgument::Data => vec![LogKind::Data],
        RequiredArgument::Flow => vec![LogKind::Flow],
        RequiredArgument::App => vec![LogKind::App],
        RequiredArgument::All => LogKind::ALL.to_vec(),
    });
    RequiredKinds::new(kinds)
}

#[cfg(test)]
mod tests {
    use super::super::SweepSettings;
    use super::*;
    use crate::cli::settings::testing::{parse_sweep, with_resolve_context};

    fn required(rest: &[&str]) -> RequiredKinds {
        let (global, arguments) = parse_sweep(rest);
        with_resolve_context(|context| SweepSettings::resolve(&global, &arguments, context))
            .unwrap()
            .required
    }

    #[test]
    fn arguments_take_precedence_over_what_the_search_needs() {
        let management = RequiredKinds::new([LogKind::Management]);
        assert_eq!(required(&["user:ben"]), management);
        assert!(required(&["user:ben", "--log-group", "/app/*"]).is_all());
        assert!(required(&["user:ben", "--require", "all"]).is_all());
        assert_eq!(
            required(&["user:ben", "--require", "management,flow"]),
            RequiredKinds::new([LogKind::Management, LogKind::Flow])
        );
    }
}
