"""Streams at the prompt, in a lesson: curl, and long outputs with their middle left out.

Where there is no curl, its output of ``count-to-ten`` is played from ``curl.json``, on time.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps, loads
from pathlib import Path
from shlex import join

from streamlab.follow.elide import WIDTH, elided, joined
from streamlab.follow.text import one_line

COMMITTED = Path(__file__).with_name("curl.json")
# How many lines of a long output are shown, of its begin and of its end.
HEAD, TAIL = 7, 5

Writes = Iterator[tuple[float, bytes]]  # when each came, in ms, and its bytes


@dataclass(frozen=True, slots=True)
class Curled:
    """What curl wrote into a pipe: a piece for each write, and when it came, in ms."""

    times_ms: list[float] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list, repr=False)

    @property
    def raw(self) -> bytes:
        """All bytes."""
        return b"".join(self.pieces)

    @property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[:-1]


def numbered(lines: Sequence[str]) -> str:
    """Return lines as a text: the first ones and the last ones, each with its number."""
    last = range(max(HEAD, len(lines) - TAIL), len(lines))
    shown = [_row(lines, n) for n in range(min(HEAD, len(lines)))]
    shown += ["   ⋮"] * (last.start > HEAD)
    return "\n".join(shown + [_row(lines, n) for n in last])


def curl(
    *flags: str, json: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Curled:
    """Post JSON with curl into a pipe, print the lines as they come, and return the bytes.

    The flags are curl's, the URL among them: ``curl("-N", url, json=body)``.  The headers are
    neither shown nor on the command line, where other users could read a key.
    """
    print("$", one_line(join(["curl", *flags, "-d", dumps(json)]), 400))
    if shutil.which("curl"):
        written = _really(flags, json, headers or {})
    else:
        print("This machine has no curl. What curl wrote when this lesson was made:")
        written = _again(" ".join(flag for flag in flags if flag[0] == "-"))
    curled, n_shown = Curled(), 0
    for t_ms, piece in written:
        curled.times_ms.append(t_ms)
        curled.pieces.append(piece)
        for number in range(n_shown, min(HEAD, len(curled.lines))):
            print(_row(curled.lines, number), flush=True)
            n_shown = number + 1
    print(*numbered(curled.lines).split("\n")[n_shown:], sep="\n")
    return curled


def _really(flags: Sequence[str], json: object, headers: Mapping[str, str]) -> Writes:
    sent = {"Content-Type": "application/json", **headers}
    # A file of options on standard input: other users can read a command line.
    config = "".join(f"header = {dumps(f'{name}: {value}')}\n" for name, value in sent.items())
    command = ["curl", "-sS", "-K", "-", *flags, "-d", dumps(json)]
    pipe, begin_s = subprocess.PIPE, time.perf_counter()
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdin  # both are pipes
        assert process.stdout
        process.stdin.write(config.encode())
        process.stdin.close()
        try:
            while piece := process.stdout.read1(65_536):  # type: ignore[attr-defined]
                yield (time.perf_counter() - begin_s) * 1000, piece
        finally:
            process.kill()  # after an interrupt it would still run


def _again(flags: str) -> Writes:
    committed, begin_s = loads(COMMITTED.read_text("utf-8")), time.perf_counter()
    for t_ms, text in committed.get(flags, committed["-N"]):
        time.sleep(max(begin_s + t_ms / 1000 - time.perf_counter(), 0))
        yield t_ms, text.encode()


def _row(lines: Sequence[str], number: int) -> str:
    line, before = lines[number], reversed(lines[max(number - 4, 0) : number])
    like = next((each for each in before if each[:6] == line[:6]), "")
    return f"{number:4}  {joined(elided(line, like=like, limit=WIDTH - 16))}".rstrip()
