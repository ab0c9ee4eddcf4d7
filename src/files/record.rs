//! A record as the sink receives it.

use dragnet_model::{AccountId, LogKind, Region};

dragnet_model::word_enum! {
    /// What a record is. Reports contain the words.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum RecordForm {
        /// A CloudTrail record, as JSON.
        CloudTrail => "cloudtrail",
        /// A line of a VPC flow log whose fields are known.
        FlowLog => "flow-log",
        /// Any other JSON.
        Json => "json",
        /// A line of text.
        Text => "text",
        /// A piece that could not be read as a record. It can only be searched as text.
        Fragment => "fragment",
    }
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordOrigin<'a> {
    /// The path of the file, as it was given.
    pub path: &'a str,
    /// The path inside the archive, if the file is one.
    pub entry: Option<&'a str>,
    /// The number of the record in its content, from 1.
    pub record: u64,
    /// Where the record, or the export's element that contains it, starts in the unpacked content,
    /// in bytes of UTF-8.
    pub offset: u64,
}

impl RecordOrigin<'_> {
    /// Returns the path of the file; in an archive, with the path in it.
    pub fn content_name(&self) -> String {
        match self.entry {
            Some(entry) => format!("{}!{entry}", self.path),
            None => self.path.to_owned(),
        }
    }
}

/// A record with what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord<'a> {
    /// The JSON of the record, or the line. In exports this is the record itself, without escapes.
    pub text: &'a str,
    /// What it is.
    pub form: RecordForm,
    /// The kind of log; `None` if it is not known, or none of the four.
    pub kind: Option<LogKind>,
    /// The names of the fields of a flow log, separated by spaces.
    pub flow_fields: Option<&'a str>,
    /// When it happened, in milliseconds since the Unix epoch; else when it was stored.
    pub time_ms: Option<i64>,
    /// The account, from the record or else from the path.
    pub account: Option<AccountId>,
    /// The Region, from the record or else from the path.
    pub region: Option<Region>,
    /// The log group, if an export names it.
    pub log_group: Option<&'a str>,
    /// The log stream, if an export names it.
    pub log_stream: Option<&'a str>,
    /// Where it is.
    pub origin: RecordOrigin<'a>,
}
