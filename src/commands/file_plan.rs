//! The plan of a search of files alone, for `--dry-run`: what would be read. No file is opened.

use std::io::{self, Write};

use serde::Serialize;

use super::CommandError;
use super::host_environment::HostEnvironment;
use crate::files::{FileProblem, FileWalk, FoundFile};
use crate::report::{escape, write_json};
use crate::settings::{GlobalSettings, SweepSettings};
use dragnet_model::format::{bytes, plural};

/// What a search of files would read.
#[derive(Debug, Default, Serialize)]
struct FilePlan {
    files: u64,
    /// Their size on disk.
    bytes: u64,
    /// What is not a file that can be read.
    not_readable: Vec<String>,
}

/// Prints the plan, and returns the exit code: 3 if something could not be read.
pub(super) fn print(
    settings: &SweepSettings,
    global: GlobalSettings,
    host: &HostEnvironment,
) -> Result<u8, CommandError> {
    let plan = make_plan(settings);
    let mut page = Vec::new();
    if global.json {
        write_json(&plan, &mut page)?;
    } else {
        let directories = settings.files.iter().flat_map(|files| &files.directories);
        let paths: Vec<String> = directories.map(|path| host.display_path(path)).collect();
        writeln!(
            page,
            "Would read {} ({}) in {}. No call to AWS, and no cost.",
            plural(plan.files, "file"),
            bytes(plan.bytes),
            escape(&paths.join(", "))
        )?;
        for problem in &plan.not_readable {
            writeln!(page, "Not readable: {}", escape(problem))?;
        }
    }
    io::stdout().lock().write_all(&page)?;
    Ok(if plan.not_readable.is_empty() { 0 } else { 3 })
}

/// Describes the files that a sweep reads besides AWS.
pub(super) fn describe(settings: &SweepSettings) -> Option<String> {
    settings.files.as_ref()?;
    let plan = make_plan(settings);
    Some(format!(
        "Would also read {} on disk ({}).",
        plural(plan.files, "file"),
        bytes(plan.bytes)
    ))
}

fn make_plan(settings: &SweepSettings) -> FilePlan {
    let mut plan = FilePlan::default();
    for directory in settings.files.iter().flat_map(|files| &files.directories) {
        match FileWalk::new(directory) {
            Ok(walk) => walk.for_each(|found| plan.add(found)),
            Err(problem) => plan.add(Err(problem)),
        }
    }
    plan
}

impl FilePlan {
    fn add(&mut self, found: Result<FoundFile, FileProblem>) {
        match found.and_then(|file| file.size()) {
            Ok(size) => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(size);
            }
            Err(problem) if problem.reason.may_hide_records() => {
                self.not_readable.push(problem.to_string());
            }
            Err(_) => {}
        }
    }
}
