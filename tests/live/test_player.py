"""The stepper: what it takes, what it notices, what is typed into it; and ``%%sse``."""

import json
import zlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

import streamlab as sl
from streamlab.errors import UnknownNameError, UsageError
from streamlab.live.player import as_typed, from_typed
from tests.live.growing import DONE, chat


def states(player):
    return json.loads(zlib.decompress(b64decode(player.packed)))


@given(st.lists(st.binary() | st.text().map(str.encode), min_size=1))
def test_what_is_shown_in_the_box_is_what_is_taken_from_it(reads):
    assert from_typed(as_typed(reads)) == reads


def test_a_box_holds_plain_text_as_it_is_and_else_python():
    pasted = 'data: {"content": "a\\n\\"é\\""}\n\n'

    assert as_typed([pasted.encode()]) == pasted
    assert from_typed(pasted) == [pasted.encode()]
    assert as_typed([b"caf\xc3", b"\xa9\r\n"]) == "[b'caf\\xc3', b'\\xa9\\r\\n']"
    assert from_typed("b'\\xc3'") == [b"\xc3"]


@pytest.mark.parametrize("text", ["[b'a', ", "b'", "[x]", "[" * 10_000, "[b'a', 7]"])
def test_python_that_is_no_list_of_bytes_is_refused(text):
    with pytest.raises(UsageError):
        from_typed(text)


@pytest.mark.parametrize(
    "raw", ["data: é\n\n", "data: é\n\n".encode(), bytearray(b"data: \xc3\xa9\n\n")]
)
def test_it_takes_text_and_bytes(raw):
    assert states(sl.stepper(raw))["bytes"].encode("latin-1") == b"data: \xc3\xa9\n\n"


def test_a_list_has_one_item_a_read():
    assert [end for end, *_ in states(sl.stepper(iter([b"data", b"", b": a\n"])))["reads"]] == [
        4,
        4,
        8,
    ]


@pytest.mark.parametrize(
    ("raw", "name"), [(7, "int"), ([b"a", 7.0], "float"), (None, "NoneType")]
)
def test_else_it_says_what_it_takes(raw, name):
    with pytest.raises(UsageError) as refused:
        sl.stepper(raw)

    assert str(refused.value) == (
        f"a stepper takes bytes, text or a list of bytes, one item a read, and got {name}. "
        'Pass b"data: …"; for a recording call rec.play().'
    )


def test_it_takes_no_endless_stream_and_no_unknown_dialect():
    with pytest.raises(
        UsageError, match=r"^a stepper takes at most 400,000 bytes and got 400,001"
    ):
        sl.stepper(b"x" * 400_001)
    with pytest.raises(UnknownNameError):
        sl.stepper(b"data: a\n\n", dialect="smoke")


def test_typing_changes_the_states():
    player = sl.stepper(b"data: a\n\n")
    player._hear(None, {"do": "type", "text": "[b'data: caf\\xc3', b'\\xa9\\n\\n']"}, None)

    assert states(player)["events"] == [[1, "message", "café"]]
    assert [end for end, *_ in states(player)["reads"]] == [10, 13]

    player._hear(None, {"do": "type", "text": "x" * 400_001}, None)
    assert states(player)["events"] == [[1, "message", "café"]]


LOST = "no blank line follows: the event is not dispatched, its data is lost."
NOTICED = {
    "a wrong case": (
        b"Data: x\n\n",
        [
            (
                0,
                "'Data' is not 'data': names are compared letter by letter. Ignored.",
            )
        ],
    ),
    "a space before": (
        b" data: x\n\n",
        [
            (
                0,
                "' data' is not 'data': names are compared letter by letter. Ignored.",
            )
        ],
    ),
    "another field": (b"error: x\n\n", [(0, "'error' is no field. Ignored.")]),
    "no colon": (
        b"hello\n\n",
        [(0, "'hello' is no field and has no colon. Ignored.")],
    ),
    "words for a time": (
        b"retry: soon\n\n",
        [(0, "retry cannot be 'soon'. Ignored.")],
    ),
    "a NUL": (b"id: \0\n\n", [(0, "id cannot be '␀'. Ignored.")]),
    "no data": (
        b"event: x\n\n",
        [(0, "no line of data follows: an event without data is not dispatched.")],
    ),
    "no blank line": (
        b"data: x\n",
        [(0, LOST)],
    ),
    "no end": (
        b"data: x\ndata: y",
        [(1, LOST)],
    ),
    "no JSON": (
        b'data: {"a": \n\n',
        [(1, "the data of this event begins like JSON and is not JSON.")],
    ),
    "no UTF-8": (
        b"data: \xff\n\n",
        [(0, "some bytes are not UTF-8, or the server sent a �.")],
    ),
    "only comments": (b": x\n\n", []),
    "a time alone": (b"retry: 10\n\n", []),
    "a late mark": (
        b"data: x\n\n\xef\xbb\xbfdata: y\n\n",
        [
            (
                2,
                "'\\ufeffdata' is not 'data': names are compared letter by letter. Ignored.",
            )
        ],
    ),
    "an error inside": (
        chat("a") + b'data: {"error": {"message": "too hot"}}\n\n',
        [(-1, "the server sent an error in its stream: too hot.")],
    ),
    "nothing wrong": (chat("a", finish="stop") + DONE, []),
    "nothing": (b"", []),
    "[DONE]": (b"data: [DONE]\n\n", []),
}


@pytest.mark.parametrize(("raw", "found"), NOTICED.values(), ids=NOTICED)
def test_what_is_not_what_it_seems_is_noticed(raw, found):
    assert states(sl.stepper(raw))["notices"] == [list(each) for each in found]


def test_of_many_notices_the_first_are_shown():
    assert len(states(sl.stepper(b"x: 1\n" * 500))["notices"]) == 20


def test_without_a_browser_there_is_a_face():
    player = sl.stepper(b"data: <b>\n\nData: x\n\n")
    bundle, _ = player._repr_mimebundle_()

    assert bundle["text/plain"] == (
        "stepper: 20 bytes, 4 lines, 1 event.\n"
        "line 2: 'Data' is not 'data': names are compared letter by letter. Ignored."
    )
    assert "application/vnd.jupyter.widget-view+json" in bundle


@pytest.fixture
def shell():
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "streamlab")
    yield shell
    shell.history_manager.end_session() if shell.history_manager else None


def test_a_cell_of_raw_events_opens_in_the_stepper(shell):
    player = shell.run_cell_magic("sse", "", "data: a\n\ndata: b\n")

    assert states(player)["events"] == [[1, "message", "a"]]
    assert repr(player).endswith("its data is lost.")


def test_a_cell_can_name_its_dialect(shell):
    player = shell.run_cell_magic("sse", "openai_chat", chat("Hello").decode())

    assert states(player)["texts"] == [[1, "Hello"]]
