//! The documents are true: their links resolve, their commands parse and run on the practice range, and what they show
//! is what the binary prints.

mod commands;
mod drills;
mod fences;
mod issue_templates;
mod links;
mod not_run;
mod output;
mod runbook;
mod shell;

use std::path::{Path, PathBuf};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads a document, named by its path in the repository.
fn read(document: &str) -> String {
    std::fs::read_to_string(repository().join(document))
        .unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// Returns the paths of the Markdown files below a folder of the repository.
fn markdown_files(folder: &str) -> Vec<String> {
    let mut documents = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let relative = path.strip_prefix(repository()).unwrap();
                documents.push(relative.to_str().unwrap().to_owned());
            }
        }
    }
    documents.sort();
    documents
}

/// Returns the documents for users: README and `docs`.
fn user_documents() -> Vec<String> {
    let mut documents = markdown_files("docs");
    documents.push("README.md".to_owned());
    documents
}

#[test]
fn readme_is_short() {
    let words = read("README.md").split_whitespace().count();
    assert!(
        (200..=900).contains(&words),
        "{words} words: move details to docs"
    );
}

#[test]
fn index_of_the_documentation_lists_every_page() {
    let index = read("docs/README.md");
    for document in markdown_files("docs") {
        let name = document.strip_prefix("docs/").unwrap();
        let is_listed = index.contains(&format!("]({name})"));
        let is_below_an_index = name == "README.md" || name.starts_with("decisions/");
        assert!(is_listed || is_below_an_index, "{name}");
    }
}
