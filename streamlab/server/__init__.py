"""The lab: a local server that streams like a language model's, on time.

`serve` starts it as a process of its own and returns a handle; `run` serves in the
foreground.  It speaks the providers' paths, ``model`` names the scenario, and whatever the
prompt, it answers by scenario.

Rule: standard library, h11 and the tape room.  Nobody's import of this room loads h11
before a lab runs in this very process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlab.server.lab import run
    from streamlab.server.process import Lab, serve

__all__ = ["Lab", "run", "serve"]

_HOMES = {"Lab": "process", "run": "lab", "serve": "process"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
