"""A server without a fault: one event each 20 ms, exactly.

With the parameters ``n_events`` and ``step_ms`` it is a load for clients.
"""

from itertools import repeat

from streamlab.server.completion import Completion, singly
from streamlab.server.parameters import n_events_of
from streamlab.server.response import MS, Request, Response, Scenario
from streamlab.server.shapes import render


def respond(request: Request) -> Response:
    """Return `n_events` words, one each `step_ms`, from 200 ms on."""
    n = n_events_of(request, 40)
    step_ns = int(request.number("step_ms", 20) * MS)
    return render(Completion(200 * MS, lambda: zip(singly(n), repeat(step_ns))), request)


SCENARIO = Scenario(
    "steady", "40 events, one each 20 ms exactly", "modelled", respond, ("n_events", "step_ms")
)
