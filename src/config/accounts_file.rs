//! The file of `--accounts-file`: the accounts to sweep, for use without Organizations.
//!
//! Three formats are recognized by their content: one id per line, CSV with a header, and the
//! `accounts.yml` of c7n-org, which many teams already have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use csv::StringRecord;

use super::{ConfigError, ConfiguredAccount, KnownRegions, account, c7n_accounts};
use crate::model::AccountId;

/// Reads the accounts of a file in order; an account that is listed twice counts once.
///
/// # Errors
/// The file cannot be read, is in none of the three formats, contains a malformed id or role or an
/// unknown Region, or lists no account. The error names the line.
pub fn load_accounts(
    path: &Path,
    known: &KnownRegions<'_>,
) -> Result<Vec<ConfiguredAccount>, ConfigError> {
    let origin = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&origin, &error))?;
    parse(&text, &origin, known)
}

/// An account and the line that lists it.
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) account: ConfiguredAccount,
}

fn parse(
    text: &str,
    origin: &str,
    known: &KnownRegions<'_>,
) -> Result<Vec<ConfiguredAccount>, ConfigError> {
    // Spreadsheets and PowerShell write a byte order mark at the start of a file.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text
        .lines()
        .map(without_comment)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let lines = if first.ends_with(':') || first == "---" {
        c7n_accounts::read(text, origin)?
    } else if first.contains(',') || !first.starts_with(|c: char| c.is_ascii_digit()) {
        csv(text, origin)?
    } else {
        ids(text, origin)?
    };
    let mut seen = BTreeSet::new();
    let mut accounts = Vec::new();
    for Line { number, account } in lines {
        if !seen.insert(account.id) {
            continue;
        }
        account::check_regions(&account, known)
            .map_err(|error| ConfigError::new(origin, Some(number), error.to_string()))?;
        accounts.push(account);
    }
    if accounts.is_empty() {
        Err(ConfigError::new(origin, None, "no account is listed"))
    } else {
        Ok(accounts)
    }
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or(line).trim()
}

fn ids(text: &str, origin: &str) -> Result<Vec<Line>, ConfigError> {
    let lines = text
        .lines()
        .zip(1..)
        .map(|(line, number)| (without_comment(line), number));
    lines
        .filter(|(line, _)| !line.is_empty())
        .map(|(id, number)| account(id, "", number, origin))
        .collect()
}

fn csv(text: &str, origin: &str) -> Result<Vec<Line>, ConfigError> {
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
            "expected one account id per line, a CSV header with a column `account_id`, or c7n-org's accounts.yml";
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

fn account(id: &str, name: &str, number: usize, origin: &str) -> Result<Line, ConfigError> {
    let id: AccountId = id
        .parse()
        .map_err(|error| ConfigError::new(origin, Some(number), format!("{error}")))?;
    Ok(Line {
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
    fn c7n_org_files() {
        let text = "vars: {a: 1}\naccounts:\n- account_id: \"111111111111\"\n  name: prod\n";
        let text = text.replace("vars: {a: 1}\n", "");
        assert_eq!(read(&text).unwrap(), pairs(&[("111111111111", "prod")]));
    }
}
