//! Reads the `use` lines of a source file.

/// One name of a `use`: the path, and the name that the file gives it.
#[derive(Debug, PartialEq)]
pub(crate) struct Import {
    pub path: Vec<String>,
    pub alias: String,
}

/// Removes comments and items with `#[cfg(test)]`. Returns the code, and the names of the modules
/// in other files among these items. It relies on rustfmt: an item ends at a line with a bracket as
/// far to the right as its start.
pub(crate) fn without_tests(source: &str) -> (String, Vec<String>) {
    let mut code = String::new();
    let mut test_modules = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let line = line.split("//").next().unwrap_or_default();
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let item = lines.find(|line| !line.trim_start().starts_with('#'));
        let item = item.unwrap_or_default().trim();
        let module = item
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(';'));
        test_modules.extend(module.map(str::to_owned));
        if item.ends_with('{') {
            _ = lines.find(|line| line.trim_end_matches(';') == end);
        }
    }
    (code, test_modules)
}

/// Returns the names that code without comments imports.
pub(crate) fn imports(code: &str) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut rest = code;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        let Some(start) = use_tree(line) else {
            continue;
        };
        let mut tree = start.to_owned();
        while !tree.contains(';') {
            let Some((line, after)) = rest.split_once('\n') else {
                break;
            };
            tree.push_str(line.trim());
            tree.push(' ');
            rest = after;
        }
        let tree = tree.split(';').next().unwrap_or_default();
        add_imports(&[], tree, &mut imports);
    }
    imports
}

/// What follows `use` or `pub use` on a line that begins with it.
fn use_tree(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1.trim_start(),
        Some(rest) => rest.trim_start(),
        None => line,
    };
    line.strip_prefix("use ")
}

/// Adds the names of a tree below `prefix`: `a::{b, c as d}`.
fn add_imports(prefix: &[String], tree: &str, imports: &mut Vec<Import>) {
    let tree = tree.trim();
    let (path, group) = match tree.split_once('{') {
        Some((path, group)) => (path, Some(group.trim_end().trim_end_matches('}'))),
        None => (tree, None),
    };
    let (path, alias) = match path.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim().to_owned())),
        None => (path, None),
    };
    let steps = path
        .split("::")
        .map(str::trim)
        .filter(|step| !step.is_empty());
    let mut full: Vec<String> = prefix.to_vec();
    full.extend(steps.map(str::to_owned));
    if let Some(group) = group {
        for part in split_at_commas(group) {
            add_imports(&full, part, imports);
        }
        return;
    }
    // `a::{self}` is `a`.
    if !prefix.is_empty() && full.last().is_some_and(|last| last == "self") {
        full.pop();
    }
    if let Some(last) = full.last() {
        let alias = alias.unwrap_or_else(|| last.clone());
        imports.push(Import { path: full, alias });
    }
}

/// Splits the content of a `{…}` at the commas outside of further brackets.
fn split_at_commas(group: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[test]
fn names_of_a_tree_are_read() {
    let code = "pub(crate) use a::{\n    b::{self, C as D},\n    e::*,\n};\nlet use_of = 1;\n";
    let read: Vec<(String, String)> = imports(code)
        .into_iter()
        .map(|import| (import.path.join("::"), import.alias))
        .collect();
    let expected = [("a::b", "b"), ("a::b::C", "D"), ("a::e::*", "*")]
        .map(|(path, alias)| (path.to_owned(), alias.to_owned()));
    assert_eq!(read, expected);
}

#[test]
fn code_for_tests_is_left_out() {
    let source = "use a::A; // why\n#[cfg(test)]\nmod b;\n#[cfg(test)]\nmod tests {\n    use c::C;\n}\nuse d::D;\n";
    let (code, test_modules) = without_tests(source);
    assert_eq!(code, "use a::A; \nuse d::D;\n");
    assert_eq!(test_modules, ["b"]);
}
