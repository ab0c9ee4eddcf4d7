#!/usr/bin/env python3
"""Renders the output of the practice sweep: docs/images/sweep.svg and the sample in README.md.

    docs/images/render.py DRAGNET

DRAGNET is the path of the binary. Needs Python 3 only. Parts of the output that differ in each run (run id, hash of
the manifest) are left out; a line with an ellipsis stands for what is missing.
"""

import html
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).resolve().parent
README = IMAGES.parent.parent / "README.md"
COMMAND = ["sweep", "198.51.100.23", "--since", "24h", "--practice"]
# The practice organization has gaps.
INCOMPLETE = 3

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
CHARACTER_WIDTH = 8
LINE_HEIGHT = 18
MARGIN = 16
COLUMNS = 80
BACKGROUND = "#0d1117"
FOREGROUND = "#e6edf3"
# The codes of `src/report/page.rs`, as attributes of an SVG text.
STYLES = {
    "0": "",
    "1": ' font-weight="bold"',
    "1;31": ' font-weight="bold" fill="#ff7b72"',
    "1;32": ' font-weight="bold" fill="#7ee787"',
}


def run_sweep(dragnet):
    """Returns the colored report, in paragraphs."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {"HOME": directory, "PATH": os.environ["PATH"]}
        options = ["--color", "always", "--progress", "none"]
        ended = subprocess.run(
            [dragnet, *COMMAND, *options], cwd=directory, env=environment, capture_output=True, text=True
        )
    if ended.returncode != INCOMPLETE:
        sys.exit(f"the sweep ended with exit code {ended.returncode}, expected {INCOMPLETE}: {ended.stderr}")
    return [paragraph.split("\n") for paragraph in ended.stdout.strip("\n").split("\n\n")]


def select(paragraphs, *beginnings):
    """Returns the lines of the paragraphs that begin with these texts, and of the last one, the verdict."""
    lines = []
    for beginning in beginnings:
        found = [lines for lines in paragraphs if plain(lines[0]).startswith(beginning)]
        if len(found) != 1:
            sys.exit(f"expected one paragraph that begins with {beginning!r}, found {len(found)}")
        lines += [*found[0], ""]
    return [*lines[:-1], ELLIPSIS, *paragraphs[-1]]


def plain(line):
    return re.sub("\x1b\\[[0-9;]*m", "", line)


def render_line(line, y):
    """Returns a text for each word group of a line. Its width is fixed, so that columns align in every font."""
    texts = []
    style = ""
    column = 0
    for part in re.split("(\x1b\\[[0-9;]*m)", line):
        code = re.fullmatch("\x1b\\[([0-9;]*)m", part)
        if code:
            if code[1] not in STYLES:
                sys.exit(f"unknown style {code[1]!r}: add it to STYLES")
            style = STYLES[code[1]]
            continue
        for group in re.finditer(r"\S+(?: \S+)*", part):
            x = MARGIN + (column + group.start()) * CHARACTER_WIDTH
            width = len(group[0]) * CHARACTER_WIDTH
            text = html.escape(group[0], quote=False)
            texts.append(f'<text x="{x}" y="{y}" textLength="{width}"{style}>{text}</text>')
        column += len(part)
    return texts


def render(lines):
    width = 2 * MARGIN + COLUMNS * CHARACTER_WIDTH
    height = 2 * MARGIN + len(lines) * LINE_HEIGHT
    texts = []
    for number, line in enumerate(lines, start=1):
        texts += render_line(line, MARGIN + number * LINE_HEIGHT - 5)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
            f'<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" fill="{FOREGROUND}">',
            *texts,
            "</g>",
            "</svg>",
            "",
        ]
    )


def write_sample(lines):
    """Replaces the only block `text` of README.md."""
    readme = README.read_text()
    block = "```text\n" + "\n".join(plain(line) for line in lines) + "\n```\n"
    replaced, count = re.subn(r"^```text\n.*?^```\n", lambda _: block, readme, flags=re.DOTALL | re.MULTILINE)
    if count != 1:
        sys.exit(f"expected one block `text` in README.md, found {count}")
    README.write_text(replaced)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    paragraphs = run_sweep(os.path.abspath(sys.argv[1]))
    prompt = "\x1b[1m$ dragnet " + " ".join(COMMAND) + "\x1b[0m"
    shown = select(paragraphs, "Found:", "Tampering with logging:")
    (IMAGES / "sweep.svg").write_text(render([prompt, ELLIPSIS, *shown]))
    write_sample(select(paragraphs, "Found:"))


if __name__ == "__main__":
    main()
