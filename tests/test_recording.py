"""The look of a recording, short and rich, and its pictures."""

import asyncio

import pytest
from IPython.lib.pretty import pretty

from streamlab import plots
from streamlab.errors import UnknownNameError
from streamlab.recording import Plots, Recording
from streamlab.testing import tape_from

EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
KEY = "sk-secret"
RICH = (
    "<Recording 'x', HTTP 200, 2 reads, 4 lines, 2 events, ttft 10.0 ms, 30.0 ms in all, "
    "ended: eof>\n  gaps between reads █ (largest 20.0 ms), unverified"
)


@pytest.fixture
def rec():
    headers = [["authorization", KEY]]
    facts = {"status": 200, "dialect": "openai_chat", "request_headers": headers}
    return Recording(tape_from([(10, EVENT), (30, b"data: [DONE]\n\n")], **facts), label="x")


def test_a_foreign_recording_has_its_own_repr():
    """A class of this name, as the result of a task: asyncio formats it by its own repr."""

    class Recording:
        def __repr__(self):
            return "<foreign>"

    async def work():
        return Recording()

    async def main():
        task = asyncio.create_task(work())
        await task
        return repr(task)

    assert "result=<foreign>" in asyncio.run(main())


def test_a_repr_is_short_and_makes_no_tables(rec):
    assert repr(rec) == "<Recording 'x', HTTP 200, 2 reads, ended: eof>"
    assert "tables" not in rec.__dict__


def test_asyncio_makes_no_tables_either(rec):
    async def work():
        return rec

    assert asyncio.run(work()) is rec
    assert "tables" not in rec.__dict__


@pytest.mark.parametrize("label", ["a\nb", "\x1b[31m", "\u202egpj", "\u2028", "\x9b"])
def test_a_repr_is_one_harmless_line_without_a_key(rec, label):
    hostile = Recording(tape_from([(1, b"x")], status=label, api_key=KEY), label=label)

    for said in (repr(hostile), repr(rec)):
        assert said.isprintable()
        assert KEY not in said
    assert str(hostile).replace("\n  gaps between reads", "").isprintable()


def test_printed_it_is_rich(rec):
    assert str(rec) == RICH
    assert f"{rec}" == RICH


def test_the_result_of_a_cell_is_rich_and_a_list_is_short(rec):
    short = "<Recording 'x', HTTP 200, 2 reads, ended: eof>"

    assert pretty(rec) == RICH
    assert pretty([rec]) == f"[{short}]"
    assert pretty({"a": rec}) == f"{{'a': {short}}}"


def test_each_picture_is_declared_for_type_checkers():
    missing = sorted(plots.PLOTS.keys() - Plots.__annotations__.keys())
    gone = sorted(Plots.__annotations__.keys() - plots.PLOTS.keys())

    assert missing == [], "add a line `name: Draw` for each to Plots in streamlab/recording.py"
    assert gone == [], "these have no file in streamlab/plots: remove their lines from Plots"


def test_each_picture_can_be_drawn_by_its_name(rec):
    assert dir(rec.plot) == sorted(plots.PLOTS)
    assert rec.plot.staircase().get_ylabel() == "events so far"
    assert rec.plot().get_ylabel() == "events so far"


def test_an_unknown_picture_names_those_that_exist(rec):
    with pytest.raises(AttributeError) as caught:
        rec.plot.stairs  # noqa: B018

    known = ", ".join(sorted(plots.PLOTS))
    said = f"no plot 'stairs'; there are: {known}. Did you mean 'staircase'?"
    assert str(caught.value) == said


def test_a_picture_is_drawn_by_its_name_too():
    rec = Recording(tape_from([(1, b"data: a\n\n")]))

    assert rec.plot("gaps").get_ylabel() == rec.plot.gaps().get_ylabel()
    assert rec.plot().get_ylabel() == rec.plot.staircase().get_ylabel()
    for unknown in ("gap", 5):
        with pytest.raises(
            UnknownNameError, match=f"no plot {unknown!r}; there are: ecdf, gaps"
        ):
            rec.plot(unknown)
