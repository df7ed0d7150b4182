"""How benchmark tools define their metrics: one file a tool, one function a definition.

To add a tool, add its file, its words in ``tools.json`` under the name of its function, and its
test.  The order of ``tools.json`` is that of all tables.

Rule: a definition computes the same as the tool, also where we think the tool is wrong; our own
definition is `ours`.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from streamlab.metrics.chunks import Chunk, Seen, Tokenizer
from streamlab.metrics.definitions.base import Definition, Figures

__all__ = ["DEFINITIONS", "Chunk", "Definition", "Figures", "Seen", "Tokenizer"]


def _defined(place: str, words: dict[str, Any]) -> Definition:
    module, _, name = place.partition(".")
    return Definition(figures=getattr(import_module(f"{__name__}.{module}"), name), **words)


_WORDS = json.loads(Path(__file__).with_name("tools.json").read_text("utf-8"))
DEFINITIONS: tuple[Definition, ...] = tuple(_defined(*entry) for entry in _WORDS.items())
"""Every definition, ours first."""
