//! The `dragnet` binary: parses the arguments, runs the command and returns its exit code.

use std::process::ExitCode;

use clap::Parser;
use dragnet::cli::Arguments;

fn main() -> ExitCode {
    ExitCode::from(dragnet::commands::run(&Arguments::parse()))
}
