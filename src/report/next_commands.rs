//! The commands that may follow a sweep, with the ids of what was found.
//!
//! People copy these commands into a shell, and the ids come from logs. So only ids that no shell
//! can misread are used, and only those of principals with records that a trail delivered.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{PrincipalSummary, RunReport, RunStatus};
use dragnet_model::time::rfc3339_ms;

/// The maximum number of ids in a command.
const MOST_PIVOTS: usize = 20;

/// The longest id that is used.
const LONGEST_ID: usize = 256;

/// Returns the commands that may follow a run, which is named as on the command line.
pub fn suggest_commands(report: &RunReport<'_>, run: &str) -> Vec<String> {
    let summary = report.summary;
    let mut commands = Vec::new();
    if !summary.has_findings() || summary.status == RunStatus::Failed {
        return commands;
    }
    let principals = report.sightings.principals().principals;
    let trusted: Vec<&PrincipalSummary> = principals
        .iter()
        .filter(|principal| principal.untrusted < principal.sightings)
        .collect();
    let pivots = find_pivots(report, &trusted);
    if !pivots.is_empty() && !summary.is_about_files_alone() {
        let from = rfc3339_ms(summary.window.from);
        let to = rfc3339_ms(summary.window.to);
        let pivots = pivots.join(" ");
        commands.push(format!("dragnet sweep {pivots} --from {from} --to {to}"));
    }
    if !trusted.is_empty() && !summary.is_about_files_alone() {
        commands.push(format!("dragnet contain plan --from-run {run}"));
    }
    if !report.files.iter().any(|file| file == "report.html") {
        commands.push(format!("dragnet report {run} --format html"));
    }
    commands
}

/// Returns what else can be searched for: the keys that were issued, the users and roles that were
/// created, the addresses, and the principals.
fn find_pivots(report: &RunReport<'_>, principals: &[&PrincipalSummary]) -> Vec<String> {
    let mut seen: BTreeSet<String> = report
        .summary
        .indicators
        .iter()
        .flat_map(|indicator| {
            let kind = &indicator.kind;
            [
                indicator.value.clone(),
                format!("{kind}:{}", indicator.value),
            ]
        })
        .collect();
    let issued = principals
        .iter()
        .flat_map(|principal| &principal.issued)
        .flat_map(|issued| &issued.keys)
        .cloned();
    let created = principals
        .iter()
        .flat_map(|principal| &principal.created)
        .filter_map(|created| {
            let kind = match created.event_name.as_str() {
                "CreateUser" => "user",
                "CreateRole" => "role",
                _ => return None,
            };
            // Several resources, separated by semicolons, are not safe, and so left out.
            let name = &created.resource;
            (!name.is_empty()).then(|| format!("{kind}:{name}"))
        });
    let addresses = principals
        .iter()
        .flat_map(|principal| principal.addresses.in_order())
        .filter(|address| is_public(address))
        .map(str::to_owned);
    let arns = principals
        .iter()
        .map(|principal| principal.principal.clone())
        .filter(|arn| arn.starts_with("arn:") && !arn.ends_with(":root"))
        .filter(|arn| !is_searched_by_name(report, arn));
    issued
        .chain(created)
        .chain(addresses)
        .chain(arns)
        .filter(|pivot| is_safe(pivot) && seen.insert(pivot.clone()))
        .take(MOST_PIVOTS)
        .collect()
}

/// Whether the search was for the name of the principal with this ARN.
fn is_searched_by_name(report: &RunReport<'_>, arn: &str) -> bool {
    let name = arn.rsplit('/').next();
    let indicators = &report.summary.indicators;
    indicators
        .iter()
        .any(|one| matches!(one.kind.as_str(), "user" | "role") && name == Some(one.value.as_str()))
}

/// Whether an address is one of the Internet. Private ones are used by many.
fn is_public(address: &str) -> bool {
    match address.parse() {
        Ok(IpAddr::V4(address)) => !(address.is_private() || address.is_loopback()),
        Ok(IpAddr::V6(address)) => !(address.is_unique_local() || address.is_loopback()),
        Err(_) => false,
    }
}

/// Whether a shell takes an id as it is, and no command takes it as an option.
fn is_safe(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/@+=,".contains(c);
    id.len() <= LONGEST_ID
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{self, sighting};
    use crate::report::{AccountNames, CoverageTally, EvidenceTally, SightingTally};
    use dragnet_model::Sighting;

    fn suggested(sightings: &[Sighting]) -> Vec<String> {
        let mut tally = SightingTally::default();
        for sighting in sightings {
            tally.add(sighting);
        }
        let mut summary = testing::summary(RunStatus::Complete);
        summary.sightings = tally.total();
        let report = RunReport {
            summary: &summary,
            sightings: &tally,
            coverage: &CoverageTally::default(),
            evidence: &EvidenceTally::default(),
            names: &AccountNames::default(),
            directory: "",
            files: &[],
            manifest_sha256: None,
            geoip: None,
            color: false,
        };
        suggest_commands(&report, "last")
    }

    /// Returns the sighting of a call that created a user.
    fn created_user(name: &str, address: &str) -> Sighting {
        let message = serde_json::json!({
            "eventID": "e", "requestParameters": {"userName": name},
        });
        let mut sighting = sighting(&message.to_string());
        sighting.details.record_id = "e".into();
        sighting.details.event_source = "iam.amazonaws.com".into();
        sighting.details.event_name = "CreateUser".into();
        sighting.details.source_ip = address.to_owned().into();
        sighting
    }

    #[test]
    fn new_ids_are_searched_for_in_the_same_window() {
        assert_eq!(
            suggested(&[
                created_user("eve", "203.0.113.9"),
                created_user("eve", "192.0.2.1"),
            ]),
            [
                "dragnet sweep user:eve 203.0.113.9 \
                 --from 2026-03-01T12:00:00.000Z --to 2026-03-02T12:00:00.000Z",
                "dragnet contain plan --from-run last",
                "dragnet report last --format html",
            ]
        );
    }

    #[test]
    fn hostile_ids_are_in_no_command() {
        for name in ["a;rm -rf ~", "$(id)", "a b", "a'b", "a\nb", "é"] {
            let commands = suggested(&[created_user(name, "10.0.0.1")]).join("\n");
            assert!(!commands.contains("user:"), "{commands}");
            assert!(!commands.contains("10.0.0.1"), "{commands}");
        }
        let untrusted = Sighting {
            trusted: false,
            ..created_user("eve", "203.0.113.9")
        };
        assert_eq!(
            suggested(&[untrusted]),
            ["dragnet report last --format html"]
        );
    }

    #[test]
    fn clean_run_has_no_commands() {
        assert!(suggested(&[]).is_empty());
    }
}
