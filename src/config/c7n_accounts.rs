//! The `accounts.yml` of c7n-org.
//!
//! Source: Cloud Custodian, `tools/c7n_org`, the schema of its accounts file. Keys that only Cloud
//! Custodian uses (tags, vars, email, provider …) are ignored.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::accounts_file::Line;
use super::{ConfigError, ConfiguredAccount, MemberRole};
use crate::model::{AccountId, RoleArn};

#[derive(Deserialize)]
struct File {
    accounts: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    account_id: Spanned<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: Option<Spanned<Roles>>,
    #[serde(default)]
    external_id: Option<Spanned<String>>,
    #[serde(default)]
    regions: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Roles {
    One(String),
    Chain(Vec<String>),
}

pub(super) fn read(text: &str, origin: &str) -> Result<Vec<Line>, ConfigError> {
    let file: File = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|location| line(location.line()));
        ConfigError::new(
            origin,
            line,
            format!(
                "expected c7n-org's accounts.yml: {}",
                error.without_snippet()
            ),
        )
    })?;
    file.accounts
        .iter()
        .map(|entry| entry.read(origin))
        .collect()
}

fn line(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Entry {
    fn read(&self, origin: &str) -> Result<Line, ConfigError> {
        let id: AccountId = parsed(&self.account_id, origin)?;
        let mut account = ConfiguredAccount::named(id, &self.name);
        account.member_role = self
            .role
            .as_ref()
            .map(|role| member_role(role, id, origin))
            .transpose()?;
        account.external_id = self
            .external_id
            .as_ref()
            .map(|text| parsed(text, origin))
            .transpose()?;
        // In c7n-org, `all` stands for every Region; here an empty list does.
        if !self.regions.iter().any(|region| region.value == "all") {
            account.regions = self
                .regions
                .iter()
                .map(|region| parsed(region, origin))
                .collect::<Result<_, _>>()?;
        }
        Ok(Line {
            number: line(self.account_id.referenced.line()),
            account,
        })
    }
}

fn parsed<T: std::str::FromStr>(text: &Spanned<String>, origin: &str) -> Result<T, ConfigError>
where
    T::Err: std::fmt::Display,
{
    let failed = |error: T::Err| {
        ConfigError::new(
            origin,
            Some(line(text.referenced.line())),
            error.to_string(),
        )
    };
    text.value.parse().map_err(failed)
}

/// Returns the role in the account itself. Its path and name are kept; the partition is that of the
/// caller.
fn member_role(
    roles: &Spanned<Roles>,
    id: AccountId,
    origin: &str,
) -> Result<MemberRole, ConfigError> {
    let failed =
        |message: String| ConfigError::new(origin, Some(line(roles.referenced.line())), message);
    let arns = match &roles.value {
        Roles::One(arn) => std::slice::from_ref(arn),
        Roles::Chain(arns) => arns,
    };
    let [arn] = arns else {
        return Err(failed(
            "expected one role; configure the roles before it as `identity.role_chain` in dragnet.toml"
                .to_owned(),
        ));
    };
    let role: RoleArn = arn
        .replace("{account_id}", &id.to_string())
        .parse()
        .map_err(|error| failed(format!("{error}")))?;
    if role.account() != id {
        return Err(failed(format!("the role `{role}` is not in account {id}")));
    }
    role.name_with_path()
        .parse()
        .map_err(|error| failed(format!("{error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "accounts:\n- account_id: 012345670123\n  name: prod\n";

    #[test]
    fn supported_keys_are_read() {
        let text = format!(
            "{HEAD}  tags: [a, b]\n  vars: {{owner: x}}\n  regions: [us-east-1, eu-west-1]\n  \
             role: arn:aws:iam::{{account_id}}:role/team/Audit\n- account_id: '111111111111'\n  regions: [all]\n"
        );
        let lines = read(&text, "accounts.yml").unwrap();
        let first = &lines[0].account;
        assert_eq!(
            (first.id.to_string().as_str(), first.name.as_str()),
            ("012345670123", "prod")
        );
        assert_eq!(
            first.member_role.as_ref().unwrap().to_string(),
            "team/Audit"
        );
        assert_eq!(first.regions.len(), 2);
        assert!(lines[1].account.regions.is_empty() && lines[1].account.member_role.is_none());
    }

    #[test]
    fn errors_name_the_line() {
        for (rest, number, part) in [
            (
                "  role: arn:aws:iam::999999999999:role/x\n",
                4,
                "is not in account",
            ),
            ("  role: Audit\n", 4, "is not an ARN"),
            ("  role: [a, b]\n", 4, "role_chain"),
            (
                "  regions:\n  - us-east-1\n  - US\n",
                6,
                "is not a Region name",
            ),
            ("- name: x\n", 4, "account_id"),
            ("- account_id: \"12\"\n", 4, "expected 12 digits"),
        ] {
            let Err(error) = read(&format!("{HEAD}{rest}"), "accounts.yml") else {
                panic!("accepted: {rest}")
            };
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("accounts.yml:{number}: ")) && message.contains(part),
                "{message}"
            );
        }
    }
}
