//! The kind of record that an event is. A hunt is evaluated only on the kind that it is about, and
//! each kind has its own way to find fields.

use std::collections::BTreeMap;

use dragnet_model::{LogGroupArn, LogSource, Selection, SourceState};
use insights_ql::{Discovery, FlowLogFormat};

/// The kind of record that an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind<'f> {
    /// A CloudTrail record.
    CloudTrail,
    /// A line of a VPC flow log in this format.
    FlowLog(&'f FlowLogFormat),
    /// Any other event.
    Other,
}

impl<'f> RecordKind<'f> {
    /// Detects the kind of an event in a log group with flow logs of these formats.
    pub fn detect(message: &str, is_cloudtrail: bool, formats: &'f FlowLogFormats) -> Self {
        if is_cloudtrail {
            return Self::CloudTrail;
        }
        formats
            .format_of(message)
            .map_or(Self::Other, Self::FlowLog)
    }

    /// How the fields are found; unlike in Insights, their number is not limited.
    pub fn discovery(self) -> Discovery<'f> {
        match self {
            Self::FlowLog(format) => Discovery::FlowLog(format),
            Self::CloudTrail | Self::Other => Discovery::Automatic { json_limit: None },
        }
    }

    /// The word stored in `run.db`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudTrail => "cloudtrail",
            Self::FlowLog(_) => "vpc-flow",
            Self::Other => "other",
        }
    }
}

/// The formats of the flow logs that deliver to a log group. The default format is always
/// recognized.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowLogFormats(Vec<FlowLogFormat>);

impl FlowLogFormats {
    /// The formats for each log group to which one of these log sources delivers flow logs.
    pub fn by_group<'r>(
        sources: impl IntoIterator<Item = &'r LogSource>,
    ) -> BTreeMap<LogGroupArn, Self> {
        let mut groups: BTreeMap<LogGroupArn, Self> = BTreeMap::new();
        for source in sources {
            let SourceState::Known(_, Selection::Traffic { format, .. }) = &source.state else {
                continue;
            };
            // The format from AWS may be invalid; the lines are then treated as text.
            if let (Some(group), Ok(format)) = (source.log_group(), format.parse()) {
                groups.entry(group.clone()).or_default().add(format);
            }
        }
        groups
    }

    /// The format of a flow log on disk, from the names of its fields, separated by spaces. Names
    /// that are not valid are ignored; the lines are then treated as text.
    pub fn from_header(names: &str) -> Self {
        let fields: Vec<String> = names
            .split_ascii_whitespace()
            .map(|name| format!("${{{name}}}"))
            .collect();
        let mut formats = Self::default();
        if let Ok(format) = fields.join(" ").parse() {
            formats.add(format);
        }
        formats
    }

    pub(super) fn add(&mut self, format: FlowLogFormat) {
        if !self.0.contains(&format) {
            self.0.push(format);
        }
    }

    fn format_of(&self, line: &str) -> Option<&FlowLogFormat> {
        self.0
            .iter()
            .find(|format| format.fits(line))
            .or_else(|| FlowLogFormat::recognize(line))
    }

    /// The format of all flow-log lines in the log group, if there is only one. The default format
    /// is always possible.
    pub(super) fn sole_format(&self) -> Option<&FlowLogFormat> {
        let default = FlowLogFormat::default_format();
        self.0
            .iter()
            .all(|format| format == default)
            .then_some(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "2 111111111111 eni-1 192.0.2.1 10.0.0.1 443 49152 6 20 4249 1418530010 1418530070 ACCEPT OK";

    #[test]
    fn line_is_recognized_by_the_format_that_it_fits() {
        let mut formats = FlowLogFormats::default();
        assert_eq!(
            formats.format_of(DEFAULT),
            Some(FlowLogFormat::default_format())
        );
        assert!(formats.sole_format().is_some() && formats.format_of("10.0.0.1 vpc-1").is_none());
        for format in [
            "${vpc-id} ${srcaddr}",
            "${srcaddr} ${vpc-id}",
            "${srcaddr} ${vpc-id}",
        ] {
            formats.add(format.parse().unwrap());
        }
        assert_eq!(formats.0.len(), 2);
        assert_eq!(
            formats.format_of("10.0.0.1 vpc-1"),
            Some(&"${srcaddr} ${vpc-id}".parse().unwrap())
        );
        assert_eq!(
            formats.format_of(DEFAULT),
            Some(FlowLogFormat::default_format())
        );
        assert_eq!(formats.sole_format(), None);
    }
}
