"""The body as text, as ``curl`` would show it: server-sent events, or NDJSON.

The bytes are those of the server, without their content-encoding.  They have no times, so
this format cannot be loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamlab.tape.whole import whole

if TYPE_CHECKING:
    from streamlab.metrics import Tables

ENDINGS = (".sse", ".ndjson")


def save(tables: Tables, path: str | Path) -> None:
    """Write the decoded body, byte for byte."""
    with whole(path) as file:
        file.write(tables.framed.body)
