//! VPC flow-log lines, whose fields are columns.
//!
//! Source: VPC user guide, "Flow log records" (the default format and the field names), and
//! CloudWatch Logs user guide, "Supported logs and discovered fields" (the names that Insights
//! uses).

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

const DEFAULT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} \
                       ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// Further fields, with which a format may be written. Those of transit gateways begin with `tgw-`
/// or `packets-lost-`; they are not listed.
const OPTIONAL: &str = "vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id \
                        sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction \
                        traffic-path ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn \
                        ecs-container-instance-id ecs-container-id ecs-second-container-id ecs-service-name \
                        ecs-task-definition-arn ecs-task-arn ecs-task-id reject-reason resource-id encryption-status \
                        resource-type";

/// The names of all fields that are listed here, and the two names that only AWS's guide to Insights
/// uses.
pub(super) fn known_names() -> Vec<String> {
    let optional = OPTIONAL.split_ascii_whitespace().map(query_name);
    let names = DEFAULT_FORMAT.names().map(str::to_owned);
    let guide = ["startTime", "endTime"].map(str::to_owned);
    names.chain(optional).chain(guide).collect()
}

static DEFAULT_FORMAT: LazyLock<FlowLogFormat> = LazyLock::new(|| FlowLogFormat {
    names: parse_names(DEFAULT).flatten().collect(),
});

/// The columns of a flow log, by the names that queries use: `srcAddr`, `logStatus`, `vpcId`,
/// `pktSrcAddr` …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLogFormat {
    names: Vec<String>,
}

/// A text that is not a flow-log format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid flow log format `{0}`: expected fields such as ${{srcaddr}}, separated by spaces")]
pub struct InvalidFlowLogFormat(String);

impl FlowLogFormat {
    /// The format of flow logs that do not specify one, with its 14 fields.
    pub fn default_format() -> &'static Self {
        &DEFAULT_FORMAT
    }

    /// The columns' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The default format, if the line looks like one of it.
    pub fn recognize(line: &str) -> Option<&'static Self> {
        let is_version_2 = line.split_ascii_whitespace().next() == Some("2");
        (is_version_2 && DEFAULT_FORMAT.fits(line)).then_some(&*DEFAULT_FORMAT)
    }

    /// Whether a line can be in this format: the number of columns is right, and so is each value,
    /// as far as the column's name is known.
    pub fn fits(&self, line: &str) -> bool {
        self.columns(line).is_some_and(|columns| {
            self.names()
                .zip(columns)
                .all(|(name, column)| is_value(name, column))
        })
    }

    /// The columns of a line; `None` if there are more or fewer than the format has.
    pub fn columns<'l>(&self, line: &'l str) -> Option<Vec<&'l str>> {
        let columns: Vec<&str> = line
            .split_ascii_whitespace()
            .take(self.names.len() + 1)
            .collect();
        (columns.len() == self.names.len()).then_some(columns)
    }

    /// The index of the column with this name. AWS's guide calls the two times `startTime` and
    /// `endTime`; these names are accepted too.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let name = match name {
            "startTime" => "start",
            "endTime" => "end",
            name => name,
        };
        self.names.iter().position(|known| known == name)
    }
}

/// Parses a format as `DescribeFlowLogs` returns it (`LogFormat`): `${version} ${srcaddr} …`.
impl FromStr for FlowLogFormat {
    type Err = InvalidFlowLogFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names: Option<Vec<String>> = parse_names(text).collect();
        match names {
            Some(names) if !names.is_empty() => Ok(Self { names }),
            _ => Err(InvalidFlowLogFormat(text.to_owned())),
        }
    }
}

/// Whether a column with this name can have this value. A bracket or quotation mark at the start
/// would make a filter pattern read several columns as one; no flow log writes one.
fn is_value(name: &str, column: &str) -> bool {
    match name {
        "action" => ["ACCEPT", "REJECT", "-"].contains(&column),
        "logStatus" => ["OK", "NODATA", "SKIPDATA"].contains(&column),
        "srcAddr" | "dstAddr" | "pktSrcAddr" | "pktDstAddr" => {
            column == "-" || column.parse::<IpAddr>().is_ok()
        }
        _ => column.bytes().all(|b| b.is_ascii_graphic()) && !column.starts_with(['[', '"']),
    }
}

fn parse_names(format: &str) -> impl Iterator<Item = Option<String>> {
    format
        .split_ascii_whitespace()
        .map(|field| Some(query_name(field.strip_prefix("${")?.strip_suffix('}')?)))
}

/// Converts the name of a field: `pkt-srcaddr` is `pktSrcAddr` in a query.
fn query_name(field: &str) -> String {
    let mut name = String::with_capacity(field.len());
    for (at, word) in field.split('-').enumerate() {
        let word = match word {
            "srcaddr" => "srcAddr",
            "dstaddr" => "dstAddr",
            "srcport" => "srcPort",
            "dstport" => "dstPort",
            word => word,
        };
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if at > 0 => name.extend(first.to_uppercase()),
            Some(first) => name.push(first),
            None => {}
        }
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_fits_its_own_format() {
        let custom: FlowLogFormat = "${vpc-id} ${srcaddr} ${action}".parse().unwrap();
        assert!(custom.fits("vpc-1 10.0.0.1 REJECT") && custom.fits(" vpc-1  - - "));
        for line in [
            "vpc-1 10.0.0.1",
            "vpc-1 10.0.0 REJECT",
            "vpc-1 10.0.0.1 ALLOW",
            "\"vpc 10.0.0.1 REJECT",
            "é - -",
        ] {
            assert!(!custom.fits(line), "{line}");
        }
        assert_eq!(
            FlowLogFormat::recognize("3 1 e - - 1 1 6 1 1 1 1 REJECT OK"),
            None
        );
    }

    #[test]
    fn valid_format_parses_and_invalid_one_fails() {
        assert_eq!(
            DEFAULT.parse::<FlowLogFormat>().unwrap(),
            *FlowLogFormat::default_format()
        );
        assert_eq!(FlowLogFormat::default_format().names.len(), 14);
        let custom: FlowLogFormat = "${az-id} ${pkt-dst-aws-service} ${tcp-flags}"
            .parse()
            .unwrap();
        assert_eq!(custom.names, ["azId", "pktDstAwsService", "tcpFlags"]);
        for bad in ["", "version", "${a} b", "${a"] {
            assert!(bad.parse::<FlowLogFormat>().is_err(), "{bad}");
        }
    }
}
