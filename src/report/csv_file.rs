//! CSV files whose cells are harmless in a spreadsheet and on a terminal. Every CSV file is written
//! by [`CsvFile`].
//!
//! The JSON formats contain the exact values.

use std::borrow::Cow;
use std::io::{self, Write};

use super::escape;

/// What ends a cell, depending on the spreadsheet and its language. Tabs and line breaks do so too,
/// but are escaped before.
const SEPARATORS: [char; 3] = [',', ';', '|'];

/// A CSV file in progress. All cells are untrusted text and are defused.
pub(crate) struct CsvFile<W: Write> {
    csv: csv::Writer<W>,
}

impl<W: Write> CsvFile<W> {
    /// Starts a file with a header. Without columns, there is no header, and rows may have any
    /// number of cells.
    pub(crate) fn new(out: W, columns: &[impl AsRef<str>]) -> io::Result<Self> {
        let csv = csv::WriterBuilder::new()
            .flexible(columns.is_empty())
            .from_writer(out);
        let mut file = Self { csv };
        if !columns.is_empty() {
            file.write_cells(columns.iter().map(|column| title(column.as_ref())))?;
        }
        Ok(file)
    }

    /// Writes a row.
    pub(crate) fn write_row(&mut self, cells: &[impl AsRef<str>]) -> io::Result<()> {
        self.write_cells(cells.iter().map(|cell| defuse(cell.as_ref())))
    }

    /// Writes what is still buffered.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }

    fn write_cells<'c>(&mut self, cells: impl Iterator<Item = Cow<'c, str>>) -> io::Result<()> {
        for cell in cells {
            self.csv.write_field(cell.as_bytes())?;
        }
        Ok(self.csv.write_record(None::<&[u8]>)?)
    }
}

/// Returns the title of a column. Names of Insights' own fields (`@pattern`) are kept.
fn title(column: &str) -> Cow<'_, str> {
    let is_insights_field = column.strip_prefix('@').is_some_and(|name| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric())
    });
    if is_insights_field {
        Cow::Borrowed(column)
    } else {
        defuse(column)
    }
}

/// Defuses text for a cell of a CSV file. Control, bidirectional and invisible characters are shown
/// as `\u{…}`. A spreadsheet executes a cell that begins with `=`, `+`, `-` or `@` as a formula,
/// some also after white space or a quote; a leading apostrophe makes it text. Because a spreadsheet
/// may split the cell at another separator, the same applies after every separator inside of it.
///
/// Source: OWASP, "CSV Injection".
pub fn defuse(cell: &str) -> Cow<'_, str> {
    let shown = escape(cell);
    if !shown.split(SEPARATORS).any(runs_as_formula) {
        return shown;
    }
    let mut defused = String::with_capacity(shown.len() + 4);
    for part in shown.split_inclusive(SEPARATORS) {
        if runs_as_formula(part) {
            defused.push('\'');
        }
        defused.push_str(part);
    }
    Cow::Owned(defused)
}

fn runs_as_formula(part: &str) -> bool {
    let is_ignored = |c: char| c.is_whitespace() || c == '"' || c == '\'';
    // Some spreadsheets treat the full-width forms like the plain ones.
    let operators = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    part.trim_start_matches(is_ignored).starts_with(operators)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for formula in [
            "=1+1", "+1", "-1", "@SUM(1)", " =1", "\"=1", "' =1", "\u{a0}@x", "＝1", "－1",
        ] {
            assert_eq!(defuse(formula), format!("'{formula}"), "{formula:?}");
        }
        for plain in [
            "",
            "a=1",
            "{\"a\": -1}",
            "::1",
            "192.0.2.1",
            "'quoted'",
            "it's",
            "a - b; c",
            "{\"a\":\"b\",\"c\":[1,2]}",
        ] {
            assert_eq!(defuse(plain), plain);
        }
    }

    #[test]
    fn formulas_after_any_separator_become_text() {
        for (cell, defused) in [
            ("x;=cmd|'/C calc'!A0;y", "x;'=cmd|'/C calc'!A0;y"),
            ("a,=1", "a,'=1"),
            ("a,\"=1\"", "a,'\"=1\""),
            ("a; \u{ff0b}1", "a;' \u{ff0b}1"),
            ("=1;=1", "'=1;'=1"),
            ("a|-1", "a|'-1"),
            ("a\t=1", "a\\u{9}=1"),
            ("a\n=1", "a\\u{a}=1"),
            ("\r=1", "\\u{d}=1"),
            ("\u{feff}=1", "\\u{feff}=1"),
            (";\u{200b}=1", ";\\u{200b}=1"),
        ] {
            assert_eq!(defuse(cell), defused, "{cell:?}");
        }
    }

    #[test]
    fn titles_of_insights_are_kept() {
        let mut out = Vec::new();
        let mut file = CsvFile::new(&mut out, &["@pattern", "@a(1)", "=x", "n\u{1b}"]).unwrap();
        file.write_row(&["@pattern", "", "", "a,b"]).unwrap();
        assert!(file.write_row(&["too few"]).is_err());
        drop(file);
        assert_eq!(
            String::from_utf8(out).unwrap().lines().next().unwrap(),
            "@pattern,'@a(1),'=x,n\\u{1b}"
        );
    }
}
