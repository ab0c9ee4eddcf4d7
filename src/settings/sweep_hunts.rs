//! The hunts of a sweep: loads hunts of the catalogue, and checks that they can run.

use std::collections::HashSet;

use super::{EngineChoice, SettingsError};
use crate::config::{Catalogue, Hunts};
use dragnet_model::Hunt;
use insights_ql::{Query, QueryErrorKind, begins_with_source};

/// The maximum length of a passthrough query, in characters: 10,000 less the filter that precedes
/// it. Source: CloudWatch Logs API, `StartQuery`.
const MAX_PASSTHROUGH_LENGTH: usize = 9_800;

/// Loads the hunts of a watch from the catalogue. A hunt that is requested with several values
/// becomes several hunts.
///
/// # Errors
/// There is no such hunt, a value is missing or wrong, or a query cannot be evaluated locally.
pub(super) fn load_watch_hunts(
    requests: &[String],
    config: &Hunts,
) -> Result<Vec<Hunt>, SettingsError> {
    let hunts = load_hunts(requests, config)?;
    // A watch never uses Insights, which would cost money.
    hunts.iter().try_for_each(|hunt| {
        check_hunt(
            hunt,
            EngineChoice::Filter,
            "run it with `dragnet sweep --engine insights --hunt`",
        )
    })?;
    Ok(with_unique_names(hunts))
}

/// Loads hunts from the catalogue, which is not read if none is requested.
///
/// # Errors
/// There is no such hunt, or a value is missing or wrong.
pub(crate) fn load_hunts(requests: &[String], config: &Hunts) -> Result<Vec<Hunt>, SettingsError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let catalogue = Catalogue::load(config.folder.as_deref())?;
    requests
        .iter()
        .map(|request| Ok(catalogue.resolve(request)?))
        .collect()
}

/// Checks that a query can run on the chosen engine. `advice` says how Insights could run it.
pub(crate) fn check_hunt(
    hunt: &Hunt,
    engine: EngineChoice,
    advice: &str,
) -> Result<(), SettingsError> {
    let reject = |problem: String| {
        Err(SettingsError::HuntQuery {
            name: hunt.name.clone(),
            problem,
        })
    };
    if begins_with_source(&hunt.query) {
        return reject("SOURCE cannot be used here: select log groups with --log-group".to_owned());
    }
    match Query::parse_local(&hunt.query) {
        Err(error) if error.kind == QueryErrorKind::Malformed => reject(error.to_string()),
        Err(error) if error.kind == QueryErrorKind::Unknown && engine != EngineChoice::Insights => {
            reject(format!(
                "{error}; if it is new, Insights can run the query unchanged: {advice}"
            ))
        }
        Err(error) if engine == EngineChoice::Filter => reject(format!(
            "only Insights can run this query: {error}; {advice}"
        )),
        Err(_) if hunt.query.trim().chars().count() > MAX_PASSTHROUGH_LENGTH => reject(format!(
            "a query that only Insights can run must have at most {MAX_PASSTHROUGH_LENGTH} characters"
        )),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes names unique: the second hunt of a name becomes `name-2`. Hunts with the same name and
/// query are combined.
pub(crate) fn with_unique_names(hunts: Vec<Hunt>) -> Vec<Hunt> {
    let mut names = HashSet::new();
    let mut queries = HashSet::new();
    let mut named = Vec::new();
    for hunt in hunts {
        if !queries.insert((hunt.name.clone(), hunt.query.clone())) {
            continue;
        }
        let mut candidates = std::iter::once(hunt.name.clone())
            .chain((2..).map(|n: u32| format!("{}-{n}", hunt.name)));
        let name = candidates
            .find(|name| !names.contains(name))
            .unwrap_or_default();
        names.insert(name.clone());
        named.push(Hunt { name, ..hunt });
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watch_rejects_a_query_that_needs_insights() {
        let temp = tempfile::tempdir().unwrap();
        let text = "name = \"new\"\ntitle = \"t\"\nsource = \"any\"\nseverity = \"low\"\n\
                    query = \"filter a = 1 | newcommand a\"\n";
        std::fs::write(temp.path().join("new.toml"), text).unwrap();
        let config = Hunts {
            folder: Some(temp.path().to_owned()),
        };
        let error = load_watch_hunts(&["new".to_owned()], &config)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("dragnet sweep --engine insights --hunt"),
            "{error}"
        );
        let other = load_watch_hunts(&["root-use".to_owned()], &config);
        assert_eq!(other.unwrap().len(), 1);
    }
}
