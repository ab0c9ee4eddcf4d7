"""Runs a sweep in shards with the binary, against a served practice range, and kills processes at random times. The merged
run must have the same sightings and coverage as one undisturbed process. The store is a directory, and a bucket of moto.

usage: shards.py <DRAGNET>      (DRAGNET_MOTO_URL: a running moto; DRAGNET_SEED, DRAGNET_SHARD_KILLS: see the code)
"""

import csv
import os
import pathlib
import random
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone

import boto3

REPOSITORY = pathlib.Path(__file__).parents[2]
SCENARIO = REPOSITORY / "config" / "range" / "org-100.toml"
# What AWS refuses in two accounts.
FAULTS = """
[[faults]]
operation = "FilterLogEvents"
kind = "access-denied"
account = "100000000007"

[[faults]]
operation = "DescribeLogGroups"
kind = "access-denied"
account = "100000000008"
"""
FAILED_ACCOUNTS = {"100000000007", "100000000008"}
ADDRESS = "198.51.100.23"
SHARDS = 12
MACHINES = 4
KILLS = int(os.environ.get("DRAGNET_SHARD_KILLS", "8"))


class Range:
    """A served practice range, and the environment of processes that use it."""

    def __init__(self, dragnet, directory):
        self.dragnet = dragnet
        scenario = directory / "scenario.toml"
        scenario.write_text(SCENARIO.read_text() + FAULTS)
        command = [dragnet, "range", "serve", "--listen", "127.0.0.1:0", "--quotas", "off", "--scenario", scenario]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "DRAGNET_SHARD_KEY": secrets.token_hex(32),
        }
        while "AWS_DEFAULT_REGION" not in self.environment:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("the range did not start")
            name, value = shlex.split(line)[1].split("=", 1)
            self.environment[name] = value
        now = datetime.now(timezone.utc)
        # Everything in the window has been delivered, so that a later process finds the same.
        window = [now - timedelta(hours=12), now - timedelta(hours=2)]
        self.window = [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in window]

    def end(self):
        self.process.terminate()
        self.process.wait()

    def sweep_arguments(self):
        return [ADDRESS, "--from", self.window[0], "--to", self.window[1], "--require", "all"]

    def start(self, arguments, directory, more=None):
        command = [self.dragnet, "--progress", "none", *arguments]
        environment = {**self.environment, **(more or {})}
        return subprocess.Popen(
            command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, arguments, directory, codes=(0,), more=None):
        process = self.start(arguments, directory, more)
        out, errors = process.communicate()
        if process.returncode not in codes:
            raise SystemExit(f"{arguments} ended with {process.returncode}: {errors}")
        return out


def find_run(parent):
    runs = [run for run in parent.iterdir() if (run / "run.db").exists()]
    if len(runs) != 1:
        raise SystemExit(f"expected one run in {parent}, found {runs}")
    return runs[0]


def evidence(run):
    """The sightings byte for byte, and the coverage without details, which name requests."""
    columns = ["account_id", "region", "source", "log_group", "status"]
    with open(run / "coverage.csv", newline="") as file:
        rows = sorted(tuple(row[column] for column in columns) for row in csv.DictReader(file))
    return (run / "sightings.csv").read_bytes(), (run / "sightings.jsonl").read_bytes(), rows


def sweep_with_one_process(served, directory):
    directory.mkdir()
    served.run(["sweep", *served.sweep_arguments(), "--out", "runs"], directory, codes=(3,))
    found = evidence(find_run(directory / "runs"))
    failed = {row[0] for row in found[2] if row[4] == "denied"}
    if not FAILED_ACCOUNTS <= failed:
        raise SystemExit(f"the planted failures are not in the coverage: {failed}")
    if found[0].count(b"\n") < 5:
        raise SystemExit("hardly anything was found")
    return found


def compare(expected, run, what):
    names = ["sightings.csv", "sightings.jsonl", "coverage.csv"]
    for name, one, other in zip(names, expected, evidence(run)):
        if one != other:
            raise SystemExit(f"{what}: {name} differs from that of one process")


class Machines:
    """Runs shards on several machines at once, each with a disk of its own, and kills processes at random times."""

    def __init__(self, served, store, directory, more, generator):
        self.served = served
        self.store = store
        self.directory = directory
        self.more = more
        self.random = generator
        self.lock = threading.Lock()
        self.waiting = list(range(SHARDS))
        self.random.shuffle(self.waiting)
        self.running = {}
        self.kills = 0

    def run_all(self):
        machines = [threading.Thread(target=self.run_machine, args=(number,)) for number in range(MACHINES)]
        for machine in machines:
            machine.start()
        while any(machine.is_alive() for machine in machines):
            time.sleep(self.random.uniform(0.05, 0.8))
            self.kill_one()
        if self.waiting:
            raise SystemExit(f"shards that no machine could run: {self.waiting}")

    def kill_one(self):
        with self.lock:
            if self.running and self.kills < KILLS:
                self.random.choice(list(self.running.values())).kill()
                self.kills += 1

    def run_machine(self, number):
        while True:
            with self.lock:
                if not self.waiting:
                    return
                shard = self.waiting.pop()
                arguments = ["shard", "run", "--store", self.store, "--index", str(shard)]
                arguments += ["--work", str(self.directory / f"machine-{number}"), "--checkpoint-seconds", "1"]
                process = self.served.start(arguments, self.directory, self.more)
                self.running[number] = process
            _, errors = process.communicate()
            with self.lock:
                del self.running[number]
                if process.returncode == 0:
                    continue
                if process.returncode > 0:
                    print(f"shard {shard} ended with {process.returncode}: {errors}", file=sys.stderr)
                    return
                # Killed. Any machine continues it.
                self.waiting.insert(self.random.randrange(len(self.waiting) + 1), shard)


def check_store(served, expected, store, directory, more, generator):
    directory.mkdir()
    plan = ["shard", "plan", *served.sweep_arguments(), "--shards", str(SHARDS), "--store", store]
    served.run(plan, directory, more=more)
    served.run(["shard", "status", "--store", store], directory, codes=(3,), more=more)
    # Without any commit, nothing is complete.
    served.run(["shard", "merge", "--store", store, "--out", "nothing"], directory, codes=(3,), more=more)
    with open(find_run(directory / "nothing") / "coverage.csv", newline="") as file:
        reasons = {row["reason"].split(":")[0] for row in csv.DictReader(file)}
    if reasons != {"shard-not-committed"}:
        raise SystemExit(f"a run without any commit has these reasons: {reasons}")
    machines = Machines(served, store, directory, more, generator)
    machines.run_all()
    served.run(["shard", "status", "--store", store], directory, more=more)
    served.run(["shard", "merge", "--store", store, "--out", "runs"], directory, codes=(3,), more=more)
    run = find_run(directory / "runs")
    compare(expected, run, store)
    served.run(["runs", "verify", str(run)], directory)
    print(f"{store}: the same as one process after {machines.kills} kills")


def main():
    dragnet = os.path.abspath(sys.argv[1])
    moto = os.environ["DRAGNET_MOTO_URL"]
    seed = int(os.environ.get("DRAGNET_SEED", "20260302"))
    print(f"DRAGNET_SEED={seed}")
    directory = pathlib.Path(tempfile.mkdtemp())
    served = Range(dragnet, directory)
    try:
        expected = sweep_with_one_process(served, directory / "one")
        shared = str(directory / "store")
        check_store(served, expected, shared, directory / "files", None, random.Random(seed))
        bucket = f"dragnet-shards-{secrets.token_hex(4)}"
        client = boto3.client(
            "s3", endpoint_url=moto, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket=bucket)
        more = {"AWS_ENDPOINT_URL_S3": moto}
        check_store(served, expected, f"s3://{bucket}/sweep", directory / "bucket", more, random.Random(seed + 1))
    finally:
        served.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
