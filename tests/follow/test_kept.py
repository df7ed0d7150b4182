"""What is kept in columns comes back as it was, and takes little memory."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.decode import NDJSONParser, SSEParser
from streamlab.dialects import Delta, answer
from streamlab.follow import Follower
from streamlab.follow.kept import Deltas, Events
from streamlab.tape import Recorder, Stamp

PARTS = [b"data: ", b"data:", b"data", b"x", "é".encode(), b"\xff", b"\n", b"\r", b"\r\n", b" "]
PARTS += [b"\n\n", b"data: abc\n\n", b"event: e\n", b"id: 7\n", b"retry: 9\n", b": c\n"]
PARTS += [b"\xef\xbb\xbf"]
bodies = st.lists(st.lists(st.sampled_from(PARTS), max_size=6).map(b"".join), max_size=12)

counts = st.none() | st.integers(-2, 2**64)
deltas = st.builds(
    Delta,
    st.sampled_from(["content", "reasoning", "usage", "finish", "tool_call"]),
    st.text() | st.just("\ud83d") | st.just("\ude00x"),
    counts,
    counts,
    st.none() | st.integers(0, 3),
    st.none() | st.text(max_size=3),
    st.none() | st.text(max_size=3),
    st.none() | st.just({"a": 1}),
)


@pytest.mark.parametrize("framer", [SSEParser, NDJSONParser])
def test_events_come_back_as_they_were(framer):
    @settings(max_examples=300, deadline=None)
    @given(bodies)
    def check(pieces):
        parser, events, found, body = framer(), Events(), [], bytearray()
        for piece in pieces:
            body += piece
            new = parser.feed(piece)
            found += new
            events.extend(new, body, parser.lines)
        events.extend([], body, parser.lines)
        assert list(events) == found
        assert events[:2] == found[:2]

    check()


@settings(max_examples=300, deadline=None)
@given(st.lists(deltas))
def test_deltas_come_back_as_they_were(rows):
    kept = Deltas()
    kept.extend(rows)

    assert list(kept) == rows
    assert kept.text.decode() is not None
    assert kept[1:3] == rows[1:3]


@settings(max_examples=300, deadline=None)
@given(st.lists(deltas))
def test_joined_texts_are_the_same_answer(rows):
    kept = Deltas()
    kept.extend(rows)

    assert answer(kept.joined(), None) == answer(rows, None)
    for kind in ("content", "usage", "refusal"):
        found = [row for row, delta in enumerate(rows) if delta.kind == kind]
        assert list(kept.of_kind(kind)) == found


def test_no_data_are_not_found_before_their_line():
    body = memoryview(b"data: \nx\n\n")
    parser, events = SSEParser(), Events()
    events.extend(parser.feed(bytes(body)), body, parser.lines)

    assert events.apart == {0: ""}


@pytest.mark.parametrize("index", [3, -4])
def test_there_is_no_more(index):
    kept = Deltas()
    kept.extend([Delta("content", "a")] * 3)

    assert kept[-1] == Delta("content", "a")
    with pytest.raises(IndexError):
        kept[index]


def named(kind, **more):
    return b"event: %b\ndata: %b\n\n" % (
        kind.encode(),
        json.dumps({"type": kind, **more}).encode(),
    )


def chat(**delta):
    return b"data: %b\n\n" % json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode()


def call(arguments):
    return chat(tool_calls=[{"index": 0, "function": {"arguments": arguments}}])


PIECE = " token"
BLOCK = {"index": 0, "delta": {"type": "text_delta", "text": PIECE}}
ARGUMENTS = {"index": 0, "delta": {"type": "input_json_delta", "partial_json": PIECE}}
MESSAGE = {"index": 0, "delta": {"message": {"content": {"text": PIECE}}}}
PART = {"output_index": 0, "delta": PIECE}
# One event of each kind that comes by the thousand, by its dialect.
FREQUENT = [
    ("openai_chat", chat(content=PIECE)),
    ("openai_chat", chat(reasoning_content=PIECE)),
    ("openai_chat", call(PIECE)),
    ("anthropic", named("content_block_delta", **BLOCK)),
    ("anthropic", named("content_block_delta", **ARGUMENTS)),
    ("openai_responses", named("response.output_text.delta", content_index=0, **PART)),
    ("openai_responses", named("response.function_call_arguments.delta", **PART)),
    ("lmstudio_native", named("message.delta", content=PIECE)),
    ("cohere", named("content-delta", **MESSAGE)),
]


def followed(dialect, event, n_events):
    """Return the follower of a stream whose events are each read as they come."""
    log = Recorder()
    log.meta["content_type"] = "text/event-stream"
    follower = Follower(log, dialect)
    for row in range(n_events):
        log.append(event, Stamp(row, row, "kernel", 1, row))
        log.deliver()
        follower.poll()
        follower.interpret()
    return follower


@pytest.mark.parametrize(("dialect", "event"), FREQUENT)
def test_a_stream_takes_at_most_200_bytes_an_event_beyond_its_body(dialect, event):
    """Recorder and follower, with every event read as it comes: lines, events and deltas."""
    n_events = 5_000
    tracemalloc.start()
    try:
        follower = followed(dialect, event, n_events)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(follower.deltas) == n_events
    assert {delta.text for delta in follower.deltas} == {PIECE}
    assert (held - n_events * len(event)) / n_events <= 200


@pytest.mark.parametrize(("dialect", "event"), [FREQUENT[2], FREQUENT[7]])
def test_a_long_text_costs_a_piece_no_more(dialect, event):
    """A text that is copied for each piece costs 8 times the pieces 64 times the time."""
    import time

    event = event.replace(PIECE.encode(), b"x" * 512)

    def took(n_events):
        began = time.process_time()
        follower = followed(dialect, event, n_events)
        assert answer(follower.deltas.joined(), follower.reader) is not None
        return time.process_time() - began

    assert min(took(8_000) / took(1_000) for _ in range(3)) < 20


def test_a_line_of_many_megabytes_is_linear():
    """Twice the reads of one line take about twice the time: the best of three counts."""
    import time

    def took(n_reads):
        log = Recorder()
        follower = Follower(log, "sse")
        began = time.process_time()
        for row in range(n_reads):
            log.append(b"x" * 4096, Stamp(row, row))
            follower.poll()
        return time.process_time() - began

    ratio = min(took(8_000) / took(2_000) for _ in range(3))
    assert ratio < 12  # four times the reads; a copy of the line in each read makes it 16


def test_more_than_a_hundred_ids_come_back():
    """A byte is enough for the kinds of most streams, and not for an id in each event."""
    log = Recorder()
    for number in range(300):
        log.append(b"id: %d\ndata: x\n\n" % number, Stamp(number, number))
    follower = Follower(log, "sse")
    follower.poll()

    assert [event.id for event in follower.events] == [str(number) for number in range(300)]
