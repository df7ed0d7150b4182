"""The fields by which a request changes a scenario, and scenarios of a chosen length.

A field may be in the body of the request or in its query.

Rule: the lab's page shows `PARAMETERS` and `parameters_of`; a test plays every scenario with
every parameter, and fails if the page is wrong.
"""

from collections.abc import Callable

from streamlab.server.completion import Completion
from streamlab.server.response import Request, Response, Scenario
from streamlab.server.shapes import render

# What each parameter does, by the name of its field.
PARAMETERS = {
    "speed": "divides all times: 2 is twice as fast",
    "encoding": "gzip, or gzip-unflushed, which holds events back",
    "seed": "a whole number: each number gives other times, always the same ones",
    "n_events": "how many events have text, at most 100,000",
    "step_ms": "the time from one write to the next; the median, if that time varies",
    "silence_s": "the length of the pause",
}
MOST_EVENTS = 100_000


def parameters_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of all parameters of a scenario."""
    return ("speed", "encoding", *scenario.parameters)


def n_events_of(request: Request, default: int) -> int:
    """Return how many events a request asks for, from 1 to `MOST_EVENTS`."""
    if request.body.get("n_events") is None:
        return default
    return min(max(int(request.number("n_events", default)), 1), MOST_EVENTS)


def sized(
    name: str,
    summary: str,
    completion: Callable[[int, int, float], Completion],
    *,
    n_events: int,
    step_ms: float,
) -> Scenario:
    """Return a scenario whose length and pace a request may choose.

    `completion` makes one of the seed, ``n_events`` and ``step_ms``; `n_events` and `step_ms`
    are the values for a request that does not set them.
    """

    def respond(request: Request) -> Response:
        n, step = n_events_of(request, n_events), request.number("step_ms", step_ms)
        return render(completion(request.seed, n, step), request)

    return Scenario(name, summary, "modelled", respond, ("seed", "n_events", "step_ms"))
