//! `security-ir.json`: the input of `aws security-ir create-case --cli-input-json`.
//!
//! The case is one that the account resolves itself, and it names no watchers: whom to involve is the
//! responder's decision. Only what the API accepts is in a list, and no list is longer than it may
//! be; the description has the numbers.
//!
//! Source: AWS Security Incident Response API, `CreateCase`, and its model in botocore 1.44.8,
//! `security-ir/2018-05-10/service-2.json`.

mod description;
mod impact;

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;

use super::ReportedEvent;
use super::event::is_expressible;
use crate::report::{ReportError, RunReport, write_json};
use description::describe_run;
use dragnet_model::AccountId;
use dragnet_model::format::plural;
use dragnet_model::time::{format_ms, rfc3339_ms};
use impact::{Impact, ThreatActorIp};

/// Source: `CreateCase`, `title`.
const LONGEST_TITLE: usize = 300;
/// Source: `CreateCase`, `impactedAccounts`.
const MOST_ACCOUNTS: usize = 200;

/// The request. The names are those of the API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateCase {
    resolver_type: &'static str,
    title: String,
    description: String,
    engagement_type: &'static str,
    reported_incident_start_date: String,
    impacted_accounts: Vec<String>,
    watchers: [(); 0],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    threat_actor_ip_addresses: Vec<ThreatActorIp>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    impacted_services: BTreeSet<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    impacted_aws_regions: Vec<ImpactedRegion>,
}

#[derive(Serialize)]
struct ImpactedRegion {
    region: &'static str,
}

/// Writes the case.
pub(super) fn write_case<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let mut impact = Impact::new(report);
    for event in events {
        impact.add(&event.map_err(ReportError::Rows)?, report);
    }
    let started = report
        .sightings
        .span_ms()
        .filter(|(first, _)| is_expressible(*first))
        .map_or_else(
            || rfc3339_ms(report.summary.window.from),
            |(first, _)| format_ms(first),
        );
    let case = CreateCase {
        resolver_type: "Self",
        title: title(report),
        description: describe_run(report, &impact.first_sightings),
        engagement_type: "Investigation",
        reported_incident_start_date: started,
        impacted_accounts: impacted_accounts(report),
        watchers: [],
        threat_actor_ip_addresses: impact.threat_actors(),
        impacted_services: impact.services,
        impacted_aws_regions: impact
            .regions
            .into_iter()
            .map(|region| ImpactedRegion { region })
            .collect(),
    };
    Ok(write_json(&case, out)?)
}

/// Returns the accounts, those with the most sightings first.
fn impacted_accounts(report: &RunReport<'_>) -> Vec<String> {
    report
        .sightings
        .by_account()
        .top(usize::MAX)
        .into_iter()
        .filter(|(account, _)| account.parse::<AccountId>().is_ok())
        .take(MOST_ACCOUNTS)
        .map(|(account, _)| account.to_owned())
        .collect()
}

fn title(report: &RunReport<'_>) -> String {
    let accounts = report.sightings.by_account().different() as u64;
    let title = format!(
        "Dragnet sweep {}: {} in {}",
        report.summary.run_id,
        plural(report.sightings.findings(), "sighting"),
        plural(accounts, "account")
    );
    title.chars().take(LONGEST_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::ReportFormat;
    use super::super::testing::{cloudtrail, flow_line, log_line, report_of};
    use super::*;

    fn case(events: &[ReportedEvent]) -> Value {
        serde_json::from_str(&report_of(ReportFormat::SecurityIr, events)).unwrap()
    }

    #[test]
    fn a_case_names_what_was_found() {
        let case = case(&[cloudtrail("{}"), flow_line(), log_line("x")]);
        assert_eq!(
            case["title"],
            "Dragnet sweep 20260302T120000Z-3f9a: 3 sightings in 1 account"
        );
        assert_eq!(case["resolverType"], "Self");
        assert_eq!(case["impactedAccounts"], json!(["111111111111"]));
        assert_eq!(case["watchers"], json!([]));
        assert_eq!(
            case["reportedIncidentStartDate"],
            "2026-03-01T12:00:00.000Z"
        );
        assert_eq!(
            case["threatActorIpAddresses"],
            json!([{"ipAddress": "192.0.2.1", "userAgent": "aws-cli/2"}])
        );
        assert_eq!(case["impactedServices"], json!(["s3.amazonaws.com"]));
        assert_eq!(case["impactedAwsRegions"], json!([{"region": "eu-west-1"}]));
        let description = case["description"].as_str().unwrap();
        assert!(
            description.contains("coverage is INCOMPLETE"),
            "{description}"
        );
        assert!(
            description.contains("- 2026-03-01T12:00:00.000Z GetObject failed with AccessDenied"),
            "{description}"
        );
    }

    #[test]
    fn nothing_is_longer_than_the_api_allows() {
        let mut events = Vec::new();
        for number in 0..250 {
            let mut event = cloudtrail("");
            event.sighting.details.account = format!("{number:012}").into();
            event.sighting.details.region = "xx-mars-1".into();
            event.sighting.details.event_source = "é".into();
            event.sighting.details.user_agent = "u".repeat(2_000).into();
            event.sighting.details.identity.arn = format!("{number}{}", "é".repeat(900)).into();
            events.push(event);
        }
        let case = case(&events);
        let description = case["description"].as_str().unwrap();
        assert!(description.chars().count() <= description::LONGEST_DESCRIPTION);
        assert!(description.contains("left out"), "{description}");
        assert_eq!(case["impactedAccounts"].as_array().unwrap().len(), 200);
        let user_agent = case["threatActorIpAddresses"][0]["userAgent"].as_str();
        assert_eq!(user_agent.unwrap().len(), 500);
        for absent in ["impactedServices", "impactedAwsRegions"] {
            assert_eq!(case[absent], Value::Null, "{absent}");
        }
    }

    #[test]
    fn only_addresses_that_were_searched_for_are_of_the_attacker() {
        let mut other = cloudtrail("");
        other.sighting.details.source_ip = "203.0.113.9".into();
        assert_eq!(case(&[other])["threatActorIpAddresses"], Value::Null);
    }
}
