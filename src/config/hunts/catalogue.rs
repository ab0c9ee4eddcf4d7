//! The catalogue of hunts: the built-in ones and those of the user's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::invalid::InvalidHunt;
use super::shipped::SHIPPED;
use super::template::HuntTemplate;
use crate::config::{ConfigError, nearest};
use dragnet_model::Hunt;

/// The hunts by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    hunts: BTreeMap<String, HuntTemplate>,
}

impl Catalogue {
    /// Loads the built-in hunts and those of a folder (`*.toml`). A hunt of the folder replaces the
    /// built-in one of the same name.
    ///
    /// # Errors
    /// The folder cannot be read, a file in it is not a valid hunt, or two files have the same hunt
    /// name.
    pub fn load(folder: Option<&Path>) -> Result<Self, ConfigError> {
        let mut hunts = BTreeMap::new();
        for (origin, text) in SHIPPED {
            let hunt = HuntTemplate::from_toml(text, origin)?;
            hunts.insert(hunt.name.clone(), hunt);
        }
        let mut own: BTreeMap<String, HuntTemplate> = BTreeMap::new();
        for path in folder.map(toml_files).transpose()?.unwrap_or_default() {
            let hunt = load_hunt(&path)?;
            let origin = path.display().to_string();
            let name = hunt.name.clone();
            if own.insert(name.clone(), hunt).is_some() {
                return Err(ConfigError::new(
                    &origin,
                    None,
                    format!("another file also defines the hunt `{name}`"),
                ));
            }
        }
        hunts.extend(own);
        Ok(Self { hunts })
    }

    /// Returns all hunts, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &HuntTemplate> {
        self.hunts.values()
    }

    /// Returns the hunt of this name.
    ///
    /// # Errors
    /// There is no hunt of this name.
    pub fn get(&self, name: &str) -> Result<&HuntTemplate, InvalidHunt> {
        self.hunts.get(name).ok_or_else(|| InvalidHunt::Unknown {
            name: name.to_owned(),
            nearest: nearest(name, self.hunts.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    /// Parses `NAME[:key=value,...]` and returns that hunt with its values. A comma that is not
    /// followed by `key=` is part of the value before it.
    ///
    /// # Errors
    /// There is no such hunt or parameter, or a value is missing or not of its parameter's type.
    pub fn resolve(&self, request: &str) -> Result<Hunt, InvalidHunt> {
        let (name, rest) = request.split_once(':').unwrap_or((request, ""));
        let mut values: Vec<(String, String)> = Vec::new();
        for part in rest.split(',').filter(|_| !rest.is_empty()) {
            match (
                part.split_once('=').filter(|(key, _)| is_key(key)),
                values.last_mut(),
            ) {
                (Some((key, value)), _) => values.push((key.trim().to_owned(), value.to_owned())),
                (None, Some((_, value))) => {
                    value.push(',');
                    value.push_str(part);
                }
                (None, None) => return Err(InvalidHunt::Malformed(request.to_owned())),
            }
        }
        self.get(name)?.fill(&values.into_iter().collect())
    }
}

fn is_key(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads a hunt from a file.
///
/// # Errors
/// The file cannot be read, or is not a valid hunt.
pub fn load_hunt(path: &Path) -> Result<HuntTemplate, ConfigError> {
    let origin = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&origin, &error))?;
    HuntTemplate::from_toml(&text, &origin)
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let failed = |error| ConfigError::unreadable(&folder.display().to_string(), &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_ql::Query;

    fn catalogue() -> Catalogue {
        Catalogue::load(None).unwrap()
    }

    #[test]
    fn built_in_hunts_are_valid_and_evaluated_locally() {
        let catalogue = catalogue();
        for (origin, _) in SHIPPED {
            let name = origin
                .trim_start_matches("config/hunts/")
                .trim_end_matches(".toml");
            let hunt = catalogue
                .get(name)
                .unwrap_or_else(|error| panic!("{origin}: {error}"));
            assert!(hunt.example().query.parse::<Query>().is_ok(), "{name}");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/hunts");
        assert_eq!(
            toml_files(&folder).unwrap().len(),
            SHIPPED.len(),
            "every file of the folder is built in"
        );
    }

    #[test]
    fn request_resolves_to_a_hunt_with_values() {
        let catalogue = catalogue();
        let hunt = catalogue
            .resolve("source-ip:source_ip=2001:db8::1")
            .unwrap();
        assert_eq!(hunt.parameters["source_ip"], "2001:db8::1");
        let error = |request: &str| catalogue.resolve(request).unwrap_err().to_string();
        assert!(error("source-up").contains("did you mean `source-ip`?"));
        assert!(error("source-ip").contains("needs `source_ip`"));
        assert!(error("source-ip:192.0.2.1").contains("NAME[:key=value,...]"));
        assert!(
            error("source-ip:source_ip=192.0.2.1,2").contains("`192.0.2.1,2` is not a valid value")
        );
    }

    #[test]
    fn folder_adds_and_replaces_hunts() {
        let temp = tempfile::tempdir().unwrap();
        let write = |file: &str, name: &str| {
            let text = format!(
                "name = \"{name}\"\ntitle = \"mine\"\nsource = \"any\"\nseverity = \"low\"\nquery = \"filter a = 1\""
            );
            fs::write(temp.path().join(file), text).unwrap();
        };
        write("a.toml", "source-ip");
        write("b.toml", "my-own");
        fs::write(temp.path().join("notes.txt"), "not a hunt").unwrap();
        let own = Catalogue::load(Some(temp.path())).unwrap();
        assert_eq!(own.get("source-ip").unwrap().title, "mine");
        assert_eq!(own.hunts.len(), SHIPPED.len() + 1);
        write("c.toml", "my-own");
        assert!(
            Catalogue::load(Some(temp.path()))
                .unwrap_err()
                .to_string()
                .contains("c.toml: another file")
        );
        assert!(Catalogue::load(Some(&temp.path().join("none"))).is_err());
    }
}
