//! `timesketch.csv`: a timeline for Timesketch.
//!
//! Source: Timesketch user guide, "Create timeline from JSON/CSV file": `message`, `datetime` and
//! `timestamp_desc` are required, and `timestamp` is computed from `datetime`. Timesketch,
//! `timesketch/lib/utils.py`, `read_and_validate_csv` and `_parse_tag_field`.

use std::io::Write;

use super::ReportedEvent;
use super::event::{EventTime, describe_event};
use crate::report::{AccountNames, CsvFile, ReportError, RunReport};
use dragnet_model::time::format_ms;

const COLUMNS: [&str; 25] = [
    "message",
    "datetime",
    "timestamp_desc",
    "data_type",
    "tag",
    "event_account_id",
    "event_region",
    "account_name",
    "event_name",
    "event_source",
    "principal_arn",
    "access_key_id",
    "source_ip",
    "user_agent",
    "error_code",
    "record_id",
    "request_id",
    "matched_fields",
    "trusted",
    "self",
    "account_id",
    "region",
    "log_group",
    "event_id",
    "raw_record",
];

/// Writes the timeline.
pub(super) fn write_timeline<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let mut csv = CsvFile::new(out, &COLUMNS)?;
    for event in events {
        let event = event.map_err(ReportError::Rows)?;
        csv.write_row(&cells(&event, report.names))?;
    }
    Ok(csv.finish()?)
}

fn cells(event: &ReportedEvent, names: &AccountNames) -> [String; COLUMNS.len()] {
    let sighting = &event.sighting;
    let details = &sighting.details;
    let stored = &sighting.stored;
    let time = EventTime::from_sighting(sighting);
    let source_ip = match &event.flow {
        Some(flow) => flow.field("srcAddr").unwrap_or_default(),
        None => &*details.source_ip,
    };
    [
        describe_event(event, names),
        format_ms(time.ms),
        time.kind.to_string(),
        data_type(event).to_owned(),
        tags(event),
        details.account.to_string(),
        details.region.to_string(),
        names.get(&*details.account).cloned().unwrap_or_default(),
        details.event_name.to_string(),
        details.event_source.to_string(),
        details.identity.arn.to_string(),
        details.identity.access_key_id.to_string(),
        source_ip.to_owned(),
        details.user_agent.to_string(),
        details.error_code.to_string(),
        details.record_id.to_string(),
        details.request_id.to_string(),
        sighting.matched_fields.join(";"),
        sighting.trusted.to_string(),
        sighting.own_call.to_string(),
        stored.account.to_string(),
        stored.region.to_string(),
        stored.log_group.clone(),
        stored.event_id.clone(),
        sighting.message.clone(),
    ]
}

/// Returns the kind of event. Timesketch's analyzers select events by it.
///
/// Source: Plaso, `plaso/parsers/jsonl_plugins/aws_cloudtrail_log.py`, `DATA_TYPE`; the others have
/// no name there.
fn data_type(event: &ReportedEvent) -> &'static str {
    if event.flow.is_some() {
        "aws:vpc:flow"
    } else if event.sighting.details.is_cloudtrail() {
        "aws:cloudtrail:entry"
    } else {
        "aws:cloudwatch:line"
    }
}

/// Returns the tags, separated by commas. The first is always the same: Timesketch would read a text
/// that begins with a bracket as JSON, and fail.
fn tags(event: &ReportedEvent) -> String {
    // A comma would end the tag.
    let tag = |prefix: &str, name: &String| format!("{prefix}:{}", name.replace(',', " "));
    let mut tags = vec!["dragnet".to_owned()];
    let sighting = &event.sighting;
    tags.extend(
        sighting
            .indicators
            .iter()
            .map(|name| tag("indicator", name)),
    );
    tags.extend(sighting.hunts.iter().map(|name| tag("hunt", name)));
    tags.join(",")
}

#[cfg(test)]
mod tests {
    use super::super::ReportFormat;
    use super::super::testing::{cloudtrail, flow_line, log_line, report_of};
    use super::*;

    fn rows(events: &[ReportedEvent]) -> Vec<std::collections::BTreeMap<String, String>> {
        let text = report_of(ReportFormat::Timesketch, events);
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        csv.deserialize().map(Result::unwrap).collect()
    }

    #[test]
    fn rows_have_the_required_columns() {
        let rows = rows(&[cloudtrail("{}"), flow_line(), log_line("x")]);
        let types: Vec<&str> = rows.iter().map(|row| row["data_type"].as_str()).collect();
        assert_eq!(
            types,
            [
                "aws:cloudtrail:entry",
                "aws:vpc:flow",
                "aws:cloudwatch:line"
            ]
        );
        for row in &rows {
            assert!(!row["message"].is_empty());
            assert_eq!(row["datetime"], "2026-03-01T12:00:00.000Z");
            assert_eq!(row["timestamp_desc"], "Event Time");
            assert_eq!(
                row["tag"],
                "dragnet,indicator:192.0.2.1,indicator:alice,hunt:iam-access-key"
            );
        }
        assert_eq!(rows[1]["source_ip"], "192.0.2.1");
    }

    #[test]
    fn hostile_text_is_defused() {
        let mut event = log_line("=cmd|' /C calc'!A0\u{1b}[2J\n");
        event.sighting.indicators = vec!["[1,=2]".to_owned()];
        let rows = rows(&[event]);
        assert_eq!(rows[0]["raw_record"], "'=cmd|' /C calc'!A0\\u{1b}[2J\\u{a}");
        assert_eq!(
            rows[0]["tag"],
            "dragnet,indicator:[1 =2],hunt:iam-access-key"
        );
    }
}
