"""The tools' own wheels against our definitions, if an interpreter has the wheels.

``STREAMLAB_GUIDELLM_PYTHON`` and ``STREAMLAB_AIPERF_PYTHON`` name interpreters with these
packages: the dependencies of the packages conflict at times.
"""

import os
import sys
from math import nan

import pytest

from tests.benchmarks.lens_tools import PACKAGES, compared, has, is_near, main


@pytest.mark.parametrize("tool", PACKAGES)
def test_our_definition_gives_what_the_tool_itself_reports(tool):
    package = PACKAGES[tool]
    variable = f"STREAMLAB_{package.upper()}_PYTHON"
    python = os.environ.get(variable, sys.executable)
    if not has(package, python):
        pytest.skip(f"{package} is not installed; {variable} may name a Python that has it")

    rows = compared(tool, python)

    assert [row for row in rows if not is_near(row[0], row[2], row[3])] == []
    assert len(rows) > 5


def test_what_is_too_far_is_seen():
    assert is_near("ttft_ms", 500.0, 512.0)
    assert not is_near("ttft_ms", 500.0, 600.0)
    assert not is_near("ttft_ms", 500.0, nan)
    assert not is_near("n_itl", 9, 8)
    assert not is_near("tok_s", 13.0, 11.0)


def test_a_tool_that_is_not_there_is_named_and_is_no_success(capsys, monkeypatch):
    monkeypatch.setattr("tests.benchmarks.lens_tools.PACKAGES", {"No tool": "no_such_tool"})

    assert main([]) == 1
    assert capsys.readouterr().out == (
        f"No tool: not in {sys.executable}; pass no_such_tool=PYTHON of one that has it\n"
    )
