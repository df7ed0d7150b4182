from array import array
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from streamlab.metrics import Tables, schema, views
from streamlab.tape import End, Sends, tape_of
from tests.metrics.streams import eleven_answers

DESIGN = {
    "reads": "read time t_ms gap_ms lag_ms arrival t_lo_ms gap_lo_ms gap_hi_ms lag_lo_ms "
    "lag_hi_ms server_sent_ns arrived_ns seen_ns delivered_ns stamp n_segments "
    "n_bytes start end raw",
    "lines": "line read time t_ms gap_ms coalesced kind field value raw start end event",
    "events": "event read time t_ms gap_ms coalesced type data id retry first_line last_line "
    "n_bytes",
    "sends": "send read t_ms gap_ms sent_ns due_ns n_bytes start end",
    "deltas": "delta event read time t_ms gap_ms coalesced kind choice text n_tokens",
}


def logged(tables):
    log = Sends(array("q", [9]), array("q", [1]), array("q", [1]))
    return Tables(replace(tables.tape, sends=log))


each_table = pytest.mark.parametrize("name", DESIGN)


@each_table
def test_a_table_has_the_columns_of_the_design_in_their_order(name):
    assert list(getattr(eleven_answers(), name)) == DESIGN[name].split()


@each_table
def test_a_table_without_rows_has_the_same_columns_and_dtypes(name):
    full = getattr(logged(eleven_answers()), name)
    none = getattr(Tables(tape_of([], End(5, "connect"))), name)

    assert len(full) > 0
    assert len(none) == 0
    pd.testing.assert_series_equal(none.dtypes, full.dtypes)


@each_table
def test_every_table_documents_its_columns(name):
    """The docstring of a table function names each column it makes."""
    doc = getattr(views, name).__doc__

    assert [c for c in schema.TABLES[name] if f"``{c}``" not in doc] == []


@each_table
def test_a_kind_can_be_compared_and_grouped_without_warnings(name):
    table = getattr(eleven_answers(), name)
    words = [c for c in ("kind", "type", "stamp") if c in table]
    for word in words:
        sizes = table.groupby(word).size()

        assert sizes.sum() == len(table)
        assert (table[word] == sizes.index[0]).sum() == sizes.iloc[0]


def test_a_column_added_to_a_table_stays_the_users():
    tables = eleven_answers()
    mine = tables.events
    mine["mine"] = 1
    mine.loc[0, "t_ms"] = -1.0

    assert "mine" not in tables.events
    assert tables.events["t_ms"].iloc[0] == 200.0


def test_a_missing_column_is_a_fault_of_ours():
    with pytest.raises(AssertionError, match="t_ms"):
        schema.frame("reads", {"read": np.arange(1)})


def test_half_a_character_becomes_a_replacement_character():
    column = schema.texts(["a\ud83d", "\ud83d\ude00", "c"])

    assert list(column) == ["a\ufffd", "\U0001f600", "c"]


def test_integers_beyond_64_bits_are_not_there():
    column = schema.integers([1, None, 10**30, -(2**63)])

    assert column.isna().tolist() == [False, True, True, False]
    assert column[3] == -(2**63)


def test_slices_point_into_the_body_and_copy_nothing():
    body = b"abcdef"
    made = schema.slices(body, np.array([0, 2, 2, 6]))

    assert made.to_pylist() == [b"ab", b"", b"cdef"]
    assert made.buffers()[2].address == pa.py_buffer(body).address
