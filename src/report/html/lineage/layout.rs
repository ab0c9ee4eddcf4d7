//! Where the boxes and lines of the graph are. The same lineage always gives the same drawing.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{GraphNode, LineageGraph};

/// The size of a box, and of the label of a call beside it, in pixels.
pub(super) const BOX_WIDTH: usize = 260;
pub(super) const BOX_HEIGHT: usize = 60;
pub(super) const LABEL_WIDTH: usize = GAP_WIDTH - BEND - HEAD - 8;
/// The space between two columns and two rows.
const GAP_WIDTH: usize = 200;
const GAP_HEIGHT: usize = 20;
/// The space around the graph.
const MARGIN: usize = 6;
/// How far from its box a line bends, and how long the head of an arrow is.
const BEND: usize = 10;
const HEAD: usize = 8;

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    column: usize,
    row: usize,
}

impl Position {
    fn left(self) -> usize {
        MARGIN + self.column * (BOX_WIDTH + GAP_WIDTH)
    }

    fn top(self) -> usize {
        MARGIN + self.row * (BOX_HEIGHT + GAP_HEIGHT)
    }

    fn right(self) -> usize {
        self.left() + BOX_WIDTH
    }

    fn middle(self) -> usize {
        self.top() + BOX_HEIGHT / 2
    }
}

/// The upper left corner of a box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    pub(super) x: usize,
    pub(super) y: usize,
}

/// A line between two boxes.
#[derive(Debug)]
pub(super) struct Line {
    /// Whether it is the line of the forest, which has a label.
    pub(super) is_tree: bool,
    pub(super) path: String,
    /// The head of the arrow.
    pub(super) head: String,
    pub(super) label_x: usize,
    pub(super) label_y: usize,
}

/// The position of each node that is shown.
#[derive(Debug)]
pub(super) struct Layout {
    /// The node before each node in the forest.
    parents: Vec<Option<usize>>,
    positions: Vec<Position>,
}

impl Layout {
    /// Arranges the first `most` nodes.
    pub(super) fn new(graph: &LineageGraph, most: usize) -> Self {
        let shown = graph.nodes.get(..most).unwrap_or(&graph.nodes);
        let parents = find_parents(graph, shown);
        let positions = place_nodes(shown, &parents);
        Self { parents, positions }
    }

    pub(super) fn width(&self) -> usize {
        let right = self.positions.iter().map(|position| position.right());
        right.max().unwrap_or_default() + MARGIN
    }

    pub(super) fn height(&self) -> usize {
        let bottom = self.positions.iter().map(|place| place.top() + BOX_HEIGHT);
        bottom.max().unwrap_or_default() + MARGIN
    }

    /// Returns the upper left corner of the box of a node, if it is shown.
    pub(super) fn corner(&self, node: usize) -> Option<Corner> {
        let position = self.positions.get(node)?;
        Some(Corner {
            x: position.left(),
            y: position.top(),
        })
    }

    /// Returns the line between two nodes, if both are shown.
    pub(super) fn line(&self, from: usize, to: usize) -> Option<Line> {
        let start = self.positions.get(from)?;
        let end = self.positions.get(to)?;
        let is_tree = self.parents.get(to).copied().flatten() == Some(from);
        let x1 = start.right();
        let y1 = start.middle();
        let x2 = end.left();
        let y2 = end.middle();
        let path = if is_tree && y1 == y2 {
            format!("M{x1} {y1}H{x2}")
        } else if is_tree {
            format!("M{x1} {y1}h{BEND}V{y2}H{x2}")
        } else {
            let left = x1 + GAP_WIDTH / 2;
            let right = x2.saturating_sub(GAP_WIDTH / 2);
            format!("M{x1} {y1}C{left} {y1} {right} {y2} {x2} {y2}")
        };
        Some(Line {
            is_tree,
            path,
            head: format!("M{x2} {y2}l-{HEAD} -4v8z"),
            label_x: (x2 + BEND + 6).saturating_sub(GAP_WIDTH),
            label_y: y2.saturating_sub(20),
        })
    }
}

/// Finds the node before each node: the first that made a call with it and is one call closer to a
/// start. So there are no cycles.
fn find_parents(graph: &LineageGraph, shown: &[GraphNode]) -> Vec<Option<usize>> {
    let mut parents = vec![None; shown.len()];
    for edge in &graph.edges {
        let depth = |node: usize| shown.get(node).map(|node| node.depth);
        let is_closer = match (depth(edge.from), depth(edge.to)) {
            (Some(from), Some(to)) => from.checked_add(1) == Some(to),
            _ => false,
        };
        if let Some(parent) = parents.get_mut(edge.to)
            && is_closer
            && parent.is_none()
        {
            *parent = Some(edge.from);
        }
    }
    parents
}

/// Places the nodes, without recursion: an attacker decides how long a chain is.
fn place_nodes(shown: &[GraphNode], parents: &[Option<usize>]) -> Vec<Position> {
    let depths: BTreeSet<usize> = shown.iter().map(|node| node.depth).collect();
    let columns: BTreeMap<usize, usize> = depths.into_iter().zip(0..).collect();
    // The last child comes first, because the stack returns it last.
    let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut stack: Vec<(usize, Option<usize>)> = Vec::new();
    for (node, parent) in parents.iter().enumerate().rev() {
        match parent {
            Some(parent) => children.entry(*parent).or_default().push(node),
            None => stack.push((node, None)),
        }
    }
    let mut positions = vec![Position::default(); shown.len()];
    let mut rows = 0..;
    while let Some((number, continued)) = stack.pop() {
        let Some(row) = continued.or_else(|| rows.next()) else {
            break;
        };
        let depth = shown.get(number).map_or(0, |node| node.depth);
        if let Some(position) = positions.get_mut(number) {
            *position = Position {
                column: columns.get(&depth).copied().unwrap_or_default(),
                row,
            };
        }
        let below = children.remove(&number).unwrap_or_default();
        let first = below.last().copied();
        let continuing = |child| (Some(child) == first).then_some(row);
        stack.extend(below.into_iter().map(|child| (child, continuing(child))));
    }
    positions
}
