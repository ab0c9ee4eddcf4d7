//! Resolves the settings of `collect`: those of a sweep that finds every record.

use super::sweep_hunts::ALL_EVENTS;
use crate::cli::{
    CollectArguments, GeoIpArguments, GlobalArguments, IndicatorArguments, RequiredArgument,
    SourcesArgument, SweepArguments, SweepOutput, UsageError,
};
use crate::files::CollectionFile;
use crate::settings::{CollectSettings, ResolveContext, SweepSettings};

/// The name of the hunt that finds every record.
const ALL_RECORDS: &str = "all-records";

impl CollectSettings {
    /// Resolves the arguments of `collect`.
    ///
    /// # Errors
    /// The arguments, the configuration or the accounts file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &CollectArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let mut sweep = SweepSettings::resolve(global, &sweep_arguments(arguments), context)?;
        let directory = context.working_directory.join(&arguments.out);
        sweep.collects = true;
        sweep.formats = Vec::new();
        sweep.out_dir = directory.join(CollectionFile::Runs.as_str());
        for hunt in &mut sweep.hunts {
            ALL_RECORDS.clone_into(&mut hunt.name);
            "Every record".clone_into(&mut hunt.title);
        }
        Ok(Self { sweep, directory })
    }
}

fn sweep_arguments(arguments: &CollectArguments) -> SweepArguments {
    SweepArguments {
        indicators: IndicatorArguments {
            values: Vec::new(),
            files: Vec::new(),
            strict: false,
        },
        hunts: Vec::new(),
        query_strings: vec![ALL_EVENTS.to_owned()],
        filter_pattern: None,
        dry_run: arguments.dry_run,
        since: arguments.since,
        from: arguments.from,
        to: arguments.to,
        scope: arguments.scope.clone(),
        engine: arguments.engine.clone(),
        out: arguments.out.clone(),
        formats: Vec::new(),
        output: SweepOutput::Table,
        required: vec![RequiredArgument::All],
        sources: SourcesArgument {
            selection: arguments.sources.clone(),
            names_athena: false,
        },
        files: Vec::new(),
        follow: None,
        follow_from: None,
        follow_addresses: false,
        // A search of the collected files makes this check.
        no_tamper_check: true,
        verify_integrity: false,
        changes: false,
        fail_on_sighting: false,
        geoip: GeoIpArguments::default(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};
    use crate::settings::testing::with_resolve_context;

    fn parse(rest: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["dragnet", "collect"], rest].concat())
    }

    #[test]
    fn every_record_is_found_and_every_kind_required() {
        let arguments = parse(&["--account", "prod", "--since", "90d", "--out", "x"]).unwrap();
        let Command::Collect(collect) = &arguments.command else {
            panic!("not a collection")
        };
        let settings = with_resolve_context(|context| {
            CollectSettings::resolve(&arguments.global, collect, context)
        })
        .unwrap();
        let sweep = settings.sweep;
        assert!(sweep.collects && sweep.required.is_all() && sweep.formats.is_empty());
        assert_eq!(sweep.hunts[0].name, ALL_RECORDS);
        assert!(sweep.out_dir.ends_with("x/run") && settings.directory.ends_with("x"));
        assert_eq!(sweep.reach.scope.include_accounts.len(), 1);
    }

    #[test]
    fn account_time_and_directory_are_required() {
        let complete = ["--account", "prod", "--since", "1d", "--out", "x"];
        assert!(parse(&complete).is_ok());
        for left_out in 0..3 {
            let mut arguments = complete.to_vec();
            drop(arguments.drain(left_out * 2..left_out * 2 + 2));
            assert_eq!(
                parse(&arguments).unwrap_err().exit_code(),
                2,
                "{arguments:?}"
            );
        }
        let others = ["--ou", "prod", "--from", "2d", "--to", "1d", "--out", "x"];
        assert!(parse(&others).is_ok());
    }
}
