"""All states of the player, looked up as the browser does, compared with our decoder."""

import json
import shutil
import subprocess
from array import array
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamlab.decode import NDJSONParser, SSEParser
from streamlab.faces import steps
from streamlab.live.player import stepper
from streamlab.metrics import Tables
from streamlab.tape import End, tape_of
from tests.faces.test_frozen import tables
from tests.live.growing import DONE, chat

DATA = Path(__file__).parents[1] / "data"
STREAMS = sorted((DATA / "streams").glob("*.[sn]*"))
CAFE = [b"data: bonjour\r\n\r\n", b"id: 7\r\nevent: word\r\ndata: caf\xc3", b"\xa9\r\n\r\n"]
ODD = (
    b"\xef\xbb\xbfdata: a\r\ndata\r: note\rretry: 10\nretry: x\nid: 1\n\nData: b\n\n"
    b"event: e\n\n"
    b"data:  \xff\xe2\x82\n\ndata: \xf0\x9f\x98\x80\xe2\x82\xac\n\nid: \0\ndata: lost"
)
LOOK_UP = """
import { indexed, stateAt, timeline, unpacked } from "MODULE";
import { createInterface } from "node:readline";
for await (const packed of createInterface({ input: process.stdin })) {
    const s = indexed(await unpacked(packed)), clock = timeline(s);
    const states = Array.from({ length: s.size + 1 }, (_, p) => stateAt(s, p));
    const there = states.map(({ p }) => clock.position(clock.time(p)));
    console.log(JSON.stringify({ states, stops: s.stops, there }));
}
"""


@pytest.fixture(scope="session")
def look_up(tmp_path_factory):
    """Return a function that lets the player's own module look all states up, in node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    module = Path(steps.__file__).with_name("player.mjs")
    script = tmp_path_factory.mktemp("node") / "look_up.mjs"
    script.write_text(LOOK_UP.replace("MODULE", module.as_uri()))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([node, script], **pipes) as running:

        def states(packed):
            running.stdin.write(packed + "\n")
            running.stdin.flush()
            return json.loads(running.stdout.readline())

        yield states
        running.stdin.close()


def unpacked(player):
    return json.loads(steps.zlib.decompress(b64decode(player.packed)))


def by_byte(parser, body):
    """Yield what a parser holds after each byte: lines, events, registers."""
    events = 0
    for at in range(len(body) + 1):
        events += len(parser.feed(body[at - 1 : at])) if at else 0
        held = parser.registers if isinstance(parser, SSEParser) else ((), "", "", None)
        data = "".join(f"{text}\n" for text in held[0])
        yield len(parser.lines), events, [data, *held[1:]]


def compare(found, parser, body):
    for state, (lines, events, registers) in zip(
        found["states"], by_byte(parser, body), strict=True
    ):
        held = state["registers"]
        assert (state["line"], state["event"]) == (lines, events), state
        shown = [held["data"], held["event"], held["id"], held["retry"]]
        assert shown == [
            r if isinstance(r, (int, type(None))) else steps._end(r) for r in registers
        ]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.name)
def test_of_each_provider_the_player_holds_what_our_decoder_holds(path, look_up):
    body = path.read_bytes()[:30_000]
    parser = NDJSONParser() if body.startswith(b"{") else SSEParser()

    compare(look_up(stepper(body).packed), parser, body)


@pytest.mark.parametrize("body", [ODD, b"".join(CAFE), b"\r", b"\n\r\n", b"\xef\xbb", b"data"])
def test_of_odd_streams_too(body, look_up):
    compare(look_up(stepper(body).packed), SSEParser(), body)


def test_typed_streams_need_no_bytes(look_up):
    assert [state["rule"] for state in look_up(stepper(b"").packed)["states"]] == ["start"]


PIECES = [b"data", b"event", b"id", b"retry", b": ", b":", b" ", b"\r", b"\n", b"\r\n", b"\n\n"]
PIECES += [b"x", b"7", b"\xc3", b"\xa9", b"\xef\xbb\xbf", b"\0", b"{"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join))
@example(ODD)
def test_registers_change_at_line_ends_only(body):
    """The player's table is made line by line; a parser fed byte by byte changes no more."""
    changes, before, parser = [], SSEParser().registers, SSEParser()
    for at in range(len(body)):
        parser.feed(body[at : at + 1])
        if parser.registers != before:
            before = parser.registers
            kind, last_id, retry = before[1:]
            changes.append([len(parser.lines), *map(steps._end, (kind, last_id)), retry])

    assert [[row[0], *row[2:]] for row in steps._registers(body)] == changes


RULES = [
    (b"data: a", "space", 6),
    (b"data: ab", "value", 7),
    (b"data: a", "name", 4),
    (b"data: a", "colon", 5),
    (b"data\n", "name", 4),
    (b"data\n\n", "data", 5),
    (b"data: a\n\n", "dispatch", 9),
    (b"event: a\n\n", "empty", 10),
    (b"event: a\n\n", "event", 9),
    (b"id: a\n\n", "id", 6),
    (b"retry: 1\n\n", "retry", 9),
    (b"retry: a\n\n", "other", 9),
    (b": hi\n\n", "comment", 5),
    (b": hi\n\n", "value", 3),
    (b"data: a\r\n\r\n", "crlf", 9),
    (b"data: a\r\n\r\n", "data", 8),
    (b"data: a\r\n\r\n", "crlf", 11),
    (b"data: \xc3\xa9\n\n", "utf8", 7),
    (b"data: \xc3\xa9\n\n", "value", 8),
    (b"data: \xc3(\n\n", "invalid", 7),
    (b"\xef\xbb\xbfdata: a\n\n", "bom", 1),
    (b"\xef\xbb\xbfdata: a\n\n", "bom", 3),
    (b"\xef\xbb\xbfdata: a\n\n", "name", 4),
    (b"data: a\n", "end", 8),
    (b'{"a": 1}\n', "json", 9),
    (b'{"a": 1}\n', "injson", 5),
]


@pytest.mark.parametrize(("body", "rule", "after"), RULES)
def test_each_byte_has_the_rule_of_the_standard_that_applies(body, rule, after, look_up):
    assert look_up(stepper(body).packed)["states"][after]["rule"] == rule


def test_every_rule_has_words_and_a_place():
    rules = unpacked(stepper(b""))["rules"]

    assert {rule for _, rule, _ in RULES} <= rules.keys()
    assert all(set(r) == {"glyph", "title", "quote", "where", "ours"} for r in rules.values())
    assert rules["data"]["where"] == "HTML Standard, 9.2.6 Interpreting an event stream"


def test_chunks_that_were_noted_are_framed_again(look_up):
    ends = [17, 17 + 30, 17 + 30 + 5]
    reads = [(331.2, CAFE[0]), (22.2, CAFE[1]), (21.7, CAFE[2])]
    made = tables(*reads, dialect="sse")
    made = Tables(replace(made.tape, chunk_ends=array("q", ends)), "sse", "café")
    data = steps.steps(made)

    assert data["bytes"].encode("latin-1") == (
        b"11\r\n"
        + CAFE[0]
        + b"\r\n"
        + b"1e\r\n"
        + CAFE[1]
        + b"\r\n"
        + b"5\r\n"
        + CAFE[2]
        + b"\r\n"
    )
    assert [end for end, _, _ in data["reads"]] == [23, 59, 69]
    found = look_up(steps.packed(made))
    assert found["stops"]["read"] == [23, 59, 69]
    assert found["states"][2]["rule"] == "chunk"
    assert found["there"] == pytest.approx(range(70), abs=1e-6)


def test_a_chunk_that_never_came_whole_has_no_end():
    made = tables((1, b"data: a\n\n"), dialect="sse")
    made = Tables(replace(made.tape, chunk_ends=array("q", [4, 40])), "sse")

    assert steps.steps(made)["bytes"] == "4\r\ndata\r\n24\r\n: a\n\n"


def test_the_wires_own_framing_is_shown_as_it_came():
    wire = b"4;x=1\r\ndata\r\n004\r\n: a\n\r\n1\r\n\n\r\n0\r\n\r\n"
    player = stepper(wire, chunked=True)
    data = unpacked(player)

    assert data["bytes"].encode("latin-1") == wire
    assert bytes(player.tables.tape.body) == b"data: a\n\n"
    assert data["notices"] == []


def test_framing_that_is_none_is_noticed():
    player = stepper(b"4\r\ndataXX", chunked=True)

    assert unpacked(player)["notices"][-1] == [
        -1,
        "malformed chunk footer: b'X' (expected b'\\r\\n').",
    ]


def test_a_compressed_body_is_shown_decoded():
    packed, plain = steps.zlib.compressobj(wbits=31), b"data: one\n\ndata: two\n\n"
    first = packed.compress(plain[:11]) + packed.flush(steps.zlib.Z_SYNC_FLUSH)
    second = packed.compress(plain[11:]) + packed.flush()
    made = tables((1, first), (1, second), dialect="sse")
    meta = {**made.tape.meta, "content_encoding": "gzip"}
    tape = replace(made.tape, meta=meta, chunk_ends=array("q", [len(first)]))
    data = steps.steps(Tables(tape, "sse"))

    assert data["bytes"].encode() == plain
    assert [end for end, _, _ in data["reads"]] == [11, 22]
    assert data["frames"] == []  # the chunks cut the compressed bytes


def test_of_a_long_body_the_player_has_the_beginning():
    made = tables(*((1, b"data: %06d\n\n" % n) for n in range(40_000)), dialect="sse")
    data = steps.steps(made)

    assert len(data["bytes"]) == steps.MOST_BYTES
    assert data["more"] == 40_000 * 14 - steps.MOST_BYTES
    assert data["notices"] == []


def test_a_merged_read_has_bounds_and_no_moment():
    data = steps.steps(
        tables((10, b"data: a\n\n"), (30, b"data: b\n\n", "merged"), dialect="sse")
    )

    assert data["reads"] == [[9, 10.0, None], [18, 40.0, 10.0]]


def test_a_register_that_grows_is_shown_by_its_end():
    rows = list(steps._registers(b"data: 0123456789\n" * 100))

    assert max(len(row[1]) for row in rows) <= 301
    assert rows[-1][1].endswith("0123456789\n")


def test_hostile_text_is_harmless_in_what_is_shown():
    data = unpacked(stepper("data: \u202e\x9b31m\n\n".encode()))

    assert data["chars"] == [[6, 3, "\ufffd"], [9, 2, "\ufffd"]]
    assert "\u202e" not in json.dumps([data["events"], data["registers"]], ensure_ascii=False)


def test_a_tape_without_reads_has_states_too():
    data = steps.steps(Tables(tape_of([], End(0, "connect"))))

    assert (data["bytes"], data["reads"], data["framing"]) == ("", [], "")


def test_times_are_none_where_none_were_taken():
    assert unpacked(stepper([b"data: a", b"\n\n"]))["reads"] == [
        [7, None, None],
        [9, None, None],
    ]


def test_an_event_of_json_is_shown_with_its_delta():
    data = steps.steps(tables((1, chat("first")), (2, chat(" second")), (3, DONE)))

    shown = [said for _, _, said in data["events"]]
    assert '"content": " second"' in shown[1]
    assert shown[2] == "[DONE]"
    assert max(map(len, shown)) <= 64
