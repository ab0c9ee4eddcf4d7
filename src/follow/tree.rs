//! The lineage as a tree for the terminal.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::report::{FollowReport, ReportEdge};
use crate::report::escape;
use dragnet_model::format::plural;

/// Writes the lineage as a tree: each identity once, below the first that led to it.
///
/// # Errors
/// `out` cannot be written.
pub fn write_tree(report: &FollowReport, mut out: impl Write) -> io::Result<()> {
    let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    writeln!(
        out,
        "\nLineage: {}, {}, {}",
        plural(number(report.nodes.len()), "node"),
        plural(number(report.rounds.len()), "round"),
        plural(number(report.open_ends.len()), "open end")
    )?;
    let tree = Tree { report };
    let mut shown = BTreeSet::new();
    for node in report.nodes.iter().filter(|node| node.is_start) {
        if shown.insert(node.id.as_str()) {
            writeln!(out, "{}", escape(&node.identity))?;
            tree.write_children(&node.id, &mut shown, &mut out)?;
        }
    }
    for attempt in &report.attempts {
        writeln!(
            out,
            "Failed: {} by {} at {}: {}",
            escape(&attempt.event_name),
            escape(tree.identity(&attempt.from)),
            attempt.time,
            escape(&attempt.error_code)
        )?;
    }
    for address in &report.addresses {
        writeln!(
            out,
            "Address {}: {} of the lineage, {}",
            escape(&address.address),
            plural(number(address.identities.len()), "node"),
            plural(number(address.other_principals), "other principal")
        )?;
    }
    for open_end in &report.open_ends {
        let identity = escape(&open_end.identity);
        let separator = if identity.is_empty() { "" } else { ": " };
        writeln!(
            out,
            "Open end: {identity}{separator}{}",
            escape(&open_end.reason)
        )?;
    }
    Ok(())
}

struct Tree<'r> {
    report: &'r FollowReport,
}

impl<'r> Tree<'r> {
    fn identity(&self, id: &str) -> &'r str {
        let mut nodes = self.report.nodes.iter();
        nodes
            .find(|node| node.id == id)
            .map_or("", |node| node.identity.as_str())
    }

    /// Writes what descends from a node, without recursion: an attacker decides how long a chain is.
    fn write_children(
        &self,
        root: &str,
        shown: &mut BTreeSet<&'r str>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut open: Vec<(usize, &'r ReportEdge)> = Vec::new();
        self.push_children(root, 1, &mut open);
        while let Some((level, edge)) = open.pop() {
            if !shown.insert(edge.to.as_str()) {
                continue;
            }
            writeln!(
                out,
                "{}└─ {}  [{} {}, event {}]",
                "   ".repeat(level.min(20) - 1),
                escape(self.identity(&edge.to)),
                escape(&edge.event_name),
                edge.time,
                escape(&edge.event_ids.join(", "))
            )?;
            self.push_children(&edge.to, level + 1, &mut open);
        }
        Ok(())
    }

    /// Adds the calls of a node, so that the first is taken first.
    fn push_children(&self, id: &str, level: usize, open: &mut Vec<(usize, &'r ReportEdge)>) {
        let edges = self.report.edges.iter().rev();
        open.extend(
            edges
                .filter(|edge| edge.from == id)
                .map(|edge| (level, edge)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::testing::example_report;

    #[test]
    fn tree_shows_each_identity_once_and_escapes_names() {
        let mut page = Vec::new();
        write_tree(&example_report(), &mut page).unwrap();
        let text = String::from_utf8(page).unwrap();
        let expected = "\nLineage: 3 nodes, 0 rounds, 1 open end\n\
             access key AKIA1\n\
             └─ session \\u{1b}one of role A in 222222222222  [AssumeRole 2026-03-01T10:00:00.000Z, event e1]\n   \
             └─ user eric in 222222222222  [CreateUser 2026-03-01T10:01:00.000Z, event e2]\n\
             Open end: user eric in 222222222222: logging is switched off\n";
        assert_eq!(text, expected);
    }
}
