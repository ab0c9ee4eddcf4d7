//! What the path of a delivered file says about its records.

use dragnet_model::{AccountId, Region};

use super::coverage::{hour_of_day, hours_to_text};

/// The account, Region and day in the path of a file that an AWS service delivered.
///
/// ```text
/// [prefix/]AWSLogs/[o-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_….json.gz
/// [prefix/]AWSLogs/aws-account-id=A/aws-service=vpcflowlogs/aws-region=R/year=Y/month=M/day=D/…
/// ```
/// Sources: CloudTrail user guide, "CloudTrail log file name format"; VPC user guide, "Flow log
/// files".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathHint {
    /// The account whose records the file contains.
    pub account: Option<AccountId>,
    /// The Region of the records.
    pub region: Option<Region>,
    /// The service: `CloudTrail`, `CloudTrail-Digest`, `vpcflowlogs` …; empty if the path names none.
    pub service: String,
    /// The first hour after the day of delivery, in hours since the Unix epoch. No record can be
    /// later.
    pub end_hour: Option<i64>,
}

impl PathHint {
    /// Reads a path with slashes. Parts that do not have the form of a delivered file are ignored.
    pub fn parse(path: &str) -> Self {
        let parts: Vec<&str> = path.split(['/', '\\']).collect();
        let folder = parts.iter().rposition(|part| *part == "AWSLogs");
        if let Some(hint) = folder
            .and_then(|folder| parts.get(folder + 1..))
            .and_then(from_folders)
        {
            return hint;
        }
        parts
            .last()
            .and_then(|name| from_file_name(name))
            .unwrap_or_default()
    }

    /// The day of delivery, as text, for messages.
    pub(super) fn end_text(&self) -> String {
        self.end_hour.map(hours_to_text).unwrap_or_default()
    }
}

/// Returns the value of a part in the Hive form `name=value`, or the part itself.
fn value<'a>(part: &'a str, name: &str) -> &'a str {
    part.strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('='))
        .unwrap_or(part)
}

fn from_folders(parts: &[&str]) -> Option<PathHint> {
    let parts = match parts {
        [organization, rest @ ..] if organization.starts_with("o-") => rest,
        _ => parts,
    };
    let mut parts = parts.iter();
    let account = value(parts.next()?, "aws-account-id").parse().ok()?;
    let service = value(parts.next()?, "aws-service").to_owned();
    let region = value(parts.next()?, "aws-region").parse().ok();
    let mut number = |name: &str| {
        let part = parts.next()?;
        value(part, name).parse::<i64>().ok()
    };
    let year = number("year");
    let month = number("month");
    let day = number("day");
    let end_hour = year
        .zip(month)
        .zip(day)
        .and_then(|((year, month), day)| hour_of_day(year, month, day))
        .map(|hour| hour + 24);
    Some(PathHint {
        account: Some(account),
        region,
        service,
        end_hour,
    })
}

/// Reads `ACCOUNT_SERVICE_REGION_…`: somebody may have put all files into one directory.
fn from_file_name(name: &str) -> Option<PathHint> {
    let mut parts = name.split('_');
    let account = parts.next()?.parse().ok()?;
    let service = parts.next()?.to_owned();
    let region = parts.next()?.parse().ok()?;
    Some(PathHint {
        account: Some(account),
        region: Some(region),
        service,
        end_hour: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> (String, String, String, String) {
        let hint = PathHint::parse(path);
        let account = hint.account.map(|id| id.to_string()).unwrap_or_default();
        let region = hint.region.as_ref().map(ToString::to_string);
        let end = hint.end_text();
        (account, region.unwrap_or_default(), hint.service, end)
    }

    #[test]
    fn layouts_of_aws_are_read() {
        for (path, service, end) in [
            (
                "x/AWSLogs/111111111111/CloudTrail/us-east-1/2026/11/27/f.json.gz",
                "CloudTrail",
                "2026-11-28T00",
            ),
            (
                "o-abc/AWSLogs/o-abc/111111111111/CloudTrail-Digest/us-east-1/2026/12/31/f",
                "CloudTrail-Digest",
                "2027-01-01T00",
            ),
            (
                "AWSLogs/aws-account-id=111111111111/aws-service=vpcflowlogs/aws-region=us-east-1/year=2028/month=02/day=28/hour=03/f",
                "vpcflowlogs",
                "2028-02-29T00",
            ),
            (
                "flat/111111111111_CloudTrail_us-east-1_20261127T0210Z_abc.json",
                "CloudTrail",
                "",
            ),
        ] {
            let expected = ("111111111111", "us-east-1", service, end);
            let hint = parse(path);
            let hint = (&*hint.0, &*hint.1, &*hint.2, &*hint.3);
            assert_eq!(hint, expected, "{path}");
        }
    }

    #[test]
    fn other_paths_say_nothing() {
        for path in [
            "",
            "logs/app.log",
            "111111111111/us-east-1/f",
            "AWSLogs/x/CloudTrail/us-east-1/f",
            "12_CloudTrail_us-east-1_x",
        ] {
            assert_eq!(PathHint::parse(path), PathHint::default(), "{path}");
        }
    }
}
