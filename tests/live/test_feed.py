from itertools import pairwise

import pytest

from streamlab.live.feed import Feed
from streamlab.live.model import LiveModel
from tests.live.growing import Growing, chat


class Front:
    """A front end by hand: applies what it gets as the browser does."""

    def __init__(self):
        self.got = []
        self.number, self.text = 0, ""
        self.missed = 0

    def __call__(self, view):
        [state] = view["streams"]
        self.got.append(state)
        text = "".join(piece[1] for piece in state["text"])
        if state["since"] == 0:
            self.number, self.text = state["number"], text
        elif state["since"] == self.number:
            self.number, self.text = state["number"], self.text + text
        else:
            self.missed += 1


@pytest.fixture
def log():
    return Growing()


@pytest.fixture
def front():
    return Front()


@pytest.fixture
def feed(log, front):
    return Feed([LiveModel(log, "openai_chat")], front, front)


def stream(log, feed, n, every_ms=2):
    for word in range(n):
        log.read(every_ms, chat(f"{word} ", finish="stop" if word == n - 1 else None))
        feed.tick()


def test_there_are_never_more_than_twenty_messages_in_a_second(log, feed, front):
    stream(log, feed, 3000)
    feed.finish()
    times_ms = [state["sent_ms"] for state in front.got]
    busiest = max(sum(start <= t < start + 1000 for t in times_ms) for start in times_ms)

    assert 15 <= busiest <= 20


def test_a_tick_without_news_sends_nothing(log, feed, front):
    stream(log, feed, 1)
    log.clock.advance_ms(400)

    assert not feed.tick()
    assert len(front.got) == 1


def test_while_a_stream_stalls_its_heart_beats_twice_a_second(log, feed, front):
    stream(log, feed, 1)
    for _ in range(50):
        log.clock.advance_ms(100)
        feed.tick()

    assert [state["since"] for state in front.got] == [0, *[1, 0] * 5]
    assert {state["number"] for state in front.got} == {1}
    assert all(b["sent_ms"] - a["sent_ms"] <= 600 for a, b in pairwise(front.got))


def test_states_of_several_streams_go_out_together(log):
    got, other = [], Growing()
    models = [
        LiveModel(each, "openai_chat", name=name) for each, name in ((log, "a"), (other, "b"))
    ]
    feed = Feed(models, got.append, got.append)
    feed.tick()
    other.read(10, chat("x"))
    log.clock.advance_ms(60)
    feed.tick()

    assert [[state["since"] for state in view["streams"]] for view in got] == [[0, 0], [1, 1]]
    assert [state["name"] for state in got[1]["streams"]] == ["a", "b"]
    assert [state["text"] for state in got[1]["streams"]] == [[], [("content", "x", 0, 0)]]


def test_after_the_end_nothing_more_is_sent(log, feed, front):
    stream(log, feed, 1)
    log.end("eof")
    for _ in range(50):
        log.clock.advance_ms(100)
        feed.tick()

    assert [state["state"] for state in front.got] == ["streaming", "done"]


def test_messages_are_numbered_and_each_continues_the_one_before(log, feed, front):
    stream(log, feed, 1000)
    feed.finish()

    assert front.missed == 0
    assert front.text == "".join(f"{n} " for n in range(1000))
    for before, after in pairwise(front.got):
        assert after["since"] in (0, before["number"])


def test_a_whole_state_goes_out_each_second(log, feed, front):
    stream(log, feed, 2500)
    wholes_ms = [state["sent_ms"] for state in front.got if state["since"] == 0]

    assert len(wholes_ms) == 5
    assert all(b - a < 1100 for a, b in pairwise(wholes_ms))


def test_after_a_question_the_next_message_is_a_whole_state(log, feed, front):
    stream(log, feed, 40)
    late = Front()
    feed._send_whole = feed._send_delta = late
    feed.resync()
    log.clock.advance_ms(60)
    feed.tick()

    assert late.missed == 0
    assert late.text.startswith("0 1 2 ")


def test_after_a_lost_message_a_front_end_is_right_within_a_second(log, feed, front):
    stream(log, feed, 100)
    front.number = -1  # as if the last one had been lost
    stream(log, feed, 600)

    assert front.missed > 0
    assert front.number == feed.models[0].number or front.got[-1]["number"] == front.number


def test_the_last_state_is_whole(log, feed, front):
    stream(log, feed, 10)
    log.end("eof")
    [state] = feed.finish()["streams"]

    assert state is front.got[-1]
    assert (state["since"], state["state"]) == (0, "done")
