//! Events of Lambda functions: the lines that Lambda writes itself, and JSON in other lines.
//!
//! Source: CloudWatch Logs user guide, "Supported logs and discovered fields"; Lambda developer
//! guide, "Sending Lambda function logs to CloudWatch Logs" (log groups, streams, and lines). The
//! memory sizes are in bytes: an Insights result shows `@memorySize 1.28E8` for a line with
//! `Memory Size: 128 MB`, and the guide's sample query divides by 1,000 twice.

use std::sync::LazyLock;

use regex::Regex;

use crate::value::{Value, parse_decimal};

/// The fields of Lambda's own lines.
pub(super) const NAMES: [&str; 9] = [
    "type",
    "requestId",
    "duration",
    "billedDuration",
    "memorySize",
    "maxMemoryUsed",
    "initDuration",
    "xrayTraceId",
    "xraySegmentId",
];

/// The bytes of a megabyte in these fields.
const MEGABYTE: f64 = 1e6;

/// The measures of a REPORT line, and by what they are multiplied.
const MEASURES: [(&str, &str, f64); 5] = [
    ("duration", "Duration", 1.0),
    ("billedDuration", "Billed Duration", 1.0),
    ("memorySize", "Memory Size", MEGABYTE),
    ("maxMemoryUsed", "Max Memory Used", MEGABYTE),
    ("initDuration", "Init Duration", 1.0),
];

/// A label of a REPORT line with its value. Labels are separated by tabs.
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let labels =
        "Billed Duration|Init Duration|Duration|Memory Size|Max Memory Used|XRAY TraceId|SegmentId";
    Regex::new(&format!(r"(?:^|\s)({labels}): (\S+)")).ok()
});

/// Whether an event is from a Lambda function: its log group has the default name, or its log
/// stream is named as Lambda does.
pub(super) fn is_from_function(log: &str, log_stream: &str) -> bool {
    let group = log.split_once(':').map_or(log, |(_, group)| group);
    group.starts_with("/aws/lambda/") || is_function_stream(log_stream)
}

/// Whether a log stream is named like `2026/03/01/[$LATEST]3a3ba8679bcb4dfb90d5f4b2ff8b7d78`, with
/// the name of the function before the bracket in a log group of several functions.
fn is_function_stream(name: &str) -> bool {
    let mut parts = name.splitn(4, '/');
    let mut is_number = |digits: usize| {
        parts
            .next()
            .is_some_and(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let has_date = is_number(4) && is_number(2) && is_number(2);
    let environment = parts
        .next()
        .and_then(|rest| rest.split_once('[')?.1.split_once(']'));
    has_date && environment.is_some_and(|(version, id)| !version.is_empty() && !id.is_empty())
}

/// The fields of a line that Lambda writes itself, without the `@`; `None` for any other line.
pub(super) fn platform_fields(line: &str) -> Option<Vec<(&'static str, Value<'_>)>> {
    let (kind, rest) = line.split_once(" RequestId: ")?;
    if !["START", "END", "REPORT"].contains(&kind) {
        return None;
    }
    let request_id = rest.split_ascii_whitespace().next()?;
    let mut fields = vec![
        ("type", Value::from(kind)),
        ("requestId", Value::from(request_id)),
    ];
    let labels = LABEL.as_ref().filter(|_| kind == "REPORT");
    for captures in labels
        .into_iter()
        .flat_map(|label| label.captures_iter(rest))
    {
        let text = |group| captures.get(group).map_or("", |found| found.as_str());
        fields.extend(labelled_field(text(1), text(2)));
    }
    Some(fields)
}

/// The field for a label and its value.
fn labelled_field<'l>(label: &str, value: &'l str) -> Option<(&'static str, Value<'l>)> {
    match label {
        "XRAY TraceId" => Some(("xrayTraceId", Value::from(value))),
        "SegmentId" => Some(("xraySegmentId", Value::from(value))),
        _ => {
            let (name, _, factor) = MEASURES.iter().find(|(_, known, _)| *known == label)?;
            Some((name, Value::from_f64(parse_decimal(value)? * factor)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_groups_and_streams_of_functions_are_recognized() {
        for (log, stream) in [
            ("111111111111:/aws/lambda/a", "any"),
            ("111111111111:/g", "2026/03/01/[$LATEST]3a3ba8679bcb"),
            ("111111111111:/g", "2026/03/01/my-function[12]3a3ba8679bcb"),
        ] {
            assert!(is_from_function(log, stream), "{log} {stream}");
        }
        for (log, stream) in [
            ("111111111111:/g", "2026/03/01/a"),
            ("111111111111:/g/aws/lambda/", "s"),
            ("111111111111:/g", "26/03/01/[1]a"),
            ("111111111111:/g", "2026/03/[1]a"),
            ("", ""),
        ] {
            assert!(!is_from_function(log, stream), "{log} {stream}");
        }
    }

    /// A line and the fields that Insights showed for it in March 2023, from a public repository
    /// (`killswitch_aws`); there the numbers are in Java's notation.
    #[test]
    fn recorded_report_line_has_recorded_fields() {
        let line = "REPORT RequestId: 0fc78b42-f6e0-400a-be91-71c5d1eadb9a\tDuration: 1394.60 ms\t\
                    Billed Duration: 1395 ms\tMemory Size: 128 MB\tMax Memory Used: 79 MB\tInit Duration: 428.60 ms\t\n";
        let fields: Vec<String> = platform_fields(line)
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            fields,
            [
                "type=REPORT",
                "requestId=0fc78b42-f6e0-400a-be91-71c5d1eadb9a",
                "duration=1394.6",
                "billedDuration=1395",
                "memorySize=128000000",
                "maxMemoryUsed=79000000",
                "initDuration=428.6",
            ]
        );
    }

    #[test]
    fn other_lines_have_no_platform_fields() {
        let start = platform_fields("START RequestId: 1-2 Version: $LATEST\n").unwrap();
        assert_eq!(start.len(), 2);
        let traced = "REPORT RequestId: r\tDuration: 1 ms\t\nXRAY TraceId: 1-5\tSegmentId: 46\tSampled: true";
        let traced = platform_fields(traced).unwrap();
        assert!(traced.contains(&("xrayTraceId", Value::from("1-5"))));
        assert!(traced.contains(&("xraySegmentId", Value::from("46"))));
        for line in [
            "REPORT",
            "X RequestId: 1",
            "x REPORT RequestId: 1",
            "END RequestId: ",
            "",
        ] {
            assert!(platform_fields(line).is_none(), "{line}");
        }
    }
}
