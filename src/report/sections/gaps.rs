//! A section about coverage gaps, by reason.

use std::io;

use crate::report::Gap;
use crate::report::page::{Page, Style};
use dragnet_model::format::count;

/// How many reasons for gaps are named.
const MOST_REASONS: usize = 5;

/// Writes gaps under a heading. Nothing is written if there are none.
pub(in crate::report) fn write_gaps(
    page: &mut dyn Page,
    title: &str,
    style: Style,
    gaps: &[Gap],
) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    page.heading(title, style)?;
    for gap in gaps.iter().take(MOST_REASONS) {
        page.item(
            gap.status.as_str(),
            &format!("{}: {}", gap.size(), gap.reason),
        )?;
        let more = gap.rows.total().saturating_sub(gap.examples.len() as u64);
        let rest = if more > 0 {
            format!(" and {} more", count(more))
        } else {
            String::new()
        };
        page.item("", &format!("{}{rest}", gap.examples.join(", ")))?;
    }
    match gaps.len().saturating_sub(MOST_REASONS) {
        0 => Ok(()),
        more => page.item("", &format!("and {more} more reasons, all in coverage.csv")),
    }
}
