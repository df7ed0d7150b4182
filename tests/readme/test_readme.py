"""The README shows real outputs, and the links of the documents work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme.blocks import README, blocks, outputs, without_times

TEXT = README.read_text("utf-8")
ROOT = README.parent
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "streamlab/**/*.md", "tests/benchmarks/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)


@pytest.fixture(scope="module")
def printed() -> list[str]:
    # On a busy machine a read may be merged, and the faces say so: then run them again.
    found = blocks(TEXT)
    shown = [without_times(block.shown or "") for block in found]
    for _ in range(3):
        printed = outputs(found)
        if [*map(without_times, printed)] == shown:
            break
    return printed


@pytest.mark.parametrize("number", range(len(blocks(TEXT))))
def test_a_block_prints_what_stands_below_it(number: int, printed: list[str]) -> None:
    """To the letter, but for the times."""
    shown = blocks(TEXT)[number].shown

    assert without_times(printed[number]) == without_times(shown or "")


def test_the_first_block_is_short() -> None:
    code = blocks(TEXT)[0].code

    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_no_block_is_longer_than_twenty_lines() -> None:
    assert [block.code for block in blocks(TEXT) if len(block.code.splitlines()) > 20] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_picture_and_file_that_a_document_links_to_is_there(document: Path) -> None:
    folder = (ROOT / document).parent
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / document).read_text("utf-8"))

    assert [target for target in targets if not (folder / target).exists()] == []


def test_every_file_that_the_page_of_the_package_names_is_there() -> None:
    """A path counts from the repository, from the package or from the tests."""
    page = (ROOT / "streamlab/README.md").read_text("utf-8")
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`", page))
    folders = (ROOT, ROOT / "streamlab", ROOT / "tests")

    assert named > {"tape/reads.py", "net/"}
    assert [n for n in sorted(named) if not any((f / n).exists() for f in folders)] == []


def test_the_readme_has_links() -> None:
    assert "](streamlab/README.md)" in TEXT


def test_the_two_commands_stand_first() -> None:
    demo = TEXT.index('pip install -e ".[notebooks]" && .venv/bin/streamlab demo')
    tests = TEXT.index('pip install -e ".[dev]" && .venv/bin/python -m pytest')

    assert demo < tests < TEXT.index("```python")
