"""What is drawn is read back from the artists; no pixels are compared."""

import base64
import re
import sys
from pathlib import Path

import matplotlib.style
import numpy as np
import pytest
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from streamlab import live, plots
from streamlab.errors import UnknownNameError, UsageError
from streamlab.faces.frozen import static_text
from streamlab.follow.gap import MERGED
from streamlab.metrics import Tables, summary
from streamlab.tape import UNKNOWN, End, tape_of
from streamlab.testing import T0_NS, tape_from
from tests.metrics.streams import (
    DONE,
    FINISH,
    ROLE,
    content,
    eleven_answers,
    in_kernel_tier,
    tables,
)

each_plot = pytest.mark.parametrize("name", plots.PLOTS)
each_of_lines = pytest.mark.parametrize("name", sorted({*plots.PLOTS} - {"phases"}))


def nothing():
    return tables([], end="connect", end_ms=5)


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts() if text.get_text().strip()]


def inks(figure):
    """Return every text that is seen, and its colour."""
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    return {text.get_text(): text.get_color() for text in found}


def busy(lo_ns, *times_ms):
    """Return a stream whose first read is merged, with its bound or without."""
    made = tape_from([(t_ms, content("x") * 3) for t_ms in times_ms], label="busy")
    made.columns.arrival[0], made.columns.lo_ns[0] = MERGED, lo_ns
    return Tables(made)


@each_plot
@pytest.mark.parametrize("stream", [(UNKNOWN, 900), (T0_NS, 900), (T0_NS, 900, 900)])
def test_a_stream_without_a_gap_above_zero_is_drawn_and_said(name, stream):
    drawn = plots.draw(name, busy(*stream))
    said = plots.caption(name, busy(*stream)) + static_text(busy(*stream))
    plots.to_png(drawn.get_figure(root=True))  # a scale without a logarithm fails only here

    assert "nan" not in said
    assert "with the one before" not in said


def test_each_file_is_a_picture():
    assert set(plots.PLOTS) >= {"staircase", "gaps"}
    for module in plots.PLOTS.values():
        assert callable(module.draw)
        assert callable(module.caption)
        assert module.draw.__doc__.startswith("Draw ")
    assert "ax : Axes, optional" in plots.draw.__doc__


def test_an_unknown_plot_is_named_with_what_there_is():
    there_are = ", ".join(sorted(plots.PLOTS))
    message = rf"^no plot 'stairs'; there are: {there_are}\. Did you mean 'staircase'\?$"
    with pytest.raises(UnknownNameError, match=message):
        plots.draw("stairs", nothing())


@each_plot
def test_pyplot_is_never_asked(name):
    plots.to_png(plots.draw(name, eleven_answers()).figure)

    assert (
        "matplotlib.pyplot" not in sys.modules
        or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


@each_plot
def test_axes_have_labels_with_units(name):
    ax = plots.draw(name, eleven_answers())

    assert ax.get_xlabel() in {"time since the request was sent (ms)", "gap (ms)"}
    assert ax.get_ylabel() in {
        *("events so far", "gap before an arrival (ms)", "share of the gaps (%)"),
        *("later than the kernel (ms)", ""),
    }
    assert name == "phases" or ax.get_xlim()[0] == 0


@each_plot
def test_on_axes_of_a_users_figure_it_draws_there_and_leaves_the_figure_alone(name):
    figure = Figure()
    mine = figure.subplots()

    assert plots.draw(name, eleven_answers(), ax=mine) is mine
    assert figure.get_supxlabel() == ""
    assert plots.alt(figure) == plots.caption(name, eleven_answers())


@each_plot
def test_the_caption_is_under_the_picture_and_is_its_alt_text(name):
    drawn = eleven_answers(label="a & b")
    picture = plots.draw(name, drawn).figure
    sentence = plots.caption(name, drawn)

    assert picture.get_supxlabel().split() == sentence.split()
    assert plots.alt(picture) == sentence
    html = plots.to_html(picture)
    assert f'alt="{sentence.replace("&", "&amp;")}"' in html
    png = base64.b64decode(re.search('base64,([^"]+)"', html)[1])
    assert png.startswith(b"\x89PNG")
    assert sentence.encode() in png


@each_plot
def test_as_the_result_of_a_cell_axes_show_their_picture(name):
    drawn = eleven_answers()
    ax = plots.draw(name, drawn)
    data, metadata = ax._repr_mimebundle_()

    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == plots.caption(name, drawn)
    assert metadata["image/png"]["alt"] == plots.caption(name, drawn)


@each_plot
def test_a_label_is_never_read_as_mathematics(name):
    label = r"$\frac{<script> % {} \x"
    ax = plots.draw(name, eleven_answers(label=label))

    assert any(label in text for text in inks(ax.figure))
    assert plots.to_png(ax.figure).startswith(b"\x89PNG")
    assert "<script>" not in plots.to_html(ax.figure)


@each_plot
def test_nothing_to_draw_is_a_picture_that_says_so(name):
    ax = plots.draw(name, nothing())

    assert plots.to_png(ax.figure).startswith(b"\x89PNG")
    said = r"No (event arrived|gap between|read was delivered|phase)|From the call"
    assert re.match(said, plots.alt(ax.figure))
    assert any("connection" in text.get_text() for text in ax.texts) or ax.patches


@each_of_lines
def test_of_two_recordings_each_differs_in_more_than_colour(name):
    ax = plots.draw(name, eleven_answers("sync"))
    one = set(ax.lines)
    plots.draw(name, eleven_answers("async"), ax=ax)
    first, second = ax.lines[0], next(line for line in ax.lines if line not in one)

    assert first.get_color() != second.get_color()
    looks = {(str(line._dash_pattern), line.get_fillstyle()) for line in (first, second)}
    assert len(looks) == 2
    assert plots.alt(ax.figure).startswith("sync: ")
    assert " async: " in plots.alt(ax.figure)


@each_plot
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_a_picture_has_dark_ink_on_its_own_light_ground_under_any_style(name, style):
    with matplotlib.style.context(style):
        picture = plots.draw(name, eleven_answers()).figure
        plots.to_png(picture)

    assert same_color(picture.get_facecolor(), "white")
    assert len(inks(picture)) > 8
    assert all(max(to_rgb(ink)) < 0.25 for ink in inks(picture).values())


@each_of_lines
def test_words_go_to_the_main_artist(name):
    ax = plots.draw(name, eleven_answers(), color="black", lw=5)

    assert (ax.lines[0].get_color(), ax.lines[0].get_linewidth()) == ("black", 5)


def test_the_staircase_has_a_step_for_each_arrival_as_high_as_its_events():
    line = plots.draw("staircase", eleven_answers()).lines[0]
    t_ms, count = line.get_data()

    assert t_ms.tolist() == [0, 200, 500, 520, 540, 600, 620, 660, 700, 720, 1000, 1010, 1100]
    assert np.diff(count).tolist() == [1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2]
    assert line.get_drawstyle() == "steps-post"


def test_the_staircase_marks_the_first_token_and_the_finish():
    ax = plots.draw("staircase", eleven_answers())
    marks = {line.get_marker(): line.get_xydata().tolist() for line in ax.lines[1:]}

    assert marks == {"D": [[500, 2]], "s": [[1010, 12]]}
    assert texts(ax) == ["events", "first token 500 ms", "finish 1.01 s"]
    assert plots.alt(ax.figure) == (
        "14 events in 12 reads, the first token 500 ms after the request, the last event "
        "after 1.10 s; one read brought as many as 2 events at once."
    )


def test_a_stream_that_broke_off_waits_until_its_end():
    broken = tables([(10, ROLE), (20, content("a"))], end="timeout", end_ms=900)
    ax = plots.draw("staircase", broken)

    assert ax.lines[0].get_xdata().tolist() == [0, 10, 20, 900]
    assert ax.lines[0].get_ydata().tolist() == [0, 1, 2, 2]
    assert texts(ax)[-1] == "ended (timeout) after 2 events, 900 ms"


def test_gaps_are_at_their_arrivals_and_shaped_by_how_many_came():
    """Gaps are between pieces of the answer: not to the role, the finish or the usage."""
    ax = plots.draw("gaps", eleven_answers())
    round_, triangle = ax.lines[:2]

    assert (round_.get_marker(), triangle.get_marker()) == ("o", "^")
    assert triangle.get_xydata().tolist() == [[660, 40]]
    assert round_.get_xydata()[0].tolist() == [520, 20]
    assert len(round_.get_xdata()) == 7
    assert ax.get_yscale() == "log"


def test_the_picture_and_the_summary_show_one_median():
    drawn = eleven_answers()
    ax = plots.draw("gaps", drawn)
    (median, *_) = [line.get_ydata()[0] for line in ax.lines[2:]]

    assert median == summary(drawn)["icl_p50_ms"] == 30
    assert plots.alt(ax.figure) == (
        "Half of the 8 gaps between pieces of the answer were at most 30.0 ms and the longest "
        "280 ms; 10% came in the read of the one before, and have no gap."
    )
    assert plots.caption("ecdf", drawn).startswith("8 known gaps between pieces of the answer")


def test_a_legend_stands_in_rows_one_a_recording():
    ax = plots.draw("staircase", eleven_answers("sync"))
    plots.draw("staircase", tables([(5, ROLE), (9, FINISH)], "async"), ax=ax)
    legend = ax.get_legend()

    assert legend._ncols == 3
    assert [text.get_text() for text in legend.get_texts()] == [
        *("sync", "async"),
        *("first token 500 ms", "finish 9.00 ms"),
        *("finish 1.01 s", " "),
    ]


def steady():
    return tables([*((100 * i, content("a")) for i in range(1, 9)), (900, FINISH + DONE)])


def test_what_is_steady_looks_steady():
    """The scale of gaps never shows less than a factor of ten."""
    low, high = plots.draw("gaps", steady()).get_ylim()

    assert high / low == pytest.approx(10)
    assert low < 100 < high


def test_a_single_gap_is_no_half_of_many():
    single = tables([(10, content("a")), (40, content("b")), (50, DONE)])
    said = "The one gap between pieces of the answer was 30.0 ms; each came in a read of its"
    assert plots.caption("gaps", single).startswith(said)


def test_where_nothing_was_coalesced_the_caption_says_so():
    assert plots.caption("gaps", steady()) == (
        "Half of the 7 gaps between pieces of the answer were at most 100 ms and the longest "
        "100 ms; each came in a read of its own."
    )


def test_the_scale_of_gaps_fits_all_recordings():
    ax = plots.draw("gaps", steady())
    plots.draw(
        "gaps", tables([(1, content("a")), (3, content("b")), (6003, content("c"))]), ax=ax
    )
    low, high = ax.get_ylim()

    assert low < 2
    assert high > 6000


# -- several recordings, merged reads, failures ------------------------------------------------


def blocked(label="blocked"):
    """Return a stream of which one read hid 400 ms and four events, as a blocked loop does."""
    pieces = [(100, ROLE), (150, content("a")), (200, content("b")), (600, 4 * content("c"))]
    tape = tape_from([*pieces, (650, content("d")), (700, FINISH + DONE)], end_ms=700)
    rows = [
        read._replace(
            stamp=read.stamp._replace(
                n_segments=4, arrival="merged", lo_ns=tape.columns.arrived_ns[2]
            )
        )
        if number == 3
        else read
        for number, read in enumerate(tape)
    ]
    return Tables(tape_of(rows, tape.end, tape.marks, tape.meta), label=label)


@each_of_lines
def test_a_second_recording_is_never_clipped_and_each_caption_stands_once(name):
    ax = plots.draw(name, steady())
    later = tables([*((300 * i, content("a")) for i in range(1, 41)), (12_400, FINISH + DONE)])
    plots.draw(name, later, ax=ax)
    right, high = ax.get_xlim()[1], ax.get_ylim()[1]
    drawn = [line for line in ax.lines if line.get_gid() and len(line.get_xdata())]
    points = [
        xy for line in drawn for xy in line.get_xydata() if line.get_transform() == ax.transData
    ]

    assert points or name == "lag"
    assert all(x <= right and (y <= high or np.isnan(y)) for x, y in points)
    lines = ax.figure.get_supxlabel().splitlines()
    assert " ".join(lines) == f"{plots.caption(name, steady())} {plots.caption(name, later)}"
    plots.to_png(ax.figure)
    caption, axis = ax.figure._supxlabel.get_window_extent(), ax.xaxis.label.get_window_extent()
    assert caption.y1 <= axis.y0


def hatched(ax):
    return [
        (box.get_x(), box.get_x() + box.get_width(), box.get_y(), box.get_height())
        for box in ax.findobj(Rectangle)
        if box.get_hatch()
    ]


def test_what_is_not_known_is_hatched_and_nothing_solid_stands_in_it():
    stairs, gaps = plots.draw("staircase", blocked()), plots.draw("gaps", blocked())

    assert hatched(stairs) == [(200, 600, 3, 4)]
    x, y = stairs.lines[0].get_data()
    assert x[np.isnan(y)].tolist() == [200]  # the line breaks off where the box begins
    assert hatched(gaps) == [(200, 600, 0, 400)]
    assert all(t_ms <= 200 or t_ms > 600 for t_ms in gaps.lines[0].get_xdata())
    assert hatched(plots.plot_lanes([blocked()])) == [(200, 600, -0.3, 0.6)]
    for name in ("staircase", "gaps", "ecdf"):
        assert (
            "4 segments queued for up to 400 ms while this program was busy"
            in plots.caption(name, blocked())
        )


@each_plot
def test_a_failure_says_what_happened(name):
    refused = tables([(10, b'{"error":{"message":"no such key"}}')], status=401)
    ax = plots.draw(name, refused)

    said = plots.alt(ax.figure)
    assert "HTTP 401" in said
    assert "no such key" in said
    if not ax.patches:
        assert "HTTP 401" in ax.texts[0].get_text()


def test_the_ecdf_is_the_share_of_the_gaps_that_are_at_most_so_long():
    line = plots.draw("ecdf", eleven_answers()).lines[0]
    gaps_ms, share = line.get_data()

    assert gaps_ms.tolist() == [20, 20, 20, 20, 20, 40, 40, 60, 280]
    assert share.tolist() == [0, 12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100]


def test_the_phases_of_a_second_recording_stand_under_the_first():
    marks = {"called": 0, "request_sent": 2_000_000, "request_done": 3_000_000}
    tape = tape_of([], End(9_000_000, "eof"), marks | {"first_read": 5_000_000}, {})
    ax = plots.draw("phases", Tables(tape, label="a"))
    plots.draw("phases", Tables(tape, label="b"), ax=ax)

    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["a: send", "a: wait", "b: send", "b: wait"]
    assert [bar.get_width() for bar in ax.patches] == [1, 2, 1, 2]
    assert [text.get_text() for text in ax.texts] == 2 * ["1.00 ms", "2.00 ms"]
    one, other = ax.patches[0], ax.patches[2]
    assert one.get_facecolor() != other.get_facecolor()


def kernel_tier(label, delivered):
    """Return a stream of three reads, delivered so many µs after each was seen."""
    rows = [
        (at, at + 50, at + 50 + late, content("a"))
        for at, late in zip((1000, 2000, 3000), delivered, strict=True)
    ]
    return Tables(in_kernel_tier([*rows, (4000, 4050, 4100, FINISH + DONE)]), label=label)


def test_sync_beside_async_says_what_agrees_and_what_differs():
    sync, later = kernel_tier("sync", (50, 50, 950)), kernel_tier("async", (50, 50, 50))
    picture = plots.plot_delivery([sync, later])
    lanes, below = picture.axes

    assert lanes.get_xlim() == below.get_xlim()
    assert [tick.get_text() for tick in lanes.get_yticklabels()] == ["sync", "async"]
    marks = {
        line.get_gid(): line.get_ydata().tolist() for line in below.lines if line.get_gid()
    }
    assert marks["streamlab-lag-0"] == pytest.approx([0.1, 0.1, 1.0, 0.1])
    # A stream keeps the colour that it had in the live scope.
    css = (Path(live.__file__).parent / "scope.css").read_text("utf-8")
    for dark, light_or_dark in enumerate(re.findall(r"--sl-a: (#\w+); --sl-b: (#\w+);", css)):
        drawn = plots.plot_delivery([sync, later], dark=bool(dark)).axes[1].lines
        assert [line.get_color() for line in drawn if line.get_gid()] == [*light_or_dark]
    assert plots.alt(picture) == (
        "The arrivals agree: 4 of 4 reads within 0.00 ms. "
        "When the program had the reads with a known lag: sync at most 1.00 ms later (p50 0.10 "
        "ms), async at most 0.10 ms later (p50 0.10 ms)."
    )


def test_lanes_of_streams_in_a_row_begin_one_after_the_other():
    first = tape_from([(10, content("a")), (20, FINISH + DONE)])
    second = tape_from([(10, content("a")), (20, FINISH + DONE)], t0_ns=first.end.t_ns + 10**6)
    ax = plots.plot_lanes({"first": Tables(first), "second": Tables(second)})
    ticks = [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "|"]

    assert ticks == [[10, 20], [31, 41]]
    assert plots.alt(ax.figure) == (
        "2 streams, at most 1 at the same time; the last ended 41.0 ms after the first request."
    )


def test_a_comparison_has_a_curve_a_name_and_a_mark_a_stream():
    picture = plots.plot_comparison({"a": [eleven_answers(), steady()], "b": steady()})
    curves, dots = picture.axes

    assert len([line for line in curves.lines if line.get_drawstyle() == "steps-post"]) == 2
    assert [line.get_xdata().tolist() for line in dots.lines] == [[500, 100], [100]]
    assert plots.alt(picture).startswith("a: 2 streams, 15 known gaps, p50 100 ms, p90")


@pytest.mark.parametrize("draw", [plots.plot_lanes, plots.plot_delivery, plots.plot_comparison])
def test_no_recording_is_no_picture(draw):
    with pytest.raises(UsageError, match="takes "):
        draw({})


@each_plot
def test_dark_is_light_ink_on_a_dark_ground(name):
    picture = plots.draw(name, eleven_answers("a"), dark=True).figure
    plots.to_png(picture)

    assert max(to_rgb(picture.get_facecolor())) < 0.25
    assert all(min(to_rgb(ink)) > 0.5 for ink in inks(picture).values())


def test_percentiles_that_the_data_do_not_have_are_not_drawn():
    few = tables([*((10 * i, content("a")) for i in range(1, 6)), (60, FINISH + DONE)])

    assert texts(plots.draw("ecdf", few)) == ["gaps", "p50 10.0 ms"]
    assert "p90" not in plots.caption("ecdf", few)


def test_sentences_about_several_failures_do_not_lie_on_each_other():
    failed = {name: nothing() for name in ("first", "second", "third")}
    ax = plots.plot_comparison({**failed, "steady": steady()}).axes[0]
    ax.figure.canvas.draw()
    boxes = [each.get_window_extent() for each in ax.texts]

    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    frame = ax.get_window_extent()
    assert all(frame.y0 <= box.y0 for box in boxes)
    assert plots.draw("lens", nothing()).texts[0].get_text() == ax.texts[0].get_text()
