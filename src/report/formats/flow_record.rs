//! The fields of a line of a VPC flow log.
//!
//! Source: VPC user guide, "Flow log records".

use std::net::IpAddr;

/// A line of a VPC flow log, as names and values. The names are those of queries in CloudWatch Logs
/// Insights: `srcAddr`, `dstPort`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowRecord(Vec<(String, String)>);

impl FlowRecord {
    /// Creates a record from its fields.
    pub fn new(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(fields.into_iter().collect())
    }

    /// Returns all fields, in the order of the line.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the value of a field, if it has one: flow logs write `-` for none.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields()
            .find(|(known, value)| *known == name && *value != "-")
            .map(|(_, value)| value)
    }

    /// Returns the number in a field.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.parse().ok()
    }

    /// Returns the address and the port of one end, as far as they are known.
    pub(super) fn source(&self) -> FlowEnd {
        self.end("srcAddr", "srcPort")
    }

    /// Returns the address and the port of the other end.
    pub(super) fn destination(&self) -> FlowEnd {
        self.end("dstAddr", "dstPort")
    }

    fn end(&self, address: &str, port: &str) -> FlowEnd {
        FlowEnd {
            address: self.field(address).and_then(|text| text.parse().ok()),
            port: self.field(port).and_then(|text| text.parse().ok()),
        }
    }
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlowEnd {
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
}

impl FlowEnd {
    /// Returns the address and the port as text: `192.0.2.1 port 22`.
    pub(super) fn describe(self) -> String {
        let address = self
            .address
            .map_or_else(|| "an unknown address".to_owned(), |ip| ip.to_string());
        match self.port {
            Some(port) => format!("{address} port {port}"),
            None => address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyphen_is_no_value() {
        let fields = [
            ("srcAddr", "-"),
            ("srcPort", "70000"),
            ("dstAddr", "2001:db8::1"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let record = FlowRecord::new(fields);
        assert_eq!(record.field("srcAddr"), None);
        assert_eq!(record.source().describe(), "an unknown address");
        assert_eq!(record.destination().describe(), "2001:db8::1");
        assert_eq!(record.number("packets"), None);
    }
}
