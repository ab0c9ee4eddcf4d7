//! `--targets FILE`: the principals to contain: ARNs one per line, or a CSV file with a reason for
//! each.

use std::fs;
use std::path::Path;

use super::{ConfigError, PrincipalSelector};
use dragnet_model::PrincipalKind;

/// The columns of the file. `kind` and `account` may be missing or empty if `target` is an ARN.
const COLUMNS: [&str; 4] = ["target", "kind", "account", "reason"];

/// Reads ARNs one per line, or a CSV file with a header: `target` (an ARN, a name or a glob), `kind`,
/// `account`, `reason`. The ARN of a role's session stands for the role.
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
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = arn_lines(text).next();
    if first.is_some_and(|(_, arn)| arn.starts_with("arn:")) {
        return parse_arns(text, origin);
    }
    parse_csv(text, origin)
}

/// The lines that are not empty, with their numbers, without comments and what lists put around an
/// ARN: quotes, bullets and commas.
fn arn_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().zip(1..).filter_map(|(line, number)| {
        let line = line.split('#').next().unwrap_or(line);
        let arn = line.trim_matches(|c: char| c.is_whitespace() || "\"',;[]".contains(c));
        let arn = arn.strip_prefix("- ").unwrap_or(arn);
        let arn = arn.trim_matches(|c: char| c.is_whitespace() || "\"'".contains(c));
        (!arn.is_empty()).then_some((number, arn))
    })
}

fn parse_arns(text: &str, origin: &str) -> Result<Vec<PrincipalSelector>, ConfigError> {
    arn_lines(text)
        .map(|(number, arn)| {
            PrincipalSelector::from_arn(arn)
                .map_err(|error| ConfigError::new(origin, Some(number), error.to_string()))
        })
        .collect()
}

fn parse_csv(text: &str, origin: &str) -> Result<Vec<PrincipalSelector>, ConfigError> {
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
            format!(
                "unknown column `{unknown}`: expected a header of {known}, or ARNs one per line"
            ),
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
        let known = PrincipalKind::from_word(&word.to_ascii_lowercase());
        known.ok_or_else(|| format!("`{word}` is not a kind: expected role, user or group"))
    });
    let account = cell("account").map(str::parse).transpose();
    let account = account.map_err(|error: dragnet_model::InvalidAccountId| error.to_string())?;
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
    fn arns_one_per_line_select_principals() {
        let text = "\u{feff}# from the report\narn:aws:iam::111111111111:user/eve\n\n\
                    - \"arn:aws:sts::111111111111:assumed-role/DataPipeline/sync\", # its session\n";
        let selectors = parse(text, "t").unwrap();
        let shown: Vec<String> = selectors.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "arn:aws:iam::111111111111:user/eve",
                "role DataPipeline in 111111111111"
            ]
        );
        let error = parse("arn:aws:iam::111111111111:user/eve\neve\n", "t").unwrap_err();
        assert!(
            error.to_string().starts_with("t:2: `eve` is not the ARN"),
            "{error}"
        );
    }

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
