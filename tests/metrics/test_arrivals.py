"""The gaps of arrays are those of the one rule in ``follow.gap``; equal columns are one."""

import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamlab.follow import gap
from streamlab.metrics import arrivals, lines, schema, views
from streamlab.tape import ARRIVALS, UNKNOWN
from tests.metrics.streams import ELEVEN_ANSWERS, content, tables

stamps = st.just(UNKNOWN) | st.integers(0, 10_000_000)
rows = st.lists(
    st.tuples(
        st.integers(0, 3_000_000), stamps, st.integers(-1, len(ARRIVALS) - 1), st.booleans()
    )
)


@settings(max_examples=300, deadline=None)
@given(rows)
@example([(5, 2, 2, False)])
def test_arrays_have_the_gaps_of_the_one_rule(rows):
    steps, lo_ns, kind, at_end = zip(*rows, strict=True) if rows else ((), (), (), ())
    arrived_ns = np.cumsum(np.array(steps, np.int64))
    expected = gap.gaps(arrived_ns.tolist(), lo_ns, kind, at_end)

    columns = (np.array(lo_ns, np.int64), np.array(kind, np.int64), np.array(at_end, bool))
    found = arrivals.gaps(arrived_ns, *columns)

    for name, one, other in zip(expected._fields, expected, found, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)


NAMES = ("reads", "lines", "events", "deltas")


@pytest.mark.parametrize("rows", [2, 3, 4, 7])
def test_tables_in_parts_are_the_tables_in_one(rows, monkeypatch):
    odd = (
        b": c\nevent: e\ndata: x\ndata: y\n\nfoo: bar\nfoo2\ndata: \xff\n\nid: 7\nretry: 9\n\n"
    )
    pieces = [*ELEVEN_ANSWERS, (1200, odd)] + [
        (at, content("é")) for at in range(1300, 1400, 7)
    ]
    expected = tables(pieces)
    for name in NAMES:
        getattr(expected, name)

    for module in (arrivals, lines, schema, views):
        monkeypatch.setattr(module, "ROWS", rows)
    monkeypatch.setattr(schema, "_SHARED_ROWS", 1)

    for name in NAMES:
        pd.testing.assert_frame_equal(getattr(tables(pieces), name), getattr(expected, name))


def test_equal_columns_of_two_tables_are_one_until_the_user_writes():
    made = tables([(at, content("a")) for at in range(5_000)])
    events, deltas, reads = made.events, made.deltas, made.reads
    gaps, choice = reads["gap_ms"], deltas[["choice", "n_tokens", "coalesced"]]
    before = {name: getattr(made, name).copy(deep=True) for name in NAMES}
    if int(pd.__version__.partition(".")[0]) >= 3:
        assert np.shares_memory(events["t_ms"].to_numpy(), deltas["t_ms"].to_numpy())
    others = tables([(at, content("a")) for at in range(5_000)])
    del made, reads
    gc.collect()

    events.loc[3, "t_ms"] = -1.0
    events.loc[4, "coalesced"] = True
    events.loc[5, "time"] = pd.Timestamp(0, tz="UTC")
    gaps[6] = -1.0
    choice.loc[7, "n_tokens"] = 5
    choice.loc[8, "coalesced"] = True

    assert events["t_ms"].tolist()[2:5] == [2.0, -1.0, 4.0]
    assert events["coalesced"].sum() == choice["coalesced"].sum() == 1
    assert choice["n_tokens"].dropna().tolist() == [5]
    pd.testing.assert_frame_equal(deltas, before["deltas"])
    for name in NAMES:
        pd.testing.assert_frame_equal(getattr(others, name), before[name])


def test_many_names_of_fields_that_no_standard_has_are_kept():
    names = [f"field{number}" for number in range(40_000)]
    made = tables([(1, "".join(f"{name}: 1\n" for name in names).encode())])

    assert made.lines["field"].tolist() == names


MEASURED = """
import resource, sys, time
from streamlab.metrics import Tables
from streamlab.testing import tape_from
from tests.metrics.streams import content
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
n_reads = int(sys.argv[1])
tape = tape_from((at, content(f" tok{at}")) for at in range(n_reads))
before, began = peak(), time.process_time()
made = Tables(tape, "openai_chat")
text = made.answer.text
kept = made.reads, made.lines, made.events, made.deltas
assert text.count(" tok") == len(made.deltas) == len(made.reads) == n_reads
print((peak() - before) / n_reads, (time.process_time() - began) / n_reads)
"""


def test_the_tables_of_a_long_stream_take_few_bytes_a_read_and_a_time_that_is_linear():
    """In a process of its own: the peak of a process never falls.  1.2 kB before."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the unit of ru_maxrss differs")

    def measured(n_reads):
        command = [sys.executable, "-c", MEASURED, str(n_reads)]
        root = Path(__file__).parents[2]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
        return map(float, done.stdout.split())

    (_, few_s), (n_bytes, took_s) = measured(30_000), measured(120_000)

    assert n_bytes < 700
    assert took_s < 2.5 * few_s  # a read's; 4 where it is quadratic
