//! Recognises the lines of VPC flow logs.

use dragnet_model::{AccountId, Region};
use insights_ql::FlowLogFormat;

use super::coverage::checked_ms;

/// The fields of the default format.
///
/// Source: VPC user guide, "Flow log records", "Available fields".
pub(super) const DEFAULT_FIELDS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// All fields that AWS documents. A header with other names may be a sentence, and is searched.
///
/// Source: VPC user guide, "Flow log records", "Available fields".
const KNOWN_FIELDS: [&str; 43] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
    "ecs-cluster-arn",
    "ecs-cluster-name",
    "ecs-container-instance-arn",
    "ecs-container-instance-id",
    "ecs-container-id",
    "ecs-second-container-id",
    "ecs-service-name",
    "ecs-task-definition-arn",
    "ecs-task-arn",
    "ecs-task-id",
    "reject-reason",
    "resource-id",
    "encryption-status",
    "resource-type",
];

/// Fields of which at least one is in the header of every useful flow log.
const TELLING_FIELDS: [&str; 6] = [
    "interface-id",
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "flow-direction",
];

/// The fields of a flow log: which column has which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FlowFields {
    names: String,
    account: Option<usize>,
    region: Option<usize>,
    start: Option<usize>,
}

/// What a line of a flow log says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FlowLine {
    pub(super) account: Option<AccountId>,
    pub(super) region: Option<Region>,
    /// The start of the aggregation interval in milliseconds since the Unix epoch.
    pub(super) time_ms: Option<i64>,
}

impl FlowFields {
    /// The default format, which has no header in CloudWatch Logs.
    pub(super) fn default_format() -> Self {
        Self::new(DEFAULT_FIELDS)
    }

    /// Reads a header line: names of fields, separated by spaces.
    pub(super) fn from_header(line: &str) -> Option<Self> {
        let is_name = |word: &str| {
            let is_part =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
            word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(is_part)
        };
        if !line.trim().split(' ').all(is_name) {
            return None;
        }
        // Tools that export tables write the names with underscores.
        let names = line.trim().replace('_', "-");
        let total = names.split(' ').count();
        let known = names.split(' ').filter(|name| KNOWN_FIELDS.contains(name));
        let is_header = known.count() * 2 >= total
            && names.split(' ').any(|name| TELLING_FIELDS.contains(&name));
        is_header.then(|| Self::new(&names))
    }

    fn new(names: &str) -> Self {
        let column = |wanted: &str| names.split(' ').position(|name| name == wanted);
        Self {
            account: column("account-id"),
            region: column("region"),
            start: column("start"),
            names: names.to_owned(),
        }
    }

    pub(super) fn names(&self) -> &str {
        &self.names
    }

    /// Whether the header has names that are no documented fields.
    pub(super) fn has_unknown_names(&self) -> bool {
        let is_known = |name| KNOWN_FIELDS.contains(&name);
        !self.names.split(' ').all(is_known)
    }

    /// Reads a line. `None` if it does not have as many columns as the format.
    pub(super) fn read_line(&self, line: &str) -> Option<FlowLine> {
        let columns = line.split(' ').count();
        if columns != self.names.split(' ').count() {
            return None;
        }
        let value = |column: Option<usize>| column.and_then(|column| line.split(' ').nth(column));
        let seconds: Option<i64> = value(self.start).and_then(|text| text.parse().ok());
        Some(FlowLine {
            account: value(self.account).and_then(|text| text.parse().ok()),
            region: value(self.region).and_then(|text| text.parse().ok()),
            time_ms: seconds
                .and_then(|seconds| seconds.checked_mul(1_000))
                .and_then(checked_ms),
        })
    }
}

/// A format of a flow log that is stored with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredFlowFormat {
    /// The names of the fields, separated by spaces.
    names: String,
    format: FlowLogFormat,
}

impl StoredFlowFormat {
    /// Reads a format in the syntax of AWS: `${version} ${srcaddr}`. `None` if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let format = text.parse().ok()?;
        let names: Vec<&str> = text
            .split_ascii_whitespace()
            .filter_map(|field| field.strip_prefix("${")?.strip_suffix('}'))
            .collect();
        Some(Self {
            names: names.join(" "),
            format,
        })
    }

    pub(super) fn names(&self) -> &str {
        &self.names
    }

    /// Whether a line can have this format, judged as in a sweep.
    pub(super) fn fits(&self, line: &str) -> bool {
        self.format.fits(line)
    }
}

/// Whether a line has the default format beyond doubt.
pub(super) fn is_default_line(line: &str) -> bool {
    if !line.starts_with("2 ") {
        return false;
    }
    let columns: Vec<&str> = line.split(' ').take(15).collect();
    let [_, account, interface, .., status] = columns[..] else {
        return false;
    };
    columns.len() == 14
        && (account == "-" || account.parse::<AccountId>().is_ok())
        && interface.starts_with("eni-")
        && matches!(status, "OK" | "NODATA" | "SKIPDATA")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::ReadLimits;
    use crate::files::test_sink::{read_as, streaming};

    const LINE: &str = "2 111111111111 eni-0a 192.0.2.1 10.0.0.5 443 49152 6 10 840 1795773600 1795773660 ACCEPT OK";

    #[test]
    fn header_names_the_columns() {
        let fields = FlowFields::from_header("version account-id region srcaddr start").unwrap();
        let line = fields
            .read_line("5 111111111111 eu-west-1 192.0.2.1 1795773600")
            .unwrap();
        assert_eq!(line.account.unwrap().to_string(), "111111111111");
        assert_eq!(line.region.unwrap().as_str(), "eu-west-1");
        assert_eq!(line.time_ms, Some(1_795_773_600_000));
        assert_eq!(fields.read_line("5 111111111111"), None);
        assert!(FlowFields::from_header("srcaddr dst_addr").is_some());
        for other in ["", "started the server", "srcaddr=1 dstaddr=2", LINE] {
            assert_eq!(FlowFields::from_header(other), None, "{other}");
        }
    }

    #[test]
    fn each_header_applies_to_the_lines_behind_it() {
        let first = "version account-id region dstaddr start";
        let second = "start dstaddr region account-id version";
        let line = "5 111111111111 eu-west-1 192.0.2.1 1795773600";
        let other = "1795773600 192.0.2.1 eu-west-1 111111111111 5";
        let content = format!("{first}\n{line}\n{LINE}\n{second}\n{other}\n{first}\n{line}\n");
        for limits in [ReadLimits::default(), streaming(10)] {
            let found = read_as("f", content.as_bytes(), None, limits);
            assert_eq!(found.texts(), [line, LINE, other, line]);
            let fields = found.records.iter().map(|kept| kept.flow_fields.as_deref());
            let fields: Vec<Option<&str>> = fields.collect();
            let expected = [Some(first), Some(DEFAULT_FIELDS), Some(second), Some(first)];
            assert_eq!(fields, expected);
            let cells = [
                "111111111111  flow 2026-11-27T10: 1",
                "111111111111 eu-west-1 flow 2026-11-27T10: 3",
            ];
            assert_eq!(found.cells(), cells);
        }
    }

    #[test]
    fn stored_format_names_the_columns() {
        let format = StoredFlowFormat::parse("${vpc-id} ${srcaddr}  ${action}").unwrap();
        assert_eq!(format.names(), "vpc-id srcaddr action");
        assert!(format.fits("vpc-1 192.0.2.1 ACCEPT"));
        assert!(!format.fits("vpc-1 192.0.2.1 DENIED"));
        assert_eq!(StoredFlowFormat::parse("srcaddr dstaddr"), None);
        assert_eq!(StoredFlowFormat::parse(""), None);
    }

    #[test]
    fn default_format_needs_no_header() {
        assert!(is_default_line(LINE));
        let line = FlowFields::default_format().read_line(LINE).unwrap();
        assert_eq!(line.time_ms, Some(1_795_773_600_000));
        let no_data = "2 111111111111 eni-0a - - - - - - - 1795773600 1795773660 - NODATA";
        assert!(is_default_line(no_data));
        for other in [
            "2 of 3 done",
            &LINE.replace("eni-", "if-"),
            &format!("{LINE} x"),
        ] {
            assert!(!is_default_line(other), "{other}");
        }
    }
}
