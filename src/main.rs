//! The `dragnet` binary: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use dragnet::cli::Arguments;

fn main() -> ExitCode {
    ExitCode::from(dragnet::commands::run(&Arguments::parse()))
}
