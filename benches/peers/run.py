"""The same hunt by Dragnet and by what people use today, over the same practice range behind AWS's real quotas.

usage: run.py PATH-OF-DRAGNET [PEER...]      (needs Linux, python3 with venv, jq, and PyPI for the first time)

Each peer is installed at a pinned version in a virtual environment of its own under ~/.cache/dragnet-peers, and hunts
over a range that was started for it alone. Prints wall time, processor time, the most memory that all its processes
had together (sampled), and how many of the planted events it found; then each peer's ratio to Dragnet.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time

import environments

HERE = pathlib.Path(__file__).resolve().parent

# Three Regions that allow five FilterLogEvents a second.
REGIONS = ["ap-northeast-3", "ap-southeast-3", "eu-central-1"]
ACCOUNTS = 12
GROUPS = 3
HOURS = 24
PLANTED = 60
ADDRESS = "198.51.100.23"
PATTERN = f'"{ADDRESS}"'

PACKAGES = {
    "botocove": ["botocove==1.7.4", "boto3==1.43.106"],
    "c7n-org + awslogs": ["c7n==0.9.53", "c7n-org==0.6.52", "awslogs==0.15.0"],
    "AWS CLI + jq": ["awscli==1.46.3"],
}


def scenario():
    """Groups of about ten pages, and events that are planted all over them."""
    lines = [f"""
name = "peers"
now = "2026-03-02T12:00:00Z"
[organization]
management = "100000000000"
regions = {REGIONS}
[behaviour]
events_scanned_a_page = 10
own_traces = false
[[accounts]]
id = "100000000000"
name = "management"
[[accounts]]
id = "100000000001"
name = "a"
count = {ACCOUNTS}
[[groups]]
accounts = ["a-*"]
name = "/app"
count = {GROUPS}
events_a_day = 95
[[faults]]
operation = "FilterLogEvents"
kind = "slow"
milliseconds = 100
"""]
    for n in range(PLANTED):
        lines.append(f"""
[[events]]
account = "{100_000_000_001 + n % ACCOUNTS}"
region = "{REGIONS[n % len(REGIONS)]}"
group = "/app-{n % GROUPS + 1:03}"
at = "{30 + n * 20}m ago"
message = "planted-{n}. from {ADDRESS}"
""")
    return "".join(lines)


class Range:
    """A range that is served until the block ends; `environment` points an SDK at it."""

    def __init__(self, dragnet):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(scenario())
            file.flush()
            command = [dragnet, "range", "serve", "--listen", "127.0.0.1:0", "--quotas", "real", "--scenario", file.name]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.environment = self.exports()

    def exports(self):
        exports = {}
        while "AWS_DEFAULT_REGION" not in exports:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("the range did not start")
            name, value = shlex.split(line)[1].split("=", 1)
            exports[name] = value
        return exports

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def commands(dragnet, directory):
    """How each of them hunts."""
    def installed(peer):
        return environments.installed(peer, PACKAGES[peer])

    start = str(int((time.time() - HOURS * 3600) * 1000))

    def c7n():
        programs = installed("c7n-org + awslogs")
        accounts = "".join(
            f"- account_id: '{100_000_000_001 + n}'\n  name: a-{n}\n"
            f"  role: arn:aws:iam::{100_000_000_001 + n}:role/OrganizationAccountAccessRole\n"
            for n in range(ACCOUNTS))
        (directory / "accounts.yml").write_text(f"accounts:\n{accounts}")
        regions = [word for region in REGIONS for word in ("--region", region)]
        script = shlex.join([str(HERE / "awslogs_hunt.sh"), str(programs), PATTERN, str(HOURS)])
        return [programs / "c7n-org", "run-script", "-c", "accounts.yml", "-s", "found", *regions, script]

    return {
        "Dragnet": lambda: [dragnet, "sweep", ADDRESS, "--since", f"{HOURS}h", "--progress", "none"],
        "botocove": lambda: [installed("botocove") / "python", HERE / "botocove_hunt.py", PATTERN, start, *REGIONS],
        "c7n-org + awslogs": c7n,
        "AWS CLI + jq": lambda: [HERE / "aws_jq_hunt.sh", installed("AWS CLI + jq"), PATTERN, start, *REGIONS],
    }


def memory_of_session(session):
    """MiB that all processes of a session have. Source: proc(5), `stat`: fields 6 (session) and 24 (pages)."""
    pages = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session:
            pages += int(fields[21])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def measure(command, environment, directory):
    """Wall and processor seconds, MiB at most, planted events found."""
    began, most, over = time.monotonic(), [0.0], threading.Event()
    with open(directory / "stdout.log", "wb") as out, open(directory / "stderr.log", "wb") as err:
        process = subprocess.Popen(
            list(map(str, command)), cwd=directory, env=environment, stdout=out, stderr=err, start_new_session=True)

        def watch():
            while not over.wait(0.1):
                most[0] = max(most[0], memory_of_session(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, _, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        over.set()
        watcher.join()
    files = [file for file in directory.rglob("*") if file.is_file()]
    found = {planted for file in files for planted in re.findall(rb"planted-\d+\.", file.read_bytes())}
    return wall, used.ru_utime + used.ru_stime, most[0], len(found)


def main():
    dragnet, wanted = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    print(f"{'':<20} {'wall s':>9} {'cpu s':>9} {'MiB':>7} {'found of ' + str(PLANTED):>12}   against Dragnet: wall, cpu, MiB")
    first = None
    for name in ["Dragnet", *(wanted or PACKAGES)]:
        with tempfile.TemporaryDirectory() as temporary:
            directory = pathlib.Path(temporary)
            command = commands(dragnet, directory)[name]()
            (directory / "dragnet.toml").write_text("[limits]\nquota_share = 1.0\n")
            with Range(dragnet) as served:
                environment = {**os.environ, **served.environment, "AWS_CONFIG_FILE": os.devnull}
                wall, cpu, memory, found = measure(command, environment, directory)
        first = first or (wall, cpu, memory)
        ratios = " ".join(f"{value / by:>7.1f}" for value, by in zip((wall, cpu, memory), first))
        print(f"{name:<20} {wall:>9.1f} {cpu:>9.1f} {memory:>7.0f} {found:>12} {ratios}", flush=True)


main()
