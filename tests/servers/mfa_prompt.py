"""Enters MFA codes at the hidden prompt of a pseudo-terminal, and checks that none of them is echoed.

usage: mfa_prompt.py <DRAGNET>      (<DRAGNET>: path of the binary; makes no connections to other machines)
"""

import os
import pathlib
import pty
import select
import shlex
import subprocess
import sys
import tempfile
import termios
import time

LIMIT_SECONDS = 60


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, command, environment, directory):
        self.seen = ""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            os.execve(command[0], command, environment)

    def read(self, until):
        """Reads until `until` is true for the output so far, or until the program ends."""
        ends = time.monotonic() + LIMIT_SECONDS
        while not until(self.seen):
            ready, _, _ = select.select([self.file], [], [], ends - time.monotonic())
            if not ready:
                raise SystemExit(f"no further output:\n{self.seen}")
            try:
                more = os.read(self.file, 4096).decode(errors="replace")
            except OSError:  # the program closed the terminal
                break
            if not more:
                break
            self.seen += more

    def type(self, line):
        """Types a line as soon as the terminal stops echoing: the earliest input that must stay hidden."""
        while termios.tcgetattr(self.file)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(self.file, f"{line}\n".encode())

    def end(self):
        self.read(lambda seen: False)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def serve(dragnet):
    command = [dragnet, "range", "serve", "--listen", "127.0.0.1:0", "--quotas", "off"]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm"}
    while "AWS_DEFAULT_REGION" not in environment:
        name, value = shlex.split(served.stdout.readline())[1].split("=", 1)
        environment[name] = value
    return served, environment


def doctor(dragnet, environment, home, serial):
    configuration = pathlib.Path(home, "dragnet.toml")
    configuration.write_text(f'[identity]\nmfa_serial = "{serial}"\n')
    return Terminal([dragnet, "doctor", "--account", "prod-web"], {**environment, "HOME": home}, home)


def main():
    dragnet = os.path.abspath(sys.argv[1])
    served, environment = serve(dragnet)
    serial = "arn:aws:iam::111111111111:mfa/responder"
    prompts = lambda number: lambda seen: seen.count(f"{serial}: ") >= number
    try:
        with tempfile.TemporaryDirectory() as home:
            terminal = doctor(dragnet, environment, home, serial)
            terminal.read(prompts(1))
            terminal.type("not a code")
            terminal.read(lambda seen: "six digits" in seen)
            terminal.type("000000")
            terminal.read(prompts(2))
            assert "Refused (" in terminal.seen, terminal.seen
            code = subprocess.run([dragnet, "range", "code"], capture_output=True, text=True, check=True).stdout.strip()
            terminal.type(code)
            assert terminal.end() == 0, terminal.seen
            for typed in ("not a code", "000000", code):
                assert typed not in terminal.seen, f"{typed!r} is shown:\n{terminal.seen}"
            print("ok     after a rejected code, another one is requested, and nothing that is typed is shown")
        with tempfile.TemporaryDirectory() as home:
            terminal = doctor(dragnet, environment, home, serial)
            for number in (1, 2, 3):
                terminal.read(prompts(number))
                terminal.type("000000")
            assert terminal.end() == 3, terminal.seen
            assert "AWS rejected 3 MFA codes" in terminal.seen, terminal.seen
            print("ok     after three rejected codes, no further code is requested")
    finally:
        served.terminate()
        served.wait()


main()
