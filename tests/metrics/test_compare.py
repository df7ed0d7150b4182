import re

import pandas as pd
import pytest

from streamlab.errors import UsageError
from streamlab.metrics import compare
from tests.metrics.streams import DONE, ROLE, content, eleven_answers, tables


def later():
    return tables([(210, ROLE), (530, content("a")), (560, content("b")), (600, DONE)])


def test_one_row_a_recording_in_the_order_given():
    table = compare({"sync": eleven_answers(), "async": later()})

    assert table.index.tolist() == ["sync", "async"]
    assert table.index.name == "recording"
    assert table["ttft_ms"].tolist() == [500, 530]
    assert table["tier"].tolist() == ["user", "user"]


def test_differences_are_to_the_first_and_stand_behind_their_column():
    table = compare({"sync": eleven_answers(), "async": later()})
    columns = table.columns.tolist()

    assert table["ttft_ms_diff"].tolist() == [0, 30]
    assert table["e2e_content_ms_diff"].tolist() == [0, -440]
    assert columns.index("ttft_ms_diff") == columns.index("ttft_ms") + 1
    assert table["ttft_ms"].dtype == float


def test_no_digit_is_shown_below_a_microsecond():
    table = compare([tables([(10, ROLE), (43.123456, content("a")), (50, DONE)])])

    assert table["ttft_ms"].tolist() == [43.123456]
    with pd.option_context("display.max_columns", None):
        faces = repr(table), table._repr_html_()
    for face in faces:
        assert "43.123" in face
        assert "43.1234" not in face


def test_what_is_undefined_has_no_difference():
    table = compare({"a": tables([], end="connect"), "b": eleven_answers()})

    assert table["ttft_ms_diff"].isna().all()


def test_whatever_holds_tables_can_be_compared():
    class Recording:
        tables = eleven_answers()

    assert compare({"only": Recording()})["ttft_ms"].tolist() == [500]


BAD = {
    "nothing": ({}, "compare takes recordings, and none came. Pass [rec, arec]."),
    "no-recording": (
        {"sync": 3},
        "compare takes recordings, and int came. "
        "Pass what sl.record returned, or sl.load(path) of a file.",
    ),
}


def test_a_list_is_compared_by_its_labels():
    table = compare([eleven_answers("a"), eleven_answers("b"), eleven_answers("a")])

    assert table.index.tolist() == ["a", "b", "a-2"]


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_compared_is_named(given, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        compare(given)
