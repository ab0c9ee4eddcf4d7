"""Runs the AWS CLI commands of docs/runbook.md against a served practice range, in every account, and the Dragnet
commands beside them once, and compares the results. `tests/it/documented/runbook.rs` compares the queries.

usage: runbook.py <DRAGNET>      (<DRAGNET>: path of the binary; needs awscli; makes no connections to other machines)
"""

import csv
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

from served_range import ServedRange

RUNBOOK = pathlib.Path(__file__).parents[2] / "docs" / "runbook.md"
AWS = pathlib.Path(sys.executable).with_name("aws")
# The lab's name of the log group, and that of the practice range.
LAB_GROUP = "CloudTrail/DefaultLogGroup"
GROUP = "aws-controltower/CloudTrailLogs"
LAB_START = "1551402000000"
# The practice organization has no group.
MAY_BE_EMPTY = ["iam list-groups"]


class Range(ServedRange):
    """A served practice range, and a directory in which commands run."""

    def __init__(self, dragnet):
        super().__init__(dragnet)
        self.dragnet = dragnet
        self.environment["PATH"] = os.environ["PATH"]
        self.directory = tempfile.TemporaryDirectory()
        self.environment["HOME"] = self.directory.name

    def end(self):
        super().end()
        self.directory.cleanup()

    def run(self, command, credentials=None, codes=(0,)):
        ended = subprocess.run(
            command, cwd=self.directory.name, env={**self.environment, **(credentials or {})}, capture_output=True,
            text=True)
        if ended.returncode not in codes:
            raise SystemExit(f"{command} ended with {ended.returncode}: {ended.stderr}")
        return ended.stdout

    def run_dragnet(self, words, codes=(0,)):
        return self.run([self.dragnet, *words[1:]], codes=codes)

    def run_aws(self, words, credentials=None, codes=(0,)):
        return self.run([AWS, *words[1:]], credentials, codes)

    def assume(self, account):
        """Returns the credentials of an account as environment variables; none for the caller's own account."""
        caller = json.loads(self.run_aws(shlex.split("aws sts get-caller-identity")))
        if caller["Account"] == account:
            return {}
        role = f"arn:aws:iam::{account}:role/DragnetRead"
        words = ["aws", "sts", "assume-role", "--role-arn", role, "--role-session-name", "runbook"]
        keys = json.loads(self.run_aws(words))["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }

    def accounts(self):
        listed = json.loads(self.run_dragnet(shlex.split("dragnet list accounts --json")))
        return [account["Id"] for account in listed["Accounts"] if account["Status"] == "ACTIVE"]


def section(heading):
    """Returns the commands of a section of the runbook: those of AWS, and those of Dragnet."""
    text = RUNBOOK.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    commands = []
    for block in re.findall(r"^```(?:text|sh)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith(("aws ", "dragnet ")):
                commands.append(shlex.split(line.split(" | ")[0], comments=True))
    aws = [words for words in commands if words[0] == "aws"]
    dragnet = [words for words in commands if words[0] == "dragnet"]
    if not aws or not dragnet:
        raise SystemExit(f"the section {heading!r} has no commands")
    return aws, dragnet


def compare(what, lab, dragnet):
    if sorted(lab) != sorted(dragnet) or not lab and what not in MAY_BE_EMPTY:
        raise SystemExit(f"{what}: the AWS CLI printed {sorted(lab)}, Dragnet {sorted(dragnet)}")
    print(f"{what}: {len(lab)} rows, ok")


def cells(table):
    """Returns the cells of a table of the AWS CLI with one column, or of Dragnet's lines."""
    lines = [line.strip("| ") for line in table.splitlines() if not line.startswith(("+", "-"))]
    return [line for line in lines if line and not line.startswith("Describe") and not line.startswith("List")]


def check_lists(served, credentials, heading, denied):
    """Compares the lists that both print as a table with the same `--query`."""
    aws, dragnet = section(heading)
    for words in aws:
        if "--query" not in words:
            continue
        pair = [own for own in dragnet if words[words.index("--query") + 1] in own]
        if len(pair) != 1:
            raise SystemExit(f"no Dragnet command has the query of {words}")
        # 254: the practice organization denies a Region in one account.
        lab = [cell for keys in credentials for cell in cells(served.run_aws(words, keys, denied))]
        compare(" ".join(words[1:3]), lab, cells(served.run_dragnet(pair[0], (0, 3))))


def check_regions(served, credentials):
    aws, dragnet = section("Regions and log groups")
    regions = json.loads(served.run_aws([*aws[0], "--output", "json"], credentials[0]))["Regions"]
    listed = json.loads(served.run_dragnet([*dragnet[0], "--account", "management", "--json"]))
    compare("ec2 describe-regions", [region["RegionName"] for region in regions],
            [region["RegionName"] for region in listed["Regions"]])


def check_filter_patterns(served, credentials):
    aws, dragnet = section("CloudTrail, with filter patterns")
    start = str(int(time.time() - 24 * 3600) * 1000)
    sweeps = [words for words in dragnet if "--filter-pattern" in words]
    for words in sweeps:
        pattern = words[words.index("--filter-pattern") + 1]
        replaced = {LAB_GROUP: GROUP, LAB_START: start, "AccessDenied": pattern}
        lab = [replaced.get(word, word) for word in aws[0]]
        messages = json.loads(served.run_aws(lab, credentials[0]))
        out = f"runs-{sweeps.index(words)}"
        served.run_dragnet([*words, "--out", out], (0, 3))
        run = next((pathlib.Path(served.directory.name) / out).iterdir())
        with open(run / "sightings.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["log_group"] == GROUP]
        compare(f"filter-log-events {pattern}", {json.loads(message)["eventID"] for message in messages},
                {row["record_id"] for row in rows})


def main():
    served = Range(os.path.abspath(sys.argv[1]))
    try:
        credentials = [served.assume(account) for account in served.accounts()]
        check_regions(served, credentials)
        check_lists(served, credentials, "Regions and log groups", (0, 254))
        check_lists(served, credentials, "List roles, users and groups", (0,))
        check_filter_patterns(served, credentials)
    finally:
        served.end()


if __name__ == "__main__":
    main()
