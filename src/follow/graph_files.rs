//! The lineage as a graph: `follow.mmd` for Mermaid, `follow.dot` for Graphviz. Names are untrusted,
//! so both quote them.

use std::io::{self, Write};

use super::report::FollowReport;
use crate::report::escape;

/// Writes the lineage for Mermaid.
///
/// Source: Mermaid, "Flowcharts - Basic Syntax", "Entity codes to escape characters".
///
/// # Errors
/// `out` cannot be written.
pub fn write_mermaid(report: &FollowReport, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for node in &report.nodes {
        writeln!(out, "  {}[\"{}\"]", node.id, mermaid_text(&node.identity))?;
    }
    for edge in &report.edges {
        let text = format!("{} {}", edge.event_name, edge.time);
        writeln!(
            out,
            "  {} -->|\"{}\"| {}",
            edge.from,
            mermaid_text(&text),
            edge.to
        )?;
    }
    for (number, open_end) in report.open_ends.iter().enumerate() {
        writeln!(
            out,
            "  open{number}([\"open end: {}\"])",
            mermaid_text(&open_end.reason)
        )?;
        if let Some(node) = node_of(report, &open_end.identity) {
            writeln!(out, "  {node} -.-> open{number}")?;
        }
    }
    out.flush()
}

/// Writes the lineage for Graphviz.
///
/// Source: Graphviz, "DOT Language" (double-quoted strings, escape sequences in labels).
///
/// # Errors
/// `out` cannot be written.
pub fn write_dot(report: &FollowReport, mut out: impl Write) -> io::Result<()> {
    writeln!(
        out,
        "digraph lineage {{\n  rankdir=LR;\n  node [shape=box];"
    )?;
    for node in &report.nodes {
        writeln!(
            out,
            "  {} [label=\"{}\"];",
            node.id,
            dot_text(&node.identity)
        )?;
    }
    for edge in &report.edges {
        let text = format!("{} {}", edge.event_name, edge.time);
        writeln!(
            out,
            "  {} -> {} [label=\"{}\"];",
            edge.from,
            edge.to,
            dot_text(&text)
        )?;
    }
    for (number, open_end) in report.open_ends.iter().enumerate() {
        writeln!(
            out,
            "  open{number} [shape=ellipse, style=dashed, label=\"open end: {}\"];",
            dot_text(&open_end.reason)
        )?;
        if let Some(node) = node_of(report, &open_end.identity) {
            writeln!(out, "  {node} -> open{number} [style=dashed];")?;
        }
    }
    writeln!(out, "}}")?;
    out.flush()
}

fn node_of<'r>(report: &'r FollowReport, identity: &str) -> Option<&'r str> {
    let mut nodes = report.nodes.iter();
    let node = nodes.find(|node| node.identity == identity)?;
    Some(&node.id)
}

/// Writes every character that is no letter, digit or usual punctuation as an entity.
fn mermaid_text(text: &str) -> String {
    let mut safe = String::new();
    for character in escape(text).chars() {
        if character.is_alphanumeric() || " .,:/@+=_-".contains(character) {
            safe.push(character);
        } else {
            safe.extend(format!("#{};", u32::from(character)).chars());
        }
    }
    safe
}

fn dot_text(text: &str) -> String {
    escape(text).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::testing::example_report;

    fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut page = Vec::new();
        write(&mut page).unwrap();
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn graphs_have_all_nodes_edges_and_open_ends() {
        let report = example_report();
        let mermaid = written(|out| write_mermaid(&report, out));
        for line in [
            "flowchart LR",
            "  n0[\"access key AKIA1\"]",
            "  n0 -->|\"AssumeRole 2026-03-01T10:00:00.000Z\"| n1",
            "  n2 -.-> open0",
        ] {
            assert!(mermaid.lines().any(|found| found == line), "{mermaid}");
        }
        let dot = written(|out| write_dot(&report, out));
        for line in [
            "  n1 -> n2 [label=\"CreateUser 2026-03-01T10:01:00.000Z\"];",
            "  n2 -> open0 [style=dashed];",
            "}",
        ] {
            assert!(dot.lines().any(|found| found == line), "{dot}");
        }
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        let hostile = "a\"] --> x\n<script>\u{202e}";
        let mermaid = mermaid_text(hostile);
        assert!(!mermaid.contains(['"', '\n', '<', ']', '>']), "{mermaid}");
        assert_eq!(dot_text("a\"b\\"), "a\\\"b\\\\");
    }
}
