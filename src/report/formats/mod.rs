//! Formats for other tools: a ticket, a case, an analysis platform, a data lake, threat intelligence.
//!
//! Each format has a module and a file in the directory of the run. All of them read the sightings
//! once, in order, and write each of them before the next is read, so memory does not depend on
//! their number. What a format collects besides is bounded. JSON contains every text exactly;
//! Markdown and CSV escape what their readers would interpret.

mod event;
mod flow_record;
mod ocsf;
mod parquet;
mod security_ir;
mod stix;
mod ticket;
mod timesketch;

use std::io::Write;

use super::{ReportError, RunReport};
use crate::config::Format;
use dragnet_model::Sighting;

pub use flow_record::FlowRecord;

/// A sighting, with the fields of its line if it is one of a flow log.
#[derive(Clone, Debug)]
pub struct ReportedEvent {
    /// The sighting.
    pub sighting: Sighting,
    /// The fields of the flow log.
    pub flow: Option<FlowRecord>,
}

/// The formats of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// `report.md`: Markdown for a ticket.
    Ticket,
    /// `security-ir.json`: the input of `aws security-ir create-case`.
    SecurityIr,
    /// `ocsf.jsonl`: events of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// `timesketch.csv`: a timeline for Timesketch.
    Timesketch,
    /// `stix.json`: a bundle of STIX 2.1.
    Stix,
    /// `sightings.parquet`: the columns of the sightings file.
    Parquet,
}

impl ReportFormat {
    /// The format of this module that a user asked for; `None` if it is one of the others.
    pub fn from_format(format: Format) -> Option<Self> {
        match format {
            Format::Csv | Format::Jsonl | Format::Json | Format::Html => None,
            Format::Markdown => Some(Self::Ticket),
            Format::SecurityIr => Some(Self::SecurityIr),
            Format::Ocsf => Some(Self::Ocsf),
            Format::Timesketch => Some(Self::Timesketch),
            Format::Stix => Some(Self::Stix),
            Format::Parquet => Some(Self::Parquet),
        }
    }

    /// The name of the file in the directory of a run.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Ticket => "report.md",
            Self::SecurityIr => "security-ir.json",
            Self::Ocsf => "ocsf.jsonl",
            Self::Timesketch => "timesketch.csv",
            Self::Stix => "stix.json",
            Self::Parquet => "sightings.parquet",
        }
    }
}

/// Writes a run in one of the formats. `events` are its sightings, sorted.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_report_format<E: std::error::Error + 'static>(
    format: ReportFormat,
    report: &RunReport<'_>,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    match format {
        ReportFormat::Ticket => ticket::write_ticket(report, events, out),
        ReportFormat::SecurityIr => security_ir::write_case(report, events, out),
        ReportFormat::Ocsf => ocsf::write_events(report, events, out),
        ReportFormat::Timesketch => timesketch::write_timeline(report, events, out),
        ReportFormat::Stix => stix::write_bundle(report, events, out),
        ReportFormat::Parquet => parquet::write_parquet(report, events, out),
    }
}

#[cfg(test)]
mod testing {
    use std::convert::Infallible;

    use super::{FlowRecord, ReportFormat, ReportedEvent, write_report_format};
    use crate::report::testing::{sighting, summary, written};
    use crate::report::{
        AccountNames, CoverageTally, EvidenceTally, RunReport, RunStatus, SightingTally, Summary,
    };
    use dragnet_model::{EventDetails, Sighting, UserIdentity};

    /// Writes a run with these events in a format.
    pub(super) fn report_of(format: ReportFormat, events: &[ReportedEvent]) -> String {
        let mut sightings = SightingTally::default();
        for event in events {
            sightings.add(&event.sighting);
        }
        let mut summary = Summary {
            sightings: sightings.total(),
            ..summary(RunStatus::Incomplete)
        };
        summary.accounts.in_scope = 1;
        let report = RunReport {
            summary: &summary,
            sightings: &sightings,
            coverage: &CoverageTally::default(),
            evidence: &EvidenceTally::default(),
            names: &AccountNames::from([("111111111111".to_owned(), "prod".to_owned())]),
            directory: "",
            files: &[],
            manifest_sha256: None,
            geoip: None,
            color: false,
        };
        let mut rows = events.iter().cloned().map(Ok::<_, Infallible>);
        written(|out| write_report_format(format, &report, &mut rows, out))
    }

    /// A denied call of a role's session.
    pub(super) fn cloudtrail(message: &str) -> ReportedEvent {
        let plain = sighting(message);
        let details = EventDetails {
            event_name: "GetObject".into(),
            event_source: "s3.amazonaws.com".into(),
            error_code: "AccessDenied".into(),
            user_agent: "aws-cli/2".into(),
            record_id: "11111111-2222-4333-8444-555555555555".into(),
            request_id: "R1".into(),
            identity: UserIdentity {
                kind: "AssumedRole".into(),
                arn: "arn:aws:sts::111111111111:assumed-role/Admin/alice".into(),
                access_key_id: "ASIAEXAMPLE".into(),
                ..UserIdentity::default()
            },
            ..plain.details
        };
        ReportedEvent {
            sighting: Sighting { details, ..plain },
            flow: None,
        }
    }

    /// A line of an application.
    pub(super) fn log_line(message: &str) -> ReportedEvent {
        let plain = sighting(message);
        let details = EventDetails {
            time_ms: plain.details.time_ms,
            account: plain.details.account,
            region: plain.details.region,
            ..EventDetails::default()
        };
        ReportedEvent {
            sighting: Sighting { details, ..plain },
            flow: None,
        }
    }

    /// A line of a flow log.
    pub(super) fn flow_line() -> ReportedEvent {
        let fields = [
            ("srcAddr", "192.0.2.1"),
            ("dstAddr", "10.0.0.5"),
            ("srcPort", "50000"),
            ("dstPort", "22"),
            ("protocol", "6"),
            ("packets", "3"),
            ("bytes", "180"),
            ("start", "1772366400"),
            ("end", "1772366460"),
            ("action", "REJECT"),
            ("interfaceId", "eni-1"),
            ("pktSrcAddr", "-"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        ReportedEvent {
            flow: Some(FlowRecord::new(fields)),
            ..log_line("2 111111111111 eni-1 192.0.2.1 10.0.0.5 50000 22 6 3 180")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::testing::{cloudtrail, flow_line, log_line, report_of};
    use super::*;

    const ALL: [ReportFormat; 6] = [
        ReportFormat::Ticket,
        ReportFormat::SecurityIr,
        ReportFormat::Ocsf,
        ReportFormat::Timesketch,
        ReportFormat::Stix,
        ReportFormat::Parquet,
    ];

    #[test]
    fn every_format_has_a_file_of_its_own() {
        let asked: Vec<ReportFormat> = Format::ALL
            .into_iter()
            .filter_map(ReportFormat::from_format)
            .collect();
        assert_eq!(asked, ALL);
        let names: BTreeSet<&str> = ALL.into_iter().map(ReportFormat::file_name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn text_formats_are_the_same_each_time() {
        let events = [cloudtrail("{}"), flow_line(), log_line("x")];
        for format in ALL
            .into_iter()
            .filter(|format| *format != ReportFormat::Parquet)
        {
            assert_eq!(
                report_of(format, &events),
                report_of(format, &events),
                "{format:?}"
            );
        }
    }

    #[test]
    fn rows_that_cannot_be_read_end_every_format() {
        for format in ALL {
            let summary = crate::report::testing::summary(crate::report::RunStatus::Complete);
            let report = RunReport {
                summary: &summary,
                sightings: &crate::report::SightingTally::default(),
                coverage: &crate::report::CoverageTally::default(),
                evidence: &crate::report::EvidenceTally::default(),
                names: &crate::report::AccountNames::default(),
                directory: "",
                files: &[],
                manifest_sha256: None,
                geoip: None,
                color: false,
            };
            let rows: [Result<ReportedEvent, std::io::Error>; 1] =
                [Err(std::io::Error::other("damaged"))];
            let mut rows = rows.into_iter();
            let error = write_report_format(format, &report, &mut rows, &mut Vec::new());
            assert!(matches!(error, Err(ReportError::Rows(_))), "{format:?}");
        }
    }
}
