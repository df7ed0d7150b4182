"""What is drawn is read back from the artists; no pixels are compared."""

import base64
import re
import sys

import matplotlib.style
import numpy as np
import pytest
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from streamlab import plots
from streamlab.errors import UnknownNameError
from tests.metrics.streams import FINISH, ROLE, content, eleven_answers, tables

each_plot = pytest.mark.parametrize("name", plots.PLOTS)


def nothing():
    return tables([], end="connect", end_ms=5)


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts() if text.get_text().strip()]


def inks(figure):
    """Return every text that is seen, and its colour."""
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    return {text.get_text(): text.get_color() for text in found}


def test_each_file_is_a_picture():
    assert set(plots.PLOTS) >= {"staircase", "gaps"}
    for module in plots.PLOTS.values():
        assert callable(module.draw)
        assert callable(module.caption)
        assert "ax : Axes, optional" in module.draw.__doc__


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

    assert ax.get_xlabel() == "time since the request was sent (ms)"
    assert ax.get_ylabel() in {"events so far", "gap before an arrival (ms)"}
    assert ax.get_xlim()[0] == 0


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

    assert any(label in text for text in texts(ax))
    assert plots.to_png(ax.figure).startswith(b"\x89PNG")
    assert "<script>" not in plots.to_html(ax.figure)


@each_plot
def test_nothing_to_draw_is_a_picture_that_says_so(name):
    ax = plots.draw(name, nothing())

    assert plots.to_png(ax.figure).startswith(b"\x89PNG")
    assert re.match(r"No event arrived|There is no gap", plots.alt(ax.figure))


@each_plot
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
    assert len(inks(picture)) > 10
    assert all(max(to_rgb(ink)) < 0.25 for ink in inks(picture).values())


@each_plot
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
    assert texts(ax) == ["events", "first token 500 ms", "finish 1,010 ms"]
    assert plots.alt(ax.figure) == (
        "14 events in 12 reads, the first token 500 ms after the request, the last event "
        "after 1,100 ms; one read brought as many as 2 events at once."
    )


def test_a_stream_that_broke_off_waits_until_its_end():
    broken = tables([(10, ROLE), (20, content("a"))], end="timeout", end_ms=900)
    ax = plots.draw("staircase", broken)

    assert ax.lines[0].get_xdata().tolist() == [0, 10, 20, 900]
    assert ax.lines[0].get_ydata().tolist() == [0, 1, 2, 2]
    assert texts(ax)[-1] == "ended (timeout) 900 ms"


def test_gaps_are_at_their_arrivals_and_shaped_by_how_many_came():
    ax = plots.draw("gaps", eleven_answers())
    round_, triangle = ax.lines[:2]

    assert (round_.get_marker(), triangle.get_marker()) == ("o", "^")
    assert triangle.get_xydata().tolist() == [[660, 40], [1100, 90]]
    assert round_.get_xydata()[0].tolist() == [500, 300]
    assert len(round_.get_xdata()) == 9
    assert ax.get_yscale() == "log"


def test_gaps_state_the_percentiles_that_the_data_have():
    """300 20 20 60 20 40 40 20 280 10 90: median 40, p90 is the 10th; too few for a p99."""
    ax = plots.draw("gaps", eleven_answers())
    levels = [line.get_ydata()[0] for line in ax.lines[2:]]

    assert levels == pytest.approx([40, 280])
    assert texts(ax) == ["one event a read", "several in one", "p50 40.0 ms", "p90 280 ms"]
    assert plots.alt(ax.figure) == (
        "Half of the 11 gaps between arrivals were at most 40.0 ms and the longest 300 ms; "
        "14% of the events came with the one before, and have no gap."
    )


def test_an_overview_has_all_in_one_picture_in_the_same_time():
    picture = plots.overview(eleven_answers())
    top, bottom = picture.axes

    assert top.get_xlim() == bottom.get_xlim()
    assert len(plots.alt(picture).split(". ")) == 2
    assert plots.to_png(picture).startswith(b"\x89PNG")


def test_a_legend_stands_in_rows_one_a_recording():
    ax = plots.draw("staircase", eleven_answers("sync"))
    plots.draw("staircase", tables([(5, ROLE), (9, FINISH)], "async"), ax=ax)
    legend = ax.get_legend()

    assert legend._ncols == 3
    assert [text.get_text() for text in legend.get_texts()] == [
        *("sync", "async"),
        *("first token 500 ms", "finish 9.00 ms"),
        *("finish 1,010 ms", " "),
    ]


def steady():
    return tables([(100 * i, content("a")) for i in range(1, 9)])


def test_what_is_steady_looks_steady():
    """The scale of gaps never shows less than a factor of ten."""
    low, high = plots.draw("gaps", steady()).get_ylim()

    assert high / low == pytest.approx(10)
    assert low < 100 < high


def test_where_nothing_was_coalesced_the_caption_says_so():
    assert plots.caption("gaps", steady()) == (
        "Half of the 7 gaps between arrivals were at most 100 ms and the longest 100 ms; "
        "every event came in a read of its own."
    )


def test_the_scale_of_gaps_fits_all_recordings():
    ax = plots.draw("gaps", steady())
    plots.draw(
        "gaps", tables([(1, content("a")), (3, content("b")), (6003, content("c"))]), ax=ax
    )
    low, high = ax.get_ylim()

    assert low < 2
    assert high > 6000
