"""The same search of CloudTrail objects on disk by Dragnet and by what people use today.

usage: files.py PATH-OF-DRAGNET CORPUS [PEER...]

CORPUS is the folder in which `cargo bench --bench files` keeps its corpus (DRAGNET_FILES_CORPUS). Needs Linux, python3
with venv, the Debian packages ripgrep, jq and gzip, and PyPI for the first time.

Each of them returns the ids of the records whose source is the planted address; another result is an error. ripgrep
does not read JSON, and an object is a single line: it prints the objects with the address, and jq selects the records in
them. jq alone gets all objects from zcat. The peers compare one field, Dragnet all of them, and it also writes the
coverage. Prints wall time and the processor time of all processes, and each peer's ratio to Dragnet, which has to be at
least 8.
"""

import csv
import json
import os
import pathlib
import resource
import shlex
import subprocess
import sys
import tempfile
import time

import environments

HERE = pathlib.Path(__file__).resolve().parent
ADDRESS = "198.51.100.23"
THREADS = len(os.sched_getaffinity(0))
TARGET = 8

DUCKDB = "duckdb==2.0.1"
# The versions that the published values are from: Debian 12.
VERSIONS = {"rg": "13.0.0", "jq": "1.6"}

SELECT = shlex.quote(f'.Records[] | select(.sourceIPAddress == "{ADDRESS}") | .eventID')


def check_versions():
    """Says which programs have another version than the one measured."""
    for program, measured in VERSIONS.items():
        command = [program, "--version"]
        try:
            version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
        except FileNotFoundError:
            raise SystemExit(f"{program} is not installed; install the Debian packages ripgrep and jq") from None
        if measured not in version:
            print(f"{version}, and not {measured}: the values are not comparable with published ones", file=sys.stderr)


def commands(dragnet, objects):
    """How each of them searches."""
    folder = shlex.quote(str(objects))
    ripgrep = (
        f"rg --search-zip --threads {THREADS} --fixed-strings --no-filename --no-line-number --no-ignore "
        f"{ADDRESS} {folder} | jq --raw-output {SELECT}"
    )
    each = f"zcat \"$@\" | jq --raw-output {SELECT}"
    jq = f"find {folder} -name '*.json.gz' -print0 | xargs -0 -P {THREADS} -n 100 sh -c {shlex.quote(each)} sh"
    return {
        "Dragnet": lambda: [dragnet, "sweep", ADDRESS, "--files", objects, "--progress", "none"],
        "ripgrep -z, jq": lambda: ["sh", "-c", ripgrep],
        "zcat, jq": lambda: ["sh", "-c", jq],
        "DuckDB": lambda: [
            environments.installed("duckdb", [DUCKDB]) / "python", HERE / "duckdb_files.py", objects, ADDRESS, THREADS],
    }


def processor_seconds():
    """What all child processes that have ended used, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(command, directory):
    """Wall and processor seconds, and the standard output."""
    environment = {"HOME": str(directory), "PATH": os.environ["PATH"]}
    began, before = time.monotonic(), processor_seconds()
    ended = subprocess.run(list(map(str, command)), cwd=directory, env=environment, stdout=subprocess.PIPE)
    wall, processor = time.monotonic() - began, processor_seconds() - before
    # Dragnet ends with 3 if there are hours without records.
    if ended.returncode not in (0, 3):
        raise SystemExit(f"{shlex.join(map(str, command))} failed with {ended.returncode}")
    return wall, processor, ended.stdout.decode()


def event_ids(output, directory):
    """The ids that were found: in the files of a run, or printed one a line."""
    sightings = list(directory.glob("runs/*/sightings.csv"))
    if not sightings:
        return output.split()
    with open(sightings[0], newline="") as file:
        return [row["record_id"] for row in csv.DictReader(file)]


def warm_up(objects):
    """Brings the objects into the page cache."""
    for file in objects.rglob("*.json.gz"):
        file.read_bytes()


def main():
    dragnet, corpus = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    objects = corpus / "objects"
    planted = json.loads((corpus / "planted.json").read_text())["address"]
    check_versions()
    warm_up(objects)
    by_name = commands(dragnet, objects)
    wanted = sys.argv[3:] or [name for name in by_name if name != "Dragnet"]
    first = None
    print(f"{'':<20} {'wall s':>9} {'cpu s':>9} {'found of ' + str(len(planted)):>12}   against Dragnet: cpu (>= {TARGET})")
    for name in ["Dragnet", *wanted]:
        command = by_name[name]()
        with tempfile.TemporaryDirectory() as temporary:
            directory = pathlib.Path(temporary)
            wall, cpu, output = measure(command, directory)
            found = event_ids(output, directory)
        if sorted(found) != sorted(planted):
            raise SystemExit(f"{name} found {len(found)} records, which are not the {len(planted)} planted ones")
        first = first or cpu
        print(f"{name:<20} {wall:>9.1f} {cpu:>9.1f} {len(found):>12} {cpu / first:>7.1f}", flush=True)


main()
