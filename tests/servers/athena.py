"""Checks the statements of `dragnet sweep --sources athena` with others' tools: each parses in sqlglot's dialect of Athena, has
no part but those that it should have, and, transpiled to DuckDB and executed over the objects, names every object with a
match.

usage: athena.py FOLDER      (FOLDER: what `DRAGNET_ATHENA_CASES=FOLDER cargo test --features athena --test it athena::random`
writes; needs sqlglot and duckdb; makes no connections)
"""

import gzip
import json
import pathlib
import re
import sys

import duckdb
import sqlglot
from sqlglot import exp

PATH = re.compile(r"^s3://[^/]+/.*/(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4}/\d\d/\d\d)/[^/]+$")
COLUMNS = {"line", "account", "region", "day", "$path"}
# What a statement may consist of. Whatever an indicator adds has to be in a literal.
ALLOWED = (exp.Select, exp.Distinct, exp.Column, exp.Identifier, exp.From, exp.Table, exp.Where, exp.And, exp.Or, exp.Paren,
           exp.In, exp.Between, exp.GT, exp.Literal, exp.StrPosition, exp.RegexpLike)


def check_tree(statement):
    """Fails unless a statement has the expected form, whatever was searched for."""
    trees = sqlglot.parse(statement, read="athena")
    assert len(trees) == 1, statement
    tree = trees[0]
    assert isinstance(tree, exp.Select), statement
    assert [column.name for column in tree.expressions] == ["$path"], statement
    for node in tree.walk():
        node = node[0] if isinstance(node, tuple) else node
        assert isinstance(node, ALLOWED), f"{type(node).__name__}: {statement}"
        assert not node.comments, f"a comment: {statement}"
    columns = {column.name for column in tree.find_all(exp.Column)}
    assert columns <= COLUMNS, f"{columns}: {statement}"
    parts = list(tree.args["where"].this.flatten(unnest=False))
    kinds = [type(part).__name__ for part in parts]
    assert kinds == ["In", "In", "Between", "Paren"], f"{kinds}: {statement}"
    for part in parts[:3]:
        assert part.this.name in ("account", "region", "day"), statement
    # A literal is compared with a line, and nothing else with it.
    for call in tree.find_all(exp.StrPosition, exp.RegexpLike):
        assert call.this.name == "line" and isinstance(call.args.get("substr") or call.expression, exp.Literal), statement
    # The tree does not change if it is written and parsed again.
    again = sqlglot.parse_one(tree.sql(dialect="athena"), read="athena")
    assert again == tree, statement
    return tree


def load(connection, objects):
    """Fills a table with the lines of the objects, as Hive's LazySimpleSerDe reads them."""
    connection.execute('CREATE TABLE lines ("$path" VARCHAR, line VARCHAR, account VARCHAR, region VARCHAR, day VARCHAR)')
    for item in objects:
        found = PATH.match(item["path"])
        if not found:
            continue
        text = gzip.decompress(bytes.fromhex(item["hex"])).decode()
        rows = [[item["path"], line.split("\x01")[0], *found.groups()] for line in text.split("\n")]
        if rows:
            connection.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?)", rows)


def run(tree, connection):
    for table in tree.find_all(exp.Table):
        table.replace(exp.to_table("lines"))
    return {path for (path,) in connection.execute(tree.sql(dialect="duckdb")).fetchall()}


def check_case(file):
    case = json.loads(file.read_text())
    if not case["statements"]:
        return 0, 0
    connection = duckdb.connect()
    load(connection, case["objects"])
    named = set()
    for statement in case["statements"]:
        named |= run(check_tree(statement), connection)
    missing = set(case["expected"]) - named
    assert not missing, f"{file}: not named: {sorted(missing)[:3]} by {case['statements'][0]}"
    return len(case["statements"]), len(case["objects"]) - len(named)


def main():
    files = sorted(pathlib.Path(sys.argv[1]).glob("case-*.json"))
    assert files, "no cases were written"
    counts = [check_case(file) for file in files]
    statements = sum(count for count, _ in counts)
    ruled_out = sum(count for _, count in counts)
    assert statements > len(files) // 2 and ruled_out > 0, counts
    # The check itself notices a statement that an indicator has changed.
    for changed in [
        """SELECT DISTINCT "$path" FROM t WHERE account IN ('1') AND region IN ('r') AND day BETWEEN 'a' AND 'b' AND (1 = 1)""",
        """SELECT DISTINCT "$path" FROM t WHERE account IN ('1') OR (strpos(line, 'a') > 0)""",
        """SELECT DISTINCT "$path" FROM t; DROP TABLE t""",
    ]:
        try:
            check_tree(changed)
        except AssertionError:
            continue
        raise AssertionError(f"accepted: {changed}")
    print(f"{len(files)} cases, {statements} statements, {ruled_out} objects ruled out")


main()
