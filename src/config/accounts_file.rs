//! The file of `--accounts-file`: the accounts to sweep, for use without Organizations.
//!
//! The format is recognized by the content: one id per line, CSV with a header, the `accounts.yml`
//! of c7n-org, which many teams already have, and the output of `aws organizations list-accounts`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use csv::StringRecord;

use super::listed_account::ListedAccount;
use super::{ConfigError, ConfiguredAccount, KnownRegions, account, c7n_accounts};
use dragnet_model::AccountId;

/// Reads the accounts of a file in order. The Regions of an account that is listed twice are merged.
///
/// # Errors
/// The file cannot be read, is in none of these formats, contains a malformed id or role or an
/// unknown Region, lists an account twice with different roles or external ids, or lists no account.
/// The error names the line.
pub fn load_accounts(
    path: &Path,
    known: &KnownRegions<'_>,
) -> Result<Vec<ConfiguredAccount>, ConfigError> {
    let origin = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&origin, &error))?;
    parse(&text, &origin, known)
}

fn parse(
    text: &str,
    origin: &str,
    known: &KnownRegions<'_>,
) -> Result<Vec<ConfiguredAccount>, ConfigError> {
    // Spreadsheets and PowerShell write a byte order mark at the start of a file.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = match FileFormat::detect(text) {
        FileFormat::Yaml => c7n_accounts::read(text, origin)?,
        FileFormat::Csv => csv(text, origin)?,
        FileFormat::Ids => ids(text, origin)?,
    };
    for ListedAccount { number, account } in &lines {
        account::check_regions(account, known)
            .map_err(|error| ConfigError::new(origin, Some(*number), error.to_string()))?;
    }
    let accounts = merged(lines, origin)?;
    if accounts.is_empty() {
        Err(ConfigError::new(origin, None, "no account is listed"))
    } else {
        Ok(accounts)
    }
}

/// How a file lists accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileFormat {
    /// YAML, which contains JSON.
    Yaml,
    Csv,
    Ids,
}

impl FileFormat {
    fn detect(text: &str) -> Self {
        let first = text
            .lines()
            .map(without_comment)
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        let starts_yaml = first.starts_with(['{', '[', '%'])
            || first.starts_with("---")
            || first.starts_with("- ")
            || first.ends_with(':');
        let has_accounts_key = || {
            text.lines().any(|line| {
                let key = line.split_once(':').map_or("", |(key, _)| key);
                matches!(
                    key.trim_end().trim_matches(['"', '\'']),
                    "accounts" | "Accounts"
                )
            })
        };
        if starts_yaml || has_accounts_key() {
            Self::Yaml
        } else if first.contains(',') || !first.starts_with(|c: char| c.is_ascii_digit()) {
            Self::Csv
        } else {
            Self::Ids
        }
    }
}

/// Merges the entries of each account. In c7n-org, entries of one account differ in their Regions.
fn merged(lines: Vec<ListedAccount>, origin: &str) -> Result<Vec<ConfiguredAccount>, ConfigError> {
    let mut positions: HashMap<AccountId, usize> = HashMap::new();
    let mut merged: Vec<ListedAccount> = Vec::new();
    for line in lines {
        let known = positions
            .get(&line.account.id)
            .and_then(|at| merged.get_mut(*at));
        if let Some(known) = known {
            known.merge(line, origin)?;
        } else {
            positions.insert(line.account.id, merged.len());
            merged.push(line);
        }
    }
    Ok(merged.into_iter().map(|line| line.account).collect())
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or(line).trim()
}

/// Reads lines of ids. A name may follow an id, or more ids: `aws … --output text` writes both.
fn ids(text: &str, origin: &str) -> Result<Vec<ListedAccount>, ConfigError> {
    let mut lines = Vec::new();
    for (line, number) in text.lines().map(without_comment).zip(1..) {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if first.is_empty() {
            continue;
        }
        let rest = rest.trim();
        let are_ids = |rest: &str| {
            rest.split_whitespace()
                .all(|id| id.parse::<AccountId>().is_ok())
        };
        let name = if are_ids(rest) { "" } else { rest };
        lines.push(account(first, name, number, origin)?);
        if name.is_empty() {
            for id in rest.split_whitespace() {
                lines.push(account(id, "", number, origin)?);
            }
        }
    }
    Ok(lines)
}

fn csv(text: &str, origin: &str) -> Result<Vec<ListedAccount>, ConfigError> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let failed = |error: &csv::Error| {
        let line = error
            .position()
            .and_then(|position| usize::try_from(position.line()).ok());
        ConfigError::new(origin, line, format!("invalid CSV: {error}"))
    };
    let header = reader.headers().map_err(|error| failed(&error))?;
    let id = column(header, &["id", "accountid", "account"]).ok_or_else(|| {
        let message =
            "expected one account id per line, a CSV header with a column `account_id`, c7n-org's accounts.yml, or the \
             JSON of `aws organizations list-accounts`";
        ConfigError::new(origin, Some(1), message)
    })?;
    let name = column(header, &["name", "accountname"]);
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| failed(&error))?;
        let number = record
            .position()
            .and_then(|at| usize::try_from(at.line()).ok())
            .unwrap_or_default();
        let cell = |column: Option<usize>| column.and_then(|at| record.get(at)).unwrap_or_default();
        lines.push(account(cell(Some(id)), cell(name), number, origin)?);
    }
    Ok(lines)
}

/// Returns the column whose name is one of `names`, ignoring case and separators: `Account ID`,
/// `account_id`.
fn column(header: &StringRecord, names: &[&str]) -> Option<usize> {
    let normalize = |title: &str| {
        title
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    header
        .iter()
        .position(|title| names.contains(&normalize(title).as_str()))
}

fn account(
    id: &str,
    name: &str,
    number: usize,
    origin: &str,
) -> Result<ListedAccount, ConfigError> {
    let id: AccountId = id
        .parse()
        .map_err(|error| ConfigError::new(origin, Some(number), format!("{error}")))?;
    Ok(ListedAccount {
        number,
        account: ConfiguredAccount::named(id, name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let accounts = parse(text, "file", &KnownRegions::with_added(&[]))
            .map_err(|error| error.to_string())?;
        Ok(accounts
            .into_iter()
            .map(|account| (account.id.to_string(), account.name))
            .collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(id, name)| ((*id).to_owned(), (*name).to_owned()))
            .collect()
    }

    #[test]
    fn one_id_per_line() {
        let text = "\u{feff}# ours\n000000000012\n\n111111111111 # prod\r\n000000000012\n";
        assert_eq!(
            read(text).unwrap(),
            pairs(&[("000000000012", ""), ("111111111111", "")])
        );
        assert_eq!(
            read("111111111111\n2222\n").unwrap_err(),
            "file:2: `2222` is not an AWS account id: expected 12 digits"
        );
        assert_eq!(
            read("# nothing\n").unwrap_err().split(": ").next(),
            Some("file:1")
        );
    }

    #[test]
    fn csv_columns_are_found_by_header() {
        let text = "Account Name,AccountId,Email\n\"a, b\",111111111111,x\nc,222222222222,y\n";
        assert_eq!(
            read(text).unwrap(),
            pairs(&[("111111111111", "a, b"), ("222222222222", "c")])
        );
        assert_eq!(
            read("account_id\n111111111111\n").unwrap(),
            pairs(&[("111111111111", "")])
        );
        let rounded = read("id,name\n111111111111,a\n1.11E+11,b\n").unwrap_err();
        assert!(rounded.starts_with("file:3: `1.11E+11`"), "{rounded}");
        assert!(read("x,y\n1,2\n").unwrap_err().contains("account_id"));
    }

    #[test]
    fn format_is_detected_by_content() {
        let entry = "- account_id: \"111111111111\"\n  name: prod\n";
        for text in [
            format!("accounts:\n{entry}"),
            format!("vars: {{a: 1}}\naccounts:\n{entry}"),
            format!("%YAML 1.2\n---\naccounts: !!seq\n{entry}"),
            "{\"Accounts\": [{\"Id\": \"111111111111\", \"Name\": \"prod\"}]}".to_owned(),
            "111111111111\tprod\n".to_owned(),
            "\u{feff}account_id,name\n111111111111,prod\n".to_owned(),
        ] {
            assert_eq!(
                read(&text).unwrap(),
                pairs(&[("111111111111", "prod")]),
                "{text}"
            );
        }
        assert_eq!(
            read("111111111111\t222222222222\n").unwrap(),
            pairs(&[("111111111111", ""), ("222222222222", "")])
        );
    }

    #[test]
    fn entries_of_one_account_are_merged_or_refused() {
        let entry = |rest: &str| format!("- account_id: \"111111111111\"\n{rest}");
        let text = |entries: &[String]| format!("accounts:\n{}", entries.concat());
        let regions = |rests: &[&str]| {
            let entries: Vec<String> = rests.iter().map(|rest| entry(rest)).collect();
            let accounts = parse(&text(&entries), "f", &KnownRegions::with_added(&[])).unwrap();
            assert_eq!(accounts.len(), 1);
            let regions = accounts[0].regions.iter().map(ToString::to_string);
            regions.collect::<Vec<_>>().join(" ")
        };
        let asia = "  regions: [ap-east-1]\n";
        let us = "  regions: [us-east-1, ap-east-1]\n";
        assert_eq!(regions(&[asia, us]), "ap-east-1 us-east-1");
        assert_eq!(regions(&[asia, ""]), "", "all Regions");
        let role = |name: &str| entry(&format!("  role: arn:aws:iam::111111111111:role/{name}\n"));
        for (entries, expected) in [
            (
                [role("A"), role("B")],
                "f:4: the account 111111111111 is listed twice, on line 2 with another role",
            ),
            ([entry(asia), role("B")], "f:4: "),
            (
                [entry("  external_id: ab\n"), entry("")],
                "another external id",
            ),
        ] {
            let error = read_named(&text(&entries));
            assert!(error.contains(expected), "{error}");
        }
    }

    fn read_named(text: &str) -> String {
        parse(text, "f", &KnownRegions::with_added(&[]))
            .unwrap_err()
            .to_string()
    }
}
