//! Hunts as they are written in files: queries with `{{parameter}}` placeholders.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::invalid::InvalidHunt;
use super::parameter::Parameter;
use crate::config::ConfigError;
use crate::config::error::Problem;
use crate::config::nearest;
use dragnet_model::{Hunt, HuntSource, Severity};
use insights_ql::{Query, QueryError, QueryErrorKind, begins_with_source};

/// Replaces the placeholders while the query is parsed to check where they occur.
const MARKER: &str = "DragnetParameter";

/// A hunt of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuntTemplate {
    /// The name of the hunt: lower-case letters, digits and hyphens.
    pub name: String,
    /// What the hunt finds, in one line.
    pub title: String,
    /// The kind of record that it searches.
    pub source: HuntSource,
    /// The severity of a finding.
    pub severity: Severity,
    /// MITRE ATT&CK techniques, e.g. `T1078.004`.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// The parameters, by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// The Logs Insights query. `{{name}}`, inside quoted text, is replaced by the value of the
    /// parameter.
    pub query: String,
}

impl HuntTemplate {
    /// Parses a hunt from the text of its file; errors call the file `origin`.
    ///
    /// # Errors
    /// The text is not TOML, has an unknown key, its query does not follow the grammar, or a
    /// placeholder is outside of quoted text. An unknown command or function is not an error here:
    /// whether it is one depends on the engine.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let hunt: Self =
            toml::from_str(text).map_err(|error| ConfigError::in_toml(text, origin, &error))?;
        hunt.check()
            .map_err(|problem| problem.in_toml(text, origin))?;
        Ok(hunt)
    }

    fn check(&self) -> Result<(), Problem> {
        if !Hunt::is_name(&self.name) || self.name.len() > Hunt::LONGEST_NAME {
            return Err(Problem::new(
                "name",
                "a hunt name consists of lower-case letters, digits and hyphens",
            ));
        }
        if let Some(invalid) = self
            .techniques
            .iter()
            .find(|technique| !is_technique(technique))
        {
            return Err(Problem::new(
                "techniques",
                format!("`{invalid}` is not an ATT&CK technique such as T1078.004"),
            ));
        }
        for (name, parameter) in &self.parameters {
            let invalid = parameter
                .default
                .as_ref()
                .filter(|default| parameter.kind.normalize(default).is_none());
            if let Some(invalid) = invalid {
                let problem = format!("`{invalid}` is not of type {}", parameter.kind.as_str());
                return Err(Problem::new("default", problem)
                    .under(name)
                    .under("parameters"));
            }
            if !self.query.contains(&placeholder(name)) {
                return Err(
                    Problem::new(name, "the query does not use this parameter").under("parameters")
                );
            }
        }
        self.check_query()
    }

    /// Checks that placeholders occur only in quoted text. A query that cannot be parsed locally
    /// cannot be checked, so it must not have parameters.
    fn check_query(&self) -> Result<(), Problem> {
        let mut marked = self.query.clone();
        let mut count = 0;
        for name in self.parameters.keys() {
            count += marked.matches(&placeholder(name)).count();
            marked = marked.replace(&placeholder(name), MARKER);
        }
        if marked.contains("{{") {
            return Err(Problem::new(
                "query",
                "it uses a parameter in {{…}} that is not declared",
            ));
        }
        match marked.parse::<Query>() {
            _ if begins_with_source(&marked) => Err(Problem::new(
                "query",
                "SOURCE cannot be used in hunts: the scope selects the log groups",
            )),
            Ok(query) => {
                let quoted: usize = query
                    .texts()
                    .iter()
                    .map(|text| text.matches(MARKER).count())
                    .sum();
                let unquoted = Problem::new("query", "parameters are only allowed in quoted text");
                if quoted == count {
                    Ok(())
                } else {
                    Err(unquoted)
                }
            }
            Err(error) if error.kind == QueryErrorKind::Malformed => {
                Err(Problem::new("query", error))
            }
            Err(_) if count == 0 => Ok(()),
            Err(error) => Err(Problem::new(
                "query",
                format!("{error}; such a query cannot have parameters: write their values into it"),
            )),
        }
    }

    /// Returns the error of a query with a command or function that is not known. It is misspelt, or
    /// so new that only `--engine insights` runs it.
    pub fn unknown_word(&self) -> Option<QueryError> {
        let error = self.query.parse::<Query>().err()?;
        (error.kind == QueryErrorKind::Unknown).then_some(error)
    }

    /// Returns the hunt with its defaults, and with an example value for each parameter without a
    /// default. Used to check hunts.
    pub fn example(&self) -> Hunt {
        let value = |parameter: &Parameter| {
            let text = parameter
                .default
                .as_deref()
                .unwrap_or_else(|| parameter.kind.example());
            parameter.kind.normalize(text).unwrap_or_default()
        };
        self.with_parameters(
            self.parameters
                .iter()
                .map(|(name, parameter)| (name.clone(), value(parameter)))
                .collect(),
        )
    }

    /// Returns the hunt with these values, and with defaults for the others.
    ///
    /// # Errors
    /// A value is missing or not of its parameter's type, or there is no such parameter.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<Hunt, InvalidHunt> {
        if let Some(unknown) = values
            .keys()
            .find(|name| !self.parameters.contains_key(*name))
        {
            return Err(InvalidHunt::UnknownParameter {
                hunt: self.name.clone(),
                parameter: unknown.clone(),
                nearest: nearest(unknown, self.parameters.keys().map(String::as_str))
                    .map(str::to_owned),
            });
        }
        let parameters = self.parameters.iter().map(|(name, parameter)| {
            let text = values.get(name).or(parameter.default.as_ref());
            let text = text.ok_or_else(|| InvalidHunt::MissingParameter {
                hunt: self.name.clone(),
                parameter: name.clone(),
                about: parameter.about.clone(),
            })?;
            let value = parameter
                .kind
                .normalize(text)
                .ok_or_else(|| InvalidHunt::Value {
                    hunt: self.name.clone(),
                    parameter: name.clone(),
                    value: text.clone(),
                    kind: parameter.kind.as_str(),
                    example: parameter.kind.example(),
                })?;
            Ok((name.clone(), value))
        });
        Ok(self.with_parameters(parameters.collect::<Result<_, _>>()?))
    }

    fn with_parameters(&self, parameters: BTreeMap<String, String>) -> Hunt {
        Hunt {
            name: self.name.clone(),
            title: self.title.clone(),
            source: self.source,
            severity: self.severity,
            techniques: self.techniques.clone(),
            query: fill_placeholders(&self.query, &parameters),
            parameters,
            filter_pattern: None,
        }
    }
}

/// Replaces the placeholders in one pass, so that a placeholder inside of a value is not replaced.
fn fill_placeholders(query: &str, values: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(query.len());
    let mut rest = query;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        filled.push_str(values.get(name).map_or("", String::as_str));
        rest = after;
    }
    filled + rest
}

fn placeholder(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// Source: MITRE ATT&CK: `T` and four digits; a sub-technique adds a dot and three digits.
fn is_technique(text: &str) -> bool {
    let all_digits =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('T')
        .is_some_and(|digits| match digits.split_once('.') {
            None => all_digits(digits, 4),
            Some((technique, sub)) => all_digits(technique, 4) && all_digits(sub, 3),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunt(query: &str, parameters: &str) -> Result<HuntTemplate, String> {
        let text = format!(
            "name = \"a\"\ntitle = \"b\"\nsource = \"any\"\nseverity = \"low\"\nquery = '''{query}'''\n{parameters}"
        );
        HuntTemplate::from_toml(&text, "a.toml").map_err(|error| error.to_string())
    }

    const ADDRESS: &str = "[parameters.ip]\ntype = \"ip\"\nabout = \"the address\"\n";

    #[test]
    fn parameters_outside_quoted_text_are_rejected() {
        for query in [
            "filter a = \"{{ip}}\"",
            "filter a like 'x {{ip}} y'",
            "stats count(*) by concat(a, '{{ip}}')",
        ] {
            assert!(hunt(query, ADDRESS).is_ok(), "{query}");
        }
        for query in [
            "filter a = {{ip}}",
            "filter a like /{{ip}}/",
            "filter `{{ip}}` = 1",
            "filter b = 1 # {{ip}}",
            "filter a = \"{{ip}}\" and b = {{ip}}",
        ] {
            assert_eq!(
                hunt(query, ADDRESS).unwrap_err(),
                "a.toml:5: parameters are only allowed in quoted text"
            );
        }
        assert!(
            hunt("filter a = '{{other}}'", "")
                .unwrap_err()
                .contains("not declared")
        );
        assert!(
            hunt("filter a = 1", ADDRESS)
                .unwrap_err()
                .ends_with("the query does not use this parameter")
        );
        assert!(
            hunt("fields @message | pattern @message", "").is_ok(),
            "only Insights can run it"
        );
        assert!(
            hunt("filter a =", "")
                .unwrap_err()
                .starts_with("a.toml:5: line 1, column")
        );
        let new = hunt("filter a = 1 | newcommand a", "").unwrap();
        let unknown = new.unknown_word().unwrap().to_string();
        assert!(
            unknown.ends_with("unknown command `newcommand`"),
            "{unknown}"
        );
        assert_eq!(hunt("filter a = 1", "").unwrap().unknown_word(), None);
        for query in ["newcommand '{{ip}}'", "pattern '{{ip}}'"] {
            let error = hunt(query, ADDRESS).unwrap_err();
            assert!(error.contains("cannot have parameters"), "{error}");
        }
    }

    #[test]
    fn values_are_checked_and_filled_in() {
        let template = hunt("filter a = \"{{ip}}\"", ADDRESS).unwrap();
        let fill = |name: &str, value: &str| {
            template
                .fill(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            fill("ip", "2001:DB8::1").unwrap().query,
            "filter a = \"2001:db8::1\""
        );
        assert!(
            fill("ip", "1.2.3.4\" or 1 = 1")
                .unwrap_err()
                .contains("of type ip: expected a value such as 192.0.2.1")
        );
        assert!(
            fill("ipp", "192.0.2.1")
                .unwrap_err()
                .ends_with("did you mean `ip`?")
        );
        assert!(
            template
                .fill(&BTreeMap::new())
                .unwrap_err()
                .to_string()
                .contains("--hunt a:ip=")
        );
    }
}
