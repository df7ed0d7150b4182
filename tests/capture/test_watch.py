"""Streams in the background: several beside each other, all stopped, none left."""

import threading
from pathlib import Path

import pytest

import streamlab as sl
from streamlab.capture import watch as watching
from streamlab.errors import UsageError
from streamlab.many import Lab
from streamlab.net.async_socket import AsyncSocketStream
from streamlab.net.sync_socket import SocketStream
from tests.waiting import until


def test_sync_and_async_run_beside_each_other(
    fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: dict[str, set[int]] = {"sync": set(), "async": set()}
    read, aread = SocketStream.read, AsyncSocketStream.read

    def noted(self, *args, **options):  # type: ignore[no-untyped-def]
        served["sync"].add(threading.get_ident())
        return read(self, *args, **options)

    async def anoted(self, *args, **options):  # type: ignore[no-untyped-def]
        served["async"].add(threading.get_ident())
        return await aread(self, *args, **options)

    monkeypatch.setattr(SocketStream, "read", noted)
    monkeypatch.setattr(AsyncSocketStream, "read", anoted)
    watch = sl.watch(fast_lab.endpoint("steady"), "hi", modes=("sync", "async"))
    first = watch.wait(20)
    here = threading.get_ident()

    assert [len(threads - {here}) for threads in served.values()] == [1, 1]
    assert served["sync"] & served["async"] == set()
    assert list(watch.recordings) == ["sync", "async"]
    assert first is watch.recording is watch.recordings["sync"]
    assert all(rec.complete for rec in watch.recordings.values())
    assert [rec.label for rec in watch.recordings.values()] == ["steady sync", "steady async"]
    assert len({rec.text for rec in watch.recordings.values()}) == 1


def test_one_stream_may_be_async(fast_lab: Lab) -> None:
    watch = sl.watch(fast_lab.endpoint("steady"), "hi", modes="async", label="mine")

    assert watch.wait(20).label == "mine"
    assert list(watch.recordings) == ["async"]


def test_endpoints_by_name_are_streams_by_name(fast_lab: Lab, tmp_path: Path) -> None:
    endpoints = {"a": fast_lab.endpoint("steady"), "b/c": fast_lab.endpoint("count-to-ten")}
    watch = sl.watch(endpoints, "hi", label="x", save=tmp_path / "two.jsonl")
    watch.wait(20)

    assert [rec.label for rec in watch.recordings.values()] == ["x a", "x b/c"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["two-a.jsonl", "two-b_c.jsonl"]
    assert sl.load(tmp_path / "two-a.jsonl").text == watch.recordings["a"].text


def test_endpoints_and_modes_are_all_pairs(fast_lab: Lab) -> None:
    endpoints = {"a": fast_lab.endpoint("steady"), "b": fast_lab.endpoint("steady")}
    watch = sl.watch(endpoints, "hi", modes=("async", "sync"))
    watch.wait(20)

    assert list(watch.recordings) == ["a async", "a sync", "b async", "b sync"]


def test_one_stop_ends_all(fast_lab: Lab) -> None:
    watch = sl.watch(fast_lab.endpoint("silence"), "hi", silence_s=600, modes=("sync", "async"))
    until(lambda: all(len(each.own.session.recorder) for each in watch._streams))
    watch.stop()
    watch.wait(10)

    ends = [(rec.end.how, rec.end.detail) for rec in watch.recordings.values()]
    assert ends == [("closed", "Stop was pressed")] * 2


def test_watches_are_listed_while_they_run_and_stopped_together(fast_lab: Lab) -> None:
    endpoint = fast_lab.endpoint("silence")
    running = [sl.watch(endpoint, "hi", silence_s=600) for _ in range(3)]
    assert sl.watches() == running
    assert sl.stop_all() == running
    for each in running:
        each.wait(10)

    assert sl.watches() == []
    assert sl.stop_all() == []


def test_a_cell_that_runs_again_stops_its_earlier_streams_only(
    fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, made = fast_lab.endpoint("silence"), []
    for cell, run in [
        ("one", "1"),
        ("two", "2"),
        ("one", "3"),
        ("one", "3"),
        ("", "4"),
        ("", "5"),
    ]:
        monkeypatch.setattr(watching, "execution", lambda cell=cell, run=run: (cell, run))
        made.append(sl.watch(endpoint, "hi", silence_s=600))
    made[0].wait(10)

    assert [each.done for each in made] == [True, False, False, False, False, False]
    sl.stop_all()
    for each in made:
        each.wait(10)


def test_speed_is_the_pace_of_the_lab(lab: Lab) -> None:
    rec = sl.watch(lab.endpoint("count-to-ten"), "hi", speed=20).wait(20)

    assert rec.meta["request"]["speed"] == 20
    assert rec.complete


MISUSE = {
    "no-endpoint": (lambda ep: sl.watch({}, "hi"), "there were 0 streams"),
    "no-mode": (lambda ep: sl.watch(ep, "hi", modes=()), "modes= is"),
    "a-mode-twice": (lambda ep: sl.watch(ep, "hi", modes=("sync", "sync")), "modes= is"),
    "another-mode": (lambda ep: sl.watch(ep, "hi", modes=("sync", "x")), "modes= is"),
    "no-list": (lambda ep: sl.watch(ep, "hi", modes=3), "3 came"),
    "a-client": (lambda ep: sl.watch({"a": ep, "b": ep}, client=object()), "without client="),
    "no-speed": (lambda ep: sl.watch(ep, "hi", speed=0), "speed= is a number above 0"),
    "a-word": (lambda ep: sl.watch(ep, "hi", speed="fast"), "'fast' came"),
    "no-lab": (
        lambda ep: sl.watch(sl.endpoint("https://h.example/v1"), "hi", speed=2),
        r"2 came for h\.example",
    ),
    "no-such-thing": (lambda ep: sl.watch({"a": "http://h/"}, "hi"), "says where to ask"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_is_refused_before_anything_is_sent(name: str, fast_lab: Lab) -> None:
    call, said = MISUSE[name]
    with pytest.raises(UsageError, match=said):
        call(fast_lab.endpoint("steady"))  # type: ignore[no-untyped-call]

    assert sl.watches() == []


def test_a_watch_in_a_cell_shows_its_frozen_view_again(lab: Lab) -> None:
    watch = sl.watch(lab.endpoint("steady"), "hi")
    running = watch._repr_mimebundle_()
    watch.wait(20)

    assert "reads so far" in running["text/plain"]
    assert watch._repr_mimebundle_()["text/plain"] == repr(watch)  # no notebook, no view


def test_where_no_thread_can_start_it_says_so_in_one_sentence(fast_lab, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(UsageError, match=r"^sl\.watch streams in a thread, and none can be"):
        sl.watch(fast_lab.endpoint("steady"), "Hi")
