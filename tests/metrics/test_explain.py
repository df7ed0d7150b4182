"""What the names mean: one text for the prompt, the docstrings and the files."""

from __future__ import annotations

import pytest

import streamlab as sl
from streamlab.errors import UnknownNameError, UsageError
from streamlab.follow.columns import COLUMNS, unit_of
from streamlab.metrics import METRICS, compare, summary, views
from streamlab.metrics.definitions import DEFINITIONS
from streamlab.metrics.explain import columns, explain
from streamlab.metrics.schema import TABLES
from tests.metrics.streams import eleven_answers


def test_every_column_has_a_meaning_in_the_order_of_its_table():
    assert {table: [*meanings] for table, meanings in COLUMNS.items()} == {
        table: [*schema] for table, schema in TABLES.items()
    }


@pytest.mark.parametrize("table", TABLES)
def test_the_docstrings_are_made_of_the_same_text(table):
    for doc in (getattr(sl.Recording, table).__doc__, getattr(views, table).__doc__):
        for name, said in COLUMNS[table].items():
            assert f"``{name}``: {said}" in doc


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_every_metric_is_explained_with_unit_formula_and_source(metric):
    said = explain(metric.__name__).splitlines()

    unit = unit_of(metric.__name__)
    assert said[0] == f"{metric.__name__}, in {unit}" if unit else metric.__name__
    assert said[1].strip() == metric.__doc__.splitlines()[0]
    assert f"  Source: {metric.__module__}" in said


def test_a_metric_of_tools_says_what_each_tool_means_by_it():
    said = explain("ttft_ms")

    assert "    vLLM: first chunk that has choices, whatever is in it." in said
    assert "    guidellm: " in said
    assert "ITL:" not in said
    assert sum(f"    {each.tool}: " in said for each in DEFINITIONS) > 10


def test_a_column_is_explained_by_its_table_or_wherever_it_is():
    assert explain("reads.t_lo_ms").startswith("reads.t_lo_ms, in ms\n  its first byte arrived")
    assert "lines.coalesced" in explain("coalesced")
    assert explain("reads").splitlines()[0] == "reads.read: its number"
    assert repr(explain("reads")) == explain("reads")


@pytest.mark.parametrize("name", [5, b"reads", ["reads"]])
def test_what_is_no_name_is_refused_in_words(name):
    with pytest.raises(UsageError, match=f"in quotes, and {type(name).__name__} came"):
        explain(name)
    with pytest.raises(UnknownNameError, match="there are: deltas, events, lines"):
        columns(name)


def test_every_column_that_a_user_meets_is_explained():
    rec = sl.Recording(eleven_answers().tape)
    tables = {"phases": rec.phases, "server_times": rec.server_times, "lens": rec.lens()}
    tables["lens_many"] = sl.lens_many([rec, rec])

    for table, frame in tables.items():
        assert {f"{table}.{name}" for name in frame} <= {
            line.partition(":")[0] for line in explain(table).splitlines()
        }
    assert explain("n_itl").startswith("lens.n_itl")
    assert explain("ttft_ms_diff").startswith("ttft_ms_diff, of sl.compare\n  `ttft_ms` minus")
    assert [explain(name) for name in sl.compare([rec, rec])]


def test_without_a_name_all_are_listed():
    listed = {line.partition(":")[0] for line in explain().splitlines()}

    assert {metric.__name__ for metric in METRICS} <= listed
    assert {f"{table}.{name}" for table, names in COLUMNS.items() for name in names} <= listed


def test_what_has_no_meaning_is_named_with_what_is_near():
    with pytest.raises(UnknownNameError, match="Did you mean 'icl_p50_ms'"):
        explain("icl_p5_ms")
    with pytest.raises(UnknownNameError, match=r"no table 'line'.*Did you mean 'lines'"):
        columns("line")


def test_the_columns_are_a_table():
    table = columns("lines")

    assert table.loc["t_ms"].tolist() == ["float64", "ms", "when it arrived, since t0"]


def test_a_summary_and_a_comparison_end_with_how_to_ask():
    one, both = summary(eleven_answers()), compare([eleven_answers("a")])

    for said in (repr(one), repr(both), both._repr_html_()):
        assert "says what a metric means" in said
    assert type(one[["ttft_ms"]]).__name__ == "Series"
    assert type(both[["ttft_ms"]]).__name__ == "DataFrame"
    assert "<table" in both._repr_html_()
