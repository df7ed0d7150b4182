"""The lab's process: ``python -m streamlab.server '{"port": 0, …}'``.

Says one line of JSON on standard output, ``{"port", "scenarios", "faults"}`` or ``{"error"}``,
and serves until its standard input ends or its parent is gone.  Standard input alone would not
do: a process forked from the parent keeps the other end open.  PR_SET_PDEATHSIG would not
either: it fires when the *thread* that started us ends.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from selectors import EVENT_READ
from typing import Any

from streamlab.errors import StreamlabError
from streamlab.server.faults import FAULTS
from streamlab.server.lab import listen, scenarios_of, serve_on
from streamlab.server.loop import Loop, wake_promptly
from streamlab.server.routes import Site
from streamlab.server.sendlog import SendLogs
from streamlab.tape import Tape

PARENT_CHECK_NS = 500_000_000


def main(options: dict[str, Any]) -> int:
    """Serve as told; return 1 if that cannot be."""
    try:
        sock = listen(options["port"])
        scenarios = scenarios_of(_load(options["tapes"]))
    except StreamlabError as exc:
        print(json.dumps({"error": str(exc)}), flush=True)
        return 1
    loop = Loop()
    _end_with_parent(loop, options["parent"])
    wake_promptly()
    _allow_many_connections()
    gc.freeze()  # what is here now stays; collections need not look at it
    names = [name for name in scenarios if scenarios[name].source != "fault"]
    port = sock.getsockname()[1]
    print(json.dumps({"port": port, "scenarios": names, "faults": list(FAULTS)}), flush=True)
    serve_on(sock, Site(scenarios, options["speed"], SendLogs()), loop)
    return 0


def _allow_many_connections() -> None:
    """Raise the limit of open files to what the system grants: 1,024 is few for a load."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _load(paths: dict[str, str]) -> dict[str, Tape]:
    if not paths:
        return {}
    from streamlab.tape.journal import load

    return {name: load(path) for name, path in paths.items()}


def _end_with_parent(loop: Loop, parent: int) -> None:
    """Stop the loop when standard input ends, or another process has become our parent."""

    def look(_mask: int = 0) -> None:
        if os.getppid() != parent or (_mask and not os.read(0, 4096)):
            loop.stopped = True

    def tick() -> None:
        look()
        loop.at(loop.clock() + PARENT_CHECK_NS, tick)

    loop.watch(0, EVENT_READ, look)
    tick()


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
