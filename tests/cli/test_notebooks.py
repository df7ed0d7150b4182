"""``streamlab notebooks``: the user's copy, and JupyterLab on it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import nbformat
import pytest

from streamlab.cli import main, notebooks
from streamlab.errors import UsageError
from tests.cli.prompt import TIMEOUT_S, environment

CELLS = [
    {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Ünicode"},
    {
        "cell_type": "code",
        "id": "b",
        "metadata": {"tags": ["exercise"]},
        "source": [
            "a.predict(10)\n",
            'b.check("sync", rec[10])\n',
            "c.check(62, f(9))",
        ],
        "execution_count": 3,
        "outputs": [{"output_type": "execute_result", "data": {"text/plain": "2"}}],
    },
]
EXECUTED = {"cells": CELLS, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def package(tmp_path: Path, monkeypatch) -> Path:
    """A wheel's package with two notebooks, read-only as an installation may be."""
    folder = tmp_path / "site" / "streamlab" / "_notebooks"
    (folder / "data").mkdir(parents=True)
    (folder / ".ipynb_checkpoints").mkdir()
    for name in ("00_a.ipynb", "01_b.ipynb", "data/c.jsonl", ".ipynb_checkpoints/x.ipynb"):
        (folder / name).write_text(json.dumps(EXECUTED))
        (folder / name).chmod(0o444)
    monkeypatch.setattr(notebooks, "shipped", lambda: folder)
    return folder.parent


def test_the_copy_is_whole_and_writable(package, capsys):
    assert main(["notebooks", "mine", "--copy-only"]) == 0

    files = sorted(str(path) for path in Path("mine").rglob("*") if path.is_file())
    assert files == ["mine/00_a.ipynb", "mine/01_b.ipynb", "mine/data/c.jsonl"]
    assert all(os.stat(file).st_mode & 0o200 for file in files)
    assert capsys.readouterr().out == "3 copied to mine.\n"


def test_the_copy_has_no_outputs_no_counts_and_no_answers(package):
    assert main(["notebooks", "mine", "--copy-only"]) == 0
    copied = json.loads(Path("mine/00_a.ipynb").read_text("utf-8"))

    empty = {"outputs": [], "execution_count": None}
    dots = ["a.predict(...)\n", "b.check(..., rec[10])\n", "c.check(..., f(9))"]
    assert copied["cells"] == [CELLS[0], CELLS[1] | empty | {"source": dots}]
    assert json.loads(Path("mine/data/c.jsonl").read_text()) == EXECUTED


def test_the_shipped_lessons_lose_nothing_but_outputs_and_answers(tmp_path):
    for path in notebooks.shipped().glob("*.ipynb"):
        mine = nbformat.reads(notebooks.cleared(path).decode(), as_version=4)
        ours = nbformat.read(path, as_version=4)
        nbformat.validate(mine)
        pairs = [(a.source, b) for a, b in zip(mine.cells, ours.cells, strict=True)]
        asked = [
            ("..." in a, a, b.source) for a, b in pairs if "tags" in b.metadata and "(" in a
        ]
        assert all(a == b.source for a, b in pairs if "tags" not in b.metadata)
        assert all(has_dots and a.split("(")[0] == b.split("(")[0] for has_dots, a, b in asked)
        assert [cell.id for cell in mine.cells] == [cell.id for cell in ours.cells]
        assert not any(cell.get("outputs") for cell in mine.cells)


def test_what_the_user_changed_stays(package, capsys):
    Path("mine").mkdir()
    Path("mine/00_a.ipynb").write_text("my own")

    assert main(["notebooks", "mine", "--copy-only"]) == 0
    assert Path("mine/00_a.ipynb").read_text() == "my own"
    assert capsys.readouterr().out == "2 copied to mine, 1 left as it was.\n"


def test_an_option_for_jupyterlab_is_no_folder(package, monkeypatch, here):
    given = []
    monkeypatch.setattr(notebooks, "_jupyter", lambda *asked: given.append(asked) or 0)

    assert main(["notebooks", "--", "--port", "9000"]) == 0
    assert given == [(Path("streamlab-notebooks"), False, ["--port", "9000"])]
    assert not (here / "--port").exists()


def test_a_wheel_has_them_inside_and_a_checkout_beside_the_package(tmp_path):
    package = tmp_path / "streamlab"
    for folder in (tmp_path / "notebooks", package / "_notebooks"):
        folder.mkdir(parents=True)
        (folder / "a.ipynb").touch()
        assert notebooks.shipped(package) == folder


def test_this_checkout_has_the_first_stream():
    assert (notebooks.shipped() / "00_first_stream.ipynb").is_file()


def test_an_installation_without_them_says_so(tmp_path):
    with pytest.raises(UsageError, match=r"\Athis installation of streamlab came without its "):
        notebooks.shipped(tmp_path / "streamlab")


def test_without_jupyterlab_it_says_what_to_install(package, monkeypatch, capsys, here):
    monkeypatch.setattr(notebooks, "find_spec", lambda name: None)

    assert main(["notebooks", "mine"]) == 2
    assert capsys.readouterr().err == (
        "streamlab: the notebooks need JupyterLab, and it is not installed. "
        'Run: pip install "streamlab[notebooks]", or pass --copy-only.\n'
    )
    assert not (here / "mine").exists()


LAUNCH = """
import sys
from pathlib import Path
from streamlab.cli import main, notebooks
notebooks.shipped = lambda: Path(sys.argv[1])
sys.exit(main(["notebooks", "mine", "--no-browser", "--", "--allow-root"]))
"""


class Running(NamedTuple):
    process: subprocess.Popen[str]
    url: str  # with its token


@contextmanager
def jupyterlab(source: Path, here: Path) -> Iterator[Running]:
    """Yield the JupyterLab that the command has started."""
    command = [sys.executable, "-c", LAUNCH, str(source)]
    folders = {"JUPYTER_CONFIG_DIR": str(here / "c"), "JUPYTER_RUNTIME_DIR": str(here / "r")}
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        command, cwd=here, env=environment(**folders), start_new_session=True, **streams
    ) as process:
        try:
            said = ""
            while not (found := re.search(r"http://\S+/lab\?token=\w+", said)):
                line = process.stderr.readline()
                assert line, said
                said += line
            yield Running(process, found[0])
        finally:
            with suppress(ProcessLookupError):  # nothing of it is left
                os.killpg(process.pid, signal.SIGKILL)


def test_jupyterlab_opens_on_the_copy_and_ends_with_the_command(package, here):
    with jupyterlab(package / "_notebooks", here) as (process, url):
        contents = url.replace("/lab?", "/api/contents?").replace("localhost", "127.0.0.1")
        with httpx.Client(
            transport=httpx.HTTPTransport(retries=5), trust_env=False, timeout=TIMEOUT_S
        ) as client:
            listing = client.get(contents).json()
        assert {"00_a.ipynb", "01_b.ipynb"} <= {entry["name"] for entry in listing["content"]}

        process.terminate()
        process.communicate(timeout=TIMEOUT_S)

        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
