"""A recording as a scenario: its bytes, read by read, at the times when they arrived."""

from collections.abc import Iterator

from streamlab.server.response import SSE, Ending, Response, Scenario, Write
from streamlab.tape import How, Tape

# The end of the lab's response, by the end of the recording; for all others, "eof".
# The client caused those ends ("cancelled", "cut", …).  The recording does not show how the
# server would have gone on, so the body ends after the last read.
ENDINGS: dict[How, Ending] = {
    "reset": "reset",
    "error": "reset",
    "connect": "reset",
    "timeout": "silence",
}


def scenario_of(name: str, tape: Tape) -> Scenario:
    """Return the scenario that plays `tape`, on every path."""
    summary = f"a recording of {len(tape):,} reads"
    return Scenario(name, summary, "recorded", lambda _request: response_of(tape))


def response_of(tape: Tape) -> Response:
    """Return a tape's response, with the same status, type, encoding, reads and end."""
    meta = tape.meta
    encoding = meta.get("content_encoding") or "identity"
    ending = ENDINGS.get(tape.end.how, "eof")
    head_ns = max(tape.marks.get("headers", tape.t0_ns) - tape.t0_ns, 0)
    answered = len(tape) > 0 or "status" in meta or ending == "eof"
    return Response(
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
