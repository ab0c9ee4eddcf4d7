//! Code blocks of Markdown documents.

/// A fenced code block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fence {
    /// What follows the opening fence: the language, and how the tests use the block.
    pub info: String,
    pub text: String,
}

const FENCE: &str = "```";

/// Returns the code blocks of a document.
pub(super) fn fences(document: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix(FENCE) else {
            continue;
        };
        let body: Vec<&str> = lines
            .by_ref()
            .take_while(|line| line.trim_start() != FENCE)
            .collect();
        fences.push(Fence {
            info: info.trim().to_owned(),
            text: body.join("\n") + "\n",
        });
    }
    fences
}

/// Returns a document without its code blocks.
pub(super) fn prose(document: &str) -> String {
    let mut prose = String::new();
    let mut is_code = false;
    for line in document.lines() {
        if line.trim_start().starts_with(FENCE) {
            is_code = !is_code;
        } else if !is_code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

#[test]
fn code_and_prose_are_separated() {
    let document = "a\n```sh no-run\nls\n\n# not a heading\n```\nb\n";
    let expected = Fence {
        info: "sh no-run".to_owned(),
        text: "ls\n\n# not a heading\n".to_owned(),
    };
    assert_eq!(fences(document), [expected]);
    assert_eq!(prose(document), "a\nb\n");
}
