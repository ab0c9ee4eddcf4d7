//! A table of text cells, as `dragnet list` prints it.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, presets};

use super::{CsvFile, escape};

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
        insta::assert_snapshot!(written(|out| table().write_csv(out)).escape_debug(), @r"account_id,name\n111111111111,\'=a\\u{1b}[31m\n222222222222,\n");
    }
}
