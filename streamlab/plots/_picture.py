"""The base of all pictures: the figure, its look, its caption, its rich display.

A figure of ours has its own background and inks, with any style or theme of the page, so it
looks the same on a light page and on a dark page.  On the Axes of a user, a picture takes the
colours of those Axes.  Lines that differ in colour differ in shape or dashes too.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO
from textwrap import fill
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from streamlab.metrics import Tables

Look: TypeAlias = dict[str, Any]
"""Keywords of matplotlib's artists."""

Bundle: TypeAlias = tuple[dict[str, str], dict[str, dict[str, object]]]
"""The data that IPython displays: data by media type, and metadata by media type."""

INK, FAINT = "#22262b", "#d9dce0"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe and Ito

STYLE: Any = {
    "font.size": 10.0,
    "text.color": INK,
    "figure.facecolor": "white",
    "figure.edgecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLOURS),
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}

WIDTH_INCHES, HEIGHT_INCHES = 7.6, 3.8
DPI = 100
COLOURS_KEPT = 128
CAPTION_COLUMNS = 112
CAPTION: Look = {"fontsize": 8.5, "color": INK, "linespacing": 1.4, "parse_math": False}
INSIDE: Look = {"loc": "best", "fontsize": 9, "framealpha": 0.7}
ABOVE: Look = {
    "loc": "lower left",
    "bbox_to_anchor": (-0.01, 1.0),
    "frameon": False,
    "fontsize": 9,
    "borderaxespad": 0.2,
    "columnspacing": 1.6,
    "handletextpad": 0.5,
}

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
        picture = self.get_figure(root=True)
        assert isinstance(picture, Picture)
        return picture._repr_mimebundle_(include, exclude)


def new_axes(rows: int = 1) -> list[Axes]:
    """Return the Axes of a new picture, one under the other, with one axis of time."""
    with rc_context(STYLE):
        size = (WIDTH_INCHES, HEIGHT_INCHES * (0.25 + 0.75 * rows))
        picture = Picture(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(picture)
        made: list[Axes] = []
        for row in range(rows):
            shared = made[0] if made else None
            ax = picture.add_subplot(rows, 1, row + 1, sharex=shared, axes_class=PictureAxes)
            made.append(ax)
    return made


def axes_for(ax: Axes | None) -> Axes:
    """Return `ax`, or the Axes of a new picture."""
    return new_axes()[0] if ax is None else ax


def sign(ax: Axes, text: str) -> None:
    """Add a sentence to the alt text of the figure, and under it if it is a `Picture`."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    sentences = _captions.setdefault(figure, [])
    sentences.append(text)
    if isinstance(figure, Picture):
        lines = "\n".join(fill(each, CAPTION_COLUMNS) for each in sentences)
        figure.supxlabel(lines, x=0.012, ha="left", **CAPTION)


def alt(figure: Figure) -> str:
    """Return the alt text of a figure: the sentences about all that is drawn on it."""
    return " ".join(_captions.get(figure, []))


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, with the alt text as its description."""
    drawn, out, described = BytesIO(), BytesIO(), PngInfo()
    face = figure.get_facecolor()
    figure.savefig(drawn, format="png", dpi=2 * DPI, facecolor=face, transparent=False)
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
    style = f"max-width:100%;width:{width}px"
    return (
        f'<img alt="{escape(alt(figure))}" width="{width}" style="{style}" '
        f'src="data:image/png;base64,{data}">'
    )


def ms(value_ms: float) -> str:
    """Return a time with three digits and its unit."""
    digits = 0 if abs(value_ms) >= 99.95 else 1 if abs(value_ms) >= 9.995 else 2
    return f"{value_ms:,.{digits}f} ms"


def frame(ax: Axes, gid: str, xlabel: str, ylabel: str) -> None:
    """Label the axes, begin at t0, write plain numbers at the ticks, add the legend."""
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_xlim(left=0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(_plain_number))
    _add_legend(ax, gid)


def _add_legend(ax: Axes, gid: str) -> None:
    """Put the legend above the Axes of a `Picture`, one row a recording.

    The Axes of a user may be narrow: there the legend is inside, in one column.
    """
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
    else:
        legend = ax.legend(handles=[line for row in rows for line in row], **INSIDE)
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_color(ax.xaxis.label.get_color())


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


def _plain_number(value: float, _: int | None = None) -> str:
    """Return the label of a tick: ``1,500``, ``0.2``."""
    return f"{value:,.10g}"


def sentence(tables: Tables, text: str) -> str:
    """Return `text` as a sentence about a recording, with its label if it has one."""
    return f"{tables.label}: {text}." if tables.label else f"{text[:1].upper()}{text[1:]}."
