//! Resolves which kinds of logs have to be covered.

use crate::cli::RequiredArgument;
use crate::config::Scope;
use crate::settings::required_kinds;
use dragnet_model::{Hunt, Indicator, LogKind, RequiredKinds};

/// Returns the kinds of the arguments, else those that the search needs.
pub(super) fn resolve(
    arguments: &[RequiredArgument],
    scope: &Scope,
    indicators: &[Indicator],
    hunts: &[Hunt],
) -> RequiredKinds {
    if arguments.is_empty() {
        required_kinds(scope, indicators, hunts)
    } else {
        from_arguments(arguments)
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
    use super::*;
    use crate::cli::resolve::testing::parse_sweep;
    use crate::settings::SweepSettings;
    use crate::settings::testing::with_resolve_context;

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
