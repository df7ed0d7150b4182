import copy
import pickle
import re
from html import unescape

import pandas as pd
import pytest

from streamlab.recording import Recording
from streamlab.testing import tape_from
from tests.live.growing import DONE, chat


@pytest.fixture
def lines():
    events = [chat(f"word {n}", logprobs=None, padding="x" * 200) for n in range(100)]
    return Recording(tape_from([(n, event) for n, event in enumerate([*events, DONE])])).lines


def shown(table):
    """Return the texts of the cells that are no numbers."""
    cells = re.findall(r"<td>(.*?)</td>", table._repr_html_(), re.DOTALL)
    return [unescape(cell) for cell in cells if cell.startswith("{")]


def test_a_notebook_shows_what_differs_between_lines(lines):
    said = shown(lines.head(8))

    assert [f'"word {n}"' in text for n, text in enumerate(said)] == [True] * 4
    assert len(set(said)) == 4
    assert all(len(text) <= 88 for text in said)


def test_a_selection_shows_it_too_and_a_long_table_its_ends(lines):
    chosen = lines[lines["kind"] == "data"][["line", "value"]]

    assert '"word 3"' in chosen._repr_html_()
    assert len(shown(chosen)) < 20
    assert "[DONE]" in chosen._repr_html_()


def test_the_cells_are_whole(lines):
    assert lines["value"][0].count("x") >= 200
    assert pd.DataFrame(lines).equals(lines)


def test_streamed_text_is_escaped():
    lines = Recording(tape_from([(1, b"data: <script>x</script>\n\n")])).lines

    assert "<script" not in lines._repr_html_()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_copy_is_shown_too(lines, copied):
    again = copied(lines)

    assert again.equals(lines)
    assert "⋯" in again._repr_html_()
