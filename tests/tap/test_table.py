"""The table of what was verified is what the tests run."""

from __future__ import annotations

from pathlib import Path

from tests.tap.table import table

PAGE = Path(__file__).parents[2] / "streamlab/README.md"


def test_the_table_is_what_the_tests_run() -> None:
    assert table() in PAGE.read_text("utf-8")
