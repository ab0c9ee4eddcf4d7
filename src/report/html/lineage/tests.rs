//! The graph as it is drawn.

use super::*;

fn node(identity: &str, depth: usize) -> GraphNode {
    GraphNode {
        kind: "session",
        identity: format!("session {identity} in 111111111111"),
        account_id: Some("111111111111".to_owned()),
        depth,
        from: "2026-03-01T10:00:00.000Z".to_owned(),
        reason: "AssumeRole".to_owned(),
        is_start: depth == 0,
        is_followed: true,
    }
}

fn edge(from: usize, to: usize) -> GraphEdge {
    GraphEdge {
        from,
        to,
        event_name: "AssumeRole".to_owned(),
        time: format!("2026-03-01T10:0{to}:00.000Z"),
        event_ids: vec![format!("e{from}{to}")],
    }
}

fn section(graph: &LineageGraph) -> LineageSection {
    let name = ("111111111111".to_owned(), "prod".to_owned());
    LineageSection::new(graph, &AccountNames::from([name]))
}

/// A start with two children, of which the first has a child, and a call back to the start.
fn forked() -> LineageGraph {
    LineageGraph {
        nodes: vec![node("a", 0), node("b", 1), node("c", 1), node("d", 2)],
        edges: vec![edge(0, 1), edge(0, 1), edge(0, 2), edge(1, 3), edge(3, 0)],
        open_ends: vec![GraphOpenEnd {
            node: Some(3),
            kind: "not-covered",
            location: "222222222222 eu-west-1".to_owned(),
            reason: "nothing records it".to_owned(),
        }],
        attempts: 0,
    }
}

#[test]
fn columns_are_depths_and_no_boxes_overlap() {
    let section = section(&forked());
    let corners: Vec<(usize, usize)> = section
        .nodes
        .rows
        .iter()
        .map(|node| (node.x, node.y))
        .collect();
    assert_eq!(corners, [(6, 6), (466, 6), (466, 86), (926, 6)]);
    assert_eq!((section.width, section.height), (1192, 152));
    let classes: Vec<&str> = section.nodes.rows.iter().map(|node| node.class).collect();
    assert_eq!(classes, ["node start", "node", "node", "node open"]);
    let last = &section.nodes.rows[3];
    assert_eq!(last.kind, "session · open end");
    assert_eq!(last.name, "d");
    assert_eq!(last.account, "prod (111111111111)");
    assert!(last.title.ends_with("Open end: nothing records it"));
}

#[test]
fn calls_are_lines_with_their_event_ids() {
    let section = section(&forked());
    let edges = section.edges.iter();
    let lines: Vec<(&str, &str)> = edges.map(|edge| (edge.class, edge.path.as_str())).collect();
    assert_eq!(
        lines,
        [
            ("edge other", "M1186 36C1286 36 0 36 6 36"),
            ("edge", "M266 36H466"),
            ("edge", "M266 36h10V116H466"),
            ("edge", "M726 36H926"),
        ]
    );
    let first = &section.edges[1];
    assert_eq!(first.event_name, "AssumeRole +1");
    assert_eq!(first.time, "03-01 10:01:00");
    assert_eq!(
        first.title,
        "AssumeRole at 2026-03-01T10:01:00.000Z by session a in 111111111111: \
         session b in 111111111111 (event e01), and 1 more call"
    );
    assert_eq!(section.calls.rows.len(), 5, "the table has every call");
    assert_eq!(section.calls.rows[4].event_ids, "e30");
    assert_eq!(
        section.open_ends.rows[0].identity,
        "session d in 111111111111"
    );
}

#[test]
fn large_lineage_is_cut() {
    let graph = LineageGraph {
        nodes: (0..1_000).map(|number| node("x", number)).collect(),
        edges: (1..1_000).map(|number| edge(number - 1, number)).collect(),
        ..LineageGraph::default()
    };
    let section = section(&graph);
    assert_eq!(section.nodes.rows.len(), MOST_NODES);
    assert_eq!(section.nodes.more, "800");
    assert_eq!(section.edges.len(), MOST_NODES - 1);
    assert_eq!(section.calls.more, "499");
    assert!(!section.open_ends.has_rows && !section.open_ends.has_more);
}

#[test]
fn long_names_are_shortened() {
    let graph = LineageGraph {
        nodes: vec![node(&"ä".repeat(100), 0)],
        ..LineageGraph::default()
    };
    let section = section(&graph);
    assert_eq!(
        section.nodes.rows[0].name,
        format!("{}…", "ä".repeat(NAME_LENGTH))
    );
}
