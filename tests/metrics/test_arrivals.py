"""The gap: the time from each arrival to the one before it, if known; equal columns are one."""

import gc
import subprocess
import sys
from array import array
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamlab.follow.gap import is_known
from streamlab.metrics import arrivals, lines, schema, views
from streamlab.tape import ARRIVALS, UNKNOWN, Columns
from tests.metrics.streams import ELEVEN_ANSWERS, content, tables

SINGLE, BURST, MERGED = range(len(ARRIVALS))


def gaps_ns(arrived_ns, lo_ns, kinds, at_end=None):
    """Return the gaps, their lower and their upper bounds, in ms; None in place of NaN."""
    exact = [True] * len(kinds) if at_end is None else at_end
    columns = (np.array(column, np.int64) for column in (arrived_ns, lo_ns, kinds))
    made = arrivals.gaps(*columns, np.array(exact, bool))
    return [[None if ms != ms else ms for ms in column.tolist()] for column in made]


def gaps_of(*rows, at_end=None):
    """Return the gaps of arrivals, each a time in ms, its lower bound and its kind."""
    t_ms, lo_ms, kinds = zip(*rows, strict=True)
    lo_ns = [t if t == UNKNOWN else t * 1_000_000 for t in lo_ms]
    return gaps_ns([t * 1_000_000 for t in t_ms], lo_ns, kinds, at_end)


def test_without_an_arrival_there_is_no_gap():
    assert gaps_ns([], [], []) == [[], [], []]


def test_the_first_arrival_has_no_gap_and_the_others_count_from_the_one_before():
    stamps = [5_000_000, 25_000_000, 25_000_000, 70_500_000]

    assert gaps_ns(stamps, [UNKNOWN] * 4, [SINGLE] * 4) == [[None, 20.0, 0.0, 45.5]] * 3


def test_a_gap_is_exact_however_large_the_stamps_are():
    """As floats of milliseconds, the two stamps would have lost the last digits."""
    hour_ns = 3_600_000_000_000

    stamps = [1000 * hour_ns, 1000 * hour_ns + 999]

    assert gaps_ns(stamps, [-1, -1], [0, 0])[0] == [None, 0.000999]


def test_a_merged_read_has_bounds_and_the_gap_after_it_is_exact():
    made = gaps_of((10, -1, SINGLE), (1000, 12, MERGED), (1030, -1, SINGLE))

    assert made == [[None, None, 30], [None, 2, 30], [None, 990, 30]]


def test_a_merged_read_without_a_bound_came_after_the_arrival_before():
    made = gaps_of((10, -1, SINGLE), (1000, -1, MERGED))

    assert made == [[None, None], [None, 0], [None, 990]]


def test_a_burst_is_one_arrival():
    made = gaps_of((10, -1, SINGLE), (31, 30, BURST), (50, -1, SINGLE))

    assert made == [[None, 21, 19]] * 3


def test_a_gap_of_unknown_kind_is_kept_and_has_bounds_only_if_the_kernel_gave_one():
    made = gaps_of((10, -1, SINGLE), (50, 20, UNKNOWN), (90, -1, UNKNOWN))

    assert made == [[None, 40, 40], [None, 10, None], [None, 40, None]]


def test_a_row_before_the_end_of_a_merged_read_has_no_exact_time():
    """The row ended somewhere in the interval, so the gap after it is not known either."""
    rows = (10, -1, SINGLE), (1000, 12, MERGED), (1030, -1, SINGLE)
    made = gaps_of(*rows, at_end=[True, False, True])

    assert made == [[None, None, None], [None, 2, 30], [None, 990, 1018]]


stamps = st.just(UNKNOWN) | st.integers(0, 9)
kinds = st.integers(-1, len(ARRIVALS) - 1)
pairs = st.tuples(st.integers(0, 9), stamps, kinds), st.tuples(st.integers(0, 9), stamps, kinds)


@settings(max_examples=300, deadline=None)
@given(*pairs, st.booleans())
@example((5, 5, MERGED), (2, 2, SINGLE), False)
def test_the_live_view_knows_the_gaps_that_the_tables_know(one, other, at_end):
    arrived_ns, lo_ns, kind = zip(one, (one[0] + other[0], *other[1:]), strict=True)
    facts = {"arrived_ns": array("q", arrived_ns), "lo_ns": array("q", lo_ns)}
    columns = Columns(**facts, arrival=array("b", kind))

    known_ms = gaps_ns(arrived_ns, lo_ns, kind, [at_end, True])[0][1]

    assert is_known(columns, 0, 1, at_end) == (known_ms is not None)


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

    for module in (lines, schema, views):
        monkeypatch.setattr(module, "ROWS", rows)

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
import sys, time
from streamlab.metrics import Tables
from tests.benchmarks.memory import BODIES, MB, make_tape, peak_mb
n_reads = int(sys.argv[1])
tape = make_tape(n_reads, BODIES["chat"][1])
before_mb, began = peak_mb(), time.process_time()
made = Tables(tape, "openai_chat")
text = made.answer.text
kept = made.reads, made.lines, made.events, made.deltas
assert text.count(" tok") == len(made.deltas) == len(made.reads) == n_reads
print((peak_mb() - before_mb) * MB / n_reads, (time.process_time() - began) / n_reads)
"""


def test_the_tables_of_a_long_stream_take_few_bytes_a_read_and_a_time_that_is_linear():
    """In a process of its own: the peak of a process never falls.  0.8 kB before."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the unit of ru_maxrss differs")

    def measured(n_reads):
        command = [sys.executable, "-c", MEASURED, str(n_reads)]
        root = Path(__file__).parents[2]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
        return map(float, done.stdout.split())

    (_, few_s), (n_bytes, took_s) = measured(30_000), measured(120_000)

    assert n_bytes < 550
    assert took_s < 2.5 * few_s  # a read's; 4 where it is quadratic
