#!/usr/bin/env python3
"""Compares the numbers, ids, times and paths in all snapshots of two commits.

    tests/snapshots.py BEFORE [AFTER]

A change of wording must not change a fact. Snapshots are the `.snap` files and the inline snapshots of insta
(`assert_snapshot!(value, @r"...")`). The facts of all snapshots are compared as one multiset, because a test may move or get
a new name. Prints every fact whose count differs, and exits 1 if there is one.
"""

import collections
import re
import subprocess
import sys

FACT = re.compile(
    r"""
    arn:[\w:/*.+=,@-]+              # ARNs
    | \d{4}-\d\d-\d\dT[\d:.]+Z      # times
    | (?:[\w.-]*/)+[\w.-]+          # paths
    | \b(?:AKIA|ASIA)[A-Z0-9]+\b    # access keys
    | \b[0-9a-f]{8,}\b              # hashes and ids
    | \b\d+(?:\.\d+)*\b             # numbers and addresses
    """,
    re.X,
)
INLINE = re.compile(r'@r?(#*)"(.*?)"\1\s*\)', re.S)
# Expected texts that are too long to stand in a test: `const SUMMARY_JSON: &str = r#"..."#;`
CONST = re.compile(r'const SUMMARY_JSON: &str = r?(#*)"(.*?)"\1;', re.S)


def git(*arguments):
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def snapshots(commit):
    for path in git("ls-tree", "-r", "--name-only", commit).splitlines():
        if path.endswith(".snap"):
            yield git("show", f"{commit}:{path}").split("---", 2)[-1]
        elif path.endswith(".rs") and path.startswith(("src/", "crates/", "tests/")):
            source = git("show", f"{commit}:{path}")
            if "insta::" in source:
                yield from (match.group(2) for match in INLINE.finditer(source))
            yield from (match.group(2) for match in CONST.finditer(source))


def facts(commit):
    counts = collections.Counter()
    for snapshot in snapshots(commit):
        # A line break within a wrapped cell is layout.
        unwrapped = re.sub(r"(?<=\S)\n\s{10,}(?=\S)", "", snapshot)
        counts.update(FACT.findall(unwrapped))
    return counts


def main():
    before = facts(sys.argv[1])
    after = facts(sys.argv[2] if len(sys.argv) > 2 else "HEAD")
    changed = {fact for fact in before | after if before[fact] != after[fact]}
    for fact in sorted(changed):
        print(f"{before[fact]:4} -> {after[fact]:4}  {fact}")
    print(f"{sum(before.values())} facts before, {sum(after.values())} after, {len(changed)} differ")
    sys.exit(bool(changed))


main()
