//! The forms for issues have what GitHub requires.
//! Source: GitHub Docs, "Syntax for issue forms", "Top-level syntax", and "Syntax for GitHub's form schema", "Keys".

use std::collections::BTreeSet;

use serde_json::Value;

use super::repository;

#[test]
fn issue_templates_are_valid_forms() {
    let folder = repository().join(".github/ISSUE_TEMPLATE");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let form: Value = serde_saphyr::from_str(&text).unwrap();
        if path.ends_with("config.yml") {
            assert!(form["blank_issues_enabled"].is_boolean());
            continue;
        }
        count += 1;
        for key in ["name", "description"] {
            assert!(form[key].is_string(), "{}: {key}", path.display());
        }
        let mut ids = BTreeSet::new();
        for element in form["body"].as_array().unwrap() {
            let attributes = &element["attributes"];
            if element["type"] == "markdown" {
                assert!(attributes["value"].is_string(), "{element}");
                continue;
            }
            assert!(
                ["input", "textarea"].contains(&element["type"].as_str().unwrap()),
                "{element}"
            );
            assert!(attributes["label"].is_string(), "{element}");
            let id = element["id"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is used twice");
        }
        assert!(!ids.is_empty(), "{}", path.display());
    }
    assert_eq!(count, 3);
}
