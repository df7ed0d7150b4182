"""An oscilloscope for language-model streams, in a notebook.

::

    import streamlab as sl

    lab = sl.serve()
    rec = sl.record(lab.endpoint("count-to-ten"), "Count to 10", temperature=0)
    rec.lines

Everything is loaded when it is first used, so importing is light.  Provider names
(``sl.openai``, …) stay out of ``__all__``: a star import must not shadow an SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from streamlab.capture.api import arecord, record, stream, watch
    from streamlab.capture.attach import attach
    from streamlab.capture.tap import tap
    from streamlab.endpoints.endpoint import Endpoint, endpoint
    from streamlab.endpoints.providers import (
        anthropic,
        cohere,
        gemini,
        lmstudio,
        ollama,
        openai,
    )
    from streamlab.errors import StreamlabError
    from streamlab.many import compare, concat, lens_many, read_parquet, serve
    from streamlab.recording import Recording, load

    last: Recording | None

__all__ = [
    "Endpoint",
    "Recording",
    "StreamlabError",
    "arecord",
    "attach",
    "compare",
    "concat",
    "endpoint",
    "lens_many",
    "load",
    "read_parquet",
    "record",
    "serve",
    "stream",
    "tap",
    "watch",
]

_HOMES = {
    "StreamlabError": "errors",
    **dict.fromkeys(("arecord", "record", "stream", "watch"), "capture.api"),
    **dict.fromkeys(("compare", "concat", "lens_many", "read_parquet", "serve"), "many"),
    **dict.fromkeys(
        ("anthropic", "cohere", "gemini", "lmstudio", "ollama", "openai"), "endpoints.providers"
    ),
    **dict.fromkeys(("Recording", "load"), "recording"),
    "attach": "capture.attach",
    "tap": "capture.tap",
    **dict.fromkeys(("Endpoint", "endpoint"), "endpoints.endpoint"),
}
_ROOMS = (
    "capture",
    "cli",
    "decode",
    "dialects",
    "endpoints",
    "errors",
    "faces",
    "follow",
    "formats",
    "live",
    "metrics",
    "net",
    "plots",
    "server",
    "tape",
    "testing",
)


def __getattr__(name: str) -> Any:
    if name == "last":
        return import_module("streamlab.capture.api").last()
    if name in _HOMES:
        return getattr(import_module(f"streamlab.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return import_module(f"streamlab.{name}")
    raise AttributeError(f"module 'streamlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_HOMES, *_ROOMS, "last", "__version__"})
