"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme.blocks import README, blocks, outputs, without_times

TEXT = README.read_text("utf-8")


@pytest.fixture(scope="module")
def printed() -> list[str]:
    return outputs(blocks(TEXT))


@pytest.mark.parametrize("number", range(len(blocks(TEXT))))
def test_a_block_prints_what_stands_below_it(number: int, printed: list[str]) -> None:
    """To the letter, but for the times."""
    shown = blocks(TEXT)[number].shown

    assert without_times(printed[number]) == without_times(shown or "")


def test_the_first_block_is_short() -> None:
    code = blocks(TEXT)[0].code

    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_every_picture_and_link_to_a_file_is_there() -> None:
    root = Path(README).parent
    targets = re.findall(r"\]\(([^)#:]+)\)", TEXT)

    assert targets
    assert [t for t in targets if not (root / t).exists()] == []


def test_the_two_commands_stand_first() -> None:
    demo = TEXT.index('pip install -e ".[notebooks]" && .venv/bin/streamlab demo')
    tests = TEXT.index('pip install -e ".[dev]" && .venv/bin/python -m pytest')

    assert demo < tests < TEXT.index("```python")
