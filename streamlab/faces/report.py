"""A recording as one page: facts, pictures and the player, in one file.

The page works from a disk, without a kernel.  Its content security policy allows the one script
that is in it, by its hash, and no network at all.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from streamlab.faces.frozen import picture_html, static_html
from streamlab.faces.steps import packed
from streamlab.follow.text import one_line

if TYPE_CHECKING:
    from streamlab.metrics import Tables

_HERE = Path(__file__).parent

# In the page's policy: `default-src` does not cover forms and the base of links.
_START = """
mount(document.getElementById("player")).load(document.getElementById("states").textContent);
"""


def page(tables: Tables) -> str:
    """Return the page of a recording as HTML; it holds the text and the bytes of the stream."""
    from streamlab.metrics import summary

    script = (_HERE / "player.mjs").read_text("utf-8") + _START
    title = escape(one_line(tables.label or "stream", 200))
    return Template((_HERE / "report.html").read_text("utf-8")).substitute(
        hash=b64encode(sha256(script.encode()).digest()).decode("ascii"),
        title=title,
        css=(_HERE / "player.css").read_text("utf-8"),
        face=static_html(tables),
        gaps=picture_html(tables, "gaps"),
        numbers=summary(tables).dropna().to_frame("value").to_html(),
        states=packed(tables),
        script=script,
    )
