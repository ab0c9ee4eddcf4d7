//! The `dragnet` binary: parse, run, exit code.

fn main() {}
