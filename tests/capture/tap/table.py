"""The verified packages, as the table of streamlab/README.md, from the cases of the tests.

``python -m tests.capture.tap.table`` prints it.
"""

from __future__ import annotations

from tests.capture.tap.sdks import SDKS
from tests.capture.tap.test_sdks import MODES, WAYS, Way

MCP = "mcp"  # see test_mcp: its client is async, and its server is its own


def table() -> str:
    """Return the table in Markdown: one row an SDK, one column a way to its server."""
    head = ["", *(title(way) for way in WAYS)]
    rows = [[sdk.name, *([", ".join(MODES)] * len(WAYS))] for sdk in SDKS]
    mcp = ["async" if (way.server, way.proxy) == ("uvicorn", "") else "" for way in WAYS]
    lines = [head, ["---"] * len(head), *rows, [MCP, *mcp]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def title(way: Way) -> str:
    """Return the name of a column."""
    proxy = {"forward": ", forward proxy", "CONNECT": ", CONNECT proxy"}.get(way.proxy, "")
    return f"{way.server}, {way.version}{proxy}"


if __name__ == "__main__":
    print(table())
