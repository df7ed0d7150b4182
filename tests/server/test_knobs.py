"""The knobs: each scenario has those that its page names, and no other."""

from itertools import pairwise

import pytest

from streamlab.server.faults import FAULTS
from streamlab.server.knobs import KNOBS, knobs_of
from streamlab.server.play import MS, Call
from streamlab.server.scenarios import discover
from streamlab.server.tapes import scenario_of
from streamlab.testing import tape_from

ALL = {**discover(), **FAULTS, "mine": scenario_of("steady", tape_from([(5, b"data: a\n\n")]))}
TURNED = {"seed": 5, "n_events": 7, "step_ms": 3, "silence_s": 2}
SIZED = [name for name in ALL if "n_events" in knobs_of(ALL[name])]


def played(name, **body):
    play = ALL[name].play(Call(name, "openai_chat", True, body))
    return list(play.writes)


def heard(name, **body):
    """Return when how much is said; the answer's id depends on the seed everywhere."""
    return [(write.at_ns, write.data.count(b"data:")) for write in played(name, **body)]


@pytest.mark.parametrize("name", ALL)
def test_a_scenario_has_the_knobs_that_are_named_and_no_other(name):
    turns = {knob for knob, to in TURNED.items() if heard(name, **{knob: to}) != heard(name)}

    assert {*turns, "speed", "encoding"} == set(knobs_of(ALL[name]))
    assert turns <= set(KNOBS)


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


def test_more_events_than_the_lab_bears_are_bounded():
    assert len(played("long", n_events=10**9, step_ms=0)) == 100_002
