"""The README's Python blocks, and their output.

``python -m tests.readme.blocks`` runs them and prints their output, block by block.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```\n(.*?)```\n)?", re.DOTALL)


class Block(NamedTuple):
    """A block of code, and the output that the README shows for it, if any."""

    code: str
    shown: str | None


def blocks(text: str) -> list[Block]:
    """Return the Python blocks of a README, in order."""
    return [Block(code, shown or None) for code, shown in _BLOCK.findall(text)]


def outputs(found: list[Block]) -> list[str]:
    """Run blocks as one program, in a folder of its own; return what each printed."""
    namespace: dict[str, object] = {"__name__": "readme"}
    printed, here = [], Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block in found:
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    exec(compile(block.code, str(README), "exec"), namespace)
                printed.append(out.getvalue())
        finally:
            os.chdir(here)
    return printed


def without_times(text: str) -> str:
    """Return printed text without what differs from run to run.

    That is decimals, bars, spacing, and how many reads the events came in.
    """
    text = re.sub(r"[▁▂▃▄▅▆▇█]+", "▁", text)
    text = re.sub(r"-?\d+\.\d+", "#", text)
    text = re.sub(r"\d+ reads", "# reads", text)
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


if __name__ == "__main__":
    for said in outputs(blocks(README.read_text("utf-8"))):
        sys.stdout.write(f"{said}\n{'-' * 70}\n")
