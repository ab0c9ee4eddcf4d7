"""Writes every report format of a run of the practice organization and of a run over hostile records, and checks each
with the tools that others use: stix2 and stix2-validator, the service model of botocore, markdown-it, DuckDB and
pyarrow. For OCSF and Timesketch, whose own checks need a server, the rules are in this script, with their sources.

usage: formats.py <DRAGNET> | --check DIRECTORY...      (<DRAGNET>: path of the binary; --check: directories of runs;
needs stix2, stix2-validator, botocore, markdown-it-py, duckdb and pyarrow; makes no connections)
"""

import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import botocore.session
import botocore.validate
import dateutil.parser
import duckdb
import pyarrow.parquet
import stix2
import stix2validator
from markdown_it import MarkdownIt

FORMATS = "csv,jsonl,md,security-ir,ocsf,timesketch,stix,parquet"
ADDRESS = "198.51.100.23"
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "\u001b[2J\u202e\u0007",
    "</script><img src=x onerror=alert(1)>",
    "![x](http://e.example) | [y](javascript:1) <b>",
    "\",\"id\":\"indicator--x\" \\",
    "a\r\n# title\n\n```\n| x |",
]

# The required attributes and the constraints of OCSF 1.5.0.
# Source: ocsf-schema, tag 1.5.0: events/base_event.json, events/application/api_activity.json,
# events/network/network.json, events/network/network_activity.json, profiles/cloud.json and objects/*.json.
OCSF_VERSION = "1.5.0"
OCSF_BASE = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid", "cloud"]
OCSF_CLASSES = {
    0: {"category": 0, "required": [], "activities": {0, 99}},
    6003: {"category": 6, "required": ["actor", "api", "src_endpoint"], "activities": {0, 1, 2, 3, 4, 99}},
    4001: {"category": 4, "required": [], "activities": {0, 1, 2, 3, 4, 5, 6, 7, 99},
           "at_least_one": ["dst_endpoint", "src_endpoint"]},
}
OCSF_OBJECTS = {
    "actor": {"at_least_one": ["process", "user", "invoked_by", "session", "app_name", "app_uid"]},
    "actor.user": {"at_least_one": ["account", "name", "uid"]},
    "api": {"required": ["operation"]},
    "api.request": {"required": ["uid"]},
    "api.service": {"at_least_one": ["name", "uid"]},
    "cloud": {"required": ["provider"]},
    "cloud.account": {"at_least_one": ["name", "uid"]},
    "connection_info": {"required": ["direction_id"]},
    "dst_endpoint": {"at_least_one": ["ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid",
                                      "interface_name", "domain"]},
    "metadata": {"required": ["product", "version"]},
    "metadata.product": {"at_least_one": ["name", "uid"]},
    "src_endpoint": {"at_least_one": ["ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid",
                                      "interface_name", "domain"]},
}
OCSF_INTEGERS = ["activity_id", "category_uid", "class_uid", "severity_id", "status_id", "time", "type_uid",
                 "start_time", "end_time"]

# Source: Timesketch, timesketch/lib/utils.py, TIMESKETCH_FIELDS, FIELDS_TO_REMOVE and _parse_tag_field.
TIMESKETCH_REQUIRED = {"message", "datetime", "timestamp_desc"}
TIMESKETCH_REMOVED = {"_id", "_type", "_index", "_source", "__ts_timeline_id"}


def read_lines(run, name):
    # JSON Lines are separated by \n only; str.splitlines would split at other characters too.
    text = (run / name).read_bytes().decode()
    return [json.loads(line) for line in text.split("\n") if line]


def member(value, path):
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def check_ocsf(run, sightings):
    events = read_lines(run, "ocsf.jsonl")
    assert [event["raw_data"] for event in events] == [row["message"] for row in sightings]
    for event in events:
        rules = OCSF_CLASSES[event["class_uid"]]
        for name in OCSF_BASE + rules["required"]:
            assert event.get(name) is not None, f"{name} is missing: {event}"
        one_of = rules.get("at_least_one")
        assert not one_of or any(name in event for name in one_of), event
        for name in OCSF_INTEGERS:
            assert name not in event or type(event[name]) is int, f"{name}: {event}"
        assert event["category_uid"] == rules["category"] and event["activity_id"] in rules["activities"], event
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], event
        assert event["metadata"]["version"] == OCSF_VERSION
        for path, wanted in OCSF_OBJECTS.items():
            found = member(event, path)
            if found is None:
                continue
            for name in wanted.get("required", []):
                assert found.get(name) not in (None, ""), f"{path}.{name} is missing: {event}"
            one_of = wanted.get("at_least_one")
            assert not one_of or any(found.get(name) for name in one_of), f"{path} is empty: {event}"
        for observable in event.get("observables", []):
            assert type(observable["type_id"]) is int and member(event, observable["name"]) == observable["value"]
    return f"{len(events)} events of classes {sorted({event['class_uid'] for event in events})}"


def check_stix(run, sightings):
    text = (run / "stix.json").read_text()
    stix2.parse(text, allow_custom=False)
    result = stix2validator.validate_string(text, stix2validator.ValidationOptions(version="2.1"))
    assert result.is_valid, [str(error) for error in result.errors]
    objects = json.loads(text)["objects"]
    known = {one["id"] for one in objects}
    for one in objects:
        references = [value for name, value in one.items() if name.endswith("_ref")]
        references += [value for name, values in one.items() if name.endswith("_refs") for value in values]
        assert known.issuperset(references), one
        # stix2 computes the id of an observable again, if it has none.
        if one["type"] in ("ipv4-addr", "ipv6-addr", "user-account", "network-traffic", "artifact", "domain-name"):
            without_id = {name: value for name, value in one.items() if name != "id"}
            assert stix2.parse(without_id, version="2.1").id == one["id"], one
    found = [row for row in sightings if row["self"] is not True]
    expected = sum(len(row["indicators"]) + len(row["hunts"]) for row in found)
    kinds = [one["type"] for one in objects]
    assert kinds.count("sighting") == expected and kinds.count("observed-data") == len(found)
    return f"{len(objects)} objects, {expected} sightings"


def check_limits(value, shape, path):
    """Checks what botocore knows but does not validate: the longest lengths, patterns and enums."""
    limits = shape.metadata
    if shape.type_name in ("string", "list"):
        assert len(value) <= limits.get("max", len(value)), f"{path} is too long"
    if shape.type_name == "string":
        assert not limits.get("enum") or value in limits["enum"], f"{path}: {value}"
        pattern = limits.get("pattern")
        assert not pattern or re.fullmatch(pattern, value), f"{path}: {value}"
    elif shape.type_name == "list":
        for item in value:
            check_limits(item, shape.member, f"{path}[]")
    elif shape.type_name == "structure":
        for name, item in value.items():
            check_limits(item, shape.members[name], f"{path}.{name}")


def check_security_ir(run, sightings):
    case = json.loads((run / "security-ir.json").read_text())
    model = botocore.session.get_session().get_service_model("security-ir")
    shape = model.operation_model("CreateCase").input_shape
    report = botocore.validate.ParamValidator().validate(case, shape)
    assert not report.has_errors(), report.generate_report()
    check_limits(case, shape, "case")
    accounts = {row["event_account_id"] for row in sightings if row["self"] is not True}
    assert len(accounts) > 200 or set(case["impactedAccounts"]) == accounts
    return f"{len(case['description'])} characters, {len(case['impactedAccounts'])} accounts"


def parse_tag(text):
    if text.startswith("[") and text.endswith("]"):
        return json.loads(text)
    return text.split(",")


def check_timesketch(run, sightings):
    with open(run / "timesketch.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(sightings)
    for row, sighting in zip(rows, sightings):
        assert TIMESKETCH_REQUIRED <= row.keys() and not TIMESKETCH_REMOVED & row.keys()
        assert all(row[name] for name in TIMESKETCH_REQUIRED), row
        assert dateutil.parser.isoparse(row["datetime"]).tzinfo is not None
        assert not sighting["event_time"] or row["datetime"] == sighting["event_time"], row
        assert parse_tag(row["tag"])[0] == "dragnet"
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
    return f"{len(rows)} rows"


def check_markdown(run, sightings):
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse((run / "report.md").read_text())
    inner = [child for token in tokens for child in token.children or []]
    for token in tokens + inner:
        assert token.type not in ("html_block", "html_inline", "link_open", "image", "fence", "code_inline"), token
    headings = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings[0].startswith("Sweep "), headings
    starts = [at for at, token in enumerate(tokens) if token.type == "table_open"]
    ends = [at for at, token in enumerate(tokens) if token.type == "table_close"]
    table = tokens[starts[-1]:ends[-1]]
    rows = sum(token.type == "tr_open" for token in table) - 1
    cells = sum(token.type == "td_open" for token in table)
    assert rows == min(len(sightings), 100) and cells == rows * 8, f"{rows} rows, {cells} cells"
    return f"{len(headings)} headings, {rows} rows"


def as_parquet(row):
    """A row of sightings.jsonl as the Parquet file has it: `self` is a text there."""
    return {**row, "self": row["self"] if isinstance(row["self"], str) else str(row["self"]).lower()}


def check_parquet(run, sightings):
    path = run / "sightings.parquet"
    expected = [as_parquet(row) for row in sightings]
    assert pyarrow.parquet.read_table(path).to_pylist() == expected
    cursor = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
    columns = cursor.columns
    assert [dict(zip(columns, row)) for row in cursor.fetchall()] == expected
    assert columns == list(sightings[0].keys())
    return f"{len(expected)} rows, {len(columns)} columns"


CHECKS = [check_ocsf, check_stix, check_security_ir, check_timesketch, check_markdown, check_parquet]


def check_run(run):
    sightings = read_lines(run, "sightings.jsonl")
    assert sightings, f"{run} has no sightings"
    for check in CHECKS:
        print(f"{run.name}: {check.__name__}: {check(run, sightings)}", flush=True)


def sweep(dragnet, directory, arguments):
    """Runs a sweep, and returns the directory of its run."""
    command = [dragnet, "sweep", ADDRESS, *arguments, "--format", FORMATS, "--progress", "none"]
    ended = subprocess.run(command, cwd=directory, env={"HOME": str(directory)}, capture_output=True, text=True)
    assert ended.returncode in (0, 3), f"{command} ended with {ended.returncode}: {ended.stderr}"
    [run] = (directory / "runs").iterdir()
    return run


def hostile_records():
    """CloudTrail records of which an attacker chose every text."""
    for number, text in enumerate(HOSTILE):
        yield {
            "eventVersion": "1.11", "eventTime": "2026-03-01T12:00:00Z", "eventSource": text, "eventName": text,
            "awsRegion": "eu-west-1", "sourceIPAddress": ADDRESS if number % 2 else text, "userAgent": text,
            "errorCode": text, "requestID": text, "eventID": f"00000000-0000-4000-8000-{number:012}",
            "eventType": "AwsApiCall", "recipientAccountId": "111111111111",
            "userIdentity": {"type": text, "principalId": text, "arn": text, "accessKeyId": text},
            "requestParameters": {"text": text, "address": ADDRESS},
        }


def main():
    if sys.argv[1] == "--check":
        for run in sys.argv[2:]:
            check_run(pathlib.Path(run))
        return
    dragnet = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as directory:
        practice = pathlib.Path(directory, "practice")
        practice.mkdir()
        check_run(sweep(dragnet, practice, ["--practice", "--hunt", "iam-access-denied"]))
        hostile = pathlib.Path(directory, "hostile")
        (hostile / "logs").mkdir(parents=True)
        records = json.dumps({"Records": list(hostile_records())})
        (hostile / "logs" / "records.json").write_text(records)
        window = ["--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z"]
        run = sweep(dragnet, hostile, ["--files", "logs", *window])
        check_run(run)
        assert len(read_lines(run, "sightings.jsonl")) == len(HOSTILE)
    print("every format passed")


if __name__ == "__main__":
    main()
