"""The base of all pictures: the figure, its look, its caption, its rich display.

A figure of ours has its own background and inks, with any style or theme of the page, so it
looks the same on a light page and on a dark page.  On the Axes of a user, a picture takes the
colours of those Axes.  Lines that differ in colour differ in shape or dashes too.
"""

from __future__ import annotations

import warnings
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from textwrap import fill
from typing import Any, NamedTuple, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import pandas as pd
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from streamlab.follow.text import one_line
from streamlab.metrics import Tables
from streamlab.metrics.intervals import hidden, quantile

Mark = TypeVar("Mark")

Look: TypeAlias = dict[str, Any]  # keywords of matplotlib's artists
# The data that IPython displays: data by media type, and metadata by media type.
Bundle: TypeAlias = tuple[dict[str, str], dict[str, dict[str, object]]]


class Theme(NamedTuple):
    """The colours of a figure; those of the lines after Okabe and Ito."""

    ground: str
    ink: str
    faint: str
    lines: tuple[str, ...]


LIGHT = Theme(
    *("white", "#22262b", "#d9dce0"),
    ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"),
)
DARK = Theme(
    *("#212121", "#e8eaed", "#444b53"),
    ("#56b4e9", "#ff9d4d", "#3fd1a5", "#dda0dd", "#f0e442", "#a9b1ba"),
)

STYLE: Any = {"font.size": 10.0, "axes.grid": True, "axes.axisbelow": True}
STYLE |= {"axes.linewidth": 0.8, "grid.linewidth": 0.6, "hatch.linewidth": 0.6}
STYLE |= {"axes.spines.top": False, "axes.spines.right": False}
_GROUNDS = ("figure.facecolor", "figure.edgecolor", "axes.facecolor")
_INKS = (
    *("text.color", "axes.edgecolor", "axes.labelcolor"),
    *("xtick.color", "ytick.color", "xtick.labelcolor", "ytick.labelcolor"),
)

WIDTH_INCHES, HEIGHT_INCHES, DPI = 7.6, 3.8, 100
COLOURS_KEPT = 64
CAPTION_COLUMNS = 112
CAPTION: Look = {"fontsize": 8.5, "linespacing": 1.4, "parse_math": False}
INSIDE: Look = {"loc": "best", "fontsize": 9, "framealpha": 0.7}
ABOVE: Look = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "frameon": False}
ABOVE |= {"fontsize": 9, "borderaxespad": 0.2, "columnspacing": 1.6, "handletextpad": 0.5}

# Captions are kept beside the figures: the figure can be a user's, on which we set no
# attributes.  Weak keys let a figure be freed although it has a caption.
_captions: WeakKeyDictionary[Figure, list[str]] = WeakKeyDictionary()


class Picture(Figure):
    """A figure that shows itself in a notebook, with its caption as alt text."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        """Return the PNG, twice as sharp as it is large, and the caption as text."""
        width, height = (round(inches * DPI) for inches in self.get_size_inches())
        image: dict[str, object] = {"width": width, "height": height, "alt": alt(self)}
        data = b64encode(to_png(self)).decode("ascii")
        return {"image/png": data, "text/plain": alt(self)}, {"image/png": image}


class PictureAxes(Axes):
    """Axes that show their picture if they are the result of a cell."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        return picture_of(self)._repr_mimebundle_(include, exclude)


def new_axes(
    heights: Sequence[float] = (1.0,), *, dark: bool = False, one_time: bool = True
) -> list[Axes]:
    """Return the Axes of a new picture, one under the other.

    Of the `heights`, 1 is that of a picture with one Axes.  `dark` is light ink on a dark
    ground; `one_time` says that the Axes share one axis of time.
    """
    theme = DARK if dark else LIGHT
    style = STYLE | {"axes.prop_cycle": cycler(color=theme.lines), "grid.color": theme.faint}
    style |= dict.fromkeys(_GROUNDS, theme.ground) | dict.fromkeys(_INKS, theme.ink)
    with rc_context(style):
        size = (WIDTH_INCHES, HEIGHT_INCHES * (0.25 + 0.75 * sum(heights)))
        picture = Picture(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(picture)
        grid = picture.add_gridspec(len(heights), 1, height_ratios=heights)
        made: list[Axes] = []
        for row in range(len(heights)):
            shared = made[0] if made and one_time else None
            made.append(picture.add_subplot(grid[row], sharex=shared, axes_class=PictureAxes))
    return made


def figure_of(ax: Axes) -> Figure:
    """Return the figure that Axes stand in."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def picture_of(ax: Axes) -> Picture:
    """Return the picture that Axes of ours stand in."""
    picture = figure_of(ax)
    assert isinstance(picture, Picture)
    return picture


def sign(ax: Axes, text: str) -> None:
    """Add a sentence to the alt text of the figure, and under it if it is a `Picture`."""
    figure = figure_of(ax)
    sentences = _captions.setdefault(figure, [])
    sentences.append(text)
    if isinstance(figure, Picture):
        lines = "\n".join(fill(each, CAPTION_COLUMNS) for each in sentences)
        figure.supxlabel(lines, x=0.012, ha="left", color=ink(ax), **CAPTION)


def alt(figure: Figure) -> str:
    """Return the alt text of a figure: the sentences about all that is drawn on it."""
    return " ".join(_captions.get(figure, []))


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, with the alt text as its description."""
    drawn, out, described = BytesIO(), BytesIO(), PngInfo()
    look: Look = {"transparent": False, "pil_kwargs": {"compress_level": 0}}  # read below
    with warnings.catch_warnings():
        # The font has no sign for a control character that a server sent: a box is drawn.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        figure.savefig(drawn, format="png", dpi=2 * DPI, facecolor="auto", **look)
    # Lines and letters need few colours: with a palette a picture has a third of the bytes, and
    # a page with several pictures stays small.
    described.add_itxt("Description", alt(figure))
    few = Image.open(drawn).convert("RGB").quantize(COLOURS_KEPT, dither=Image.Dither.NONE)
    few.save(out, "png", optimize=True, pnginfo=described)
    return out.getvalue()


def to_html(figure: Figure) -> str:
    """Return a figure as one ``<img>`` that needs no file, no kernel and no script."""
    data = b64encode(to_png(figure)).decode("ascii")
    width = round(figure.get_size_inches()[0] * DPI)
    # On a dark page the light ground is a card, with a rim.
    style = f"max-width:100%;width:{width}px;border-radius:6px"
    return (
        f'<img alt="{escape(alt(figure))}" width="{width}" style="{style}" '
        f'src="data:image/png;base64,{data}">'
    )


def known(
    values: pd.Series[float], marks: Iterable[tuple[float, str, Mark]]
) -> list[tuple[float, str, Mark]]:
    """Return those of some quantiles that the data have: value, name and mark of each."""
    found = [(quantile(values, q), name, mark) for q, name, mark in marks]
    return [each for each in found if each[0] == each[0]]


def ms(value_ms: float) -> str:
    """Return a duration with at most three digits and its unit."""
    if abs(value_ms) >= 999.5:
        return f"{value_ms / 1000:,.2f} s"
    digits = 0 if abs(value_ms) >= 99.95 else 1 if abs(value_ms) >= 9.995 else 2
    return f"{value_ms:,.{digits}f} ms"


def moment(t_ms: float) -> str:
    """Return a moment, to a tenth of a millisecond, and its unit."""
    return f"{round(t_ms, 1):,.10g} ms"


def ink(ax: Axes) -> Any:
    """Return the colour of the text on these Axes, which can be a user's."""
    return ax.xaxis.label.get_color()


def next_colour(ax: Axes) -> Any:
    """Return the next colour of the lines on these Axes, for artists that are no lines."""
    # matplotlib has no public access to the cycle of an Axes.
    (line,) = ax.plot([], [])
    line.remove()
    return line.get_color()


def unknown(
    ax: Axes, times_ms: Sequence[float], heights: Sequence[float], like: Line2D
) -> None:
    """Draw a box in which the data are not known: hatched, because solid is measured."""
    # The box counts for the limits of the axes only to the right and to the top: a gap of at
    # least 0 ms has no place on a logarithmic axis.
    (left, right), (low, high) = times_ms, heights
    look: Look = {"hatch": "////", "fill": False, "linewidth": 0.8, "alpha": 0.8}
    look |= {"edgecolor": like.get_color(), "gid": f"{like.get_gid()}-unknown"}
    ax.add_artist(Rectangle((left, low), right - left, high - low, **look))
    ax.update_datalim([(right, high)])
    ax.autoscale_view()


def mark_guess(ax: Axes, axis: str, guess: float, said: str) -> Axes:
    """Draw a learner's guess into a picture, dashed, with a sentence under it."""
    line = ax.axvline if axis == "x" else ax.axhline
    low, high = ax.get_xlim() if axis == "x" else ax.get_ylim()
    scale, move = getattr(ax, f"get_{axis}scale")(), getattr(ax, f"set_{axis}lim")
    if guess > 0 or scale == "linear":
        # The guess is inside, with its name.
        move(min(low, guess / 1.2), max(high, guess * 1.2))
    line(guess, color=next_colour(ax), linestyle=(0, (5, 3)), linewidth=1.8)
    at = (guess, 0.5) if axis == "x" else (0.5, guess)
    where = ax.get_xaxis_transform() if axis == "x" else ax.get_yaxis_transform()
    ax.text(*at, " your guess ", transform=where, va="bottom", fontsize=9, color=ink(ax))
    sign(ax, said)
    return ax


def tell_empty(ax: Axes, tables: Tables, nothing: str) -> None:
    """Write on Axes without data why they are empty: the problem of the stream, if any."""
    said = f"{tables.label}: " * bool(tables.label) + (tables.problem or nothing)
    above = sum(each.get_text().count("\n") + 1 for each in ax.texts)
    look: Look = {"ha": "center", "va": "top", "fontsize": 9, "color": ink(ax)}
    # On Axes with other streams the sentence stands on their lines.
    look |= {"bbox": {"fc": ax.get_facecolor(), "ec": "none", "pad": 1}, "parse_math": False}
    look |= {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    ax.annotate(fill(one_line(said, 240), 80), (0.5, 0.7), (0, -13 * above), **look)


def name_rows(ax: Axes, names: Sequence[str], n_rows: int) -> None:
    """Name the rows of a picture that has one under the other, the first at the top."""
    ax.set_yticks(range(len(names)), names, parse_math=False)
    ax.set_ylim(max(n_rows, 1) - 0.4, -0.6, auto=None)
    ax.grid(visible=False, axis="y")


def frame(ax: Axes, gid: str, xlabel: str, ylabel: str, left: float | None = 0) -> None:
    """Label the axes, begin at `left`, write plain numbers at the ticks, add the legend."""
    ax.set(xlabel=xlabel, ylabel=ylabel)
    # With auto=None, a second recording on the same Axes still widens the limits.
    ax.set_xlim(left=left, auto=None)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    _add_legend(ax, gid)


def _add_legend(ax: Axes, gid: str) -> None:
    """Put the legend above the Axes of a `Picture`, a row a recording, else inside the Axes."""
    rows = list(rows_of(ax, gid).values())
    if not any(rows):
        return
    if isinstance(ax.get_figure(root=True), Picture):
        # matplotlib fills a legend column by column.  For one row a recording, all rows are
        # padded to one length with blank entries, and given in the order of the columns.
        columns = max(map(len, rows))
        blank = Line2D([], [], linestyle="none", label=" ")
        padded = [row + [blank] * (columns - len(row)) for row in rows]
        handles = [row[column] for column in range(columns) for row in padded]
        legend = ax.legend(handles=handles, ncols=columns, **ABOVE)
    else:  # the Axes of a user may be narrow: inside, in one column
        legend = ax.legend(handles=[line for row in rows for line in row], **INSIDE)
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_color(ink(ax))


def rows_of(ax: Axes, gid: str) -> dict[str, list[Line2D]]:
    """Return the labelled lines of each recording drawn on `ax`, by their gid."""
    # matplotlib gives a line without a label one that begins with "_".  Such a line has no
    # entry in the legend, but its recording still counts.
    rows: dict[str, list[Line2D]] = {}
    for line in ax.lines:
        if (found := line.get_gid() or "").startswith(gid):
            row = rows.setdefault(found, [])
            row += [] if str(line.get_label()).startswith("_") else [line]
    return rows


def sentence(tables: Tables, text: str) -> str:
    """Return `text` as a sentence about a recording, with its label if it has one.

    What merged reads hide is part of it; the problem of the stream follows, if any.
    """
    text = "; ".join(filter(None, (text, hidden(tables))))
    said = f"{tables.label}: {text}." if tables.label else f"{text[:1].upper()}{text[1:]}."
    if not tables.problem:
        return said
    problem = one_line(tables.problem)
    return f"{said} {problem[:1].upper()}{problem[1:]}"
