"""A folder of recordings as one table, here, in DuckDB and in polars; Arrow without a file."""

from __future__ import annotations

import re

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import streamlab as sl
from streamlab.errors import FormatError

TABLES = ("reads", "lines", "events", "deltas")


@pytest.fixture(scope="module")
def recs(fast_lab):
    asked = {"bursty": "openai_chat", "steady": "ollama", "count": "anthropic"}
    scenarios = {"count": "count-to-ten"}
    return {
        name: sl.record(fast_lab.endpoint(scenarios.get(name, name), dialect), "Hi")
        for name, dialect in asked.items()
    }


@pytest.fixture(scope="module")
def runs(recs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, rec in recs.items():
        rec.save(folder / f"{name}.parquet")
    (folder / "notes.txt").write_text("not a recording")
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_a_folder_gives_the_tables_of_all_with_the_names_of_the_files(runs, recs, name):
    table = getattr(sl.read_parquet(runs), name)

    assert table.columns[0] == "recording"
    assert list(table["recording"].unique()) == ["bursty", "count", "steady"]
    for each, rec in recs.items():
        rows = table[table["recording"] == each].drop(columns="recording")
        pd.testing.assert_frame_equal(rows.reset_index(drop=True), getattr(rec, name))


def test_one_file_gives_the_same_tables_with_one_name(runs, recs):
    table = sl.read_parquet(f"{runs}/steady.parquet").reads

    assert set(table["recording"]) == {"steady"}
    assert len(table) == len(recs["steady"].reads)


def test_a_file_that_was_renamed_has_its_new_name(recs, tmp_path):
    recs["steady"].save(tmp_path / "a.parquet").rename(tmp_path / "b.parquet")

    assert set(sl.read_parquet(tmp_path).events["recording"]) == {"b"}


QUERY = """
    SELECT recording, count(*) AS n_reads, sum(n_bytes) AS n_bytes, max(gap_ms) AS worst_ms,
           max(arrived_ns) AS last_ns, count(server_sent_ns) AS sent, min(time) AS first
    FROM '{}/*.parquet' GROUP BY recording ORDER BY recording
"""


def test_duckdb_reads_the_same_folder(runs):
    ours = sl.read_parquet(runs).reads.groupby("recording")
    theirs = duckdb.sql(QUERY.format(runs)).df().set_index("recording")

    assert theirs["n_reads"].to_dict() == ours.size().to_dict()
    assert theirs["n_bytes"].to_dict() == ours["n_bytes"].sum().to_dict()
    assert theirs["worst_ms"].to_dict() == ours["gap_ms"].max().to_dict()
    assert theirs["last_ns"].to_dict() == ours["arrived_ns"].max().to_dict()
    assert theirs["sent"].to_dict() == ours.size().to_dict()
    first = theirs["first"].dt.tz_localize("UTC")  # it has no nanoseconds with a zone
    assert first.tolist() == ours["time"].min().tolist()


def test_duckdb_takes_our_tables_as_they_are(runs):
    lines = sl.read_parquet(runs).lines
    query = "SELECT recording, count(*) FROM lines WHERE kind = 'blank' GROUP BY 1 ORDER BY 1"
    blank = lines[lines["kind"] == "blank"].groupby("recording").size()

    assert dict(duckdb.sql(query).fetchall()) == blank[blank > 0].to_dict()


def test_polars_reads_the_same_folder(runs, recs):
    reads = pl.scan_parquet(f"{runs}/*.parquet")
    found = reads.group_by("recording").agg(pl.col("n_bytes").sum(), pl.len()).collect()
    bodies = (
        reads.select("recording", "raw").collect().group_by("recording", maintain_order=True)
    )

    assert {row[0]: row[1:] for row in found.rows()} == {
        name: (len(rec.body), len(rec.tape)) for name, rec in recs.items()
    }
    for (name,), rows in bodies:
        assert b"".join(rows["raw"]) == recs[name].body


def refusal(error, path):
    with pytest.raises(error) as caught:
        sl.read_parquet(path)
    return re.sub(r"'?/[^ ]*/(runs|a\.parquet)'?", r"\1", str(caught.value))


def test_what_is_no_folder_of_recordings_is_said_in_one_sentence(tmp_path):
    folder = tmp_path / "runs"
    assert refusal(FileNotFoundError, folder) == (
        "cannot read runs: there is no such file or folder. Pass a recording in Parquet, or "
        "a folder of such files."
    )
    folder.mkdir()
    assert refusal(FormatError, folder) == (
        "expected recordings in Parquet, and the folder runs has no .parquet file. "
        'Save a recording there: rec.save("…/a.parquet").'
    )


def test_a_table_among_the_recordings_is_named(tmp_path):
    about = {"streamlab": '{"version": 1, "table": "lines"}'}
    pq.write_table(
        pa.table({"line": [0]}).replace_schema_metadata(about), tmp_path / "a.parquet"
    )

    assert refusal(FormatError, tmp_path) == (
        "expected the reads of a recording in a.parquet, and got the table 'lines'. "
        "Load the file that rec.save wrote."
    )


def test_polars_takes_a_recording(recs):
    rec = recs["count"]
    frame = pl.DataFrame(rec)

    assert frame.columns == list(rec.events.columns)
    assert frame["t_ms"].to_list() == rec.events["t_ms"].tolist()
    assert frame["data"].to_list() == rec.events["data"].tolist()
    assert frame["retry"].to_list() == [None] * len(rec.events)
    assert frame["time"].dtype == pl.Datetime("ns", "UTC")


def test_duckdb_takes_a_recording(recs):
    rec = recs["count"]
    query = "SELECT type, count(*), max(t_ms) FROM rec GROUP BY type ORDER BY min(event)"
    ours = rec.events.groupby("type", sort=False)["t_ms"].agg(["size", "max"])

    assert duckdb.sql(query).fetchall() == list(ours.itertuples(name=None))


def test_pyarrow_takes_a_recording_again_and_again(recs):
    rec = recs["steady"]

    assert pa.table(rec) == pa.table(rec)
    assert pa.table(rec).num_rows == len(rec.events)
