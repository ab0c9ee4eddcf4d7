//! Hostile names in the lineage: the graph files keep them between their quotes, and neither they
//! nor the tree have a character that a terminal obeys.

use dragnet::follow::{
    FollowReport, OpenEnd, OpenEndKind, ReportEdge, ReportNode, ReportedAttempt, write_dot,
    write_mermaid, write_tree,
};

use crate::hostile_content::{PAYLOADS, raw_characters};

/// Returns a lineage of two identities with the payload in every text that a record has.
fn hostile_report(payload: &str) -> FollowReport {
    let text = || payload.to_owned();
    let node = |id: &str, is_start: bool| ReportNode {
        id: id.to_owned(),
        kind: "session",
        identity: format!("{id} {payload}"),
        account_id: None,
        depth: usize::from(!is_start),
        from: "2026-03-01T10:00:00.000Z".to_owned(),
        access_keys: vec![text()],
        user_ids: vec![text()],
        owner: Some(text()),
        source_identity: Some(text()),
        is_start,
        is_followed: true,
        reason: text(),
    };
    FollowReport {
        nodes: vec![node("n0", true), node("n1", false)],
        edges: vec![ReportEdge {
            from: "n0".to_owned(),
            to: "n1".to_owned(),
            kind: "issues-credentials",
            event_source: text(),
            event_name: text(),
            event_ids: vec![text()],
            time: "2026-03-01T10:00:00.000Z".to_owned(),
            account_ids: Vec::new(),
        }],
        attempts: vec![ReportedAttempt {
            from: "n1".to_owned(),
            event_name: text(),
            event_ids: vec![text()],
            time: "2026-03-01T10:00:00.000Z".to_owned(),
            error_code: text(),
            identities: vec![text()],
        }],
        open_ends: vec![OpenEnd {
            identity: format!("n1 {payload}"),
            kind: OpenEndKind::NotCovered,
            account_id: None,
            region: None,
            reason: text(),
        }],
        ..FollowReport::default()
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut page = Vec::new();
    write(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// Returns a line of Graphviz without its quoted text, which may have `\"` and `\\`.
fn without_quoted_text(line: &str) -> String {
    let mut rest = String::new();
    let mut is_quoted = false;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if is_quoted => {
                let next = characters.next();
                assert!(matches!(next, Some('"' | '\\')), "{line}");
            }
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            _ => rest.push(character),
        }
    }
    assert!(!is_quoted, "{line}");
    rest
}

#[test]
fn hostile_names_stay_between_their_quotes() {
    for payload in PAYLOADS {
        let report = hostile_report(payload);
        let mermaid = written(|out| write_mermaid(&report, out));
        let dot = written(|out| write_dot(&report, out));
        let tree = written(|out| write_tree(&report, out));
        for page in [&mermaid, &dot, &tree] {
            assert_eq!(raw_characters(page), [].into(), "{page:?}");
        }
        let shape: Vec<String> = mermaid
            .lines()
            .map(|line| {
                let parts: Vec<&str> = line.split('"').collect();
                assert!(matches!(parts.len(), 1 | 3), "{line}");
                let label = parts.get(1).copied().unwrap_or_default();
                assert!(
                    !label.contains(['<', '>', '`', '[', ']', '|', '\\']),
                    "{line}"
                );
                [parts[0], parts.last().unwrap()].concat()
            })
            .collect();
        assert_eq!(shape[1], "  n0[]", "{mermaid}");
        assert_eq!(shape[3], "  n0 -->|| n1", "{mermaid}");
        assert_eq!(shape[4], "  open0([])", "{mermaid}");
        let shape: Vec<String> = dot.lines().map(without_quoted_text).collect();
        let expected = [
            "digraph lineage {",
            "  rankdir=LR;",
            "  node [shape=box];",
            "  n0 [label=];",
            "  n1 [label=];",
            "  n0 -> n1 [label=];",
            "  open0 [shape=ellipse, style=dashed, label=];",
            "  n1 -> open0 [style=dashed];",
            "}",
        ];
        assert_eq!(shape, expected, "{dot}");
        assert_eq!(tree.lines().count(), 6, "{tree}");
    }
}
