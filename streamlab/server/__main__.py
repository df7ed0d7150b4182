"""The lab's process: ``python -m streamlab.server '{"port": 0, …}'``.

Prints one line of JSON (`Ready`) on standard output, and serves until its standard input
ends or its parent is gone.
"""

import contextlib
import gc
import json
import os
import sys
from selectors import EVENT_READ

from streamlab.errors import StreamlabError
from streamlab.server.faults import FAULTS
from streamlab.server.lab import address_of, listen, scenarios_of, serve_on
from streamlab.server.loop import Loop, wake_promptly
from streamlab.server.process import Options, Ready
from streamlab.server.routes import Site
from streamlab.tape import load

PARENT_CHECK_NS = 500_000_000


def main(options: Options) -> int:
    """Serve until stopped; return 1 if the lab cannot serve."""
    try:
        sock = listen(options["port"])
        scenarios = scenarios_of({name: load(p) for name, p in options["tapes"].items()})
    except StreamlabError as exc:
        print(json.dumps({"error": str(exc)}), flush=True)
        return 1
    loop = Loop()
    _end_with_parent(loop, options["parent"])
    wake_promptly()
    _allow_many_connections()
    # The objects that exist now live as long as the process.  The garbage collector skips
    # frozen objects; a visit to all of them would stop every stream for milliseconds.
    gc.freeze()
    names = [name for name in scenarios if scenarios[name].source != "fault"]
    port = sock.getsockname()[1]
    ready = Ready(port=port, scenarios=names, faults=list(FAULTS))
    print(json.dumps(ready), flush=True)
    serve_on(sock, Site(scenarios, address_of(sock), options["speed"]), loop)
    return 0


def _allow_many_connections() -> None:
    # The usual 1,024 open files are too few for a load.
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _end_with_parent(loop: Loop, parent: int) -> None:
    # Standard input ends at once when the parent does, unless the parent has forked: its
    # child then keeps the other end of the pipe open.  So the parent's number is checked as
    # well, twice a second.  PR_SET_PDEATHSIG is no alternative: it sends its signal when the
    # *thread* that started this process ends, and a notebook may start the lab in a thread.
    def look(mask: int = 0) -> None:
        if os.getppid() != parent or (mask and not os.read(0, 4096)):
            loop.stop()

    def tick() -> None:
        look()
        loop.at(loop.clock() + PARENT_CHECK_NS, tick)

    loop.watch(0, EVENT_READ, look)
    tick()


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
