//! Resolves the settings of a watch.

use super::load_config;
use crate::cli::{GlobalArguments, ScopeArguments, UsageError};
use crate::config::Config;
use crate::settings::{Reach, ResolveContext, WatchSettings};

impl WatchSettings {
    /// Resolves the settings of a watch. Indicator lists are read too, so that errors in them are
    /// found now.
    ///
    /// # Errors
    /// The arguments, the configuration or a file that it names are wrong, a secret is missing, or
    /// there is no schedule.
    pub fn resolve(
        global: &GlobalArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, context)?;
        let settings = without_sinks(global, &config, context)?;
        Ok(settings.with_sinks(&config.watch, context)?)
    }

    /// Resolves the settings for showing the state. Neither secrets nor indicator lists are read.
    ///
    /// # Errors
    /// The arguments or the configuration are wrong, or there is no schedule.
    pub fn resolve_for_status(
        global: &GlobalArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        without_sinks(global, &load_config(global, context)?, context)
    }
}

fn without_sinks(
    global: &GlobalArguments,
    config: &Config,
    context: &ResolveContext<'_>,
) -> Result<WatchSettings, UsageError> {
    if config.watch.schedule.is_empty() {
        return Err(UsageError::NoSchedule);
    }
    let reach = Reach::resolve(global, &ScopeArguments::default(), config)?;
    let practice = global.practice;
    Ok(WatchSettings::from_config(
        config, reach, practice, context,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::testing::with_resolve_context;

    const CONFIG: &str = "[watch]\nstate_dir = \"state\"\n\
        [[watch.sink]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://soc.example/\"\nsecret_env = \"KEY\"\n\
        [[watch.sink]]\nname = \"chat\"\nkind = \"slack\"\nurl_file = \"slack\"\n\
        [[watch.schedule]]\nname = \"feed\"\ncron = \"@hourly\"\nindicator_files = [\"feed\"]\nsinks = [\"hook\"]\n\
        [[watch.schedule]]\nname = \"other\"\ncron = \"@hourly\"\nindicators = [\"192.0.2.1\"]\nsinks = [\"chat\"]\n";

    #[test]
    fn status_reads_neither_secrets_nor_lists() {
        with_resolve_context(|context| {
            let file = context.working_directory.join("dragnet.toml");
            std::fs::write(file, CONFIG).unwrap();
            let arguments = GlobalArguments::default();
            let settings = WatchSettings::resolve_for_status(&arguments, context).unwrap();
            assert_eq!(settings.sink_names, ["hook", "chat"]);
            assert_eq!((settings.schedules.len(), settings.sinks.len()), (2, 0));
            let error = WatchSettings::resolve(&arguments, context).unwrap_err();
            assert!(error.to_string().contains("/feed: "), "{error}");
        });
    }

    #[test]
    fn configuration_without_a_schedule_is_rejected() {
        with_resolve_context(|context| {
            let error = WatchSettings::resolve(&GlobalArguments::default(), context).unwrap_err();
            assert!(matches!(error, UsageError::NoSchedule), "{error}");
        });
    }
}
