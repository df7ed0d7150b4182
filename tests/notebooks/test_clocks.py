"""The lessons 03, 04 and 05 run from top to bottom, in fresh kernels, offline.

What runs is the copy of a learner, without our guesses.  After the last cell a cell of the test answers the exercises as a learner does, wrong and right,
with what the learner has recorded.  A claim about times may fail on a busy machine: then its
cell must say so.
"""

import os
from tempfile import TemporaryDirectory
from time import monotonic

import nbformat
import pytest

from streamlab.cli.notebooks import cleared
from tests.notebooks.execute import FOLDER, execute
from tests.notebooks.running import said

MOST_S = 60
HALF_A_SCREEN = 25  # lines of text

SYNC_AND_ASYNC = """
reads = aio.reads
right_ms = (reads["delivered_ns"] - reads["arrived_ns"]).median() / 1e6
assert ex.delivery.check(right_ms, aio)
assert "in ns" in ex.delivery.check(right_ms * 1e6, aio).said
assert not ex.delivery.check(right_ms + 5, aio)
assert [len(each) for each in (row, loop, threads)] == [10, 10, 10]
assert ex.ten_in_a_row.predict(1000) and ex.ten_at_once.predict(1000)
assert "You said 1,000 ms" in ex.ten_in_a_row.reveal(row).figure.texts[0].get_text()
assert "You said 1,000 ms" in ex.ten_at_once.reveal(loop).figure.texts[0].get_text()
assert "each waits" in ex.ten_in_a_row.check(1, row).said
assert "ended by itself" in ex.stopped.check(watched.recording).said
again = sl.watch(ep, PROMPT, live=False, **long)
while len(again.recorder) < 3: time.sleep(0.01)
again.stop()
assert ex.stopped.check(again.recording)
assert [rec.text for rec in (sync, aio, busy)] == [sync.text] * 3 and sync.text
"""
WHOSE_STUTTER = """
assert {*rec.reads["stamp"]} == {"kernel"}
assert second.reads.loc[at, "arrival"] == "merged" and second.reads.loc[at, "n_segments"] > 20
assert better(second) == "the program" and recipe(second).endswith("the server")
assert second.reads["gap_hi_ms"].max() > 900
assert "must" not in str(ex.largest_lag.predict(7))
assert "You said 7 ms" in ex.largest_lag.reveal(rec).figure.texts[0].get_text()
assert ex.largest_lag.check(rec.reads["lag_hi_ms"].max(), rec)
assert "it is no silence" in ex.silent.check(1000, second).said
assert ex.silent.check(second.sends["gap_ms"].max(), second)
made = {"steady": "the program", "stall": "the server", "truncated": "cut off", "bursty": "in bursts"}
truth = {name: made[each.meta["model"]] for name, each in streams.items()}
wrong = {name: next(cause for cause in made.values() if cause != truth[name]) for name in truth}
assert ex.hunt.check(truth, streams), (truth, ex.hunt.check(truth, streams))
assert not ex.hunt.check(wrong, streams) and not ex.hunt.check(dict.fromkeys("ABCD", "cut off"), streams)
"""
AVERAGE = """
assert round(gaps.mean(), 1) == 13.7 and round(100 * (gaps == 0).mean()) == 73
assert round(100 * gaps.nlargest(7).sum() / gaps.sum()) == 34
assert ex.stalls.check(100 * gaps.nlargest(7).sum() / gaps.sum(), gaps_ms)
assert ex.mean_describes.check(0, gaps_ms) and not ex.mean_describes.check(50, gaps_ms)
assert "over tokens" in ex.wait.check(lens.loc["guidellm", "itl_mean_ms"], rec).said
assert ex.wait.predict(13.7) and "You said 13.7 ms" in ex.wait.reveal(rec).figure.texts[0].get_text()
assert ex.wait.check(rec.summary["icl_p50_ms"], rec)
assert ex.earliest.check(lens["ttft_ms"].astype(float).idxmin(), rec)
assert ex.choose.check("icl_max_ms", even, stalled) and ex.choose.check("n_stalls", even, stalled)
assert ex.choose.check(lambda rec: rec.reads["gap_ms"].max(), even, stalled)
assert "does not show it" in ex.choose.check("icl_p50_ms", even, stalled).said
assert rec.events["coalesced"].mean() > 0.4
"""
CHECKS = {
    "03_sync_and_async.ipynb": SYNC_AND_ASYNC,
    "04_whose_stutter.ipynb": WHOSE_STUTTER,
    "05_the_average_lies.ipynb": AVERAGE,
}


def timed(name, check):
    """Return the executed copy of a learner, and how long it took, in s."""
    book, begin_s = nbformat.reads(cleared(FOLDER / name).decode(), as_version=4), monotonic()
    book.cells.append(nbformat.v4.new_code_cell(check))
    with TemporaryDirectory() as folder:
        return execute(book, folder), monotonic() - begin_s


JOBS = {name: (timed, name, check) for name, check in CHECKS.items()}
"""All at the same time: a lesson has to hold on a machine that is busy."""


@pytest.mark.parametrize("name", CHECKS)
def test_it_runs_and_its_exercises_take_what_the_learner_recorded(runs, name):
    book, took_s = runs[name].result()
    outputs = said(book)

    # On a machine with more to do than it has cores, each takes as much longer.
    assert took_s < MOST_S * max(1, os.getloadavg()[0] / os.cpu_count())
    for cell in book.cells[:-1]:
        if "sl.lessons.claim" in cell.source and cell.cell_type == "code":
            text = outputs[cell.id][0].data["text/plain"]
            asks = text.startswith("✗ Not in this run:") and "record again" in text
            assert text.startswith("✓ In this run:") or asks


@pytest.mark.parametrize("name", CHECKS)
def test_run_all_reveals_no_answer_and_no_output_is_long(runs, name):
    book, _ = runs[name].result()
    exercises = [cell for cell in book.cells if "exercise" in cell.metadata.get("tags", ())]

    assert len(exercises) >= 3
    for cell in exercises:
        assert "place of the dots" in _text(cell) or "no cause yet for A, B, C, D" in _text(cell)
    for cell in book.cells[:-1]:
        if cell.cell_type == "code" and "reveal(" in cell.source:
            assert "Nothing is locked yet" in _text(cell)
        assert len(_text(cell).splitlines()) <= HALF_A_SCREEN, cell.id


def _text(cell):
    outputs = cell.get("outputs", ())
    return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in outputs)


def test_a_lesson_says_first_what_it_does_and_needs():
    for path in (FOLDER / name for name in CHECKS):
        first = path.read_text("utf-8")
        assert "In this lesson you" in first
        assert "## On your own" in first
        assert "server-sent-events.html#" in first
        assert "# ep" in first
