"""The README's example runs and prints what stands there; its table is what the tests run."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from tests.capture.tap.table import table

TEXT = (Path(__file__).parents[2] / "data/readme_tap.md").read_text("utf-8")


def untimed(output: str) -> list[list[str]]:
    """Return the words of an output, but for the times."""
    return [re.sub(r"^(\d+ +)[\d.]+ ", r"\1# ", line).split() for line in output.splitlines()]


def test_the_example_prints_what_the_readme_says() -> None:
    code, printed = re.findall(r"```(?:python)?\n(.*?)```", TEXT, re.DOTALL)
    assert len(code.splitlines()) <= 20
    said = StringIO()
    with redirect_stdout(said):
        exec(compile(code, "readme_tap.md", "exec"), {})
    assert untimed(said.getvalue()) == untimed(printed)
    assert "[DONE]" in printed


def test_the_table_is_what_the_tests_run() -> None:
    assert table() in TEXT
