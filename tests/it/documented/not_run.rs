//! Commands of documents that the tests only parse.

use super::fences::fences;
use super::shell::dragnet_commands;
use super::{read, user_documents};

/// The first words of the commands in blocks `sh no-run`, and why they cannot run on the practice range without a
/// terminal and another process.
const NOT_RUN: [(&str, &str); 17] = [
    ("contain apply", "asks for the short hash of the plan"),
    (
        "contain plan --group",
        "the practice organization has no group",
    ),
    (
        "contain plan --remove",
        "needs a policy that something else put",
    ),
    ("contain status", "needs an applied containment"),
    ("contain undo", "needs an applied containment"),
    ("contain verify", "needs an applied containment"),
    ("range serve", "runs until it is stopped"),
    ("report last --open", "opens a browser"),
    ("runs diff", "names two runs"),
    ("shard merge", "needs a store that machines share"),
    ("shard plan", "needs a store that machines share"),
    ("shard run", "needs a store that machines share"),
    ("shard status", "needs a store that machines share"),
    (
        "sweep --sources athena",
        "needs a build with the feature athena, and a table",
    ),
    ("sweep -i -", "reads the output of another program"),
    (
        "sweep 192.0.2.1 --profile security --permission-set",
        "needs a login of IAM Identity Center",
    ),
    ("watch run", "runs until it is stopped"),
];

fn starts_with(words: &[String], prefix: &str) -> bool {
    let mut words = words.iter().skip(1);
    prefix
        .split_whitespace()
        .all(|expected| words.next().is_some_and(|word| word == expected))
}

#[test]
fn commands_that_are_not_run_have_a_reason() {
    let mut commands = Vec::new();
    for document in user_documents() {
        for fence in fences(&read(&document)) {
            if fence.info == "sh no-run" {
                commands.extend(dragnet_commands(&fence.text));
            }
        }
    }
    for words in &commands {
        assert!(
            NOT_RUN.iter().any(|(prefix, _)| starts_with(words, prefix)),
            "{words:?}: run it in a block `sh`, or add the reason here"
        );
    }
    for (prefix, reason) in NOT_RUN {
        let is_used = commands.iter().any(|words| starts_with(words, prefix));
        assert!(is_used && !reason.is_empty(), "`{prefix}` is in no block");
    }
}
