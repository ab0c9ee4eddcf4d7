//! Accounts files in YAML or JSON: the `accounts.yml` of c7n-org, the output of
//! `aws organizations list-accounts`, and a list of ids.
//!
//! Sources: Cloud Custodian, `tools/c7n_org`, the schema of its accounts file; Organizations API,
//! `ListAccounts`. Keys that only Cloud Custodian uses (tags, vars, email, provider …) are ignored,
//! and so are those that Organizations adds. JSON is read as YAML, which contains it.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::listed_account::ListedAccount;
use super::{ConfigError, ConfiguredAccount, MemberRole};
use dragnet_model::{AccountId, RoleArn};

#[derive(Deserialize)]
struct File {
    #[serde(alias = "Accounts")]
    accounts: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(alias = "Id")]
    account_id: Spanned<String>,
    #[serde(default, alias = "Name")]
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

pub(super) fn read(text: &str, origin: &str) -> Result<Vec<ListedAccount>, ConfigError> {
    if let Ok(ids) = serde_saphyr::from_str::<Vec<Spanned<String>>>(text) {
        return ids.iter().map(|id| read_id(id, origin)).collect();
    }
    let entries = match serde_saphyr::from_str::<Vec<Entry>>(text) {
        Ok(entries) => entries,
        Err(_) => read_file(text, origin)?.accounts,
    };
    entries.iter().map(|entry| entry.read(origin)).collect()
}

fn read_file(text: &str, origin: &str) -> Result<File, ConfigError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|location| line(location.line()));
        let problem = error.without_snippet();
        ConfigError::new(
            origin,
            line,
            format!("expected c7n-org's accounts.yml or the output of list-accounts: {problem}"),
        )
    })
}

fn read_id(text: &Spanned<String>, origin: &str) -> Result<ListedAccount, ConfigError> {
    Ok(ListedAccount {
        number: line(text.referenced.line()),
        account: ConfiguredAccount::named(parsed(text, origin)?, ""),
    })
}

fn line(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Entry {
    fn read(&self, origin: &str) -> Result<ListedAccount, ConfigError> {
        let id: AccountId = parsed(&self.account_id, origin)?;
        let mut account = ConfiguredAccount::named(id, &self.name);
        account.member_role = self
            .role
            .as_ref()
            .map(|role| member_role(role, id, origin))
            .transpose()?
            .map(Into::into);
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
        Ok(ListedAccount {
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
    fn order_directives_and_json_do_not_matter() {
        let entry = "- account_id: \"111111111111\"\n  name: prod\n";
        for text in [
            format!("vars: {{a: xyz}}\naccounts:\n{entry}"),
            format!("%YAML 1.2\n---\naccounts: !!seq\n{entry}"),
            format!("---\n# ours\nvars:\n  a: 1\naccounts:\n{entry}"),
            entry.to_owned(),
            r#"{"accounts": [{"account_id": "111111111111", "name": "prod"}]}"#.to_owned(),
            r#"{"Accounts": [{"Id": "111111111111", "Arn": "a", "Email": "e", "Name": "prod",
                "Status": "ACTIVE", "JoinedTimestamp": 1.5e9}], "NextToken": null}"#
                .to_owned(),
            r#"[{"Id": "111111111111", "Name": "prod"}]"#.to_owned(),
        ] {
            let lines = read(&text, "f").unwrap_or_else(|error| panic!("{error}: {text}"));
            let account = &lines[0].account;
            assert_eq!(
                (account.id.to_string().as_str(), account.name.as_str()),
                ("111111111111", "prod"),
                "{text}"
            );
        }
        let ids = read("[\n\"111111111111\",\n\"012345678901\"]", "f").unwrap();
        assert_eq!(ids[1].account.id.to_string(), "012345678901");
        assert_eq!(ids[1].number, 3);
        assert!(read("[\"12\"]", "f").is_err());
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
