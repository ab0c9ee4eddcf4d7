//! Decides what each piece of a content is.

use std::borrow::Cow;
use std::mem;

use dragnet_model::LogKind;
use serde::de::IgnoredAny;

use super::RecordForm;
use super::brackets::value_end;
use super::container::{has_other_columns, has_other_members, has_unknown_members};
use super::fields::{Fields, LogEvent, TrailFacts, parse_result_row, split_export_line};
use super::flow_log::{FlowFields, FlowLine, is_default_line};
use super::record_handler::{ClassifiedRecord, FlowFormat, RecordHandler};
use super::table_row::TableRow;

impl RecordHandler<'_> {
    /// Takes a JSON value: a record, or an element that wraps one.
    pub(super) fn json_value(&mut self, raw: &[u8], offset: u64) {
        if self.count_unmatched(raw) {
            return;
        }
        let text = self.decode(raw);
        match Fields::parse(&text) {
            Some(fields) => self.object(&text, &fields, offset),
            None => self.other_value(&text, offset),
        }
    }

    /// Takes a line of text.
    pub(super) fn line(&mut self, raw: &[u8], offset: u64) {
        let raw = raw.trim_ascii_end();
        if raw.is_empty() || self.count_unmatched_line(raw) {
            return;
        }
        let text = self.decode(raw);
        if text.starts_with('{')
            && let Some(fields) = Fields::parse(&text)
        {
            self.object(&text, &fields, offset);
            return;
        }
        if let Some(fields) = FlowFields::from_header(&text) {
            if fields.has_unknown_names() {
                self.emit(ClassifiedRecord::from_app(&text, RecordForm::Text), offset);
            }
            self.flow = Some(fields);
            return;
        }
        let line = self.flow.as_ref().and_then(|flow| flow.read_line(&text));
        if let Some(line) = line {
            self.flow_line(&text, line, FlowFormat::Header, offset);
            return;
        }
        let exported = split_export_line(&text);
        let Some((time_ms, message)) = exported else {
            self.message(&text, None, None, offset);
            return;
        };
        if message.starts_with('{') || is_default_line(message) {
            self.message(message, Some(time_ms), None, offset);
        } else {
            // The time may belong to the line of an application, so it stays.
            let found = ClassifiedRecord {
                time_ms: Some(time_ms),
                ..ClassifiedRecord::from_app(&text, RecordForm::Text)
            };
            self.emit(found, offset);
        }
    }

    /// Takes bytes that are no record, but may contain what is looked for.
    pub(super) fn fragment(&mut self, raw: &[u8], offset: u64) {
        if raw.trim_ascii().is_empty() {
            return;
        }
        let text = self.decode(raw);
        self.emit_fragment(&text, offset);
    }

    /// Takes an object whose list of records was cut out. Its other members are searched too,
    /// unless they are known. `has_other_list`: a member with the name of a known list is none.
    pub(super) fn remainder(&mut self, raw: &[u8], has_other_list: bool, offset: u64) {
        let text = self.decode(raw);
        if !has_other_list && !has_unknown_members(&text) {
            return;
        }
        // It was put together from several windows, so none of their answers is about it.
        let was_suspect = self.is_suspect;
        self.is_suspect = true;
        if Fields::parse(&text).is_some() {
            self.emit(ClassifiedRecord::from_app(&text, RecordForm::Json), offset);
        } else {
            self.emit_fragment(&text, offset);
        }
        self.is_suspect = was_suspect;
    }

    /// Counts a record without parsing it, if it cannot match and is spelled as CloudTrail does.
    fn count_unmatched(&mut self, raw: &[u8]) -> bool {
        if self.is_suspect {
            return false;
        }
        let Some(cell) = self.scan.read_cell(raw) else {
            return false;
        };
        self.count(RecordForm::CloudTrail, cell);
        true
    }

    /// The same for a line. Text may follow the record, and then the line is none.
    fn count_unmatched_line(&mut self, line: &[u8]) -> bool {
        !self.is_suspect && value_end(line) == Some(line.len()) && self.count_unmatched(line)
    }

    pub(super) fn decode<'t>(&mut self, raw: &'t [u8]) -> Cow<'t, str> {
        let text = String::from_utf8_lossy(raw);
        if matches!(text, Cow::Owned(_)) {
            self.count_invalid_utf8();
        }
        text
    }

    fn emit_fragment(&mut self, text: &str, offset: u64) {
        let found = ClassifiedRecord {
            kind: None,
            ..ClassifiedRecord::from_app(text, RecordForm::Fragment)
        };
        self.emit(found, offset);
    }

    fn object(&mut self, text: &str, fields: &Fields<'_>, offset: u64) {
        if let Some(facts) = fields.trail_facts() {
            self.trail_record(text, facts, None, offset);
            return;
        }
        if fields.is_digest() && self.has_digest_path() {
            self.digest(text, offset);
            return;
        }
        if let Some(record) = fields.wrapped_record() {
            self.wrapped_record(text, &record, offset);
            return;
        }
        if self.exported_row(text, fields, offset) {
            return;
        }
        if let Some(event) = fields.log_event(self.envelope.has_log_events) {
            self.log_event(&event, offset);
            self.other_members(text, offset);
        } else {
            let found = ClassifiedRecord::from_app(text, RecordForm::Json);
            self.emit(found.with_access_line(), offset);
        }
    }

    /// Takes a row that Logs Insights exports. Returns whether the object is one.
    fn exported_row(&mut self, text: &str, fields: &Fields<'_>, offset: u64) -> bool {
        let Some(cells) = fields.row_cells() else {
            return false;
        };
        let cells = cells.iter().map(|(name, value)| (*name, value.as_str()));
        let row = TableRow::new(cells);
        let has_more = has_other_columns(text);
        if has_more && !fields.has_row_origin() {
            return false;
        }
        self.table_row(&row, offset);
        if has_more {
            self.emit(ClassifiedRecord::from_app(text, RecordForm::Json), offset);
        }
        true
    }

    /// Takes a row of a table: the record in one of its columns, and what the others say. Many rows
    /// have the same log group and log stream and nothing else, so what equals the row before is not
    /// handed out again.
    pub(super) fn table_row(&mut self, row: &TableRow<'_>, offset: u64) {
        let inner = row.envelope(&self.envelope);
        let outer = mem::replace(&mut self.envelope, inner);
        match row.message() {
            Some((column, message)) => {
                self.message(message, row.time_ms(), None, offset);
                if let Some(rest) = row.rest(column).filter(|rest| *rest != self.last_rest) {
                    self.row_object(&rest, row, offset);
                    self.last_rest = rest;
                }
            }
            None => self.row_object(&row.to_json(), row, offset),
        }
        self.envelope = outer;
    }

    fn row_object(&mut self, json: &str, row: &TableRow<'_>, offset: u64) {
        let found = ClassifiedRecord {
            kind: row.kind(),
            time_ms: row.time_ms(),
            account: row.account(),
            region: row.region(),
            ..ClassifiedRecord::from_app(json, RecordForm::Json)
        };
        self.emit(found, offset);
    }

    /// Takes a row whose cells have no names.
    pub(super) fn text_row(&mut self, text: &str, offset: u64) {
        self.emit(ClassifiedRecord::from_app(text, RecordForm::Text), offset);
    }

    /// Hands out an element too, behind the record in it, if it says more than that.
    fn other_members(&mut self, element: &str, offset: u64) {
        if has_other_members(element) {
            self.emit(
                ClassifiedRecord::from_app(element, RecordForm::Json),
                offset,
            );
        }
    }

    /// Takes a value that is not an object, or an object that names a member twice.
    fn other_value(&mut self, text: &str, offset: u64) {
        if let Some(cells) = parse_result_row(text) {
            let cells = cells.iter().map(|cell| (&*cell.field, cell.value.as_str()));
            let row = TableRow::new(cells);
            if row.message().is_some() {
                self.table_row(&row, offset);
                return;
            }
        }
        let parsed: Result<IgnoredAny, serde_json::Error> = serde_json::from_str(text);
        match parsed {
            Ok(_) => self.emit(ClassifiedRecord::from_app(text, RecordForm::Json), offset),
            Err(error) => {
                let detail = format!("not valid JSON ({error}); it was searched as text");
                self.broken(offset, &detail);
                self.emit_fragment(text, offset);
            }
        }
    }

    fn trail_record(
        &mut self,
        text: &str,
        facts: TrailFacts,
        log_stream: Option<&str>,
        offset: u64,
    ) {
        let found = ClassifiedRecord {
            log_stream,
            ..ClassifiedRecord::from_trail(text, facts)
        };
        self.emit(found, offset);
    }

    /// Takes the record inside an element. If it is none, the element itself is handed out.
    fn wrapped_record(&mut self, element: &str, record: &str, offset: u64) {
        let facts = Fields::parse(record).and_then(|fields| fields.trail_facts());
        match facts {
            Some(facts) => {
                self.trail_record(record, facts, None, offset);
                self.other_members(element, offset);
            }
            None => self.emit(
                ClassifiedRecord::from_app(element, RecordForm::Json),
                offset,
            ),
        }
    }

    fn log_event(&mut self, event: &LogEvent, offset: u64) {
        let log_stream = event.log_stream.as_deref();
        self.message(&event.message, event.time_ms, log_stream, offset);
    }

    /// Takes the message of an event that was stored at a time.
    fn message(
        &mut self,
        message: &str,
        time_ms: Option<i64>,
        log_stream: Option<&str>,
        offset: u64,
    ) {
        let fields = Fields::parse(message);
        if let Some(facts) = fields.as_ref().and_then(Fields::trail_facts) {
            self.trail_record(message, facts, log_stream, offset);
            return;
        }
        if let Some(number) = self.envelope.flow_format_of(message) {
            let line = FlowLine {
                time_ms,
                ..FlowLine::default()
            };
            self.flow_line(message, line, FlowFormat::Stored(number), offset);
            return;
        }
        if is_default_line(message)
            && let Some(mut line) = FlowFields::default_format().read_line(message)
        {
            if self.envelope.collected_from.is_some() {
                // As in a sweep, the time is the one with which the line is stored.
                line.time_ms = time_ms;
            }
            self.flow_line(message, line, FlowFormat::Default, offset);
            return;
        }
        let form = if fields.is_some() {
            RecordForm::Json
        } else {
            RecordForm::Text
        };
        let found = ClassifiedRecord::from_app(message, form);
        let found = match time_ms {
            // As in a sweep, the time is the one with which the line is stored.
            Some(_) => ClassifiedRecord { time_ms, ..found },
            None => found.with_access_line(),
        };
        let found = ClassifiedRecord {
            log_stream,
            ..found
        };
        self.emit(found, offset);
    }

    fn flow_line(&mut self, text: &str, line: FlowLine, format: FlowFormat, offset: u64) {
        let found = ClassifiedRecord {
            text,
            form: RecordForm::FlowLog,
            kind: Some(LogKind::Flow),
            flow: Some(format),
            time_ms: line.time_ms,
            account: line.account,
            region: line.region,
            log_stream: None,
        };
        self.emit(found, offset);
    }
}
