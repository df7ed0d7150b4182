"""The API reference builds without a warning, and has a page for each public name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import streamlab as sl

BUILD = Path(__file__).parents[1] / ".ci/reference.py"
PROVIDERS = ("anthropic", "cohere", "gemini", "lmstudio", "ollama", "openai")


def test_the_reference_builds_without_a_warning_and_has_every_public_name(
    tmp_path: Path,
) -> None:
    pytest.importorskip("pdoc", reason="pdoc is not installed: pip install -e '.[docs]'")

    done = subprocess.run(
        [sys.executable, "-W", "error", str(BUILD), str(tmp_path)],
        cwd=BUILD.parents[1],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    page = (tmp_path / "streamlab.html").read_text("utf-8")
    names = [*sl.__all__, *PROVIDERS]
    assert [name for name in names if f'<section id="{name}">' not in page] == []
