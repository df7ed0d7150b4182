"""The parameters: each scenario has those that the page names, and no other."""

from itertools import pairwise

import pytest

from streamlab.server.faults import FAULTS
from streamlab.server.parameters import PARAMETERS, parameters_of
from streamlab.server.response import MS, Request
from streamlab.server.scenarios import discover
from streamlab.server.tapes import scenario_of
from streamlab.testing import tape_from

ALL = {**discover(), **FAULTS, "mine": scenario_of("steady", tape_from([(5, b"data: a\n\n")]))}
CHANGED = {"seed": 5, "n_events": 7, "step_ms": 3, "silence_s": 2}
SIZED = [name for name in ALL if "n_events" in parameters_of(ALL[name])]


def played(name, **body):
    response = ALL[name].respond(Request(name, "openai_chat", True, body))
    return list(response.writes)


def timed(name, **body):
    """Return the time and the number of events of each write, without the bytes.

    The bytes have an id in them that depends on the seed in every scenario.
    """
    return [(write.at_ns, write.data.count(b"data:")) for write in played(name, **body)]


@pytest.mark.parametrize("name", ALL)
def test_a_scenario_has_the_parameters_that_are_named_and_no_other(name):
    changes = {
        parameter
        for parameter, to in CHANGED.items()
        if timed(name, **{parameter: to}) != timed(name)
    }

    assert {*changes, "speed", "encoding"} == set(parameters_of(ALL[name]))
    assert changes <= set(PARAMETERS)


@pytest.mark.parametrize("name", SIZED)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 3000])
def test_as_many_events_come_as_were_asked_for(name, n):
    body = b"".join(write.data for write in played(name, n_events=n, seed=3))

    assert body.count(b'"content":"') - body.count(b'"content":""') == n


@pytest.mark.parametrize("name", SIZED)
def test_the_pace_is_what_was_asked_for(name):
    times_ns = [write.at_ns for write in played(name, n_events=600, step_ms=2)[2:-1]]
    steps_ns = sorted(b - a for a, b in pairwise(times_ns))

    assert steps_ns[len(steps_ns) // 2] == pytest.approx(2 * MS, rel=0.15)


def test_the_number_of_events_is_bounded():
    assert len(played("long", n_events=10**9, step_ms=0)) == 100_002
