"""Text for people: untrusted text made harmless, a sparkline, a number of things, a duration.

`one_line` replaces all harmful characters, `several_lines` all but line feeds and tabs.  HTML
must be escaped in addition.
"""

# A server can send characters that move a cursor, change colours, reverse the direction of
# writing, or that no encoding takes.  One table replaces each of them by one visible
# character, so that a reader sees that a character was there:
#
# - a C0 control character or DEL by its picture: ESC is shown as `␛`, LF as `␊`;
# - U+FFFD replaces a C1 control character, a direction mark or override (U+061C,
#   U+200E, U+200F, U+202A–U+202E, U+2066–U+2069), U+2028 and U+2029, and half a
#   surrogate pair.

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, count

from streamlab.dialects.reading import mended

# The most bars that a sparkline has.
WIDTH = 40
_BARS, _HATCHED = "▁▂▃▄▅▆▇█", "░"
_DIRECTION = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_ONE_LINE = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys((*range(0x80, 0xA0), *_DIRECTION, 0x2028, 0x2029), "\ufffd"),
}
_SEVERAL_LINES = {code: shown for code, shown in _ONE_LINE.items() if chr(code) not in "\n\t"}


def one_line(text: str, limit: int | None = None) -> str:
    """Return text on one line, harmless, cut to at most `limit` characters."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return mended(text).translate(_ONE_LINE)


def several_lines(text: str) -> str:
    """Return text harmless, with its line feeds and tabs; CRLF becomes LF."""
    if text.isascii() and text.isprintable():  # most pieces of a text
        return text
    return mended(text.replace("\r\n", "\n")).translate(_SEVERAL_LINES)


def line_of(raw: bytes) -> str:
    """Return the bytes of a line as text, without the line's end."""
    return raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")


def sparkline(values_ms: Sequence[float]) -> str:
    """Return times, in ms, as at most 40 bars on a linear scale from 0 to the largest.

    Each bar is the largest of its share of the values, so that a single stall is seen in a long
    stream too; the bar is hatched, ``░``, if one of them is NaN, which is not known.  The
    largest known value follows the bars; no values give "".
    """
    if not values_ms:
        return ""
    step = math.ceil(len(values_ms) / WIDTH)
    shares = [values_ms[at : at + step] for at in range(0, len(values_ms), step)]
    known = [value for value in values_ms if not math.isnan(value)]
    top = max(known, default=0.0)
    bars = "".join(_bar(share, top) for share in shares)
    largest = f"largest{' known' if len(known) < len(values_ms) else ''} {duration(top)}"
    return f"{bars} ({largest if known else 'none is known'})"


def _bar(values_ms: Sequence[float], top: float) -> str:
    if any(map(math.isnan, values_ms)):
        return _HATCHED
    share = max(values_ms) / (top or 1.0)  # below 0 where a file has its reads out of order
    return _BARS[max(0, min(7, int(8 * share)))]


def distinct(names: Iterable[str]) -> list[str]:
    """Return names, each once: a number makes equal names distinct, "a", "a-2", "a-3"."""
    made: dict[str, None] = {}
    for name in names:
        numbered = chain([name], (f"{name}-{n}" for n in count(2)))
        made[next(each for each in numbered if each not in made)] = None
    return [*made]


def counted(n: int, thing: str) -> str:
    """Return a number of things: "1 line", "1,234 lines"."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def between(lo_ms: float, hi_ms: float, said: Callable[[float], str]) -> str:
    """Return a duration between two, which may be equal, as `said`; `lo_ms` may be NaN."""
    least = f"{said(lo_ms)} to " if lo_ms == lo_ms else "up to "
    return f"{'' if lo_ms == hi_ms else least}{said(hi_ms)}"


def duration(value_ms: float | None) -> str:
    """Return a duration as a person writes it: "358.3 ms", "1.86 s"; "–" for None, NaN."""
    if value_ms is None or math.isnan(value_ms):
        return "–"
    # 999.95 ms would be rounded to "1,000.0 ms".
    is_long = abs(value_ms) >= 999.95
    return f"{value_ms / 1000:,.2f} s" if is_long else f"{value_ms:,.1f} ms"
