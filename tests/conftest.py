"""What all tests share: two labs, and an environment without keys."""

from __future__ import annotations

import os
import random
import warnings

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import streamlab as sl
from streamlab import plots
from streamlab.many import Lab

# Where Python keeps nothing of what it compiled, each child would compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may depend on a key of this machine, or spend money with it."""
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "CO_API_KEY",
        "COHERE_API_KEY",
        "OLLAMA_HOST",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab at true speed."""
    return sl.serve()


@pytest.fixture(scope="session")
def fast_lab() -> Lab:
    """The lab at twenty times the speed."""
    return sl.serve(speed=20)


@pytest.fixture
def without_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a page stand the texts of a picture, legible: a PNG hides them, and takes 0.1 s.

    All else is as it is: the artists are laid out and drawn, on no canvas.
    """

    def texts(figure: Figure) -> str:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph", UserWarning)  # as in `to_png`
            figure.draw_without_rendering()
        return "\n".join([plots.alt(figure), *(t.get_text() for t in figure.findobj(Text))])

    monkeypatch.setattr(plots, "to_html", texts)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run the files in a random order, and the tests of each; the same for a seed",
    )


COMPUTING = {"decode", "dialects", "faces", "follow", "formats", "metrics", "plots"}
"""Folders whose tests compute, and ask for no times: the lessons can run beside them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle if asked to, else compute first; run the browser's tests last.

    Once started, Playwright keeps a loop in this thread, in which ``asyncio.run`` fails.
    """
    items.sort(key=lambda item: not COMPUTING.intersection(item.path.parts))
    seed = config.getoption("shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)
        place = {item.path: n for n, item in enumerate(items)}  # of a file's last test
        items.sort(key=lambda item: place[item.path])
    items.sort(key=lambda item: "browser" in item.path.parts)
