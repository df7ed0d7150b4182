"""The peak of memory over one long line, as a multiple of its size; see `test_long_lines`.

``python -m tests.follow.long_lines MEGABYTES`` prints a line of JSON for each case, followed,
and for each face of some cases.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from streamlab.cli.show import table
from streamlab.faces.frozen import static_text
from streamlab.follow import Follower
from streamlab.recording import Recording
from streamlab.tape import Recorder, Stamp

READ = 1 << 16
CHAT = '{"choices":[{"index":0,"delta":{"content":"%s"}}]}'
CLAUDE = (
    "event: content_block_delta\n"
    'data: {"type":"content_block_delta","index":0,"delta":'
    '{"type":"text_delta","text":"%s"}}\n\n'
)
OLLAMA = '{"model":"m","message":{"role":"assistant","content":"%s"},"done":false}'

CASES = {
    # dialect, content type, text around a long one, ten bytes of the long one
    "sse": ("openai_chat", "text/event-stream", f"data: {CHAT}\n\n", "abcdefghi "),
    "sse, no ASCII": (
        "openai_chat",
        "text/event-stream",
        f"data: {CHAT}\n\n",
        "abcdefg\u00e9 ",
    ),
    "sse, escapes": ("openai_chat", "text/event-stream", f"data: {CHAT}\n\n", "abcdefgh\\n"),
    "sse, a type": ("anthropic", "text/event-stream", CLAUDE, "abcdefghi "),
    "sse, no JSON": ("openai_chat", "text/event-stream", "data: %s\n\n", "abcdefghi "),
    "sse, plain": ("sse", "text/event-stream", "data: %s\n\n", "abcdefghi "),
    "sse, a comment": ("openai_chat", "text/event-stream", ": %s\n\n", "abcdefghi "),
    "sse, no end": ("openai_chat", "text/event-stream", "data: %s", "abcdefghi "),
    "ndjson": ("ollama", "application/x-ndjson", f"{OLLAMA}\n", "abcdefghi "),
    "ndjson, last": ("ollama", "application/x-ndjson", OLLAMA, "abcdefghi "),
}


def followed(log: Recorder, folder: Path) -> object:
    follower = Follower(log, str(log.meta["dialect"]))
    follower.close()
    return follower.interpret()


def shown(log: Recorder, folder: Path) -> object:
    rec = Recording(log.finish())
    with redirect_stdout(io.StringIO()) as out:
        table(Console(file=out, width=100), rec)
        return table(Console(file=out, width=100), rec, "deltas")


def face(make: Callable[[Recording], object]) -> Callable[[Recorder, Path], object]:
    return lambda log, folder: make(Recording(log.finish()))


ACTIONS: dict[str, Callable[[Recorder, Path], object]] = {
    "follow": followed,
    "HTML": face(Recording._repr_html_),
    "text": face(str),
    "frozen text": face(lambda rec: static_text(rec.tables)),
    "lines' HTML": face(lambda rec: rec.lines._repr_html_()),
    "lines' repr": face(lambda rec: repr(rec.lines)),
    "show": shown,
}


SHOWN = ("sse", "sse, no JSON", "ndjson, last")  # a picture takes a second


def memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


def recorded(case: str, size: int) -> Recorder:
    """Return a recorder with a long line in reads, followed as they came."""
    dialect, media, around, some = CASES[case]
    start, end = around.encode().split(b"%s")
    log = Recorder()
    about = {"dialect": dialect, "content_type": media, "status": 200}
    log.meta.update(about, url="http://h/x", request={"stream": True})
    log.mark("request_sent", 0)
    piece, n_reads = some.encode() * (READ // 10), max(size // READ, 1)
    follower = Follower(log, dialect)
    for n, data in enumerate((start, *([piece] * n_reads), end)):
        log.append(data, Stamp(n * 1000, n * 1000 + 9, "kernel", 1, arrival="single"))
        follower.poll(interpret=True)
    log.end("eof", t_ns=10**12)
    return log


def peak(case: str, action: str, size: int, folder: Path) -> dict[str, object]:
    before, start_s = memory("VmRSS"), time.perf_counter()
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins again
    log = recorded(case, size)
    n_bytes = len(log.body)
    ACTIONS[action](log, folder)
    times = round((memory("VmHWM") - before) / n_bytes, 2)
    took_s = round(time.perf_counter() - start_s, 1)
    return {"case": case, "action": action, "times": times, "took_s": took_s}


if __name__ == "__main__":
    size = int(float(sys.argv[1]) * 1e6)
    with TemporaryDirectory() as made:
        for case in sys.argv[2:] or CASES:
            for action in ACTIONS if case in SHOWN else ("follow",):
                peak(case, action, 1000, Path(made))  # what is imported on use is there then
                print(json.dumps(peak(case, action, size, Path(made))), flush=True)
