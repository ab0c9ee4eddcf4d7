//! A page of labelled items under headings. On a terminal, lines are wrapped to its width and
//! untrusted text is escaped.

use std::io::{self, Write};

use super::escape;
use super::wrap::{display_width, wrap};

/// The width of what is not written for a terminal of known width.
pub(super) const WIDTH: usize = 80;

/// How a line is styled.
#[derive(Clone, Copy)]
pub(super) enum Style {
    Plain,
    Good,
    Bad,
}

/// A page of labelled items under headings. The texts may be untrusted.
pub(super) trait Page {
    /// Starts a section.
    fn heading(&mut self, text: &str, style: Style) -> io::Result<()>;

    /// Writes an item with a leading text, under which further lines are indented. An item without
    /// a label continues the one before.
    fn row(&mut self, label: &str, lead: &str, text: &str) -> io::Result<()>;

    /// Writes an item with its label.
    fn item(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.row(label, "", text)
    }
}

/// A page for a terminal.
pub(super) struct TerminalPage<'a> {
    pub out: &'a mut dyn Write,
    pub color: bool,
    /// The number of columns.
    pub width: usize,
}

impl TerminalPage<'_> {
    /// The width of the column of labels.
    const LABEL: usize = 17;

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", escape(text.trim_end()))
    }

    pub(super) fn styled_line(&mut self, text: &str, style: Style) -> io::Result<()> {
        let code = match style {
            Style::Plain => "1",
            Style::Good => "1;32",
            Style::Bad => "1;31",
        };
        if self.color {
            writeln!(self.out, "\u{1b}[{code}m{}\u{1b}[0m", escape(text))
        } else {
            self.line(text)
        }
    }
}

impl Page for TerminalPage<'_> {
    fn heading(&mut self, text: &str, style: Style) -> io::Result<()> {
        self.line("")?;
        self.styled_line(text, style)
    }

    fn row(&mut self, label: &str, lead: &str, text: &str) -> io::Result<()> {
        let indent = display_width(lead);
        let label = escape(label);
        let mut label = &*label;
        let mut lead = lead;
        // A label that is too long for its column has its own line.
        if label.len() >= Self::LABEL {
            self.line(&format!("  {label}"))?;
            label = "";
        }
        let width = self.width.saturating_sub(2 + Self::LABEL + indent);
        for line in wrap(&escape(text), width) {
            self.line(&format!(
                "  {label:<width$}{lead:indent$}{line}",
                width = Self::LABEL
            ))?;
            (label, lead) = ("", "");
        }
        Ok(())
    }
}

/// Writes a line, wrapped to 80 columns with a hanging indent. The text may be untrusted.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_hanging(line: &str, out: &mut dyn Write) -> io::Result<()> {
    const HANGING: usize = 4;
    let text = line.trim_start_matches(' ');
    let mut indent = line.len() - text.len();
    let escaped = escape(text);
    if indent + display_width(&escaped) <= WIDTH {
        return writeln!(out, "{:indent$}{escaped}", "");
    }
    let width = WIDTH.saturating_sub(indent + HANGING);
    for (number, part) in wrap(&escaped, width).into_iter().enumerate() {
        writeln!(out, "{:indent$}{part}", "")?;
        indent += if number == 0 { HANGING } else { 0 };
    }
    Ok(())
}

/// Writes a title and labelled items under it, wrapped to 80 columns. The texts may be untrusted.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_items(title: &str, items: &[(&str, String)], out: &mut dyn Write) -> io::Result<()> {
    for line in wrap(&escape(title), WIDTH) {
        writeln!(out, "{line}")?;
    }
    let width = items
        .iter()
        .map(|(label, _)| label.chars().count())
        .max()
        .unwrap_or_default();
    for (label, text) in items {
        let mut label = *label;
        for line in wrap(&escape(text), WIDTH.saturating_sub(width + 4)) {
            writeln!(out, "  {}", format!("{label:<width$}  {line}").trim_end())?;
            label = "";
        }
    }
    Ok(())
}
