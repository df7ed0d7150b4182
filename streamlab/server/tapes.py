"""Plays a recording: its bytes, read by read, at the times they arrived."""

from __future__ import annotations

from collections.abc import Iterator

from streamlab.server.play import SSE, Call, Ending, Play, Scenario, Write
from streamlab.tape import How, Tape

ENDINGS: dict[How, Ending] = {
    "reset": "reset",
    "error": "reset",
    "connect": "reset",
    "timeout": "silence",
}
"""How a recording's end is played; where the client left or Ctrl-C came, the body just ends."""


def scenario_of(name: str, tape: Tape) -> Scenario:
    """Return the scenario that plays `tape`, whatever the path it is asked for at."""

    def play(call: Call) -> Play:
        return play_of(tape)

    return Scenario(name, f"a recording of {len(tape):,} reads", "recorded", play)


def play_of(tape: Tape) -> Play:
    """Return a tape's answer: status, type, encoding, reads and end as they were."""
    meta = tape.meta
    encoding = meta.get("content_encoding") or "identity"
    ending = ENDINGS.get(tape.end.how, "eof")
    head_ns = max(tape.marks.get("headers", tape.t0_ns) - tape.t0_ns, 0)
    answered = len(tape) > 0 or "status" in meta or ending == "eof"
    return Play(
        _writes(tape),
        str(meta.get("content_type") or SSE),
        int(str(meta.get("status") or 200)),
        () if encoding == "identity" else (("content-encoding", str(encoding)),),
        head_at_ns=head_ns if answered else None,
        ending=ending,
        ending_at_ns=max(tape.end.t_ns - tape.t0_ns, 0),
    )


def _writes(tape: Tape) -> Iterator[Write]:
    for read in tape:
        yield Write(max(read.stamp.arrived_ns - tape.t0_ns, 0), read.data)
