"""A completion recorded, sync and async, from the lab over real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pandas as pd
import pytest

import streamlab as sl
from streamlab.errors import UsageError
from streamlab.many import Lab
from tests.net.sends import log_of

TRANSCRIPT = Path(__file__).parents[1] / "data" / "streams" / "openai_chat_count_to_ten.sse"
PROMPT = "Count to 10, with a comma between each number and no newlines. E.g., 1, 2, 3, ..."

Record = Callable[..., sl.Recording]


def record_async(*args: object, **options: object) -> sl.Recording:
    return asyncio.run(sl.arecord(*args, **options))  # type: ignore[arg-type]


both = pytest.mark.parametrize(
    "record", [pytest.param(sl.record, id="sync"), pytest.param(record_async, id="async")]
)


@both
def test_the_users_own_request(record: Record, fast_lab: Lab) -> None:
    """gpt-4o-mini's transcript: 62 lines, numbered 0 to 61, the last one blank."""
    rec = record(fast_lab.endpoint("count-to-ten"), PROMPT, temperature=0)

    lines = rec.lines
    assert rec.body == TRANSCRIPT.read_bytes()
    assert list(lines["line"]) == list(range(62))
    assert lines["kind"].iloc[-1] == "blank"
    assert lines["t_ms"].notna().all()
    assert lines["t_ms"].is_monotonic_increasing
    assert rec.text == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    assert rec.complete
    assert rec.problem is None
    assert rec.meta["request"] == {
        "model": "count-to-ten",
        "messages": [{"role": "user", "content": PROMPT}],
        "temperature": 0,
        "stream": True,
    }


def test_the_blogs_own_view(fast_lab: Lab) -> None:
    """What httpx's ``iter_lines`` yields is what ``rec.lines`` holds, row by row."""
    endpoint = fast_lab.endpoint("count-to-ten")
    body = {
        "model": "count-to-ten",
        "messages": [{"role": "user", "content": PROMPT}],
        "temperature": 0,
        "stream": True,
    }
    url = f"{endpoint.url}/chat/completions"
    with httpx.Client() as client, client.stream("POST", url, json=body) as response:
        blog = list(enumerate(response.iter_lines()))

    rec = sl.record(endpoint, PROMPT, temperature=0)
    ours = [raw.rstrip(b"\n").decode() for raw in rec.lines["raw"]]

    assert len(blog) == 62
    assert blog[61] == (61, "")
    assert list(enumerate(ours)) == blog


@both
@pytest.mark.parametrize(
    "scenario", ["count-to-ten", "steady", "bursty", "stall", "slow-first-token", "long"]
)
def test_reads_join_to_the_bytes_sent(record: Record, scenario: str, fast_lab: Lab) -> None:
    """Every scenario: raw joins to the body, lines join to it, and the lab's log fits."""
    rec = record(fast_lab.endpoint(scenario), "hi", timeout=30)

    reads = rec.reads
    assert b"".join(reads["raw"]) == rec.body
    assert b"".join(rec.lines["raw"]) == rec.body
    assert rec.complete
    assert list(reads["end"])[-1] == len(rec.body)
    assert reads["server_sent_ns"].notna().all()
    assert (reads["server_sent_ns"] - 50_000 <= reads["arrived_ns"]).all()
    sends = rec.sends
    assert list(sends["end"])[-1] == len(rec.body)
    sent_ns = dict(zip(sends["end"], sends["sent_ns"], strict=True))
    whole = reads[reads["end"].isin(list(sent_ns))]
    assert list(whole["server_sent_ns"]) == [sent_ns[end] for end in whole["end"]]
    assert sends["due_ns"].notna().all()
    assert (reads["arrived_ns"] <= reads["seen_ns"]).all()
    assert (reads["seen_ns"] <= reads["delivered_ns"]).all()


@both
def test_phases_come_in_order(record: Record, fast_lab: Lab) -> None:
    rec = record(fast_lab.endpoint("steady"), "hi")

    marks = rec.tape.marks
    order = ["called", "pool", "connect", "connected", "request_sent", "first_read", "headers"]
    assert marks.keys() == {*order, "request_done"}
    assert [marks[name] for name in order] == sorted(marks[name] for name in order)
    assert marks["request_sent"] <= marks["request_done"] <= marks["headers"]
    assert list(rec.phases["phase"]) == ["client", "connect", "send", "wait", "headers", "body"]
    assert rec.tape.t0_ns == marks["request_sent"]


def test_two_hundred_at_once_lose_nothing(lab: Lab) -> None:
    endpoint = lab.endpoint("steady")

    async def gather() -> list[sl.Recording]:
        return await asyncio.gather(*[sl.arecord(endpoint, "hi") for _ in range(200)])

    recs = asyncio.run(gather())

    assert len({id(rec) for rec in recs}) == 200
    assert len({rec.body for rec in recs}) == 1
    assert all(rec.complete for rec in recs)
    assert {stamp for rec in recs for stamp in rec.reads["stamp"]} == {"kernel"}


def test_fifty_threads_lose_nothing(lab: Lab) -> None:
    endpoint, recs = lab.endpoint("steady"), []

    def work() -> None:
        recs.append(sl.record(endpoint, "hi"))

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(recs) == 50
    assert len({rec.body for rec in recs}) == 1
    assert all(rec.complete for rec in recs)


@both
def test_a_journal_is_kept_beside(record: Record, fast_lab: Lab, tmp_path: Path) -> None:
    rec = record(fast_lab.endpoint("bursty"), "hi", save=tmp_path / "a.jsonl")

    again = sl.load(tmp_path / "a.jsonl")

    assert again.tape == rec.tape
    assert again.tape.server_sent_ns == rec.tape.server_sent_ns


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_saved_and_loaded_it_is_the_same(name: str, fast_lab: Lab, tmp_path: Path) -> None:
    rec = sl.record(fast_lab.endpoint("bursty"), "hi")

    again = sl.load(rec.save(tmp_path / name))

    assert again.tape == rec.tape
    assert again.text == rec.text
    assert again.reads.equals(rec.reads)


@both
def test_max_bytes_ends_the_stream(record: Record, fast_lab: Lab) -> None:
    rec = record(fast_lab.endpoint("long"), "hi", max_bytes=1000)

    assert (len(rec.body), rec.end.how) == (1000, "limit")
    assert rec.end.detail == "max_bytes=1000 was reached"
    assert rec.problem is None


def test_a_client_of_ones_own_is_used_and_left_open(
    fast_lab: Lab,
) -> None:
    with httpx.Client(headers={"x-mine": "1"}) as client:
        one = sl.record(fast_lab.endpoint("steady"), "hi", client=client)
        two = sl.record(fast_lab.endpoint("steady"), "hi", client=client)
        assert not client.is_closed

    assert ["x-mine", "1"] in one.meta["request_headers"]
    assert one.body == two.body


def test_what_cannot_mean_anything_is_said_before_anything_is_sent() -> None:
    with pytest.raises(UsageError) as caught:
        sl.record("http://127.0.0.1:1", "hi")  # type: ignore[arg-type]

    assert str(caught.value) == (
        "the first argument says where to ask, and str came. Pass "
        'sl.openai("gpt-4o-mini"), sl.endpoint(url) or sl.serve().endpoint("steady").'
    )


def test_recorded_served_and_recorded_again_it_is_the_same(
    lab: Lab,
) -> None:
    """A write for each read, after the same gap; and its arrival, within 1 ms.

    A busy machine gets three tries.  There, too, no read ends within a write.
    """
    rec = sl.record(lab.endpoint("count-to-ten"), "hi", label="again")

    with sl.serve(rec) as second:
        for _ in range(3):
            again = sl.record(second.endpoint("again"), "hi")
            due = pd.DataFrame(log_of(again, second.url)["due"], columns=["end", "due_ns"])
            assert again.body == rec.body
            assert list(due["end"]) == list(rec.reads["end"])
            assert list(due["due_ns"].diff()[1:]) == list(rec.reads["arrived_ns"].diff()[1:])
            assert set(again.reads["end"]) <= set(due["end"])
            both_reads = again.reads.merge(rec.reads, on="end", suffixes=("", "_before"))
            apart_ms = (both_reads["gap_ms"] - both_reads["gap_ms_before"]).abs().median()
            if apart_ms < 1.0:
                break

    assert apart_ms < 1.0
