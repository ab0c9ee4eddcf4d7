//! Links of documents: to files, to headings, and to other sites.

use std::collections::BTreeSet;
use std::path::Path;

use super::fences::prose;
use super::{markdown_files, read, repository};

/// Returns the targets of the links of a document.
fn links(document: &str) -> Vec<String> {
    let without_code: String = prose(document).split('`').step_by(2).collect();
    without_code
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// Returns the anchors of the headings of a document, as GitHub forms them.
fn anchors(document: &str) -> BTreeSet<String> {
    prose(document)
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character))
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

/// Returns what is wrong with a link of a document.
fn problem(document: &str, target: &str) -> Option<String> {
    if let Some(rest) = target.strip_prefix("https://") {
        let host = rest.split(['/', '#', '?']).next().unwrap_or_default();
        let is_valid = target.parse::<http::Uri>().is_ok() && host.contains('.');
        return (!is_valid).then(|| "not an address".to_owned());
    }
    let (path, heading) = match target.split_once('#') {
        Some((path, heading)) => (path, Some(heading)),
        None => (target, None),
    };
    let folder = Path::new(document).parent().unwrap();
    let file = if path.is_empty() {
        Path::new(document).to_owned()
    } else {
        folder.join(path)
    };
    if !repository().join(&file).exists() {
        return Some("no such file".to_owned());
    }
    let heading = heading?;
    let headings = anchors(&read(file.to_str().unwrap()));
    (!headings.contains(heading)).then(|| format!("no such heading; there are {headings:?}"))
}

#[test]
fn links_resolve() {
    let mut documents: Vec<String> = ["docs", "config", "benches", "crates"]
        .into_iter()
        .flat_map(markdown_files)
        .collect();
    for document in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ] {
        documents.push(document.to_owned());
    }
    let mut count = 0;
    for document in documents {
        for target in links(&read(&document)) {
            count += 1;
            assert_eq!(problem(&document, &target), None, "{document}: {target}");
        }
    }
    assert!(count > 120, "only {count} links were read");
}

#[test]
fn broken_links_are_found() {
    let document = "[a](x.md#b), `[c](d)`, [`e`\nf](https://g.example/h)\n```\n[i](j)\n```\n";
    assert_eq!(links(document), ["x.md#b", "https://g.example/h"]);
    assert_eq!(anchor("Dragnet's own calls"), "dragnets-own-calls");
    for wrong in [
        "absent.md",
        "README.md#absent",
        "#absent",
        "https://",
        "https://a b.example",
        "http://plain.example",
    ] {
        assert!(problem("README.md", wrong).is_some(), "{wrong}");
    }
    for right in [
        "#first-example",
        "docs/security.md#what-remains",
        "config/deploy",
    ] {
        assert_eq!(problem("README.md", right), None, "{right}");
    }
}
