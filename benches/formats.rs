//! Writing a run with a million sightings in each format: rows per second, size and memory. Prints
//! one table.
//!
//! `cargo bench --bench formats [-- SIGHTINGS]`. Each format is written by a separate process, whose
//! peak memory has to stay below 300 MB.

#![expect(clippy::unwrap_used, reason = "a benchmark fails at the first error")]

mod support;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, Write};
use std::process::Command;

use dragnet::config::{Format, Scope};
use dragnet::report::{
    AccountNames, CoverageCounts, CoverageTally, EvidenceTally, FlowRecord, IndicatorSummary,
    InsightsUse, LogGroupCounts, NEVER_IN_LOGS, NotRequired, PageInput, PageTally, ReportFormat,
    ReportedEvent, RunReport, RunStatus, SightingTally, SourceCounts, Summary, SummaryWindow,
    write_html, write_report_format, write_sightings,
};
use dragnet_model::{
    EventDetails, OwnCall, RequiredKinds, Sighting, StorageKind, Stored, UserIdentity,
};
use support::{cpu_seconds, head, memory, row};

const SIGHTINGS: u64 = 1_000_000;
const MB_PER_MIB: f64 = 1.048_576;
/// 2026-03-01T12:00:00Z.
const START_MS: i64 = 1_772_366_400_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if let [option, word, number] = &arguments[..]
        && option == "--write"
    {
        let format = Format::from_word(word).unwrap();
        write_format(format, number.parse().unwrap());
        return;
    }
    let sightings = arguments
        .first()
        .map_or(SIGHTINGS, |number| number.parse().unwrap());
    head();
    for format in Format::ALL {
        measure(format, sightings);
    }
}

/// Writes a format in a separate process, and prints its rows of the table.
fn measure(format: Format, sightings: u64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--write", format.as_str(), &sightings.to_string()])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{format} failed: {error}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let values: Vec<f64> = printed
        .split_ascii_whitespace()
        .map(|value| value.parse().unwrap())
        .collect();
    let [seconds, bytes, peak] = values[..] else {
        panic!("{format} printed {printed}")
    };
    row(
        &format!("{format}: rows per CPU second"),
        sightings as f64 / seconds,
        "",
    );
    row(&format!("{format}: MB written"), bytes / 1e6, "");
    row(&format!("{format}: MB at most"), peak * MB_PER_MIB, "< 300");
}

/// Writes generated sightings in a format. Prints the processor seconds, the bytes and the peak
/// memory in MiB.
fn write_format(format: Format, sightings: u64) {
    let mut tally = SightingTally::default();
    (0..sightings.min(1_000)).for_each(|number| tally.add(&event(number).sighting));
    let summary = summary(sightings);
    let names = AccountNames::new();
    let report = RunReport {
        summary: &summary,
        sightings: &tally,
        coverage: &CoverageTally::default(),
        evidence: &EvidenceTally::default(),
        names: &names,
        directory: "",
        files: &[],
        manifest_sha256: None,
        geoip: None,
        color: false,
    };
    let mut out = CountedBytes(0);
    let before = cpu_seconds();
    let events = (0..sightings).map(|number| Ok::<_, Infallible>(event(number)));
    if let Some(other) = ReportFormat::from_format(format) {
        write_report_format(other, &report, &mut events.clone(), &mut out).unwrap();
    } else {
        let rows = events.map(|event| event.map(|event| event.sighting));
        match format.sightings_form() {
            Some(form) => write_sightings(form, rows, &names, &mut out).unwrap(),
            None => write_page(&report, rows, &mut out),
        }
    }
    let seconds = cpu_seconds() - before;
    println!("{seconds} {} {}", out.0, memory("VmHWM"));
}

/// Writes the page, for which the sightings are counted first.
fn write_page(
    report: &RunReport<'_>,
    rows: impl Iterator<Item = Result<Sighting, Infallible>> + Clone,
    out: &mut dyn Write,
) {
    let mut tally = PageTally::new(report.summary, report.sightings);
    for row in rows.clone() {
        tally.add_sighting(&row.unwrap());
    }
    let input = PageInput {
        tally: &tally,
        sources: &[],
        file_hashes: &[],
        lineage: None,
    };
    write_html(report, input, rows, out).unwrap();
}

/// Counts what is written.
struct CountedBytes(u64);

impl Write for CountedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every tenth event is a line of a flow log; each has a different address, so that nothing that
/// is collected by address stays small.
fn event(number: u64) -> ReportedEvent {
    let [_, _, _, _, _, b, c, d] = number.to_be_bytes();
    let address = format!("10.{b}.{c}.{d}");
    let account = format!("{:012}", 100_000_000_000 + number % 500);
    let time_ms = START_MS + i64::try_from(number).unwrap();
    let is_flow = number.is_multiple_of(10);
    let unknown = EventDetails {
        time_ms,
        account: account.clone().into(),
        region: "eu-west-1".into(),
        ..EventDetails::default()
    };
    let details = if is_flow {
        unknown
    } else {
        call_details(unknown, number, &address)
    };
    let flow = is_flow.then(|| {
        let fields = [
            ("srcAddr", address.as_str()),
            ("dstAddr", "10.0.0.5"),
            ("srcPort", "50000"),
            ("dstPort", "443"),
            ("protocol", "6"),
            ("action", "ACCEPT"),
        ];
        FlowRecord::new(fields.map(|(name, value)| (name.to_owned(), value.to_owned())))
    });
    let sighting = Sighting {
        stored: Stored {
            account: account.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            source: StorageKind::Logs,
            log_group: "/trail".to_owned(),
            log_stream: "s".to_owned(),
            event_id: number.to_string(),
            timestamp_ms: time_ms,
            ingestion_ms: time_ms,
        },
        details,
        indicators: vec!["10.0.0.0/8".to_owned()],
        hunts: Vec::new(),
        matched_fields: vec!["sourceIPAddress".to_owned()],
        copies: 1,
        copies_differ: false,
        trusted: true,
        own_call: OwnCall::No,
        // About as long as a record of CloudTrail.
        message: format!(
            "{{\"eventID\":\"{number}\",\"filler\":\"{}\"}}",
            "x".repeat(1_200)
        ),
    };
    ReportedEvent { sighting, flow }
}

fn call_details(
    unknown: EventDetails<'static>,
    number: u64,
    address: &str,
) -> EventDetails<'static> {
    let id = format!("00000000-0000-4000-8000-{number:012}");
    let arn = format!("arn:aws:sts::111111111111:assumed-role/App/i-{number:017x}");
    EventDetails {
        event_name: "GetObject".into(),
        event_source: "s3.amazonaws.com".into(),
        source_ip: address.to_owned().into(),
        user_agent: "aws-cli/2.31.0".into(),
        record_id: id.clone().into(),
        request_id: id.into(),
        identity: UserIdentity {
            kind: "AssumedRole".into(),
            arn: arn.into(),
            ..UserIdentity::default()
        },
        ..unknown
    }
}

fn summary(sightings: u64) -> Summary {
    let start = "2026-03-01T12:00:00Z".parse().unwrap();
    let end = "2026-03-02T12:00:00Z".parse().unwrap();
    Summary {
        run_id: "20260302T120000Z-3f9a".to_owned(),
        tool_version: "0.1.0".to_owned(),
        status: RunStatus::Incomplete,
        started: end,
        finished: end,
        window: SummaryWindow {
            from: start,
            to: end,
            complete_until: end,
        },
        indicators: vec![IndicatorSummary {
            value: "10.0.0.0/8".to_owned(),
            kind: "cidr".to_owned(),
            sightings,
            first_seen: None,
            last_seen: None,
        }],
        rejected_entries: Vec::new(),
        unmatched_selectors: Vec::new(),
        not_looked_for: Vec::new(),
        hunts: Vec::new(),
        accounts: CoverageCounts::default(),
        targets: CoverageCounts::default(),
        log_groups: LogGroupCounts::default(),
        files: None,
        integrity: None,
        bucket_reads: Vec::new(),
        liveness: None,
        changes_only: false,
        follow: None,
        sources: SourceCounts::default(),
        tampering: BTreeMap::new(),
        tampering_low: 0,
        required: RequiredKinds::all(),
        not_required: NotRequired::default(),
        never_in_logs: NEVER_IN_LOGS,
        sightings,
        own_calls: 0,
        claimed_own_calls: 0,
        events_examined: sightings,
        bytes_scanned: 0,
        insights: InsightsUse::default(),
        athena: None,
        api_calls: BTreeMap::new(),
        throttled: BTreeMap::new(),
        rates: Vec::new(),
        assigned_accounts_only: false,
        member_roles: BTreeMap::new(),
        caller_arn: String::new(),
        scope: Scope::default(),
    }
}
