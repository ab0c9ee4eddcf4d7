//! The rules for the texts in a statement: actions, resources and dates that IAM refuses.
//!
//! Source: IAM user guide, "IAM JSON policy elements reference" and "IAM ARNs"; answers of AWS that
//! moto's tests record (`tests/test_iam/test_iam_policies.py`).

use super::problem::Problem;

/// The partitions that ARNs of policies may name.
const PARTITIONS: [&str; 9] = [
    "*",
    "aws",
    "aws-cn",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-us-gov",
];

/// What the resource part of an ARN of IAM may begin with.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// Checks the vendor of each action.
///
/// # Errors
/// There is no action, or one has no valid vendor.
pub(super) fn check_vendors(actions: &[String]) -> Result<(), Problem> {
    if actions.is_empty() {
        return Err(Problem::said("Policy statement must contain actions."));
    }
    for action in actions.iter().filter(|action| *action != "*") {
        let Some((vendor, _)) = action.split_once(':') else {
            return Err(Problem::said(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ));
        };
        let is_valid = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        if vendor != "*" && (vendor.is_empty() || !vendor.chars().all(is_valid)) {
            return Err(Problem::said(format!("Vendor {vendor} is not valid")));
        }
    }
    Ok(())
}

/// Checks that no action has a second colon.
///
/// # Errors
/// One has.
pub(super) fn check_colons(actions: &[String]) -> Result<(), Problem> {
    let has_two = |action: &String| action.matches(':').count() > 1;
    if actions.iter().any(has_two) {
        return Err(Problem::said(
            "Actions/Condition can contain only one colon.",
        ));
    }
    Ok(())
}

/// Checks the resources of an identity policy.
///
/// # Errors
/// There is none, or one is no ARN that IAM accepts.
pub(super) fn check_resources(resources: &[String]) -> Result<(), Problem> {
    if resources.is_empty() {
        return Err(Problem::said("Policy statement must contain resources."));
    }
    resources
        .iter()
        .filter(|resource| *resource != "*")
        .try_for_each(|resource| check_resource(resource))
}

fn check_resource(resource: &str) -> Result<(), Problem> {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let [_, partition, ..] = parts.as_slice() else {
        return Err(Problem::said(format!(
            "Resource {resource} must be in ARN format or \"*\"."
        )));
    };
    if !PARTITIONS.contains(partition) {
        let mut shown = parts.clone();
        shown.resize(6, "*");
        if let Some(first) = shown.first_mut() {
            *first = "arn";
        }
        return Err(Problem::said(format!(
            "Partition \"{partition}\" is not valid for resource \"{}\".",
            shown.join(":")
        )));
    }
    match parts.get(2..).unwrap_or_default() {
        [] => Err(Problem::said(
            "Resource vendor must be fully qualified and cannot contain regexes.",
        )),
        ["", ..] | ["s3", _, _] => Err(Problem::legacy()),
        ["iam", region, ..] if is_named_region(region) => Err(Problem::said(format!(
            "IAM resource {resource} cannot contain region information."
        ))),
        ["s3", region, _, name] if is_named_region(region) && !name.starts_with("accesspoint") => {
            Err(Problem::said(format!(
                "Resource {resource} can not contain region information."
            )))
        }
        ["iam", _, _, path] if !is_iam_path(path) => Err(Problem::said(format!(
            "IAM resource path must either be \"*\" or start with {}.",
            IAM_PATHS.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// Whether the field of an ARN names a Region, unlike `*` and a policy variable.
fn is_named_region(region: &str) -> bool {
    !region.is_empty() && !region.contains(['*', '?', '$'])
}

fn is_iam_path(path: &str) -> bool {
    path.starts_with(['*', '?', '$']) || IAM_PATHS.iter().any(|start| path.starts_with(start))
}

/// Whether a value is accepted by the operators for dates: ISO 8601, of which the parts from the
/// right may be missing, or seconds since the Unix epoch.
pub(super) fn is_date(text: &str) -> bool {
    if text.parse::<i64>().is_ok() || text.contains("${") {
        return true;
    }
    let (date, time) = text.split_once(['T', 't']).unwrap_or((text, ""));
    is_calendar_date(date) && (time.is_empty() || is_time(time))
}

fn is_calendar_date(date: &str) -> bool {
    let parts: Vec<&str> = date.split('-').collect();
    let in_range = |part: Option<&&str>, last: u32| {
        part.is_none_or(|part| number(part).is_some_and(|number| (1..=last).contains(&number)))
    };
    parts.len() <= 3
        && parts.first().and_then(|year| number(year)).is_some()
        && in_range(parts.get(1), 12)
        && in_range(parts.get(2), 31)
}

fn is_time(time: &str) -> bool {
    let zone_at = time.find(['+', '-', 'Z', 'z']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let mut parts = clock.split(':');
    let in_range = |part: Option<&str>, last: u32| {
        part.is_none_or(|part| number(part).is_some_and(|number| number <= last))
    };
    let is_clock = in_range(parts.next(), 23) && in_range(parts.next(), 59) && {
        let seconds = parts.next();
        let (whole, fraction) = seconds
            .and_then(|seconds| seconds.split_once('.'))
            .map_or((seconds, None), |(whole, fraction)| {
                (Some(whole), Some(fraction))
            });
        let is_fraction = |fraction: &str| {
            (1..=9).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit())
        };
        in_range(whole, 59) && fraction.is_none_or(is_fraction)
    };
    is_clock && parts.next().is_none() && is_zone(zone)
}

fn is_zone(zone: &str) -> bool {
    if matches!(zone, "" | "Z" | "z") {
        return true;
    }
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return false;
    };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
    let in_range = |part: &str, last: u32| {
        part.len() == 2 && number(part).is_some_and(|number| number <= last)
    };
    in_range(hours, 23) && in_range(minutes, 59)
}

fn number(text: &str) -> Option<u32> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_that_aws_accepts() {
        for good in [
            "2017-07-01T00:00:00Z",
            "2016-12-13T21:20:37.593194+00:00",
            "2016-12-13t2:00:00.593194+23",
            "2026-02-15",
            "01T",
            "-292275054",
            "1772427600",
        ] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "sdfdsf",
            "234-13",
            "2016-12-13t2:00:00.593194+1",
            "2016-12-13t2:00:00.1999999999+10:59",
            "9223372036854775808",
            "",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn resources_are_those_that_aws_accepts() {
        let message = |resource: &str| {
            check_resource(resource)
                .err()
                .map(|problem| problem.to_string())
        };
        for good in [
            "arn:aws:s3:::example_bucket",
            "arn:aws:fdsasf",
            "arn:aws:invalid-service:us-east-1::example_bucket",
            "arn:aws:iam::123456789012:user/${aws:username}",
            "arn:aws:iam::*:*",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/a",
            "arn:*:iam::*:role/AWSControlTowerExecution",
        ] {
            assert_eq!(message(good), None, "{good}");
        }
        for (bad, expected) in [
            ("adf", "Resource adf must be in ARN format or \"*\"."),
            (
                "a:b:cadfsdf",
                "Partition \"b\" is not valid for resource \"arn:b:cadfsdf:*:*:*\".",
            ),
            (
                "a:b:c:d:e:f:g:h",
                "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\".",
            ),
            (
                "arn:aws",
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (
                "arn:aws:s3::example_bucket",
                "The policy failed legacy parsing",
            ),
            (
                "arn:aws::::example_bucket",
                "The policy failed legacy parsing",
            ),
            (
                "arn:aws:iam:us-east-1::example_bucket",
                "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information.",
            ),
            (
                "arn:aws:s3:us-east-1::example_bucket",
                "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information.",
            ),
        ] {
            assert_eq!(message(bad).as_deref(), Some(expected), "{bad}");
        }
        assert!(message("arn:aws:iam:::example_bucket").is_some());
    }
}
