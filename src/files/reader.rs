//! Reads files: unpacks, recognises and splits them.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::mem;

use tokio_util::sync::CancellationToken;

use super::bounded_reader::{BoundedReader, CountingReader, ExpansionLimitExceeded};
use super::cancel_reader::CancelReader;
use super::content_name::{ContentName, path_text};
use super::coverage_scan::CoverageScan;
use super::csv_split::split_csv;
use super::detect::{Detected, HEAD_BYTES, command_for, detect};
use super::feed::Feed;
use super::gzip_stream::{GzipStream, Trailing};
use super::inflate::Inflater;
use super::json_split::split_json;
use super::line_split::split_lines;
use super::peek_reader::PeekReader;
use super::record_handler::RecordHandler;
use super::reused_buffer::{copy_to_start, keep, read_start};
use super::utf16::Utf16Reader;
use super::{FileReason, FileSink, FoundFile, OpenedFile, ReadLimits};

/// Reads one file after the other and reuses its memory. Each thread needs its own.
pub struct FileReader {
    pub(super) limits: ReadLimits,
    cancel: CancellationToken,
    scan: CoverageScan,
    inflater: Inflater,
    file_buffer: Vec<u8>,
    content_buffer: Vec<u8>,
}

/// In how many packings a content is, and in which.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    pub(super) depth: usize,
    /// The innermost one; `None` for a file as it is.
    pub(super) name: Option<&'static str>,
}

impl Packing {
    const NONE: Self = Self {
        depth: 0,
        name: None,
    };

    pub(super) fn inside(self, name: &'static str) -> Self {
        Self {
            depth: self.depth + 1,
            name: Some(name),
        }
    }
}

impl Default for FileReader {
    fn default() -> Self {
        Self::new(ReadLimits::default())
    }
}

impl FileReader {
    /// Creates a reader.
    pub fn new(limits: ReadLimits) -> Self {
        Self {
            limits,
            cancel: CancellationToken::new(),
            scan: CoverageScan::new(),
            inflater: Inflater::new(),
            file_buffer: Vec::new(),
            content_buffer: Vec::new(),
        }
    }

    /// Stops reading in the middle of a file once `cancel` is cancelled. What the sink has received of
    /// that file is then incomplete, and so are the problems: the caller must drop it.
    #[must_use]
    pub fn with_cancel(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// Reads a file that [`super::FileWalk`] found.
    pub fn read_file(&mut self, file: &FoundFile, sink: &mut dyn FileSink) {
        match file.open() {
            Ok(opened) => self.read_opened(&path_text(&file.path), &opened, sink),
            Err(problem) => sink.problem(problem),
        }
    }

    /// Reads a file that was opened. `path` is its path as text.
    pub fn read_opened(&mut self, path: &str, opened: &OpenedFile, sink: &mut dyn FileSink) {
        let name = ContentName { path, entry: None };
        let size = opened.metadata().len();
        self.read_sized(&opened.file, size, name, sink);
        let metadata = opened.read_metadata();
        let size_now = metadata.map_or(size, |metadata| metadata.len());
        if size_now != size {
            let detail = format!(
                "the size changed from {size} to {size_now} bytes while the file was read; read a copy that nothing writes to"
            );
            sink.problem(name.problem(FileReason::Changed, None, detail));
        }
    }

    /// Reads bytes in memory as a file of this name.
    pub fn read_bytes(&mut self, path: &str, bytes: &[u8], sink: &mut dyn FileSink) {
        let name = ContentName { path, entry: None };
        if bytes.len() <= self.limits.whole_file_bytes {
            // Packed bytes, which most are, need no copy.
            if self.read_inflated(bytes, name, sink) {
                return;
            }
            let mut buffer = mem::take(&mut self.file_buffer);
            copy_to_start(bytes, &mut buffer);
            let size = bytes.len();
            self.file_buffer = keep(self.read_buffer(buffer, size, (name, Packing::NONE), sink));
        } else {
            let mut source = CancelReader::new(bytes, &self.cancel);
            self.read_stream(&mut source, name, Packing::NONE, sink);
        }
    }

    /// Reads a source of any size as a file of this name.
    pub fn read_source(&mut self, path: &str, source: &mut dyn Read, sink: &mut dyn FileSink) {
        let name = ContentName { path, entry: None };
        let mut source = CancelReader::new(source, &self.cancel);
        self.read_stream(&mut source, name, Packing::NONE, sink);
    }

    /// Reads a file of about this size at once, or streams it if it is too large.
    fn read_sized(
        &mut self,
        file: &File,
        size: u64,
        name: ContentName<'_>,
        sink: &mut dyn FileSink,
    ) {
        let whole = self.limits.whole_file_bytes;
        let Some(size) = usize::try_from(size).ok().filter(|size| *size <= whole) else {
            let mut source = CancelReader::new(file, &self.cancel);
            self.read_stream(&mut source, name, Packing::NONE, sink);
            return;
        };
        let mut buffer = mem::take(&mut self.file_buffer);
        let (length, result) = read_start(file, size, whole + 1, &mut buffer);
        if let Err(error) = &result {
            let detail = format!("reading failed after {length} bytes: {error}");
            sink.problem(name.problem(FileReason::Unreadable, None, detail));
        }
        if length <= whole || result.is_err() {
            buffer = self.read_whole(buffer, length, name, sink);
        } else {
            let start = buffer.get(..length).unwrap_or_default();
            let mut source = CancelReader::new(start.chain(file), &self.cancel);
            self.read_stream(&mut source, name, Packing::NONE, sink);
        }
        self.file_buffer = keep(buffer);
    }

    /// Reads a file that is in the first bytes of a buffer. Returns the buffer.
    fn read_whole(
        &mut self,
        buffer: Vec<u8>,
        size: usize,
        name: ContentName<'_>,
        sink: &mut dyn FileSink,
    ) -> Vec<u8> {
        if self.read_inflated(buffer.get(..size).unwrap_or(&buffer), name, sink) {
            return buffer;
        }
        self.read_buffer(buffer, size, (name, Packing::NONE), sink)
    }

    /// Reads a file that is certainly one gzip member, at the speed of libdeflate. Returns whether it
    /// is one.
    fn read_inflated(
        &mut self,
        bytes: &[u8],
        name: ContentName<'_>,
        sink: &mut dyn FileSink,
    ) -> bool {
        let mut content = mem::take(&mut self.content_buffer);
        let limit = self.limits.whole_content_bytes;
        let Some(size) = self.inflater.inflate(bytes, limit, &mut content) else {
            self.content_buffer = content;
            return false;
        };
        let packing = Packing::NONE.inside("gzip");
        self.content_buffer = keep(self.read_buffer(content, size, (name, packing), sink));
        true
    }

    /// Reads the content in the first bytes of a buffer. Returns the buffer.
    fn read_buffer(
        &mut self,
        buffer: Vec<u8>,
        size: usize,
        (name, packing): (ContentName<'_>, Packing),
        sink: &mut dyn FileSink,
    ) -> Vec<u8> {
        let content = buffer.get(..size).unwrap_or(&buffer);
        let detected = detect(content.get(..HEAD_BYTES).unwrap_or(content));
        if !detected.has_records() {
            let mut source = content;
            self.read_stream(&mut source, name, packing, sink);
            return buffer;
        }
        let mut feed = Feed::from_buffer(buffer, size, self.limits);
        self.split(&mut feed, detected, (name, packing), sink);
        feed.into_buffer()
    }

    /// Reads a content of any size.
    pub(super) fn read_stream(
        &mut self,
        source: &mut dyn Read,
        name: ContentName<'_>,
        packing: Packing,
        sink: &mut dyn FileSink,
    ) {
        let mut source = PeekReader::new(source);
        let detected = detect(source.peek(HEAD_BYTES));
        let is_packed = matches!(detected, Detected::Gzip | Detected::Zstd | Detected::Tar);
        if is_packed && packing.depth >= self.limits.nesting {
            let detail = format!(
                "{} packings contain each other, and the innermost is packed again; unpack it first",
                packing.depth
            );
            sink.problem(name.problem(FileReason::NestingLimit, None, detail));
            return;
        }
        match detected {
            Detected::Gzip => self.read_gzip(source, name, packing, sink),
            Detected::Zstd => self.read_zstd(source, name, packing, sink),
            Detected::Tar => self.read_tar(source, name, packing, sink),
            Detected::Utf16(order, mark) => {
                source.consume(mark);
                let mut text = Utf16Reader::new(source, order);
                self.read_stream(&mut text, name, packing, sink);
            }
            Detected::Json(_) | Detected::Csv(_) | Detected::Lines(_) => {
                let buffer = mem::take(&mut self.content_buffer);
                let mut feed = Feed::from_reader(&mut source, buffer, self.limits);
                self.split(&mut feed, detected, (name, packing), sink);
                self.content_buffer = feed.into_buffer();
            }
            Detected::Refused(reason, format) => {
                sink.problem(name.problem(reason, None, refusal(reason, format)));
            }
        }
    }

    fn read_gzip(
        &mut self,
        source: impl Read,
        name: ContentName<'_>,
        packing: Packing,
        sink: &mut dyn FileSink,
    ) {
        let count = Cell::new(0);
        let source = CountingReader {
            source,
            count: &count,
        };
        let place = (name, packing.inside("gzip"));
        let gzip = self.read_unpacked(GzipStream::new(source), &count, place, sink);
        if let Some(trailing) = gzip.trailing() {
            let (reason, detail) = describe_trailing(trailing);
            sink.problem(name.problem(reason, None, detail));
        }
    }

    fn read_zstd(
        &mut self,
        source: impl Read,
        name: ContentName<'_>,
        packing: Packing,
        sink: &mut dyn FileSink,
    ) {
        let count = Cell::new(0);
        let source = CountingReader {
            source,
            count: &count,
        };
        match zstd::stream::read::Decoder::new(source) {
            Ok(decoder) => {
                let place = (name, packing.inside("zstd"));
                self.read_unpacked(decoder, &count, place, sink);
            }
            Err(error) => {
                let detail = format!("the zstd decoder failed to start: {error}");
                sink.problem(name.problem(FileReason::Unreadable, None, detail));
            }
        }
    }

    /// Reads what a decompressor returns, and returns the decompressor. `consumed` counts the bytes that
    /// it takes: members may be empty, or unpack to any size, so both sides are checked.
    fn read_unpacked<R: Read>(
        &mut self,
        decompressor: R,
        consumed: &Cell<u64>,
        (name, packing): (ContentName<'_>, Packing),
        sink: &mut dyn FileSink,
    ) -> R {
        let unpacked = CancelReader::new(decompressor, &self.cancel);
        let mut content = BoundedReader::new(unpacked, consumed, self.limits);
        self.read_stream(&mut content, name, packing, sink);
        content.into_inner().into_inner()
    }

    /// Splits a content into records, and reports how it ended.
    fn split(
        &self,
        feed: &mut Feed<'_>,
        detected: Detected,
        (name, packing): (ContentName<'_>, Packing),
        sink: &mut dyn FileSink,
    ) {
        if sink.wants_sha256(name.entry) {
            feed.start_hash();
        }
        let mut handler = RecordHandler::new(sink, &self.scan, name);
        match detected {
            Detected::Json(mark) => {
                feed.skip_mark(mark);
                split_json(feed, &mut handler);
            }
            Detected::Csv(mark) => {
                feed.skip_mark(mark);
                split_csv(feed, &mut handler);
            }
            Detected::Lines(mark) => {
                feed.skip_mark(mark);
                split_lines(feed, &mut handler);
            }
            _ => {}
        }
        let bytes = feed.offset() + feed.window().len() as u64;
        if let Some(error) = feed.error() {
            let (reason, detail) = describe_error(error, packing);
            handler.problem(reason, bytes, detail);
        }
        handler.finish(bytes, feed.take_sha256());
    }
}

fn refusal(reason: FileReason, format: &str) -> String {
    let example = command_for(format)
        .map(|command| format!(", for example with `{command}`"))
        .unwrap_or_default();
    match reason {
        FileReason::Packed => format!(
            "{format} is not unpacked here: unpack it first{example}, and search what it contains instead"
        ),
        FileReason::UnsupportedFormat => {
            format!("{format} is not supported: convert it to JSON or text first{example}")
        }
        _ => format!("{format}, expected text, JSON, gzip, zstd or tar"),
    }
}

/// Describes an error that ended a content early.
pub(super) fn describe_error(error: &io::Error, packing: Packing) -> (FileReason, String) {
    let limit = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<ExpansionLimitExceeded>());
    if let Some(limit) = limit {
        return (FileReason::ExpansionLimit, limit.to_string());
    }
    match packing.name {
        Some(name) => (
            FileReason::DamagedCompression,
            format!(
                "the {name} data is damaged or breaks off ({error}); what was unpacked before was searched, and nothing behind it"
            ),
        ),
        None => (
            FileReason::Unreadable,
            format!("reading failed: {error}; what was read before was searched"),
        ),
    }
}

fn describe_trailing(trailing: Trailing) -> (FileReason, String) {
    let bytes = trailing.bytes;
    if trailing.is_zeros {
        let detail = format!("{bytes} zero bytes follow the gzip data");
        (FileReason::TrailingZeros, detail)
    } else {
        let detail = format!(
            "at least {bytes} bytes that are not gzip follow the gzip data; they were not searched, and a file that AWS delivered has none"
        );
        (FileReason::TrailingData, detail)
    }
}
