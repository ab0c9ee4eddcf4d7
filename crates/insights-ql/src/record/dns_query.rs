//! Lines of Route 53's public DNS query logs, whose fields are columns.
//!
//! Source: Route 53 developer guide, "Public DNS query logging" (the columns, and that minor
//! versions add columns), and CloudWatch Logs user guide, "Supported logs and discovered fields"
//! (the names that Insights uses).

use std::net::IpAddr;

use jiff::Timestamp;

use crate::value::Value;

/// The columns, by the names that queries use.
pub(super) const NAMES: [&str; 10] = [
    "version",
    "queryTimestamp",
    "hostZoneId",
    "queryName",
    "queryType",
    "responseCode",
    "protocol",
    "edgeLocation",
    "resolverIp",
    "ednsClientSubnet",
];

/// A line of a DNS query log.
#[derive(Debug)]
pub(super) struct DnsQuery<'e>(Vec<&'e str>);

impl<'e> DnsQuery<'e> {
    /// Splits a line, if it looks like one of a DNS query log.
    pub(super) fn recognize(line: &'e str) -> Option<Self> {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let [version, time, zone, _, _, _, _, _, resolver, _, ..] = columns.as_slice() else {
            return None;
        };
        let is_query = is_version(version)
            && time.parse::<Timestamp>().is_ok()
            && zone.starts_with('Z')
            && resolver.parse::<IpAddr>().is_ok();
        is_query.then_some(Self(columns))
    }

    /// The fields with their names, in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, Value<'e>)> {
        let columns = self.0.iter().map(|column| Value::from(*column));
        NAMES.into_iter().zip(columns)
    }
}

/// Whether a column is a version such as `1.0`.
fn is_version(column: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    column
        .split_once('.')
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}
