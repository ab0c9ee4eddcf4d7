//! The settings in force, as text, each with the place where it was set.

use serde_json::Value;

use super::Config;

/// The word for a value that nothing sets.
pub const DEFAULT_ORIGIN: &str = "default";

/// Keys whose values are not shown: external ids, and addresses that may contain a token.
const HIDDEN_KEYS: [&str; 2] = ["external_id", "url"];

/// A value of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveSetting {
    /// The path of the key: `scope.regions`, `accounts[0].id`.
    pub key: String,
    /// The value as JSON; `(hidden)` for a secret.
    pub value: String,
    /// The file that sets it, or [`DEFAULT_ORIGIN`].
    pub origin: String,
}

/// Returns all values of a configuration. `file` is the name and the text of its file, if it has
/// one.
pub fn list_settings(config: &Config, file: Option<(&str, &str)>) -> Vec<EffectiveSetting> {
    let mut settings = Vec::new();
    let all = serde_json::to_value(config).unwrap_or_default();
    let written = file.map(|(name, text)| {
        let table: toml::Table = toml::from_str(text).unwrap_or_default();
        (name, serde_json::to_value(table).unwrap_or_default())
    });
    let mut lister = Lister {
        written: written.as_ref().map(|(name, value)| (*name, value)),
        settings: &mut settings,
    };
    lister.add(&mut Vec::new(), &all);
    settings
}

/// A step of the path to a value.
#[derive(Clone, Copy)]
enum Step<'v> {
    Key(&'v str),
    Item(usize),
}

struct Lister<'w, 's> {
    written: Option<(&'w str, &'w Value)>,
    settings: &'s mut Vec<EffectiveSetting>,
}

impl Lister<'_, '_> {
    /// Adds a value: a table or a list of tables by its members, anything else as it is. What is not
    /// set and has no default is left out.
    fn add<'v>(&mut self, path: &mut Vec<Step<'v>>, value: &'v Value) {
        match value {
            Value::Null => {}
            Value::Object(members) if !members.is_empty() => {
                for (name, member) in members {
                    path.push(Step::Key(name));
                    self.add(path, member);
                    path.pop();
                }
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (number, item) in items.iter().enumerate() {
                    path.push(Step::Item(number));
                    self.add(path, item);
                    path.pop();
                }
            }
            other => self.add_value(path, other),
        }
    }

    fn add_value(&mut self, path: &[Step<'_>], value: &Value) {
        let is_hidden = matches!(path.last(), Some(Step::Key(key)) if HIDDEN_KEYS.contains(key));
        let value = if is_hidden {
            "(hidden)".to_owned()
        } else {
            value.to_string()
        };
        let origin = match self.written {
            Some((name, written)) if is_written(written, path) => name,
            _ => DEFAULT_ORIGIN,
        };
        self.settings.push(EffectiveSetting {
            key: describe_path(path),
            value,
            origin: origin.to_owned(),
        });
    }
}

/// Whether a file has the value at a path, or a shorter form of a table that contains it.
fn is_written(written: &Value, path: &[Step<'_>]) -> bool {
    let mut at = written;
    for step in path {
        let inner = match step {
            Step::Key(key) => at.get(key),
            Step::Item(number) => at.get(number),
        };
        match inner {
            Some(inner) => at = inner,
            None => return !(at.is_object() || at.is_array()),
        }
    }
    true
}

fn describe_path(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.extend([".", *key]),
            Step::Item(number) => text.extend(["[", number.to_string().as_str(), "]"]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[identity]\nprofile = \"security\"\nexternal_id = \"hush-hush\"\n\
         [[accounts]]\nid = \"111111111111\"\nexternal_id = \"hush-too\"\n\
         [limits.quotas]\nFilterLogEvents = 3\n";

    fn settings() -> Vec<EffectiveSetting> {
        let config = Config::from_toml(FILE, "dragnet.toml").unwrap();
        list_settings(&config, Some(("dragnet.toml", FILE)))
    }

    fn setting(key: &str) -> (String, String) {
        let all = settings();
        let found = all.iter().find(|setting| setting.key == key);
        let found = found.unwrap_or_else(|| panic!("{key}: {all:?}"));
        (found.value.clone(), found.origin.clone())
    }

    #[test]
    fn values_have_their_origin() {
        let of_file = |value: &str| (value.to_owned(), "dragnet.toml".to_owned());
        let by_default = |value: &str| (value.to_owned(), "default".to_owned());
        assert_eq!(setting("identity.profile"), of_file("\"security\""));
        assert_eq!(setting("accounts[0].id"), of_file("\"111111111111\""));
        assert_eq!(setting("organization.discover"), by_default("true"));
        assert_eq!(setting("scope.regions"), by_default("[]"));
        let quotas = settings()
            .into_iter()
            .filter(|setting| setting.key.starts_with("limits.quotas"))
            .map(|setting| setting.origin);
        let quotas: Vec<String> = quotas.collect();
        assert!(!quotas.is_empty() && quotas.iter().all(|origin| origin == "dragnet.toml"));
    }

    #[test]
    fn secrets_are_hidden() {
        let all = format!("{:?}", settings());
        assert!(!all.contains("hush"), "{all}");
        assert_eq!(setting("identity.external_id").0, "(hidden)");
    }

    #[test]
    fn without_a_file_all_values_are_defaults() {
        let all = list_settings(&Config::default(), None);
        assert!(all.len() > 20, "{all:?}");
        assert!(all.iter().all(|setting| setting.origin == DEFAULT_ORIGIN));
    }
}
