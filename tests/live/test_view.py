"""The widget, with a comm that only records its messages."""

import threading

import comm
import pytest

from streamlab.live.model import LiveModel
from streamlab.live.view import LiveView
from tests.live.growing import DONE, Growing, chat


class Notes(comm.DummyComm):
    """Keeps what would go to the browser."""

    sent: list

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.__dict__.setdefault("sent", []).append((msg_type, data or {}))


@pytest.fixture
def log():
    return Growing()


@pytest.fixture
def stops():
    return []


@pytest.fixture
def view(log, stops, monkeypatch):
    monkeypatch.setattr(comm, "create_comm", lambda *args, **kwargs: Notes(*args, **kwargs))
    view = LiveView([LiveModel(log, "openai_chat")], on_stop=lambda: stops.append(1))
    yield view
    view.close()


def messages(view):
    """Return the states sent: whole ones as a trait, deltas as messages."""
    out = []
    for kind, data in view.scope.comm.sent:
        if kind == "comm_msg" and data["method"] == "update" and "state" in data["state"]:
            out += data["state"]["state"]["streams"]
        if kind == "comm_msg" and data["method"] == "custom":
            out += data["content"]["streams"]
    return out


def click(view, **message):
    view.scope._handle_custom_msg(message, [])


def test_states_are_numbered_and_paced(log, view):
    for n in range(1000):
        log.read(2, chat(f"{n} "))
        view.feed.tick()
    states = messages(view)

    assert 30 <= len(states) <= 40  # two seconds
    assert [s["number"] for s in states] == sorted({s["number"] for s in states})
    assert {s["since"] for s in states[:5]} == {0, *[s["number"] for s in states[:4]]}


def test_a_late_front_end_begins_with_the_trait_and_asks(log, view):
    log.read(10, chat("one "))
    view.feed.tick()
    log.read(100, chat("two"))
    view.feed.tick()
    click(view, do="resync")
    log.clock.advance_ms(100)
    view.feed.tick()

    [state] = view.scope.state["streams"]
    assert state["text"] == [("content", "one ", 0, 0), ("content", "two", 1, 0)]
    assert messages(view)[-1]["since"] == 0


def test_stop_is_called_and_its_wait_is_shown(log, view, stops):
    clicked_ms = log.clock() / 1e6
    log.clock.advance_ms(40)
    click(view, do="stop", clicked_ms=clicked_ms)
    view.feed.tick()

    assert stops == [1]
    assert view.scope.state["streams"][0]["stop_waited_ms"] == 40.0


JUNK = [{}, {"do": "stop"}, {"do": "stop", "clicked_ms": "now"}, {"do": "rm"}, "stop", None, 3]


@pytest.mark.parametrize("message", JUNK, ids=repr)
def test_a_message_that_means_nothing_does_nothing(view, stops, message):
    view.scope._handle_custom_msg(message, [])

    assert stops == []


def test_without_a_way_to_stop_there_is_no_button(log):
    view = LiveView([LiveModel(log)])
    click(view, do="stop", clicked_ms=0)

    assert view.scope.stoppable is False
    assert view.feed.models[0].snapshot()["stop_waited_ms"] is None


def test_the_traits_hold_no_more_than_they_should(log, view):
    log.meta["url"] = "http://host/?key=sk-1"
    log.read(1, chat("x"))
    view.feed.tick()
    own = {name for name in view.scope.keys if not name.startswith("_")}

    assert own == {"layout", "state", "stoppable", "tabbable", "tooltip"}
    assert "sk-1" not in repr(view.scope.get_state())


def test_stopping_sends_the_last_state_whole(log, view):
    view.start()
    log.read(10, chat("all of it", finish="stop") + DONE)
    log.end("eof")
    [state] = view.stop()["streams"]

    assert state["text"] == [("content", "all of it", 0, 0)]
    assert view.scope.state["streams"][0]["state"] == "done"
    assert not any(thread.name == "streamlab-live" for thread in threading.enumerate())


def test_a_view_that_breaks_keeps_it_to_itself(log, view, monkeypatch):
    monkeypatch.setattr(view.feed, "tick", lambda: 1 / 0)
    view.start()
    view._thread.join(5)

    assert isinstance(view.failure, ZeroDivisionError)
