"""The picture of the lens, read back from its artists."""

import pytest
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Annotation

from streamlab import plots
from streamlab.follow.gap import MERGED
from streamlab.metrics import Tables
from streamlab.testing import tape_from
from tests.metrics.streams import DONE, FINISH, ROLE, USAGE, content, eleven_answers, tables


def flags(ax):
    """Return the flags: the moment of each, and its words on one line."""
    found = [each for each in ax.texts if isinstance(each, Annotation)]
    return [(each.xy[0], " ".join(each.get_text().split())) for each in found]


def test_tools_that_agree_share_a_flag_at_their_moment():
    assert flags(plots.draw("lens", eleven_answers())) == [
        (200, "200 ms: vLLM, evalscope, OpenLLMetry / Langfuse, OpenTelemetry"),
        (
            500,
            "500 ms: streamlab, SGLang, guidellm, AIPerf, evalscope 1.13, genai-bench, "
            "MLCommons endpoints",
        ),
        (600, "600 ms: inference-perf, llmperf, HF inference-benchmarker"),
        (1105, "1,105 ms: inference-perf, OpenLLMetry / Langfuse, OpenTelemetry"),
        (
            1100,
            "1,100 ms: SGLang, guidellm, evalscope, evalscope 1.13, llmperf, genai-bench, "
            "MLCommons endpoints, HF inference-benchmarker",
        ),
        (1010, "1,010 ms: vLLM"),
        (1000, "1,000 ms: streamlab, AIPerf"),
    ]


def test_the_points_stand_on_the_staircase():
    ax = plots.draw("lens", eleven_answers())
    stairs, firsts, ends = ax.lines

    assert stairs.get_drawstyle() == "steps-post"
    assert (firsts.get_marker(), ends.get_marker()) == ("^", "v")
    assert firsts.get_xydata().tolist() == [[200, 1], [500, 2], [600, 5]]
    assert ends.get_xydata().tolist() == [[1000, 11], [1010, 12], [1100, 14], [1105, 14]]


def overlapping(boxes):
    return [
        (i, j) for i, a in enumerate(boxes) for j, b in enumerate(boxes[:i]) if a.overlaps(b)
    ]


def long():
    pieces = [(120, ROLE), *((300 + 25 * i, content("ab ")) for i in range(400))]
    return tables([*pieces, (10_300, FINISH), (10_301, USAGE + DONE)], "long", end_ms=10_304)


def merged():
    """Return a stream whose caption is long: the flags have less room."""
    pieces = [(20 * i, content("ab ")) for i in range(1, 25)]
    rows = [(0, ROLE), *pieces, (500, FINISH), (501, USAGE + DONE)]
    made = tape_from(
        rows, label="read by a program that was busy with something else meanwhile"
    )
    made.columns.arrival[20], made.columns.n_segments[20] = MERGED, 22
    made.columns.lo_ns[20] = made.columns.arrived_ns[20] - 15_000_000
    return Tables(made)


def burst():
    together = ROLE + content("a") * 30 + FINISH + USAGE + DONE
    return tables([(900, together)], "burst", end_ms=901)


@pytest.mark.parametrize("made", [eleven_answers, long, burst, merged])
def test_no_flag_lies_on_another_or_outside(made):
    ax = plots.draw("lens", made())
    ax.figure.canvas.draw()  # lays it out
    renderer = ax.figure.canvas.get_renderer()
    found = [each for each in ax.texts if isinstance(each, Annotation)]
    boxes = [each.get_bbox_patch().get_window_extent(renderer) for each in found]

    assert overlapping(boxes) == []
    frame = ax.get_window_extent(renderer)
    for box in boxes:
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1 + 2
        assert frame.y0 <= box.y0
        assert box.y1 <= frame.y1


@pytest.mark.parametrize("made", [eleven_answers, long])
def test_no_flag_hides_the_stairs(made):
    ax = plots.draw("lens", made())
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    found = [each for each in ax.texts if isinstance(each, Annotation)]
    boxes = [each.get_bbox_patch().get_window_extent(renderer) for each in found]
    t_ms, count = ax.lines[0].get_data()
    corners = [*zip(t_ms[1:], count[:-1], strict=True), *zip(t_ms, count, strict=True)]
    stairs = Path(ax.transData.transform(sorted(corners)))

    assert [box for box in boxes if stairs.intersects_bbox(box.padded(-2), filled=False)] == []


def test_the_caption_says_at_how_many_moments():
    assert plots.caption("lens", eleven_answers()) == (
        "By the definitions of the tools, the first token came at 3 moments, from 200 ms to "
        "600 ms, and the request ended at 4 moments, from 1,000 ms to 1,105 ms; "
        "here all times count from the send, not from the clock of each tool."
    )


def test_a_stream_that_broke_off_has_no_end_of_request():
    broken = tables([(10, ROLE), (20, content("a"))], end="reset", end_ms=900)
    ax = plots.draw("lens", broken)

    assert [t_ms for t_ms, _ in flags(ax)] == [10, 20]
    assert plots.caption("lens", broken) == (
        "By the definitions of the tools, the first token came at 2 moments, from 10 ms to "
        "20 ms; here all times count from the send, not from the clock of each tool. "
        "The stream broke off after 2 reads, which are kept."
    )


def test_if_the_send_was_not_seen_the_stairs_stand_alone_and_it_is_said():
    tape = eleven_answers().tape
    made = Tables(type(tape)(tape.body, tape.columns, tape.end, {}, tape.meta))
    ax = plots.draw("lens", made)

    assert flags(ax) == []
    assert ax.get_xlabel() == "time since the first read (ms)"
    assert plots.caption("lens", made) == (
        "The send was not seen, so the clock of no tool is known."
    )


def test_of_a_second_recording_there_are_points_and_no_flags():
    ax = plots.draw("lens", eleven_answers("one"))
    before = len(flags(ax))
    plots.draw("lens", long(), ax=ax)

    assert len(flags(ax)) == before
    assert len(ax.lines) == 6


def test_on_a_users_axes_the_figure_keeps_its_size():
    figure = Figure(figsize=(3, 2))
    plots.draw("lens", eleven_answers(), ax=figure.subplots())

    assert figure.get_size_inches().tolist() == [3, 2]
