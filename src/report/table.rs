//! A table of text cells, as `dragnet list` prints it.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

use super::{CsvFile, escape};

/// The longest cell that is not wrapped, in bytes: a time with milliseconds, an access key, a run id.
const LONGEST_UNBROKEN: usize = 24;

/// Rows under a header; a table without columns has no header. All text is untrusted.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Creates a table with these columns and no rows.
    pub fn new(columns: &[&str]) -> Self {
        Self {
            columns: columns.iter().map(|title| (*title).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with one cell per column. Missing cells are empty.
    pub fn push(&mut self, mut row: Vec<String>) {
        if !self.columns.is_empty() {
            row.resize(self.columns.len(), String::new());
        }
        self.rows.push(row);
    }

    /// Returns whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table for people. If there is a `width`, in characters, cells are wrapped to fit
    /// it.
    ///
    /// # Errors
    /// Returns an error if `out` cannot be written.
    pub fn write_text(&self, width: Option<u16>, out: &mut dyn Write) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        if !self.columns.is_empty() {
            let titles = self
                .columns
                .iter()
                .map(|title| escape(&title.to_uppercase()).into_owned());
            table.set_header(titles);
        }
        if let Some(width) = width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| escape(cell)));
        }
        for number in self.unbreakable_columns() {
            if let Some(column) = table.column_mut(number) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        for line in table.lines() {
            // Removes the padding of the first column.
            writeln!(
                out,
                "{}",
                line.strip_prefix(' ').unwrap_or(&line).trim_end()
            )?;
        }
        Ok(())
    }

    /// Writes a line for each row, with tabs between the cells and without a header. A tab inside of
    /// a cell is escaped.
    ///
    /// # Errors
    /// Returns an error if `out` cannot be written.
    pub fn write_tsv(&self, out: &mut dyn Write) -> io::Result<()> {
        for row in &self.rows {
            let cells: Vec<Cow<'_, str>> = row.iter().map(|cell| escape(cell)).collect();
            writeln!(out, "{}", cells.join("\t"))?;
        }
        Ok(())
    }

    /// Returns the numbers of the columns with short cells without spaces: ids, times and numbers,
    /// which are never wrapped.
    fn unbreakable_columns(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let is_short = |cell: &String| cell.len() <= LONGEST_UNBROKEN && !cell.contains(' ');
        (0..columns)
            .filter(|column| {
                let mut cells = self.rows.iter().filter_map(|row| row.get(*column));
                cells.all(is_short)
            })
            .collect()
    }

    /// Writes the table as CSV with a header.
    ///
    /// # Errors
    /// Returns an error if `out` cannot be written.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut csv = CsvFile::new(out, &self.columns)?;
        for row in &self.rows {
            csv.write_row(row)?;
        }
        csv.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::written;

    fn table() -> Table {
        let mut table = Table::new(&["account_id", "name"]);
        table.push(vec!["111111111111".to_owned(), "=a\u{1b}[31m".to_owned()]);
        table.push(vec!["222222222222".to_owned()]);
        table
    }

    #[test]
    fn text_is_escaped_and_csv_is_defused() {
        insta::assert_snapshot!(written(|out| table().write_text(Some(80), out)), @r"
        ACCOUNT_ID    NAME
        111111111111  =a\u{1b}[31m
        222222222222
        ");
        assert_eq!(
            written(|out| table().write_tsv(out)),
            "111111111111\t=a\\u{1b}[31m\n222222222222\t\n"
        );
        insta::assert_snapshot!(written(|out| table().write_csv(out)).escape_debug(), @r"account_id,name\n111111111111,\'=a\\u{1b}[31m\n222222222222,\n");
    }

    #[test]
    fn ids_and_times_are_not_wrapped() {
        let mut table = Table::new(&["id", "time", "text"]);
        let time = "2026-03-01T12:00:00.000Z";
        let text = "a text with many words ".repeat(5);
        table.push(vec!["111111111111".to_owned(), time.to_owned(), text]);
        for width in [60, 80, 140] {
            let written = written(|out| table.write_text(Some(width), out));
            assert!(written.contains("111111111111"), "{written}");
            assert!(written.contains(time), "{written}");
            let fits = |line: &str| line.chars().count() <= usize::from(width);
            assert!(written.lines().all(fits), "{written}");
        }
    }
}
