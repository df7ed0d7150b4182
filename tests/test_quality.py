"""Style, types and docstrings: the test command checks them, so every contributor does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command):
    """Run a tool of this Python's; return what it says, and nothing if it is content."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing():
    assert run("ruff", "check", "--quiet", ".") == ""


def test_the_code_is_formatted():
    assert run("ruff", "format", "--check", "--quiet", ".") == ""


def test_the_types_are_right():
    assert run("mypy") == ""


OURS = ("streamlab", "tests", "notebooks", ".github", ".ci")
NOT_TEXT = {".png", ".parquet", ".gz", ".br", ".zst", ".pyc", ".ico", ".woff2"}

A_MACHINES_PATH = re.compile(
    r"(?<![\w.:/~>*-])/(?:home|Users|root|work|tmp|var/folders|mnt)/\w|\b[A-Z]:\\{1,2}Users\\"
)


def texts():
    """Return every text file of the repository, generated ones left out."""
    inside = [path for folder in OURS for path in (ROOT / folder).rglob("*")]
    top = [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    return [
        path
        for path in sorted([*inside, *top])
        if path.is_file() and path.suffix not in NOT_TEXT and "__pycache__" not in path.parts
    ]


def test_nothing_mentions_a_path_of_one_machine():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in texts()
        if path != Path(__file__)
        for match in A_MACHINES_PATH.finditer(path.read_text("utf-8", "replace"))
    ]

    assert found == []


PATHS = ["'/home/ada/x'", '"/Users/ada/x.py"', "/root/x", r"C:\Users\ada", "(/tmp/x)"]
NO_PATHS = ["http://host/home/x", "/v1/chat", "tests/tmp/x", "~/work/x", "/workers/x"]


@pytest.mark.parametrize("line", PATHS)
def test_such_a_path_is_seen(line):
    assert A_MACHINES_PATH.search(line)


@pytest.mark.parametrize("line", NO_PATHS)
def test_other_paths_are_not(line):
    assert not A_MACHINES_PATH.search(line)


VAGUE = re.compile(r"\b(nobody|somebody|whoever|anybody)\b", re.IGNORECASE)


def test_sentences_name_their_subject():
    """Readers whose first language is not English stumble over "whoever asks"."""
    package = ROOT / "streamlab"
    files = [*package.rglob("*.py"), *package.rglob("*.md"), ROOT / "README.md"]
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        for match in VAGUE.finditer(path.read_text("utf-8"))
    ]

    assert found == []
