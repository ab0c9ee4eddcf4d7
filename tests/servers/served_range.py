"""Serves the practice range for the checks of the drivers."""

import pathlib
import shlex
import subprocess

# The scenario of the checks with boto3.
SCENARIO = ["--scenario", pathlib.Path(__file__).with_name("range.toml")]


class ServedRange:
    """A served practice range, and the variables that it prints; `end` stops it."""

    def __init__(self, dragnet, *options):
        command = [dragnet, "range", "serve", "--listen", "127.0.0.1:0", "--quotas", "off", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.environment = {}
        while "AWS_DEFAULT_REGION" not in self.environment:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("the range did not start")
            name, value = shlex.split(line)[1].split("=", 1)
            self.environment[name] = value
        self.endpoint = self.environment["AWS_ENDPOINT_URL"]
        self.keys = {
            "aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
        }

    def end(self):
        self.process.terminate()
        self.process.wait()
