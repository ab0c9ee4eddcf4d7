//! `stix.json`: a bundle of STIX 2.1 for threat intelligence platforms.
//!
//! Each event is an Observed Data object with its address and account. For each indicator and hunt
//! that found it there is a Sighting, which refers to the Indicator and to the account in which it
//! happened. Calls of Dragnet itself are left out, because others would take them for an attack.
//!
//! Source: STIX 2.1, sections 2 to 6 and 8.

mod ids;
mod observables;
mod patterns;

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Map, Value, json};

use super::ReportedEvent;
use super::event::{EventTime, describe_event};
use crate::report::account_names::account_with_name;
use crate::report::{JsonText, ReportError, RunReport};
use dragnet_model::time::{format_ms, rfc3339_ms};
use dragnet_model::{Arn, OwnCall};
use ids::{ObjectId, WrittenIds};
use observables::observables;
use patterns::SearchPattern;

/// Writes the bundle.
pub(super) fn write_bundle<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let mut bundle = Bundle::start(report, out)?;
    for event in events {
        let event = event.map_err(ReportError::Rows)?;
        if event.sighting.own_call != OwnCall::Yes {
            bundle.write_event(&event)?;
        }
    }
    Ok(bundle.finish()?)
}

/// A bundle in progress.
struct Bundle<'a> {
    report: &'a RunReport<'a>,
    out: &'a mut dyn Write,
    separator: &'static str,
    written: WrittenIds,
    organization: ObjectId,
    /// What the run searched for, by its name in the sightings.
    patterns: HashMap<&'a str, SearchPattern>,
    created: String,
    modified: String,
}

impl<'a> Bundle<'a> {
    fn start(report: &'a RunReport<'a>, out: &'a mut dyn Write) -> std::io::Result<Self> {
        let summary = report.summary;
        let id = ObjectId::from_parts("bundle", &[&summary.run_id])?;
        write!(out, "{{\"type\":\"bundle\",\"id\":\"{id}\",\"objects\":[")?;
        let indicators = summary.indicators.iter().map(|indicator| {
            let pattern = SearchPattern::from_indicator(indicator);
            (indicator.value.as_str(), pattern)
        });
        let hunts = summary
            .hunts
            .iter()
            .map(|hunt| (hunt.name.as_str(), SearchPattern::from_hunt(hunt)));
        let mut bundle = Self {
            report,
            out,
            separator: "\n",
            written: WrittenIds::default(),
            organization: ObjectId::from_parts("identity", &[&summary.run_id, "organization"])?,
            patterns: hunts.chain(indicators).collect(),
            created: rfc3339_ms(summary.started),
            modified: rfc3339_ms(summary.finished.max(summary.started)),
        };
        bundle.write_organization()?;
        Ok(bundle)
    }

    fn finish(self) -> std::io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }

    /// Writes an object with the properties that all have.
    fn write_object(
        &mut self,
        id: ObjectId,
        mut members: Map<String, Value>,
    ) -> std::io::Result<()> {
        members.insert("type".to_owned(), json!(id.kind()));
        members.insert("spec_version".to_owned(), json!("2.1"));
        members.insert("id".to_owned(), json!(id));
        let json = JsonText::compact(&members)?;
        write!(self.out, "{}{json}", self.separator)?;
        self.separator = ",\n";
        Ok(())
    }

    /// Writes an object that says who created it and when.
    fn write_domain_object(
        &mut self,
        id: ObjectId,
        members: Vec<(&str, Value)>,
    ) -> std::io::Result<()> {
        let mut members: Map<String, Value> = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        members.insert("created".to_owned(), json!(self.created));
        members.insert("modified".to_owned(), json!(self.modified));
        members.insert("created_by_ref".to_owned(), json!(self.organization));
        self.write_object(id, members)
    }

    fn write_organization(&mut self) -> std::io::Result<()> {
        let caller: Option<Arn> = self.report.summary.caller_arn.parse().ok();
        let account = caller.and_then(|arn| arn.account());
        let name = match account {
            Some(account) => format!("AWS organization searched from account {account}"),
            None => "AWS organization".to_owned(),
        };
        let members = vec![
            ("name", json!(name)),
            ("identity_class", json!("organization")),
        ];
        self.write_domain_object(self.organization, members)
    }

    /// Writes the objects of an event.
    fn write_event(&mut self, event: &ReportedEvent) -> std::io::Result<()> {
        let mut references = Vec::new();
        for observable in observables(event)? {
            references.push(observable.id);
            if self.written.is_new(observable.id) {
                self.write_object(observable.id, observable.members)?;
            }
        }
        let time = format_ms(EventTime::from_sighting(&event.sighting).ms);
        let observed = self.id_of_event("observed-data", event, "")?;
        let members = vec![
            ("first_observed", json!(time)),
            ("last_observed", json!(time)),
            ("number_observed", json!(1)),
            ("object_refs", json!(references)),
        ];
        self.write_domain_object(observed, members)?;
        let account = self.write_account(&event.sighting.details.account)?;
        let found_by = event.sighting.indicators.iter();
        for name in found_by.chain(&event.sighting.hunts) {
            let indicator = self.write_indicator(name)?;
            let id = self.id_of_event("sighting", event, name)?;
            let description = describe_event(event, self.report.names);
            let members = vec![
                ("first_seen", json!(time)),
                ("last_seen", json!(time)),
                ("count", json!(1)),
                ("sighting_of_ref", json!(indicator)),
                ("observed_data_refs", json!([observed])),
                ("where_sighted_refs", json!([account])),
                ("description", json!(description)),
            ];
            self.write_domain_object(id, members)?;
        }
        Ok(())
    }

    /// Returns the identifier of an object about an event, which is unique where it is stored.
    fn id_of_event(
        &self,
        kind: &'static str,
        event: &ReportedEvent,
        name: &str,
    ) -> serde_json::Result<ObjectId> {
        let stored = &event.sighting.stored;
        ObjectId::from_parts(
            kind,
            &[
                &self.report.summary.run_id,
                &stored.account.to_string(),
                stored.region.as_str(),
                stored.source.as_str(),
                &stored.log_group,
                &stored.log_stream,
                &stored.event_id,
                name,
            ],
        )
    }

    /// Writes the account as an identity, unless it is written already.
    fn write_account(&mut self, account: &str) -> std::io::Result<ObjectId> {
        let run = &self.report.summary.run_id;
        let id = ObjectId::from_parts("identity", &[run, "account", account])?;
        if self.written.is_new(id) {
            let name = match account_with_name(account, self.report.names) {
                name if name.is_empty() => "unknown account".to_owned(),
                name => format!("AWS account {name}"),
            };
            let members = vec![("name", json!(name)), ("identity_class", json!("system"))];
            self.write_domain_object(id, members)?;
        }
        Ok(id)
    }

    /// Writes what was searched for, unless it is written already.
    fn write_indicator(&mut self, name: &str) -> std::io::Result<ObjectId> {
        let run = &self.report.summary.run_id;
        let id = ObjectId::from_parts("indicator", &[run, name])?;
        if self.written.is_new(id) {
            let found = self.patterns.get(name).cloned();
            let pattern = found.unwrap_or_else(|| SearchPattern::from_name(name));
            let from = rfc3339_ms(self.report.summary.window.from);
            let members = vec![
                ("name", json!(pattern.name)),
                ("indicator_types", json!(["unknown"])),
                ("pattern", json!(pattern.pattern)),
                ("pattern_type", json!(pattern.language)),
                ("valid_from", json!(from)),
            ];
            self.write_domain_object(id, members)?;
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReportFormat;
    use super::super::testing::{cloudtrail, flow_line, log_line, report_of};
    use super::*;

    fn objects(events: &[ReportedEvent]) -> Vec<Value> {
        let text = report_of(ReportFormat::Stix, events);
        let mut bundle: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(bundle["type"], "bundle");
        bundle["objects"].as_array_mut().unwrap().split_off(0)
    }

    fn with_type<'o>(objects: &'o [Value], kind: &str) -> Vec<&'o Value> {
        objects
            .iter()
            .filter(|object| object["type"] == kind)
            .collect()
    }

    #[test]
    fn objects_refer_to_objects_before_them() {
        let objects = objects(&[cloudtrail("{}"), flow_line(), log_line("x")]);
        let mut known = Vec::new();
        for object in &objects {
            known.push(object["id"].as_str().unwrap().to_owned());
            let text = object.to_string();
            for reference in text.split('"').filter(|part| part.contains("--")) {
                assert!(
                    known.iter().any(|id| id == reference),
                    "{reference} of {text}"
                );
            }
        }
        assert_eq!(with_type(&objects, "ipv4-addr").len(), 2, "each once");
        assert_eq!(with_type(&objects, "observed-data").len(), 3);
        // Two indicators and a hunt found each of the three events.
        assert_eq!(with_type(&objects, "indicator").len(), 3);
        assert_eq!(with_type(&objects, "sighting").len(), 9);
        assert_eq!(with_type(&objects, "identity").len(), 2);
    }

    #[test]
    fn a_sighting_says_what_happened() {
        let objects = objects(&[cloudtrail("{}")]);
        let sighting = with_type(&objects, "sighting")[0];
        assert_eq!(sighting["first_seen"], "2026-03-01T12:00:00.000Z");
        assert!(
            sighting["description"]
                .as_str()
                .unwrap()
                .starts_with("GetObject failed with AccessDenied by"),
            "{sighting}"
        );
        let indicator = with_type(&objects, "indicator")[0];
        assert_eq!(indicator["pattern"], "[ipv4-addr:value = '192.0.2.1']");
        assert_eq!(indicator["created"], "2026-03-02T12:00:00.000Z");
    }

    #[test]
    fn calls_of_dragnet_are_left_out() {
        let mut own = cloudtrail("{}");
        own.sighting.own_call = OwnCall::Yes;
        let objects = objects(&[own]);
        assert_eq!(objects.len(), 1, "only the organization");
        assert_eq!(
            objects[0]["name"],
            "AWS organization searched from account 999999999999"
        );
    }
}
