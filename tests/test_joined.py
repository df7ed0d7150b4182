"""A blocked client joins reads; nothing that we then say contradicts the unjoined tape.

The true tape has one read a segment.  The joined tape has the same bytes, and some runs of
reads as one merged read, with its count and its bounds, as a client that was busy records them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streamlab import plots
from streamlab.faces import frozen, text
from streamlab.formats import trace
from streamlab.live.model import LiveModel
from streamlab.metrics import Tables, compare, intervals, summary
from streamlab.metrics.intervals import hidden, icl_ms
from streamlab.tape import UNKNOWN, End, Read, Stamp, Tape, tape_of
from tests.metrics.streams import DONE, FINISH, ROLE, content, reasoning

MS = 1_000_000
T0_NS = 1_000 * MS
PIECES = [content("a"), content("a") + content("b"), b": ping\n\n", reasoning("h"), ROLE]
PAUSES_MS = [1, 20, 21, 30, 30, 30, 60, 100, 400, 3000]

pieces = st.lists(st.sampled_from(PIECES), min_size=1, max_size=25)
tails = st.sampled_from([b"", FINISH, FINISH + DONE, content("z")[:30]])
pauses = st.lists(st.sampled_from(PAUSES_MS), min_size=30, max_size=30)
cuts = st.lists(st.integers(0, 10_000), max_size=6)


@st.composite
def both(draw: st.DrawFn) -> tuple[Tape, Tape]:
    """A true tape, and the tape of a client that was busy."""
    true = draw(true_tapes())
    return true, joined(true, draw(st.data()))


@st.composite
def true_tapes(draw: st.DrawFn) -> Tape:
    """Events, a read each; some are cut in two reads, at any byte."""
    whole = [*draw(pieces), draw(tails)]
    body = b"".join(whole)
    ends = {end for end in _sums([len(piece) for piece in whole]) if end}
    ends |= {1 + cut % len(body) for cut in draw(cuts)}
    bounds = sorted(ends)
    pauses_ms = draw(pauses)
    t_ns, rows, start = T0_NS, [], 0
    for number, end in enumerate(bounds):
        t_ns += pauses_ms[number % len(pauses_ms)] * MS
        stamp = Stamp(t_ns, t_ns + 50_000, "kernel", 1, arrival="single")
        rows.append(Read(body[start:end], stamp, UNKNOWN, UNKNOWN))
        start = end
    meta = {"content_type": "text/event-stream"}
    return tape_of(rows, End(t_ns + MS, "eof"), {"request_sent": T0_NS}, meta)


def _sums(sizes: Sequence[int]) -> list[int]:
    return [sum(sizes[: n + 1]) for n in range(len(sizes))]


def joined(true: Tape, data: Any) -> Tape:
    """Join runs of neighbouring reads; each is seen as one, after its last segment."""
    rows, row = [], 0
    reads = list(true)
    while row < len(reads):
        run = reads[row : row + data.draw(st.sampled_from([1, 1, 1, 2, 3, 8]), label="run")]
        row += len(run)
        rows.append(run[0] if len(run) == 1 else merged(run, true, row - len(run), data))
    return replace(
        tape_of(rows, true.end, true.marks, true.meta),
        end=replace(true.end, t_ns=true.end.t_ns + 40 * MS),
    )


def merged(run: list[Read], true: Tape, first: int, data: Any) -> Read:
    before_ns = true[first - 1].stamp.arrived_ns if first else T0_NS
    first_ns, last_ns = run[0].stamp.arrived_ns, run[-1].stamp.arrived_ns
    lo_ns = data.draw(st.sampled_from([before_ns, (before_ns + first_ns) // 2, first_ns]))
    late_ns = data.draw(st.sampled_from([0, 27 * MS]))
    stamp = Stamp(last_ns, last_ns + late_ns, "kernel", len(run), lo_ns, "merged")
    return Read(b"".join(read.data for read in run), stamp, UNKNOWN, UNKNOWN)


properties = settings(max_examples=30, deadline=None, phases=(Phase.explicit, Phase.generate))


@properties
@given(both())
def test_every_known_gap_is_a_gap_of_the_true_tape(tapes: tuple[Tape, Tape]) -> None:
    true, busy = map(Tables, tapes)
    for name in ("lines", "events", "deltas", "chunks"):
        known, t_ms = getattr(busy, name)["gap_ms"].dropna(), getattr(true, name)["t_ms"]
        for row, gap_ms in known.items():
            assert abs(gap_ms - (t_ms[row] - t_ms[row - 1])) < 1e-6, name
    hidden_ms = busy.chunks["hidden_ms"].dropna()
    for row, most_ms in hidden_ms.items():
        assert true.chunks["t_ms"][row] - true.chunks["t_ms"][row - 1] <= most_ms + 1e-6


@properties
@given(both())
def test_bounds_of_reads_hold_for_every_segment(tapes: tuple[Tape, Tape]) -> None:
    true, busy = (Tables(tape).reads for tape in tapes)
    for read in busy.itertuples():
        inside = true[(true["start"] >= read.start) & (true["end"] <= read.end)]
        before = true[true["end"] <= read.start]["t_ms"]
        if len(before):
            gap_ms = inside["t_ms"].iloc[0] - before.iloc[-1]
            assert read.gap_lo_ms - 1e-6 <= gap_ms <= read.gap_hi_ms + 1e-6
            assert pd.isna(read.gap_ms) or abs(read.gap_ms - gap_ms) < 1e-6
        lags_ms = (read.seen_ns - inside["arrived_ns"]) / 1e6
        assert read.lag_lo_ms - 1e-6 <= lags_ms.min()
        assert lags_ms.max() <= read.lag_hi_ms + 1e-6
        assert pd.isna(read.lag_ms) or len(inside) == 1


TIMES = ("ttfb", "ttfe", "ttfc", "ttft", "ttfr", "ttfo", "ttst", "decode")
TIMES += ("e2e_content", "e2e_finish", "e2e_done")


@properties
@given(both())
def test_the_summary_claims_nothing_that_the_true_tape_denies(tapes: tuple[Tape, Tape]) -> None:
    true, busy = map(Tables, tapes)
    truth, said = summary(true), summary(busy)
    for name in (f"{time}_ms" for time in TIMES):
        assert pd.isna(said[name]) or abs(said[name] - truth[name]) < 1e-6, name
    for name in ("ttft", "e2e_content", "e2e_finish", "e2e_done"):
        if not pd.isna(truth[f"{name}_ms"]):
            assert said[f"{name}_lo_ms"] - 1e-6 <= truth[f"{name}_ms"], name
            assert truth[f"{name}_ms"] <= said[f"{name}_hi_ms"] + 1e-6, name
    known, real = Counter(icl_ms(busy).round(6)), Counter(icl_ms(true).round(6))
    assert known <= real
    for part in ("p90", "p99", "max"):
        value = said[f"icl_{part}_ms"]
        assert pd.isna(value) or round(value, 6) in real
    assert not said["icl_max_ms"] > truth["icl_max_ms"] + 1e-6
    # A stall that is claimed is a stall of the true tape, of the same length.
    assert pd.isna(said["n_stalls"]) or said["n_stalls"] <= truth["n_stalls"]
    assert pd.isna(said["stalled_ms"]) or said["stalled_ms"] <= truth["stalled_ms"] + 1e-6
    compared = compare({"true": true, "busy": busy})
    for name in ("ttft_ms_diff", "e2e_content_ms_diff", "ttfb_ms_diff"):
        assert pd.isna(compared[name].iloc[1]) or abs(compared[name].iloc[1]) < 1e-6


def durations_ms(words: str) -> list[float]:
    found = re.findall(r"([\d,]+(?:\.\d+)?) (ms|s)\b", words)
    return [
        float(number.replace(",", "")) * (1 if unit == "ms" else 1e3) for number, unit in found
    ]


def near(value_ms: float, truth_ms: Sequence[float]) -> bool:
    """Return whether a value is one of the true ones, as rounded in words."""
    return any(abs(value_ms - each) <= max(0.006 * each, 0.06) for each in truth_ms)


@properties
@given(both())
def test_captions_and_faces_name_only_true_gaps(tapes: tuple[Tape, Tape]) -> None:
    true, busy = map(Tables, tapes)
    unknown = hidden(busy)
    real = [*true.reads["gap_ms"].dropna(), *icl_ms(true), *true.events["gap_ms"].dropna()]
    medians = [summary(busy)[f"{name}_p50_ms"] for name in ("icl", "irl")]
    medians += [busy.events["gap_ms"].median()]
    if bars := re.search(r"largest( known)? ([\d.]+) ms", text.text(busy)):
        assert near(float(bars[2]), real)
        assert bool(bars[1]) == bool(unknown)
    for said in (text.gaps(busy), plots.alt(plots.draw("gaps", busy).figure)):
        for words in re.findall(r"longest (?:known )?(?:gap is )?([\d.,]+ m?s)", said):
            assert near(*durations_ms(words), real)
        for words in re.findall(r"(?:median[^,]* is|were at most) ([\d.,]+ m?s)", said):
            assert near(*durations_ms(words), medians)
    caption = plots.alt(plots.draw("staircase", busy).figure)
    times = true.events["t_ms"]
    span = r"([\d.,]+ m?s(?: to [\d.,]+ m?s)?)"
    for before, truth in (("first token ", "ttft"), ("the last event after ", "last")):
        truth_ms = (
            times.iloc[-1] if truth == "last" and len(times) else summary(true)["ttft_ms"]
        )
        if words := re.search(before + span, caption):
            least, *most = durations_ms(words[1])
            slack_ms = 0.6 + 0.006 * truth_ms  # the words are rounded
            assert least - slack_ms <= truth_ms <= [least, *most][-1] + slack_ms
    if words := re.search(r"as many as (\d+) events at once", caption):
        assert int(words[1]) <= true.events.groupby("read").size().max()
    assert not unknown or unknown in text.text(busy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "to_html", plots.alt)  # of the picture only what it says
        assert not unknown or unknown[1:] in frozen.static_html(busy)


@properties
@given(both())
def test_the_longest_time_in_a_queue_holds_for_every_segment(tapes: tuple[Tape, Tape]) -> None:
    true, busy = tapes
    if not (said := hidden(Tables(busy))):
        return
    found = re.search(r"queued for up to ([\d,]+) ms while this program was busy", said)
    assert found is not None
    most_ms = float(found[1].replace(",", ""))
    ends = [read.stamp for read in busy]
    starts = dict(zip(true.columns.ends, true.columns.arrived_ns, strict=True))
    begin = 0
    for stamp, end in zip(ends, busy.columns.ends, strict=True):
        if stamp.arrival == "merged":
            first_ns = min(t for e, t in starts.items() if begin < e <= end)
            assert (stamp.seen_ns - first_ns) / 1e6 <= most_ms
        begin = end


@properties
@given(both())
def test_a_live_view_names_only_true_gaps_and_times(tapes: tuple[Tape, Tape]) -> None:
    true, busy = tapes
    model = LiveModel(busy)
    model.pull()
    state = model.snapshot()
    real = intervals.pieces(Tables(true))[0]["gap_ms"].dropna().tolist()
    assert state["longest_gap_ms"] is None or near(state["longest_gap_ms"], real)
    for known_ms in model._gaps.known:
        assert near(known_ms, real)
    ttft_ms = state["ttft_ms"]
    assert ttft_ms is None or near(ttft_ms, [summary(Tables(true))["ttft_ms"]])
    json.dumps(state, allow_nan=False)


@properties
@given(both())
def test_a_trace_dates_no_delta_that_a_merged_read_hides(
    tmp_path_factory: Any, tapes: tuple[Tape, Tape]
) -> None:
    path = tmp_path_factory.getbasetemp() / "joined.trace.json"
    true = Tables(tapes[0])
    trace.save(Tables(tapes[1]), path)
    found = [e for e in json.loads(path.read_text())["traceEvents"] if e["ph"] == "i"]
    for delta, t_ms in zip(found, true.deltas["t_ms"], strict=True):
        since_ms = (T0_NS + t_ms * MS) / 1e6
        if delta["args"].get("arrival") == "merged":
            assert delta["args"]["lo_ns"] / 1e6 - 1e-6 <= since_ms
            assert t_ms <= delta["ts"] / 1e3 + 1e-6
        else:
            assert abs(delta["ts"] / 1e3 - t_ms) < 1e-6
