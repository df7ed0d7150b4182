"""The table of verified packages has the same cases as the tests."""

from __future__ import annotations

from pathlib import Path

from tests.capture.tap.table import table

PAGE = Path(__file__).parents[3] / "streamlab/README.md"


def test_the_table_is_what_the_tests_run() -> None:
    assert table() in PAGE.read_text("utf-8")
