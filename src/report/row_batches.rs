//! Formats the rows of a large file on another thread, while the next ones are read. The bytes are
//! the same as of formatting one row after the other.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::ReportError;
use dragnet_model::Sighting;

/// The number of rows that are formatted together.
const BATCH_ROWS: usize = 256;

/// The number of batches between the threads, so that memory is bounded.
const MOST_WAITING: usize = 4;

/// A batch with its number.
type Batch = (usize, Vec<Sighting>);

/// Writes the rows. `format` returns the bytes of a batch, given its number from 0. Returns the number
/// of batches.
pub(super) fn write_batches<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    format: impl Fn(usize, &[Sighting]) -> io::Result<Vec<u8>> + Sync,
    out: &mut impl Write,
) -> Result<usize, ReportError<E>> {
    let mut batches = Batches {
        rows: rows.into_iter(),
        number: 0,
    };
    let Some((number, first)) = batches.next_batch()? else {
        return Ok(0);
    };
    out.write_all(&format(number, &first)?)?;
    if first.len() < BATCH_ROWS {
        return Ok(batches.number);
    }
    let format = &format;
    thread::scope(|scope| {
        let (sender, waiting) = sync_channel(MOST_WAITING);
        let (formatted, texts) = sync_channel(MOST_WAITING);
        let started = thread::Builder::new()
            .spawn_scoped(scope, move || format_batches(&waiting, &formatted, format));
        if started.is_ok() {
            batches.write_through(&Pipeline { sender, texts }, out)
        } else {
            // Without another thread, it only takes longer.
            batches.write_here(format, out)
        }
    })?;
    Ok(batches.number)
}

/// Formats batches until no more come.
fn format_batches(
    waiting: &Receiver<Batch>,
    formatted: &SyncSender<io::Result<Vec<u8>>>,
    format: &impl Fn(usize, &[Sighting]) -> io::Result<Vec<u8>>,
) {
    for (number, rows) in waiting {
        if formatted.send(format(number, &rows)).is_err() {
            break;
        }
    }
}

/// The way to the other thread and back.
struct Pipeline {
    sender: SyncSender<Batch>,
    texts: Receiver<io::Result<Vec<u8>>>,
}

impl Pipeline {
    fn receive(&self) -> io::Result<Vec<u8>> {
        // The thread ends early only if it panics, which is passed on at the end of the scope.
        self.texts.recv().map_err(io::Error::other)?
    }
}

/// The rows, some at a time.
struct Batches<R> {
    rows: R,
    number: usize,
}

impl<R, E> Batches<R>
where
    R: Iterator<Item = Result<Sighting, E>>,
    E: std::error::Error + 'static,
{
    fn next_batch(&mut self) -> Result<Option<Batch>, ReportError<E>> {
        let rows: Result<Vec<Sighting>, E> = self.rows.by_ref().take(BATCH_ROWS).collect();
        let rows = rows.map_err(ReportError::Rows)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let number = self.number;
        self.number += 1;
        Ok(Some((number, rows)))
    }

    fn write_here(
        &mut self,
        format: impl Fn(usize, &[Sighting]) -> io::Result<Vec<u8>>,
        out: &mut impl Write,
    ) -> Result<(), ReportError<E>> {
        while let Some((number, rows)) = self.next_batch()? {
            out.write_all(&format(number, &rows)?)?;
        }
        Ok(())
    }

    /// Sends each batch, and writes what comes back. No more batches are under way than fit between
    /// the threads, so neither waits for the other forever.
    fn write_through(
        &mut self,
        pipeline: &Pipeline,
        out: &mut impl Write,
    ) -> Result<(), ReportError<E>> {
        let mut under_way = 0;
        while let Some(batch) = self.next_batch()? {
            if under_way == MOST_WAITING {
                out.write_all(&pipeline.receive()?)?;
                under_way -= 1;
            }
            pipeline.sender.send(batch).map_err(io::Error::other)?;
            under_way += 1;
        }
        for _ in 0..under_way {
            out.write_all(&pipeline.receive()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::sighting;

    fn rows(number: usize) -> impl Iterator<Item = Result<Sighting, io::Error>> {
        (0..number).map(|number| Ok(sighting(&number.to_string())))
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the signature that write_batches needs"
    )]
    fn format(number: usize, rows: &[Sighting]) -> io::Result<Vec<u8>> {
        assert!(number > 0 || rows.first().is_some_and(|row| row.message == "0"));
        let lines: Vec<String> = rows
            .iter()
            .map(|row| format!("{}\n", row.message))
            .collect();
        Ok(lines.concat().into_bytes())
    }

    #[test]
    fn rows_keep_their_order() {
        for number in [
            0,
            1,
            BATCH_ROWS - 1,
            BATCH_ROWS,
            BATCH_ROWS + 1,
            20 * BATCH_ROWS + 7,
        ] {
            let mut out = Vec::new();
            let batches = write_batches(rows(number), format, &mut out).unwrap();
            assert_eq!(batches, number.div_ceil(BATCH_ROWS), "{number}");
            let expected: Vec<String> = (0..number).map(|number| format!("{number}\n")).collect();
            assert_eq!(String::from_utf8(out).unwrap(), expected.concat());
        }
    }

    #[test]
    fn errors_end_the_file() {
        let damaged = rows(5 * BATCH_ROWS).chain([Err(io::Error::other("damaged"))]);
        let error = write_batches(damaged, format, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ReportError::Rows(_)));
        let full = |number: usize, rows: &[Sighting]| match number {
            0..3 => format(number, rows),
            _ => Err(io::Error::other("full")),
        };
        let error = write_batches(rows(20 * BATCH_ROWS), full, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ReportError::Write(_)));
    }
}
