//! Resolves the settings of a sweep.

use jiff::Timestamp;
use tracing::warn;

use super::{files, load_config, report, required, sweep_hunts, window};
use crate::aws::HAS_ATHENA;
use crate::cli::{GlobalArguments, SweepArguments, UsageError};
use crate::config::Config;
use crate::settings::{
    AthenaSettings, EngineSettings, FollowSettings, Reach, ResolveContext, ResolvedIndicators,
    SweepSettings, resolve_indicators,
};
use dragnet_model::StorageKind;

impl SweepSettings {
    /// Resolves the arguments of `sweep`.
    ///
    /// # Errors
    /// The arguments, the configuration or the accounts file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &SweepArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        check_integrity_option(arguments)?;
        let directory = context.working_directory;
        let ResolvedIndicators {
            indicators,
            left_out,
            rejected,
            seen,
        } = resolve_indicators(
            &arguments.indicators.values,
            &arguments.indicators.files,
            directory,
            arguments.indicators.strict,
        )?;
        let mut files = files::resolve(arguments, directory)?;
        let window = if let Some(files) = files.as_mut().filter(|files| files.all_times) {
            // Findings limit the time as an option does.
            files.all_times = seen.is_none();
            window::resolve_for_files(arguments, seen, context.now)?
        } else {
            window::resolve(arguments, seen, context.now)?
        };
        let mut config = load_config(global, context)?;
        let are_files_alone = files.as_ref().is_some_and(|files| files.are_alone);
        // Without AWS, no account has to be listed.
        config.organization.discover |= are_files_alone;
        let athena = resolve_athena(arguments, &config)?;
        let hunts = sweep_hunts::resolve(arguments, &config.hunts)?;

        let formats = report::resolve_formats(&arguments.formats, &config.report);
        let mut reach = Reach::resolve(global, &arguments.scope, &config)?;
        if are_files_alone {
            reach.scope = files::scope_of_files();
        }
        files::check_hunts(files.as_ref(), &hunts)?;
        Ok(Self {
            sources: arguments.sources.selection.clone(),
            files,
            collects: false,
            follow: resolve_follow(arguments, context.now),
            required: required::resolve(&arguments.required, &reach.scope, &indicators, &hunts),
            hunts,
            formats,
            reach,
            window,
            window_end: window::end_of(arguments),
            indicators,
            left_out,
            rejected,
            out_dir: directory.join(&arguments.out),
            fail_on_sighting: arguments.fail_on_sighting,
            check_trail_integrity: !arguments.no_tamper_check,
            verify_integrity: arguments.verify_integrity,
            changes_only: arguments.changes,
            engines: EngineSettings {
                choice: arguments.engine.engine,
                max_scan_cost: arguments.engine.max_scan_cost,
                unmask: arguments.engine.unmask,
            },
            athena,
        })
    }
}

/// Resolves how Athena names the objects that are read. Where the user names other sources, it is not
/// used. If this build has no Athena, only a sweep that names it fails: otherwise all objects are read.
fn resolve_athena(
    arguments: &SweepArguments,
    config: &Config,
) -> Result<Option<AthenaSettings>, UsageError> {
    let sources = &arguments.sources;
    let settings = AthenaSettings::new(&config.athena, sources.names_athena);
    if sources.names_athena && !HAS_ATHENA {
        return Err(UsageError::WithoutAthena);
    }
    if sources.names_athena && settings.is_none() {
        return Err(UsageError::AthenaWithoutTables);
    }
    let is_allowed = sources.names_athena || !sources.selection.is_given();
    let used = settings.filter(|_| is_allowed && !arguments.verify_integrity);
    if used.is_some() && !HAS_ATHENA {
        warn!(
            "[athena] of the configuration is not used, because this dragnet was built without the feature `athena`: \
             objects in S3 are all read"
        );
        return Ok(None);
    }
    Ok(used)
}

/// Resolves how credentials are followed, if they are.
fn resolve_follow(arguments: &SweepArguments, now: Timestamp) -> Option<FollowSettings> {
    let from = arguments.follow_from.map(|from| from.resolve(now));
    Some(FollowSettings {
        max_rounds: arguments.follow?,
        max_identities: FollowSettings::MAX_IDENTITIES,
        from_ms: from.map(Timestamp::as_millisecond),
        addresses: arguments.follow_addresses,
        known_sources: None,
        round_lookups: None,
    })
}

/// Returns an error if objects are to be verified, but it is not certain that they are read.
fn check_integrity_option(arguments: &SweepArguments) -> Result<(), UsageError> {
    if arguments.verify_integrity && !arguments.sources.selection.names(StorageKind::S3) {
        return Err(UsageError::IntegrityWithoutObjects);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::resolve::testing::parse_sweep;
    use crate::config::Format;
    use crate::settings::testing::with_resolve_context;

    fn resolve(rest: &[&str]) -> Result<SweepSettings, UsageError> {
        let (global, arguments) = parse_sweep(rest);
        with_resolve_context(|context| SweepSettings::resolve(&global, &arguments, context))
    }

    #[test]
    fn integrity_is_verified_where_objects_are_read() {
        let flag = "--verify-integrity";
        for sources in ["s3", "logs,s3"] {
            let settings = resolve(&["a", flag, "--sources", sources]).unwrap();
            assert!(settings.verify_integrity);
        }
        for rest in [&["a", flag][..], &["a", flag, "--sources", "logs"]] {
            let error = resolve(rest).unwrap_err();
            assert!(error.to_string().contains("--sources logs,s3"), "{error}");
        }
    }

    /// What runs without a user at the terminal must not stop because of how dragnet was built.
    #[test]
    fn only_sweeps_that_name_athena_need_it() {
        let toml = "[athena]\naccount = \"444444444444\"\nregion = \"eu-west-1\"\nworkgroup = \"w\"\n\
                    database = \"d\"\n[[athena.tables]]\nname = \"t\"\nlogs = \"CloudTrail\"\n\
                    location = \"s3://logs/AWSLogs/\"\n";
        let config = Config::from_toml(toml, "x").unwrap();
        let resolve = |rest: &[&str], config: &Config| {
            let (_, arguments) = parse_sweep(rest);
            resolve_athena(&arguments, config).map(|settings| settings.is_some())
        };
        assert_eq!(resolve(&["a"], &config).unwrap(), HAS_ATHENA);
        assert!(!resolve(&["a", "--sources", "s3"], &config).unwrap());
        let named = ["a", "--sources", "athena"];
        let is_resolved = resolve(&named, &config);
        assert_eq!(is_resolved.is_ok_and(|used| used), HAS_ATHENA);
        let error = resolve(&named, &Config::default()).unwrap_err();
        let is_about_tables = matches!(error, UsageError::AthenaWithoutTables);
        assert_eq!(is_about_tables, HAS_ATHENA, "{error}");
    }

    #[test]
    fn credentials_are_followed_on_request() {
        assert_eq!(resolve(&["a"]).unwrap().follow, None);
        let follow = |rest: &[&str]| resolve(rest).unwrap().follow.unwrap();
        let settings = follow(&["--follow", "a"]);
        assert_eq!((settings.max_rounds, settings.from_ms), (10, None));
        assert!(!settings.addresses);
        let more = ["--follow-from", "1h", "--follow-addresses"];
        let settings = follow(&[&["a", "--follow=3"][..], &more].concat());
        assert_eq!(settings.max_rounds, 3);
        let eleven: Timestamp = "2026-03-02T11:00:00Z".parse().unwrap();
        assert_eq!(settings.from_ms, Some(eleven.as_millisecond()));
        assert!(settings.addresses);
    }

    #[test]
    fn defaults_apply() {
        let settings = resolve(&["192.0.2.1", "AKIAIOSFODNN7EXAMPLE"]).unwrap();
        assert_eq!(settings.indicators.len(), 2);
        assert_eq!(settings.formats, Format::DEFAULT);
        assert!(settings.out_dir.ends_with("runs") && !settings.fail_on_sighting);
        assert!(settings.reach.directory.discover);
        assert_eq!(
            resolve(&["a", "--format", "json,csv,json"])
                .unwrap()
                .formats,
            [Format::ALL[2], Format::ALL[0]]
        );
    }
}
