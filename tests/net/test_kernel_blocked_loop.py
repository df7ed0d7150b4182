"""An event loop that is blocked at times: `seen` is late, `arrived` is not."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

import streamlab as sl
from streamlab.net import kernel
from tests.net.sends import Lab, by_read, check_counts, duplicates, off_ms

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernel stamps are Linux's")

BLOCK_S = 0.020
EVERY_S = 0.100


async def blocks(middle_s: float) -> None:
    """Block the loop for 20 ms every 100 ms, the middle of the first block at `middle_s`."""
    begins_s = middle_s - BLOCK_S / 2
    while True:
        await asyncio.sleep(max(begins_s - time.perf_counter(), 0))
        time.sleep(BLOCK_S)  # the subject: a loop that is blocked
        begins_s += EVERY_S


def blocked(endpoint: sl.Endpoint, n_events: int, step_ms: int) -> sl.Recording:
    """Record on a loop that is blocked around 300, 400, 500 … ms after the first event."""

    async def main() -> sl.Recording:
        seen_s: list[float] = []
        async with sl.stream(endpoint, n_events=n_events, step_ms=step_ms) as s:
            async for _ in s.aiter_events():
                seen_s.append(time.perf_counter())
                if len(seen_s) == 4:  # the promptest tells the beat: any one may be late
                    beat_s = min(t_s - n * step_ms / 1e3 for n, t_s in enumerate(seen_s))
                    blocking = asyncio.create_task(blocks(beat_s + 3 * EVERY_S))
        blocking.cancel()
        return s.recording

    return asyncio.run(main())


def check_that_only_seen_suffers(rec: sl.Recording) -> None:
    """Against the lab's own gaps; every second event falls into the middle of a block."""
    assert off_ms(rec, "seen_ns").abs().median() > 4
    assert off_ms(rec, "arrived_ns").abs().quantile(0.75) < 1


def test_a_blocked_loop_spoils_what_is_seen_and_not_what_arrived(lab: Lab) -> None:
    rec = blocked(lab.endpoint("steady"), n_events=24, step_ms=50)

    assert set(rec.reads["stamp"]) == {"kernel"}
    check_that_only_seen_suffers(rec)


def test_by_the_users_clock_it_spoils_both(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the kernel the same check fails."""
    monkeypatch.setattr(kernel, "available", lambda: False)

    rec = blocked(lab.endpoint("steady"), n_events=24, step_ms=50)

    assert set(rec.reads["stamp"]) == {"user"}
    with pytest.raises(AssertionError):
        check_that_only_seen_suffers(rec)
    assert off_ms(rec, "arrived_ns").abs().median() > 4


def test_closer_events_are_merged_and_it_is_said(lab: Lab) -> None:
    """What the block hid stands in the counts, the bounds, the rows and the summary."""
    before = duplicates()

    rec = blocked(lab.endpoint("steady"), n_events=200, step_ms=5)

    reads, events = by_read(rec, lab), rec.events
    merged = reads[reads["n_segments"].fillna(0) > 1]
    assert len(merged) >= 5
    assert merged["n_segments"].max() >= 3
    check_counts(reads, duplicates() - before)
    assert merged["t_lo_ms"].notna().all()
    assert (merged["t_lo_ms"] < merged["t_ms"]).all()
    assert events["coalesced"].sum() == len(events) - events["read"].nunique() > 10
    assert events.loc[events["coalesced"], "gap_ms"].isna().all()
