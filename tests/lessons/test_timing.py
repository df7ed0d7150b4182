"""The judges of the lessons 03 to 05, against what the lab really sent to a real client."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import streamlab as sl
from streamlab.lessons import lesson
from streamlab.lessons.lesson_04 import causes

EX3, EX4, EX5 = (lesson(number) for number in ("03", "04", "05"))
ABSURD = [None, "", "many", -1, 1e300, float("nan"), True, [], {}, object(), print]
GAPS_MS = [0.0] * 219 + [36.7] * 74 + [199.6] * 7


async def beside_a_sleeper(endpoint, sleep_s, after_s=0.3, **fields):
    """Record on a loop that sleeps once."""
    asyncio.get_running_loop().call_later(after_s, time.sleep, sleep_s)
    return await sl.arecord(endpoint, **fields)


@pytest.fixture(scope="module")
def streams():
    """One stream of each cause, and an even one."""
    lab = sl.serve()
    usage = {"stream_options": {"include_usage": True}}
    with ThreadPoolExecutor() as pool:
        names = "even", "stall", "truncated", "bursty"
        scenarios = "steady", *names[1:]
        recs = pool.map(lambda name: sl.record(lab.endpoint(name), **usage), scenarios)
        made = dict(zip(names, recs, strict=True))
    made["asleep"] = asyncio.run(beside_a_sleeper(lab.endpoint("steady"), 0.5))
    return made


@pytest.fixture(scope="module")
def tens():
    """Four short requests in a row, and four at once."""
    ep = sl.serve().endpoint("steady")

    def ask(_):
        return sl.record(ep, n_events=3)

    with ThreadPoolExecutor(4) as pool:
        return [*map(ask, range(4))], [*pool.map(ask, range(4))]


@pytest.fixture(scope="module")
def stopped():
    watched = sl.watch(sl.serve().endpoint("steady"), live=False, n_events=2_000)
    while not len(watched.recorder):
        time.sleep(0.005)
    watched.stop()
    return watched.recording


@pytest.mark.parametrize("absurd", ABSURD, ids=repr)
def test_no_absurd_answer_is_right(streams, tens, absurd):
    rec, even = streams["asleep"], streams["even"]
    checks = [
        EX3.ten_in_a_row.check(absurd, tens[0]),
        EX3.delivery.check(absurd, rec),
        EX3.stopped.check(absurd),
        EX4.largest_lag.check(absurd, rec),
        EX4.silent.check(absurd, rec),
        EX4.hunt.check(absurd, streams),
        EX4.hunt.check(dict.fromkeys(streams, absurd), streams),
        EX5.mean_describes.check(absurd, [1.0, 1.0]),
        EX5.stalls.check(absurd, GAPS_MS),
        EX5.wait.check(absurd, streams["bursty"]),
        EX5.earliest.check(absurd, even),
        EX5.choose.check(absurd, even, streams["stall"]),
    ]
    assert not any(checks)
    assert all(check.said for check in checks)


def test_a_span_is_judged_by_the_learners_own_streams(tens):
    row, at_once = tens
    row_ms = (row[-1].end.t_ns - row[0].tape.t0_ns) / 1e6
    at_once_ms = EX3.ten_at_once.truth(at_once)

    assert EX3.ten_in_a_row.check(row_ms, row)
    assert EX3.ten_at_once.check(at_once_ms, at_once)
    assert "in s. Multiply by 1,000" in EX3.ten_in_a_row.check(row_ms / 1000, row).said
    assert "each waits for the one before" in EX3.ten_in_a_row.check(3 * row_ms, row).said
    each_ms = sum(EX3.ten_at_once.truth([rec]) for rec in at_once)
    assert "one after the other" in EX3.ten_at_once.check(each_ms, at_once).said


def test_a_delay_is_delivered_minus_arrived_in_ms(streams):
    reads = streams["even"].reads
    right = (reads["delivered_ns"] - reads["arrived_ns"]).median() / 1e6

    assert EX3.delivery.check(right, streams["even"])
    assert "in ns" in EX3.delivery.check(right * 1e6, streams["even"]).said
    seen = EX3.delivery.check(reads["lag_ms"].median(), streams["even"])
    assert "Your loop had the bytes later" in seen.said
    assert not EX3.delivery.check(reads["gap_ms"].median(), streams["even"])


def test_only_a_stream_that_was_stopped_is_stopped(streams, stopped):
    assert EX3.stopped.check(stopped)
    assert "ended by itself" in EX3.stopped.check(streams["even"]).said
    assert "ended by itself" in EX3.stopped.check(streams["truncated"]).said


def test_the_largest_lag_is_no_median_and_no_gap(streams):
    rec = streams["asleep"]
    lag_ms = rec.reads["lag_hi_ms"]

    assert EX4.largest_lag.check(lag_ms.max(), rec)
    assert "the median" in EX4.largest_lag.check(rec.reads["lag_ms"].median(), rec).said
    assert "two arrivals" in EX4.largest_lag.check(rec.reads["gap_ms"].max(), rec).said


def test_the_time_in_which_the_program_slept_is_no_silence_of_the_server(streams):
    rec = streams["asleep"]

    assert EX4.silent.check(rec.sends["gap_ms"].max(), rec)
    assert "it is no silence" in EX4.silent.check(rec.reads["gap_hi_ms"].max(), rec).said
    assert "in rec.sends" in EX4.silent.check(0, rec).said
    assert EX4.silent.check(streams["stall"].sends["gap_ms"].max(), streams["stall"])


def test_each_stream_has_its_cause(streams):
    found = {name: causes(rec) for name, rec in streams.items()}

    assert found["truncated"] == {"cut off"}
    assert "the server" in found["stall"]
    assert "the program" in found["asleep"]
    assert all(found.values())  # on a busy machine an even stream may have a wait too
    assert EX4.hunt.check(lambda rec: min(causes(rec)), streams)


def test_the_hunt_names_what_is_missing_unknown_or_wrong(streams):
    right = {name: min(causes(rec)) for name, rec in streams.items()}

    def said(**changes):
        return EX4.hunt.check(right | changes, streams).said

    assert EX4.hunt.check(right, streams)
    assert said(stall=...) == "no cause yet for stall."
    assert "'the moon' is none of the causes" in said(stall="the moon")
    assert said(truncated="in bursts").startswith("truncated is not 'in bursts': look at how")
    assert said(asleep="cut off").startswith("asleep is not 'cut off': its bytes queued")
    assert "the answer is a dict" in EX4.hunt.check([*right.values()], streams).said


def test_the_share_of_time_is_no_share_of_numbers():
    assert EX5.stalls.check(34, GAPS_MS)
    assert "multiply by 100" in EX5.stalls.check(0.34, GAPS_MS).said
    assert "*number* of gaps" in EX5.stalls.check(100 * 7 / 300, GAPS_MS).said
    assert EX5.mean_describes.check(0, GAPS_MS)
    assert not EX5.mean_describes.check(73, GAPS_MS)


def test_a_typical_wait_is_no_mean_over_tokens(streams):
    rec = streams["bursty"]
    mean_ms = rec.lens().loc["guidellm", "itl_mean_ms"]

    assert EX5.wait.check(rec.summary["icl_p50_ms"], rec)
    assert "most of them came with another" in EX5.wait.check(mean_ms, rec).said


def test_the_earliest_first_token_is_that_of_an_event_with_a_role(streams):
    rec = streams["even"]

    assert EX5.earliest.check("vLLM", rec)
    assert "which counts an event with only a role?" in EX5.earliest.check("AIPerf", rec).said
    assert "as in rec.lens().index" in EX5.earliest.check("wLLM", rec).said


@pytest.mark.parametrize("number", ["icl_max_ms", lambda rec: rec.reads["gap_ms"].max()])
def test_a_number_that_shows_the_stall_is_accepted(streams, number):
    assert EX5.choose.check(number, streams["even"], streams["stall"])


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("icl_p50_ms", "does not show it"),
        ("icl_p99_ms", "is a number, and nan came"),
        ("icl_p51_ms", "the answer is a metric"),
        ("how", "is a number, and 'eof' came"),
        (lambda rec: 1 / 0, "ZeroDivisionError"),
        (lambda rec: None, "is a number, and nothing came"),
        (lambda rec: 0, "does not show it"),
    ],
)
def test_a_number_that_does_not_is_not(streams, number, why):
    verdict = EX5.choose.check(number, streams["even"], streams["stall"])

    assert not verdict
    assert why in verdict.said
