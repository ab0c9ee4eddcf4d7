//! The lineage as a graph: a column for each depth, and the calls as lines between the columns.
//!
//! The graph is drawn as a forest. The first child of an identity continues its row, and every other
//! child begins a row below, so no two boxes overlap. Other calls between the identities are dotted
//! lines. Names are cut at the border of their box, because an attacker chose them.

mod layout;

use std::collections::BTreeMap;

use super::lists::cut;
use crate::report::account_names::account_with_name;
use crate::report::{AccountNames, GraphEdge, GraphNode, GraphOpenEnd, LineageGraph};
use dragnet_model::format::{count, plural};
use layout::{BOX_HEIGHT, BOX_WIDTH, Corner, LABEL_WIDTH, Layout, Line};

/// How many identities and open ends are shown. `follow.json` contains all.
const MOST_NODES: usize = 200;
const MOST_OPEN_ENDS: usize = 200;
/// How many calls are shown, in the graph and in the table.
const MOST_CALLS: usize = 500;
/// How many characters of a name fit into a box, and of a call between two boxes.
const NAME_LENGTH: usize = 38;
const CALL_LENGTH: usize = 27;

/// The lineage as it is drawn. Every text may be untrusted, except the classes.
#[derive(Debug, Default)]
pub(super) struct LineageSection {
    pub(super) summary: String,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) box_width: usize,
    pub(super) box_height: usize,
    pub(super) label_width: usize,
    pub(super) nodes: Listed<DrawnNode>,
    pub(super) edges: Vec<DrawnEdge>,
    pub(super) calls: Listed<CallRow>,
    pub(super) open_ends: Listed<OpenEndRow>,
}

/// Rows, and how many were left out.
#[derive(Debug, Default)]
pub(super) struct Listed<T> {
    pub(super) rows: Vec<T>,
    pub(super) has_rows: bool,
    pub(super) has_more: bool,
    pub(super) more: String,
}

impl<T> Listed<T> {
    fn new(rows: Vec<T>, total: usize) -> Self {
        let more = total.saturating_sub(rows.len());
        Self {
            has_rows: !rows.is_empty(),
            rows,
            has_more: more > 0,
            more: count(more as u64),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct DrawnNode {
    pub(super) class: &'static str,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) title: String,
    pub(super) kind: String,
    /// The beginning of the name, without kind and account.
    pub(super) name: String,
    pub(super) account: String,
    pub(super) identity: String,
    pub(super) depth: usize,
    pub(super) from: String,
    pub(super) followed: &'static str,
    pub(super) reason: String,
}

/// The calls from one identity to another, as one line.
#[derive(Debug, Default)]
pub(super) struct DrawnEdge {
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) path: String,
    pub(super) head: String,
    pub(super) has_label: bool,
    pub(super) label_x: usize,
    pub(super) label_y: usize,
    pub(super) event_name: String,
    pub(super) time: String,
}

#[derive(Debug, Default)]
pub(super) struct CallRow {
    pub(super) time: String,
    pub(super) event_name: String,
    pub(super) actor: String,
    pub(super) identity: String,
    pub(super) event_ids: String,
}

#[derive(Debug, Default)]
pub(super) struct OpenEndRow {
    pub(super) identity: String,
    pub(super) kind: &'static str,
    pub(super) location: String,
    pub(super) reason: String,
}

impl LineageSection {
    pub(super) fn new(graph: &LineageGraph, names: &AccountNames) -> Self {
        let layout = Layout::new(graph, MOST_NODES);
        let calls = graph.edges.iter().take(MOST_CALLS);
        let calls = calls.map(|edge| CallRow::new(edge, graph)).collect();
        let open_ends = graph.open_ends.iter().take(MOST_OPEN_ENDS);
        let open_ends = open_ends.map(|open_end| OpenEndRow::new(open_end, graph));
        Self {
            summary: summarize(graph),
            width: layout.width(),
            height: layout.height(),
            box_width: BOX_WIDTH,
            box_height: BOX_HEIGHT,
            label_width: LABEL_WIDTH,
            nodes: Listed::new(draw_nodes(graph, &layout, names), graph.nodes.len()),
            edges: draw_edges(graph, &layout),
            calls: Listed::new(calls, graph.edges.len()),
            open_ends: Listed::new(open_ends.collect(), graph.open_ends.len()),
        }
    }
}

fn summarize(graph: &LineageGraph) -> String {
    let number = |count: usize, noun: &str| plural(count as u64, noun);
    format!(
        "{}, {}, {}, {}.",
        number(graph.nodes.len(), "node"),
        number(graph.edges.len(), "call"),
        number(graph.attempts, "failed attempt"),
        number(graph.open_ends.len(), "open end"),
    )
}

fn draw_nodes(graph: &LineageGraph, layout: &Layout, names: &AccountNames) -> Vec<DrawnNode> {
    let mut open_ends: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for open_end in &graph.open_ends {
        if let Some(node) = open_end.node {
            let reasons = open_ends.entry(node).or_default();
            reasons.push(&open_end.reason);
        }
    }
    let nodes = graph.nodes.iter().enumerate();
    nodes
        .filter_map(|(number, node)| {
            let reasons = open_ends.get(&number).map_or(&[][..], Vec::as_slice);
            let corner = layout.corner(number)?;
            Some(DrawnNode::new(node, corner, reasons, names))
        })
        .collect()
}

impl DrawnNode {
    fn new(node: &GraphNode, corner: Corner, open_ends: &[&str], names: &AccountNames) -> Self {
        let class = match (node.is_start, open_ends.is_empty()) {
            (true, true) => "node start",
            (true, false) => "node start open",
            (false, true) => "node",
            (false, false) => "node open",
        };
        let mut kind = node.kind.replace('-', " ");
        let name = short_name(node, &kind);
        if node.is_start {
            kind.push_str(" · start");
        }
        let mut title = format!("{}: {}", cut(&node.identity), cut(&node.reason));
        if let Some(reason) = open_ends.first() {
            kind.push_str(" · open end");
            title = format!("{title}. Open end: {}", cut(reason));
        }
        let account = node.account_id.as_deref();
        Self {
            class,
            x: corner.x,
            y: corner.y,
            title,
            kind,
            name: shorten(name, NAME_LENGTH),
            account: account.map_or_else(String::new, |id| cut(&account_with_name(id, names))),
            identity: cut(&node.identity),
            depth: node.depth,
            from: node.from.clone(),
            followed: if node.is_followed { "yes" } else { "no" },
            reason: cut(&node.reason),
        }
    }
}

/// Returns the identity without its kind and its account, which the box shows too.
fn short_name<'a>(node: &'a GraphNode, kind: &str) -> &'a str {
    let identity = node.identity.as_str();
    let name = identity
        .strip_prefix(kind)
        .map_or(identity, str::trim_start);
    let account = node.account_id.as_deref().unwrap_or_default();
    let without_account = name
        .strip_suffix(account)
        .and_then(|name| name.strip_suffix(" in "));
    match without_account {
        Some(short) if !short.is_empty() => short,
        _ => name,
    }
}

/// Returns the beginning of a name that is too long for its place.
fn shorten(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn draw_edges(graph: &LineageGraph, layout: &Layout) -> Vec<DrawnEdge> {
    let mut calls: BTreeMap<(usize, usize), Vec<&GraphEdge>> = BTreeMap::new();
    for edge in graph.edges.iter().filter(|edge| edge.from != edge.to) {
        let pair = (edge.from, edge.to);
        calls.entry(pair).or_default().push(edge);
    }
    let lines = calls.iter().filter_map(|(&(from, to), calls)| {
        let line = layout.line(from, to)?;
        DrawnEdge::new(line, calls, graph)
    });
    // Every line of the forest is shown; there are fewer than nodes.
    let (tree, mut others): (Vec<DrawnEdge>, Vec<DrawnEdge>) =
        lines.partition(|edge| edge.has_label);
    others.truncate(MOST_CALLS);
    others.extend(tree);
    others
}

impl DrawnEdge {
    fn new(line: Line, calls: &[&GraphEdge], graph: &LineageGraph) -> Option<Self> {
        let call = calls.first()?;
        let row = CallRow::new(call, graph);
        let mut title = format!(
            "{} at {} by {}: {} (event {})",
            row.event_name, row.time, row.actor, row.identity, row.event_ids
        );
        let more = calls.len() - 1;
        let mut event_name = shorten(&call.event_name, CALL_LENGTH);
        if more > 0 {
            event_name = format!("{} +{more}", shorten(&call.event_name, CALL_LENGTH - 6));
            title = format!("{title}, and {}", plural(more as u64, "more call"));
        }
        // The time without the year and the milliseconds: `03-01 10:00:00`.
        let time = call.time.get(5..19).unwrap_or(&call.time);
        Some(Self {
            class: if line.is_tree { "edge" } else { "edge other" },
            title,
            path: line.path,
            head: line.head,
            has_label: line.is_tree,
            label_x: line.label_x,
            label_y: line.label_y,
            event_name,
            time: time.replace('T', " "),
        })
    }
}

fn identity_of(graph: &LineageGraph, node: usize) -> String {
    let node = graph.nodes.get(node);
    node.map_or_else(String::new, |node| cut(&node.identity))
}

impl CallRow {
    fn new(edge: &GraphEdge, graph: &LineageGraph) -> Self {
        Self {
            time: edge.time.clone(),
            event_name: cut(&edge.event_name),
            actor: identity_of(graph, edge.from),
            identity: identity_of(graph, edge.to),
            event_ids: cut(&edge.event_ids.join(", ")),
        }
    }
}

impl OpenEndRow {
    fn new(open_end: &GraphOpenEnd, graph: &LineageGraph) -> Self {
        let identity = open_end.node.map(|node| identity_of(graph, node));
        Self {
            identity: identity.unwrap_or_else(|| "the whole lineage".to_owned()),
            kind: open_end.kind,
            location: cut(&open_end.location),
            reason: open_end.reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
