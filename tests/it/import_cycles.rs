//! No set of files imports each other in a circle, so a file can be read after those that it uses.
//!
//! The check reads the `use` lines without unit tests, and follows re-exports to the file that
//! defines the name. A module and the modules inside it may import each other: they are read
//! together. So are the grammars in [`GRAMMARS`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::import_lines::{Import, imports, without_tests};

/// Files that import each other because what they define is recursive, with the reason.
const GRAMMARS: [(&[&str], &str); 2] = [
    (
        &[
            "crates/insights-ql/src/function.rs",
            "crates/insights-ql/src/tree.rs",
        ],
        "an expression calls functions, and the arguments of a function are expressions",
    ),
    (
        &[
            "crates/insights-ql/src/plan/grouping.rs",
            "crates/insights-ql/src/plan/table.rs",
        ],
        "groups become a table, and a later `stats` groups the rows of a table again",
    ),
];

/// The longest chain of re-exports that is followed.
const MOST_RE_EXPORTS: usize = 12;

/// The path of a module, from the name of its crate on.
type ModulePath = Vec<String>;

/// A file with the names that it imports.
struct Module {
    file: String,
    imports: Vec<Import>,
    /// Its modules that are compiled only for tests.
    test_modules: Vec<String>,
}

/// All modules of the workspace.
struct Workspace {
    modules: BTreeMap<ModulePath, Module>,
}

impl Workspace {
    /// Reads files, which are given by their paths in the repository.
    fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut modules = BTreeMap::new();
        for (file, source) in files {
            let (code, test_modules) = without_tests(&source);
            if let Some(path) = module_path(&file) {
                let imports = imports(&code);
                modules.insert(
                    path,
                    Module {
                        file,
                        imports,
                        test_modules,
                    },
                );
            }
        }
        let tests: Vec<ModulePath> = modules
            .iter()
            .flat_map(|(path, module)| {
                let inside = module.test_modules.iter();
                inside.map(move |name| [path.clone(), vec![name.clone()]].concat())
            })
            .collect();
        modules.retain(|path, _| !tests.iter().any(|test| path.starts_with(test)));
        Self { modules }
    }

    /// Returns the module that defines what a path means in the module `from`. A name from another
    /// crate than ours gives the module that imports it.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        let first = path.first()?;
        let is_crate = self.modules.contains_key(std::slice::from_ref(first));
        let (mut module, mut rest) = match first.as_str() {
            "crate" => (from.get(..1)?.to_vec(), &path[1..]),
            "self" => (from.to_vec(), &path[1..]),
            "super" => {
                let levels = path.iter().take_while(|step| *step == "super").count();
                let outer = from.get(..from.len().checked_sub(levels)?)?;
                (outer.to_vec(), &path[levels..])
            }
            _ if is_crate => (vec![first.clone()], &path[1..]),
            _ => (from.to_vec(), path),
        };
        while let Some((next, more)) = rest.split_first() {
            module.push(next.clone());
            if !self.modules.contains_key(&module) {
                module.pop();
                break;
            }
            rest = more;
        }
        let found = self.modules.get(&module)?;
        let re_export = rest
            .first()
            .and_then(|name| found.imports.iter().find(|import| import.alias == *name));
        match re_export {
            Some(import) if depth > 0 => {
                let followed = [&import.path[..], &rest[1..]].concat();
                self.resolve(&module, &followed, depth - 1)
            }
            _ => Some(module),
        }
    }

    /// Returns the sets of files that import each other.
    fn cycles(&self) -> Vec<BTreeSet<&str>> {
        let paths: Vec<&ModulePath> = self.modules.keys().collect();
        let number_of: BTreeMap<&ModulePath, usize> = paths
            .iter()
            .enumerate()
            .map(|(number, path)| (*path, number))
            .collect();
        let mut used: Vec<BTreeSet<usize>> = Vec::new();
        for (path, module) in &self.modules {
            let targets = module
                .imports
                .iter()
                .filter_map(|import| self.resolve(path, &import.path, MOST_RE_EXPORTS));
            let others = targets
                .filter(|target| !target.starts_with(path) && !path.starts_with(target))
                .map(|target| number_of[&target]);
            used.push(others.collect());
        }
        let reached: Vec<BTreeSet<usize>> = (0..used.len())
            .map(|start| reachable(start, &used))
            .collect();
        let files: Vec<&str> = self
            .modules
            .values()
            .map(|module| module.file.as_str())
            .collect();
        let cycles: BTreeSet<BTreeSet<&str>> = (0..used.len())
            .map(|start| {
                let circle = reached[start]
                    .iter()
                    .filter(|other| reached[**other].contains(&start));
                circle.map(|number| files[*number]).collect()
            })
            .collect();
        cycles
            .into_iter()
            .filter(|cycle: &BTreeSet<&str>| !cycle.is_empty())
            .collect()
    }
}

/// The numbers that can be reached from `start` in at least one step.
fn reachable(start: usize, used: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(at) = waiting.pop() {
        for next in &used[at] {
            if reached.insert(*next) {
                waiting.push(*next);
            }
        }
    }
    reached
}

/// The module of a file: `src/aws/call.rs` is `dragnet::aws::call`. `None` for the binary.
fn module_path(file: &str) -> Option<ModulePath> {
    let (name, inside) = match file.strip_prefix("crates/") {
        Some(rest) => {
            let (folder, inside) = rest.split_once("/src/")?;
            (folder.replace('-', "_"), inside)
        }
        None => ("dragnet".to_owned(), file.strip_prefix("src/")?),
    };
    let inside = inside.strip_suffix(".rs")?;
    if inside == "main" {
        return None;
    }
    let steps = inside
        .split('/')
        .filter(|step| !matches!(*step, "mod" | "lib"));
    Some(
        std::iter::once(name)
            .chain(steps.map(str::to_owned))
            .collect(),
    )
}

/// All Rust files below a folder of the repository, with their paths in it.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![repository.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(repository).unwrap().to_str().unwrap();
                files.push((name.to_owned(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = rust_files("src").into_iter().chain(rust_files("crates"));
    let workspace = Workspace::new(files);
    assert!(
        workspace.modules.len() > 300,
        "the source is somewhere else"
    );
    let cycles = workspace.cycles();
    let grammars = GRAMMARS.map(|(files, _)| files.iter().copied().collect::<BTreeSet<_>>());
    let unexpected: Vec<_> = cycles
        .iter()
        .filter(|cycle| !grammars.contains(cycle))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for grammar in &grammars {
        assert!(
            cycles.contains(grammar),
            "{grammar:?} is no cycle any more: remove it from the list"
        );
    }
}

#[test]
fn check_can_fail() {
    let cycles = |files: &[(&str, &str)]| {
        let files = files
            .iter()
            .map(|(file, source)| ((*file).to_owned(), (*source).to_owned()));
        let workspace = Workspace::new(files);
        let cycles = workspace.cycles();
        cycles
            .into_iter()
            .map(|cycle| cycle.into_iter().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let through_re_export = [
        ("src/lib.rs", "pub mod a;\n"),
        (
            "src/a/mod.rs",
            "mod b;\nmod c;\n\npub use c::{C, D as E};\n",
        ),
        ("src/a/b.rs", "use super::{\n    E,\n};\n"),
        (
            "src/a/c.rs",
            "// why\npub(super) use crate::a::b::{self, B};\n",
        ),
    ];
    assert_eq!(cycles(&through_re_export), "src/a/b.rs src/a/c.rs");
    let of_three = [
        ("crates/my-x/src/lib.rs", ""),
        ("crates/my-x/src/a.rs", "use super::b;\n"),
        ("crates/my-x/src/b.rs", "use crate::c::C;\n"),
        ("crates/my-x/src/c.rs", "use super::a::A;\n"),
        ("src/lib.rs", "use my_x::A;\n"),
    ];
    assert_eq!(
        cycles(&of_three),
        "crates/my-x/src/a.rs crates/my-x/src/b.rs crates/my-x/src/c.rs"
    );
    let harmless = [
        ("src/lib.rs", "use a::A;\n"),
        (
            "src/a.rs",
            "use std::fmt;\nuse crate::b::B;\n// use crate::c::C;\n",
        ),
        (
            "src/b.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\nuse crate::Top;\n",
        ),
        ("src/c/mod.rs", "mod d;\n#[cfg(test)]\nmod e;\nuse d::D;\n"),
        ("src/c/d.rs", "use super::C;\n"),
        ("src/c/e.rs", "use super::d::D;\n"),
    ];
    assert_eq!(cycles(&harmless), "");
}
