//! The profiles of `~/.aws/config` and `~/.aws/credentials`, as the AWS CLI reads them.
//!
//! The SDK leaves out profiles with quoted or unusual names, and says nothing about where a value
//! comes from. So the files are read here, and the SDK gets the same profiles in the form that it
//! reads, under names that it accepts.

mod config_parser;
mod section_name;

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use aws_credential_types::Credentials;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};

use config_parser::{InvalidLine, Section, parse};
use section_name::{SectionName, config_section, sdk_name};

/// The values of a section, by key in lower case.
type Values = BTreeMap<String, String>;

/// The profiles of both files.
#[derive(Debug, Default)]
pub(super) struct ProfileFiles {
    profiles: BTreeMap<String, AwsProfile>,
    /// The other sections of the config file, with their headers: SSO sessions and services.
    others: Vec<Section>,
}

/// A profile, merged from both files.
#[derive(Default)]
pub(super) struct AwsProfile {
    name: String,
    config: Values,
    /// They take precedence over those of the config file.
    credentials: Values,
}

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileFilesError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The path of the file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// A line cannot be interpreted.
    #[error("{path}:{}: {}", .line.number, .line.problem)]
    Line {
        /// The path of the file.
        path: String,
        /// The line, without its content, which may be a secret.
        line: InvalidLine,
    },
}

impl ProfileFiles {
    /// Reads both files. A file that does not exist has no profiles.
    pub(super) async fn load(env: &Env, fs: &Fs) -> Result<Self, ProfileFilesError> {
        let mut files = Self {
            profiles: BTreeMap::new(),
            others: Vec::new(),
        };
        let config = read_sections(env, fs, "AWS_CONFIG_FILE", "config").await?;
        let has_prefixed_default = config.iter().any(|section| {
            section.header != "default"
                && config_section(&section.header) == SectionName::Profile("default".to_owned())
        });
        for section in config {
            match config_section(&section.header) {
                // `[profile default]` takes precedence over `[default]`.
                SectionName::Profile(_) if section.header == "default" && has_prefixed_default => {}
                SectionName::Profile(name) => files.profile(&name).config.extend(section.values),
                SectionName::SsoSession(_) | SectionName::Other => files.others.push(section),
            }
        }
        let credentials =
            read_sections(env, fs, "AWS_SHARED_CREDENTIALS_FILE", "credentials").await?;
        for section in credentials {
            let profile = files.profile(&section.header);
            profile.credentials.extend(section.values);
        }
        Ok(files)
    }

    fn profile(&mut self, name: &str) -> &mut AwsProfile {
        let profile = self.profiles.entry(name.to_owned()).or_default();
        name.clone_into(&mut profile.name);
        profile
    }

    /// Returns the profile with this name.
    pub(super) fn get(&self, name: &str) -> Option<&AwsProfile> {
        self.profiles.get(name)
    }

    /// Returns a value of an SSO session.
    pub(super) fn sso_session_value(&self, session: &str, key: &str) -> Option<&str> {
        let is_session = |section: &&Section| {
            config_section(&section.header) == SectionName::SsoSession(session.to_owned())
        };
        let values = &self.others.iter().find(is_session)?.values;
        values.get(key).map(String::as_str)
    }

    /// Returns the name under which the SDK knows a profile.
    pub(super) fn sdk_name(name: &str) -> String {
        sdk_name(name)
    }

    /// Returns the values of a profile without those that its SSO session has too. The SDK refuses
    /// them, the AWS CLI only if they differ.
    fn without_repetitions(&self, values: &Values) -> Values {
        let mut kept = values.clone();
        let Some(session) = values.get("sso_session") else {
            return kept;
        };
        kept.retain(|key, value| {
            let is_shared = key == "sso_start_url" || key == "sso_region";
            !is_shared || self.sso_session_value(session, key) != Some(value.as_str())
        });
        kept
    }

    /// Returns the same profiles in the form that the SDK reads.
    pub(super) fn to_sdk_files(&self) -> EnvConfigFiles {
        let mut config = String::new();
        let mut credentials = String::new();
        for profile in self.profiles.values() {
            let name = sdk_name(&profile.name);
            let header = if name == "default" {
                name.clone()
            } else {
                format!("profile {name}")
            };
            write_section(
                &mut config,
                &header,
                &self.without_repetitions(&profile.config),
            );
            write_section(&mut credentials, &name, &profile.credentials);
        }
        for section in &self.others {
            write_section(&mut config, &section.header, &section.values);
        }
        EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, config)
            .with_contents(EnvConfigFileKind::Credentials, credentials)
            .build()
    }
}

/// Shows no values, because some are secret.
impl fmt::Debug for AwsProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AwsProfile").field(&self.name).finish()
    }
}

impl AwsProfile {
    /// The name, without quotes.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value of a key, if it has one that is not empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let value = self.credentials.get(key).or_else(|| self.config.get(key));
        value.map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the access key of the profile, if it has a complete one.
    pub(super) fn access_key(&self) -> Option<Credentials> {
        let id = self.get("aws_access_key_id")?;
        let secret = self.get("aws_secret_access_key")?;
        // Source: botocore, `SharedCredentialProvider.TOKENS`: both names, in this order.
        let token = self
            .get("aws_security_token")
            .or_else(|| self.get("aws_session_token"));
        let token = token.map(str::to_owned);
        Some(Credentials::new(id, secret, token, None, "profile"))
    }

    /// Whether the credentials file has the access key, which then takes precedence over a
    /// `credential_process`.
    pub(super) fn has_key_in_credentials_file(&self) -> bool {
        self.credentials.contains_key("aws_access_key_id")
    }
}

async fn read_sections(
    env: &Env,
    fs: &Fs,
    variable: &str,
    file_name: &str,
) -> Result<Vec<Section>, ProfileFilesError> {
    let home = env.get("HOME").unwrap_or_default();
    let path = match env.get(variable).ok().filter(|path| !path.is_empty()) {
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => format!("{home}/{rest}"),
            None => path,
        },
        None => format!("{home}/.aws/{file_name}"),
    };
    let bytes = match fs.read_to_end(&path).await {
        Ok(bytes) => bytes,
        // A home such as /dev/null is no directory.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(source) => return Err(ProfileFilesError::Unreadable { path, source }),
    };
    let text = String::from_utf8(bytes).map_err(|error| ProfileFilesError::Unreadable {
        path: path.clone(),
        source: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
    })?;
    parse(&text).map_err(|line| ProfileFilesError::Line { path, line })
}

/// Writes a section. Nested values are written as they were read: below their key, indented.
fn write_section(text: &mut String, header: &str, values: &Values) {
    text.extend(["[", header, "]\n"]);
    for (key, value) in values {
        let value = if key == "source_profile" {
            sdk_name(value)
        } else {
            value.clone()
        };
        text.extend([key.as_str(), " = ", &value.replace('\n', "\n  "), "\n"]);
    }
}

#[cfg(test)]
mod tests {
    use aws_types::os_shim_internal::{Env, Fs};

    use super::*;

    async fn load(config: &str, credentials: &str) -> ProfileFiles {
        let env = Env::from_slice(&[("HOME", "/home")]);
        let fs = Fs::from_slice(&[
            ("/home/.aws/config", config),
            ("/home/.aws/credentials", credentials),
        ]);
        ProfileFiles::load(&env, &fs).await.unwrap()
    }

    #[tokio::test]
    async fn quoted_and_unusual_names_are_read() {
        let config = "[profile 'My MacBook Pro']\nregion = eu-west-1\n[profile \"admin@prod\"]\nregion=r2\n\
                      [profile café]\nregion = r3\n[profile two words]\nregion = r4\n[default]\nregion = r5\n";
        let files = load(config, "[My MacBook Pro]\naws_access_key_id = AKIA\n").await;
        let region = |name: &str| files.get(name).and_then(|profile| profile.get("region"));
        assert_eq!(region("My MacBook Pro"), Some("eu-west-1"));
        assert_eq!(region("admin@prod"), Some("r2"));
        assert_eq!(region("café"), Some("r3"));
        assert_eq!(region("two words"), None, "the AWS CLI ignores it too");
        assert_eq!(region("default"), Some("r5"));
        let mac = files.get("My MacBook Pro").unwrap();
        assert_eq!(mac.get("aws_access_key_id"), Some("AKIA"));
        assert!(mac.has_key_in_credentials_file());
    }

    #[tokio::test]
    async fn the_sdk_reads_the_same_profiles() {
        let config = "[profile 'My MacBook Pro']\nregion: eu-west-1\ns3 =\n  max_queue_size = 5\n\
                      [profile role]\nsource_profile = My MacBook Pro\n[sso-session s]\nsso_region = us-east-1\n";
        let files = load(config, "").await;
        let nothing = Fs::from_slice(&[]);
        let env = Env::from_slice(&[]);
        let read = aws_config::profile::load(&nothing, &env, &files.to_sdk_files(), None)
            .await
            .unwrap();
        let name = ProfileFiles::sdk_name("My MacBook Pro");
        let profile = read.get_profile(&name).unwrap();
        assert_eq!(profile.get("region"), Some("eu-west-1"));
        assert_eq!(
            read.get_profile("role").unwrap().get("source_profile"),
            Some(name.as_str())
        );
    }

    #[tokio::test]
    async fn values_that_the_sso_session_repeats_are_left_out() {
        let config = "[profile p]\nsso_session = s\nsso_region = us-east-1\nsso_start_url = https://other\n\
                      [sso-session s]\nsso_region = us-east-1\nsso_start_url = https://s\n";
        let files = load(config, "").await;
        let kept = files.without_repetitions(&files.get("p").unwrap().config);
        let keys: Vec<&str> = kept.keys().map(String::as_str).collect();
        assert_eq!(keys, ["sso_session", "sso_start_url"], "they differ");
    }

    #[tokio::test]
    async fn prefixed_default_takes_precedence() {
        let files = load("[default]\nregion = a\n[profile default]\noutput = b\n", "").await;
        let default = files.get("default").unwrap();
        assert_eq!(
            (default.get("region"), default.get("output")),
            (None, Some("b"))
        );
    }

    #[tokio::test]
    async fn absent_files_have_no_profiles_and_damaged_ones_are_refused() {
        let nothing = ProfileFiles::load(&Env::from_slice(&[]), &Fs::from_slice(&[])).await;
        assert!(nothing.unwrap().get("default").is_none());
        let env = Env::from_slice(&[("AWS_CONFIG_FILE", "~/c"), ("HOME", "/h")]);
        let fs = Fs::from_slice(&[("/h/c", "[default]\nsecret without a sign\n")]);
        let error = ProfileFiles::load(&env, &fs).await.unwrap_err().to_string();
        assert!(
            error.starts_with("/h/c:2: ") && !error.contains("without"),
            "{error}"
        );
    }
}
