import json
import random
import re
from array import array
from dataclasses import replace

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.errors import FormatError
from streamlab.follow.columns import COLUMNS
from streamlab.formats import parquet
from streamlab.metrics import Tables
from streamlab.tape import ARRIVALS, TIERS, UNKNOWN, End, Read, Stamp, tape_of
from tests.metrics.streams import ROLE, eleven_answers, in_kernel_tier, tables


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.parquet"


stamps = st.just(UNKNOWN) | st.integers(0, 2**60 - 1)
known = st.integers(0, 2**60 - 1)
kinds = st.sampled_from((None, *ARRIVALS))
reads = st.builds(
    Read,
    st.binary(min_size=1, max_size=20),
    st.builds(Stamp, known, known, st.sampled_from(TIERS), st.integers(-1, 9), stamps, kinds),
    stamps,
    stamps,
)
words = st.dictionaries(
    st.text(max_size=5), st.text(max_size=5) | known | st.none(), max_size=3
)


@settings(max_examples=50, deadline=None)  # a busy machine has none
@given(
    st.lists(reads, max_size=8),
    st.dictionaries(st.text(max_size=5), known, max_size=3),
    words.filter(lambda meta: "anchor" not in meta),
    st.text(max_size=9),
)
def test_every_tape_comes_back_as_it_was(tmp_path_factory, rows, marks, meta, detail):
    """No stamp is rounded, no byte lost, no word of the metadata changed."""
    tape = tape_of(rows, End(2**59 + 1, "reset", detail), marks, meta)
    tape = replace(tape, chunk_ends=array("q", range(1, len(rows) + 1)) or None)
    path = tmp_path_factory.getbasetemp() / "any.parquet"
    parquet.save(Tables(tape), path)

    assert parquet.load(path) == tape


def test_a_loaded_tape_makes_the_same_tables(path):
    anchor = {"mono_ns": 1, "wall_ns": 1_800_000_000_000_000_001, "error_ns": 3}
    saved = Tables(in_kernel_tier([(1, 2, 3, ROLE), (5, 6, 7, ROLE)], anchor), label="a")
    parquet.save(saved, path)
    loaded = Tables(parquet.load(path))

    for name in ("reads", "lines", "events", "deltas"):
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(saved, name))


def test_each_column_says_its_meaning_and_its_unit(path):
    parquet.save(eleven_answers(), path)

    fields = {field.name: field.metadata for field in pq.read_schema(path)}
    said = {name: fields[name][b"meaning"].decode() for name in COLUMNS["reads"]}
    assert said == COLUMNS["reads"]
    assert fields["gap_ms"][b"unit"] == b"ms"


def test_what_is_no_column_is_json_in_the_file(path):
    parquet.save(eleven_answers(label="vllm"), path)
    about = parquet.read_meta(path)

    assert (about["label"], about["end"]["how"], about["version"]) == ("vllm", "eof", 1)
    assert about["marks"] == {"request_sent": 1_000_000_000}
    assert about["meta"] == {"content_type": "text/event-stream"}
    assert json.loads(pq.read_schema(path).metadata[b"streamlab"]) == about


def test_pandas_polars_and_duckdb_read_it(path):
    saved = eleven_answers()
    parquet.save(saved, path)
    query = f"select sum(n_bytes), count(*) from '{path}'"

    assert pl.read_parquet(path)["t_ms"].to_list() == saved.reads["t_ms"].tolist()
    assert duckdb.sql(query).fetchall() == [(len(saved.tape.body), 12)]
    mine = pd.read_parquet(path).drop(columns=["recording", "lo_ns"])
    pd.testing.assert_frame_equal(mine.astype(saved.reads.dtypes), saved.reads)


def refusal(path):
    with pytest.raises(FormatError) as refused:
        parquet.load(path)
    return re.sub("'.*a.parquet'", "'a.parquet'", str(refused.value))


def test_a_file_that_is_no_parquet_is_refused(path):
    path.write_bytes(b"data: a\n\n" * 9)

    assert refusal(path) == (
        "expected a Parquet file, and 'a.parquet' is not one. Load a file that rec.save wrote."
    )


def test_a_parquet_file_of_something_else_is_refused(path):
    pq.write_table(pa.table({"a": [1]}), path)

    assert refusal(path) == (
        "expected a recording, and 'a.parquet' is a Parquet file of something else. "
        "Load a file that rec.save wrote, or open this one with pandas.read_parquet."
    )


def test_a_table_of_lines_is_no_recording(path):
    table = pa.table({"line": [0]})
    about = {"streamlab": '{"version": 1, "table": "lines"}'}
    pq.write_table(table.replace_schema_metadata(about), path)

    assert refusal(path) == (
        "expected the reads of a recording in 'a.parquet', and got the table 'lines'. "
        "Load the file that rec.save wrote."
    )


def test_a_later_version_is_refused(path):
    table = pa.table({"a": [1]}).replace_schema_metadata({"streamlab": '{"version": 2}'})
    pq.write_table(table, path)

    assert refusal(path) == (
        "expected version 1 of a recording in Parquet, and 'a.parquet' has version 2. "
        "Update streamlab."
    )


def test_damage_is_refused_and_never_loaded_as_other_bytes(path):
    """Random bytes are stored uncompressed, so decompression cannot notice the damage."""
    rng, n_refused = random.Random("damage"), 0
    saved = tables([(t, rng.randbytes(300)) for t in range(10)])
    parquet.save(saved, path)
    whole = path.read_bytes()
    for _ in range(200):
        at = rng.randrange(len(whole))
        changed = whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]
        path.write_bytes(rng.choice([changed, whole[:at]]))
        try:
            assert parquet.load(path).body == saved.tape.body
        except FormatError:
            n_refused += 1
    assert n_refused > 100


@pytest.mark.parametrize("column", ["raw", "end", "stamp", "lo_ns"])
def test_a_file_that_lost_a_column_is_refused(path, column):
    parquet.save(eleven_answers(), path)
    pq.write_table(pq.read_table(path).drop_columns([column]), path)

    assert refusal(path) == (
        "expected a whole recording, and 'a.parquet' is damaged: KeyError. "
        "Save the recording again from its source."
    )


def test_a_file_that_lost_rows_is_refused(path):
    parquet.save(eleven_answers(), path)
    pq.write_table(pq.read_table(path).slice(3), path)

    assert refusal(path) == (
        "expected a whole recording, and 'a.parquet' is damaged: ValueError. "
        "Save the recording again from its source."
    )


def test_a_missing_file_is_missing(tmp_path):
    path = tmp_path / "none.parquet"

    with pytest.raises(FileNotFoundError) as caught:
        parquet.load(path)

    assert str(caught.value) == (
        f"cannot read {path}: No such file or directory. Pass the path of a recording."
    )
