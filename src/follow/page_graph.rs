//! The lineage for `report.html`, in the types of that page.

use std::collections::BTreeMap;

use super::open_ends::OpenEnd;
use super::report::FollowReport;
use crate::report::{GraphEdge, GraphNode, GraphOpenEnd, LineageGraph};

impl FollowReport {
    /// Returns the graph for `report.html`.
    pub fn page_graph(&self) -> LineageGraph {
        let mut ids = BTreeMap::new();
        let mut identities = BTreeMap::new();
        for (number, node) in self.nodes.iter().enumerate() {
            ids.insert(node.id.as_str(), number);
            identities.entry(node.identity.as_str()).or_insert(number);
        }
        let nodes = self.nodes.iter().map(|node| GraphNode {
            kind: node.kind,
            identity: node.identity.clone(),
            account_id: node.account_id.map(|id| id.to_string()),
            depth: node.depth,
            from: node.from.clone(),
            reason: node.reason.clone(),
            is_start: node.is_start,
            is_followed: node.is_followed,
        });
        let edges = self.edges.iter().filter_map(|edge| {
            Some(GraphEdge {
                from: *ids.get(edge.from.as_str())?,
                to: *ids.get(edge.to.as_str())?,
                event_name: edge.event_name.clone(),
                time: edge.time.clone(),
                event_ids: edge.event_ids.clone(),
            })
        });
        let open_ends = self.open_ends.iter().map(|open_end| GraphOpenEnd {
            node: identities.get(open_end.identity.as_str()).copied(),
            kind: open_end.kind.as_str(),
            location: describe_location(open_end),
            reason: open_end.reason.clone(),
        });
        LineageGraph {
            nodes: nodes.collect(),
            edges: edges.collect(),
            open_ends: open_ends.collect(),
            attempts: self.attempts.len(),
        }
    }
}

fn describe_location(open_end: &OpenEnd) -> String {
    let account = open_end.account_id.map(|id| id.to_string());
    let region = open_end.region.clone();
    let parts: Vec<String> = account.into_iter().chain(region).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use crate::follow::testing::example_report;

    #[test]
    fn edges_and_open_ends_refer_to_nodes() {
        let graph = example_report().page_graph();
        let edges: Vec<(usize, usize)> = graph
            .edges
            .iter()
            .map(|edge| (edge.from, edge.to))
            .collect();
        assert_eq!(edges, [(0, 1), (1, 2)]);
        assert_eq!(graph.nodes.len(), 3);
        assert_eq!(graph.open_ends[0].node, Some(2));
        assert_eq!(graph.open_ends[0].kind, "not-covered");
    }
}
