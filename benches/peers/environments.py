"""Virtual environments of the peers that PyPI has."""

import pathlib
import re
import subprocess
import sys

CACHE = pathlib.Path.home() / ".cache" / "dragnet-peers"


def installed(peer, packages):
    """The programs of a peer's own virtual environment, with these packages."""
    venv = CACHE / re.sub(r"\W+", "-", peer)
    stamp, listed = venv / ".packages", "\n".join(packages)
    if not stamp.exists() or stamp.read_text() != listed:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        pip = [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
        stamp.write_text(listed)
    return venv / "bin"
