//! `--targets FILE`: a CSV file of principals to contain, with a reason for each.

use std::fs;
use std::path::Path;

use super::{ConfigError, PrincipalSelector};
use crate::model::PrincipalKind;

/// The columns of the file. `kind` and `account` may be missing or empty if `target` is an ARN.
const COLUMNS: [&str; 4] = ["target", "kind", "account", "reason"];

/// Reads a CSV file with a header: `target` (an ARN, a name or a glob), `kind`, `account`,
/// `reason`.
///
/// # Errors
/// The file cannot be read, has an unknown column, or a line that does not select principals; the
/// error names the line.
pub fn load_targets(path: &Path) -> Result<Vec<PrincipalSelector>, ConfigError> {
    let origin = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&origin, &error))?;
    parse(&text, &origin)
}

fn parse(text: &str, origin: &str) -> Result<Vec<PrincipalSelector>, ConfigError> {
    let mut csv = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let invalid = |line, problem: String| ConfigError::new(origin, line, problem);
    let header = csv
        .headers()
        .map_err(|error| invalid(Some(1), error.to_string()))?
        .clone();
    let names: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
    if let Some(unknown) = names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        let known = COLUMNS.join(", ");
        return Err(invalid(
            Some(1),
            format!("unknown column `{unknown}`: expected a header of {known}"),
        ));
    }
    let mut selectors = Vec::new();
    for record in csv.records() {
        let record = record.map_err(|error| {
            invalid(
                error
                    .position()
                    .and_then(|at| usize::try_from(at.line()).ok()),
                error.to_string(),
            )
        })?;
        let line = record
            .position()
            .and_then(|at| usize::try_from(at.line()).ok());
        let cell = |column: &str| {
            let at = names.iter().position(|name| name == column);
            at.and_then(|at| record.get(at))
                .filter(|cell| !cell.is_empty())
        };
        selectors.push(selector(cell).map_err(|problem| invalid(line, problem))?);
    }
    if selectors.is_empty() {
        return Err(invalid(None, "no principal is listed".to_owned()));
    }
    Ok(selectors)
}

fn selector<'a>(cell: impl Fn(&str) -> Option<&'a str>) -> Result<PrincipalSelector, String> {
    let target =
        cell("target").ok_or("the cell `target` is empty: expected an ARN, a name or a glob")?;
    let kind = cell("kind").map(|word| {
        let known = PrincipalKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word.to_ascii_lowercase());
        known.ok_or_else(|| format!("`{word}` is not a kind: expected role, user or group"))
    });
    let account = cell("account").map(str::parse).transpose();
    let account = account.map_err(|error: crate::model::InvalidAccountId| error.to_string())?;
    let selector = match kind.transpose()? {
        Some(kind) => PrincipalSelector::parse(kind, target),
        None if target.starts_with("arn:") => PrincipalSelector::from_arn(target),
        None => {
            return Err(format!(
                "`{target}` is a name without a kind: set `kind` to role, user or group"
            ));
        }
    };
    let mut selector = selector.map_err(|error| error.to_string())?;
    match (selector.account, account) {
        (Some(selected), Some(other)) if selected != other => {
            return Err(format!("`{target}` is not in account {other}"));
        }
        (None, account) => selector.account = account,
        _ => {}
    }
    selector.reason = cell("reason").map(str::to_owned);
    Ok(selector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_select_principals_and_errors_name_the_line() {
        let text = "target,kind,account,reason\narn:aws:iam::111111111111:user/eve,,,her key leaked\nDeploy*,role,111111111111,\n";
        let selectors = parse(text, "t").unwrap();
        assert_eq!(selectors[0].reason.as_deref(), Some("her key leaked"));
        assert_eq!(
            (selectors[1].kind, selectors[1].is_exact()),
            (PrincipalKind::Role, false)
        );
        for (text, expected) in [
            ("target\n", "no principal is listed"),
            ("target\neve\n", "t:2: `eve` is a name"),
            ("target,kind\na,b\n", "t:2: `b` is not a kind"),
            ("who\na\n", "t:1: unknown column `who`"),
            (
                "target,account\narn:aws:iam::111111111111:user/eve,222222222222\n",
                "t:2: `arn:aws:iam::111111111111:user/eve` is not in",
            ),
        ] {
            let error = parse(text, "t").unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
