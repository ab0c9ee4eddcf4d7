//! `dragnet completions`: prints a completion script or, when such a script calls it, the values
//! that only Dragnet knows. It calls no AWS operation, and what it cannot read has no values: the
//! shell has no place for an error.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use clap_complete::Shell;
use jiff::Timestamp;

use super::CommandError;
use super::environment::PRACTICE;
use super::host_environment::HostEnvironment;
use crate::cli::{
    CompletionRequest, DynamicValue, GlobalArguments, load_config, run_dir, write_completions,
};
use crate::config::{Catalogue, Config, load_accounts};
use crate::report::escape;
use crate::settings::ResolveContext;
use crate::store::{RunDir, RunReader, ScopedAccount, list_runs};
use dragnet_model::{AccountId, KNOWN_REGIONS};
use dragnet_range::{Range, Scenario, ScenarioError};

/// The directory of the runs that commands name by their id.
const RUNS: &str = "runs";
/// The name of the newest of these runs.
const LAST: &str = "last";

/// A value, with a description for shells that show one.
struct Candidate {
    value: String,
    description: String,
}

impl Candidate {
    fn new(value: impl Into<String>, description: &str) -> Self {
        Self {
            value: value.into(),
            description: description.to_owned(),
        }
    }

    /// Whether the value needs no quotes in any shell. Names may come from an organization or a
    /// folder of somebody else, and shells evaluate what they complete.
    fn is_plain(&self) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !self.value.is_empty() && self.value.bytes().all(is_plain)
    }
}

/// Prints the completion script; if there are words, the values for the last one.
pub(super) fn complete(
    shell: Shell,
    words: &[String],
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    if words.is_empty() {
        return Ok(write_completions(shell, out)?);
    }
    let Some(request) = CompletionRequest::from_words(words) else {
        return Ok(());
    };
    let host = HostEnvironment::detect()?;
    let context = host.resolve_context(Timestamp::UNIX_EPOCH);
    for candidate in find_candidates(&request, &context) {
        if !candidate.is_plain() || !candidate.value.starts_with(&request.beginning) {
            continue;
        }
        let Candidate { value, description } = candidate;
        let option = &request.option;
        if shell == Shell::Bash {
            writeln!(out, "{option}{value}")?;
        } else {
            writeln!(out, "{option}{value}\t{}", escape(&description))?;
        }
    }
    Ok(())
}

fn find_candidates(request: &CompletionRequest, context: &ResolveContext<'_>) -> Vec<Candidate> {
    let config = load_config(&request.global, context).unwrap_or_default();
    match request.value {
        DynamicValue::Hunt => find_hunts(&config),
        DynamicValue::Run => find_runs(context.working_directory),
        DynamicValue::Account => find_accounts(&request.global, &config, context),
        DynamicValue::Region => find_regions(&config),
    }
}

/// Returns the hunts of the catalogue; the built-in ones if the folder is invalid.
fn find_hunts(config: &Config) -> Vec<Candidate> {
    let catalogue = Catalogue::load(config.hunts.folder.as_deref())
        .or_else(|_| Catalogue::load(None))
        .ok();
    let hunts = catalogue.iter().flat_map(Catalogue::iter);
    hunts
        .map(|hunt| Candidate::new(hunt.name.as_str(), &hunt.title))
        .collect()
}

/// Returns the runs in `./runs`, newest first.
fn find_runs(working_directory: &Path) -> Vec<Candidate> {
    let ids = list_runs(&working_directory.join(RUNS)).unwrap_or_default();
    let newest = ids.last().map(|id| Candidate::new(LAST, id.as_str()));
    let all = ids.iter().rev().map(|id| Candidate::new(id.as_str(), ""));
    newest.into_iter().chain(all).collect()
}

fn find_regions(config: &Config) -> Vec<Candidate> {
    let added = config.scope.new_regions.iter();
    KNOWN_REGIONS
        .into_iter()
        .chain(added.map(dragnet_model::Region::as_str))
        .map(|name| Candidate::new(name, ""))
        .collect()
}

/// Returns the ids of accounts, then their names.
fn find_accounts(
    global: &GlobalArguments,
    config: &Config,
    context: &ResolveContext<'_>,
) -> Vec<Candidate> {
    let accounts = known_accounts(global, config, context);
    let ids = accounts
        .iter()
        .map(|(id, name)| Candidate::new(id.to_string(), name));
    let names = accounts
        .iter()
        .map(|(id, name)| Candidate::new(name.as_str(), &id.to_string()));
    ids.chain(names).collect()
}

/// Returns the accounts that are known without AWS: those of the practice organization, or those
/// of the accounts file, or those of the configuration and of the newest run.
fn known_accounts(
    global: &GlobalArguments,
    config: &Config,
    context: &ResolveContext<'_>,
) -> BTreeMap<AccountId, String> {
    if global.practice {
        return practice_accounts().unwrap_or_default();
    }
    if let Some(file) = &global.accounts_file {
        let path = context.working_directory.join(file);
        let listed = load_accounts(&path, &config.scope.known_regions()).unwrap_or_default();
        return listed
            .into_iter()
            .map(|account| (account.id, account.name))
            .collect();
    }
    let mut accounts = BTreeMap::new();
    for account in accounts_of_newest_run(context).unwrap_or_default() {
        accounts.insert(account.id, account.name);
    }
    for account in &config.accounts {
        accounts.insert(account.id, account.name.clone());
    }
    accounts
}

fn practice_accounts() -> Result<BTreeMap<AccountId, String>, ScenarioError> {
    let scenario = Scenario::builtin(PRACTICE)?;
    let range = Range::new(&scenario, None, scenario.clock())?;
    let accounts = range.accounts().into_iter();
    Ok(accounts.map(|account| (account.id, account.name)).collect())
}

fn accounts_of_newest_run(context: &ResolveContext<'_>) -> Option<Vec<ScopedAccount>> {
    let path = run_dir(Path::new(LAST), context).ok()?;
    let dir = RunDir::open(&path).ok()?;
    let reader = RunReader::open_without_indexes(&dir).ok()?;
    reader.accounts().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_a_shell_would_evaluate_are_left_out() {
        for value in ["111111111111", "prod-eu_1.a", "20260301T120000Z-3f9a"] {
            assert!(Candidate::new(value, "").is_plain(), "{value}");
        }
        for value in ["", "a b", "$(id)", "`id`", "a;b", "*", "~", "é", "a\nb"] {
            assert!(!Candidate::new(value, "").is_plain(), "{value:?}");
        }
    }
}
