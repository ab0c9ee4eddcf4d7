"""Runs a sweep in 40 shards with Temporal: a server, three workers, and kills of a random one of them at random times. In
each round, the merged sightings must be those of one undisturbed process.

usage: temporal.py <DRAGNET> <DRAGNET-TEMPORAL> <TEMPORAL>      (DRAGNET_TEMPORAL_ROUNDS: rounds, by default 3)
"""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from shards import Range, compare, find_run, sweep_with_one_process

SHARDS = 40
WORKERS = 3
PROCESSES = 2
ROUNDS = int(os.environ.get("DRAGNET_TEMPORAL_ROUNDS", "3"))
# No round may take longer, in seconds.
LONGEST_ROUND = 600
KILLS = range(3, 7)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for_port(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"nothing listens on port {port}")


class Round:
    def __init__(self, served, programs, directory):
        self.served = served
        self.dragnet, self.temporal_worker, self.temporal = programs
        self.directory = directory
        self.store = str(directory / "store")
        self.port = free_port()
        self.environment = {
            **served.environment,
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.port}",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        self.processes = {}

    def spawn(self, name, command):
        log = open(self.directory / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen(
            command, cwd=self.directory, env=self.environment, stdout=log, stderr=log)

    def start(self, name):
        if name == "server":
            command = [self.temporal, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(self.port)]
            self.spawn(name, [*command, "--db-filename", str(self.directory / "temporal.db")])
            wait_for_port(self.port)
        else:
            command = [self.temporal_worker, "--dragnet", self.dragnet, "worker", "--processes", str(PROCESSES)]
            self.spawn(name, [*command, "--work", str(self.directory / name), "--checkpoint-seconds", "1"])

    def revive(self):
        """Starts what has ended, because it was killed or lost the server."""
        for name, process in list(self.processes.items()):
            if name != "starter" and process.poll() is not None:
                self.start(name)

    def start_sweep(self):
        command = [self.temporal_worker, "--dragnet", self.dragnet, "start", "--store", self.store, "--wait"]
        self.spawn("starter", [*command, "--heartbeat-seconds", "5"])

    def is_committed(self):
        process = self.served.start(["shard", "status", "--store", self.store], self.directory)
        process.communicate()
        return process.returncode == 0

    def run(self, generator):
        plan = ["shard", "plan", *self.served.sweep_arguments(), "--shards", str(SHARDS), "--store", self.store]
        self.served.run(plan, self.directory)
        self.start("server")
        workers = [f"worker-{number}" for number in range(WORKERS)]
        for name in workers:
            self.start(name)
        # The server accepts connections some time before its namespace exists.
        time.sleep(3)
        self.start_sweep()
        kills = generator.choice(KILLS)
        killed = []
        start = time.monotonic()
        next_kill = generator.uniform(0.5, 3)
        while not self.is_committed():
            passed = time.monotonic() - start
            if passed > LONGEST_ROUND:
                raise SystemExit(f"the shards are not committed after {LONGEST_ROUND} s; logs: {self.directory}")
            if len(killed) < kills and passed > next_kill:
                name = generator.choice([*workers, "server"])
                self.processes[name].kill()
                self.processes[name].wait()
                killed.append(name)
                next_kill = passed + generator.uniform(0.5, 4)
            # A starter that lost the server is started again: it finds the workflow.
            if self.processes["starter"].poll() not in (None, 0):
                self.start_sweep()
            time.sleep(0.5)
            self.revive()
        self.served.run(["shard", "merge", "--store", self.store, "--out", "runs"], self.directory, codes=(3,))
        return find_run(self.directory / "runs"), killed

    def end(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def main():
    programs = [os.path.abspath(program) for program in sys.argv[1:4]]
    seed = int(os.environ.get("DRAGNET_SEED", "20260302"))
    print(f"DRAGNET_SEED={seed}")
    directory = pathlib.Path(tempfile.mkdtemp())
    served = Range(programs[0], directory)
    try:
        expected = sweep_with_one_process(served, directory / "one")
        for number in range(ROUNDS):
            folder = directory / f"round-{number}"
            folder.mkdir()
            current = Round(served, programs, folder)
            try:
                run, killed = current.run(random.Random(seed + number))
            finally:
                current.end()
            compare(expected, run, f"round {number}")
            print(f"round {number}: the same as one process after kills of {', '.join(killed) or 'nothing'}")
    finally:
        served.end()
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
