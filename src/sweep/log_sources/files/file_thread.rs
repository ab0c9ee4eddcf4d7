//! The threads of a search of files. Each reads one file after the other, and journals the files
//! that it has read in batches.

use std::fs::{self, Metadata};
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::thread;

use tokio::task::JoinSet;

use super::file_batch::{FileBatch, ReadFile};
use super::file_search::{FileSearch, problem};
use super::search_sink::{FileEnd, SearchSink};
use crate::files::{
    FileProblem, FileReader, FileReason, FileSink, FoundFile, OpenedFile, path_text,
};
use crate::store::{Entry, FileStamp, JournalClosed};
use crate::sweep::tasks::join_tasks;

/// More threads than this read no faster: the journal has one writer.
const MOST_THREADS: usize = 8;

/// A file of this size may take long, so those that were read before are journaled first.
const LARGE_FILE_BYTES: u64 = 64 << 20;

/// Searches all files. When this returns, everything was sent to the journal, or the search was
/// cancelled.
pub(in crate::sweep) async fn search_files(search: Arc<FileSearch>) -> Result<(), JournalClosed> {
    let mut threads = JoinSet::new();
    let counting = Arc::clone(&search);
    threads.spawn_blocking(move || counting.count_files());
    let mut digests = JoinSet::new();
    let loading = Arc::clone(&search);
    digests.spawn_blocking(move || {
        loading
            .digests
            .load(&loading.files.directories, &loading.cancel);
        Ok(())
    });
    // Log files are compared with the digests while they are read.
    join_tasks(digests).await?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for _ in 0..cores.min(MOST_THREADS) {
        let reading = Arc::clone(&search);
        threads.spawn_blocking(move || FileThread::new(&reading).read_files());
    }
    join_tasks(threads).await?;
    search.finish().await
}

/// What one thread reads.
struct FileThread<'s> {
    search: &'s FileSearch,
    reader: FileReader,
    batch: FileBatch,
}

impl<'s> FileThread<'s> {
    fn new(search: &'s FileSearch) -> Self {
        Self {
            search,
            reader: FileReader::default().with_cancel(search.cancel.clone()),
            batch: FileBatch::default(),
        }
    }

    /// Reads files until there are no more, or the search is cancelled.
    fn read_files(&mut self) -> Result<(), JournalClosed> {
        while !self.search.cancel.is_cancelled() && self.read_next()? {}
        self.write_batch()
    }

    /// Reads the next file. Returns whether there was one.
    fn read_next(&mut self) -> Result<bool, JournalClosed> {
        let next = self.search.queue.lock().next();
        match next {
            Some(Ok(file)) => self.read_file(&file)?,
            Some(Err(problem)) => self.search.write_problem(&problem)?,
            None => return Ok(false),
        }
        Ok(true)
    }

    fn read_file(&mut self, file: &FoundFile) -> Result<(), JournalClosed> {
        let search = self.search;
        let path = path_text(&file.path);
        if let Some(read) = search.read_before.get(&path) {
            return self.check_read_before(file, &path, *read);
        }
        let opened = match file.open() {
            Ok(opened) => opened,
            Err(problem) => return self.report_not_opened(&problem),
        };
        let stamp = stamp_of(opened.metadata());
        if stamp.size >= LARGE_FILE_BYTES {
            self.write_batch()?;
        }
        let mut sink = SearchSink::new(search, &path);
        self.reader.read_opened(&path, &opened, &mut sink);
        if was_rewritten(&opened, stamp) {
            let detail =
                "changed while it was read, though not in size; read a copy that nothing writes to";
            sink.problem(problem(&path, FileReason::Changed, detail.to_owned()));
        }
        let end = sink.finish(stamp)?;
        if search.cancel.is_cancelled() {
            // The sink may have left records out, so the file is read again when the run resumes.
            return Ok(());
        }
        match end {
            FileEnd::Read(read) => self.add_to_batch(read)?,
            FileEnd::NotRead(rows) => rows.into_iter().try_for_each(|row| search.write_row(row))?,
        }
        search.tally.file_done();
        Ok(())
    }

    /// Compares a file with what an earlier part of the run read.
    fn check_read_before(
        &self,
        file: &FoundFile,
        path: &str,
        read: FileStamp,
    ) -> Result<(), JournalClosed> {
        match fs::symlink_metadata(&file.path) {
            Ok(metadata) => {
                self.search.tally.file_done();
                self.search.check_unchanged(path, read, stamp_of(&metadata))
            }
            Err(error) => {
                let detail = error.to_string();
                self.report_not_opened(&problem(path, FileReason::Unreadable, detail))
            }
        }
    }

    fn report_not_opened(&self, problem: &FileProblem) -> Result<(), JournalClosed> {
        self.search.tally.file_done();
        self.search.digests.count_not_opened(&problem.path);
        self.search.write_problem(problem)
    }

    fn add_to_batch(&mut self, file: ReadFile) -> Result<(), JournalClosed> {
        let sightings = file.parts.iter().map(|part| part.page.found.number());
        let sightings: usize = sightings.sum();
        self.search
            .tally
            .count_page(file.records, file.bytes, sightings as u64);
        for row in &file.problems {
            self.search.count_gap(row);
        }
        self.batch.add(file);
        if self.batch.is_full() {
            self.write_batch()?;
        }
        Ok(())
    }

    /// Journals the files that were read.
    fn write_batch(&mut self) -> Result<(), JournalClosed> {
        let Some(read) = self.batch.take() else {
            return Ok(());
        };
        self.search.extend_hours(&read.hours);
        self.search
            .journal
            .write_blocking(Entry::Files(Box::new(read)))
    }
}

fn stamp_of(metadata: &Metadata) -> FileStamp {
    FileStamp {
        size: metadata.len(),
        modified_ns: metadata
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(metadata.mtime_nsec()),
    }
}

/// Whether a file has changed since, but not its size: the reader reports that.
fn was_rewritten(opened: &OpenedFile, stamp: FileStamp) -> bool {
    opened.read_metadata().is_ok_and(|metadata| {
        let now = stamp_of(&metadata);
        now != stamp && now.size == stamp.size
    })
}

#[cfg(test)]
mod tests;
