"""An oscilloscope for language-model streams, in a notebook.

A first stream:

    import streamlab as sl

    lab = sl.serve()
    rec = sl.record(lab.endpoint("count-to-ten"), "Count to 10", temperature=0)
    rec.lines

``sl.last`` is the recording that ended last.  Every name is loaded on first use, so importing
is light.  Provider names (``sl.openai``, …)
stay out of ``__all__``: a star import must not shadow an SDK.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Endpoint",
    "Recording",
    "StreamlabError",
    "arecord",
    "attach",
    "columns",
    "compare",
    "concat",
    "endpoint",
    "explain",
    "lens_many",
    "load",
    "plot_comparison",
    "plot_delivery",
    "plot_lanes",
    "read_parquet",
    "record",
    "serve",
    "stepper",
    "stop_all",
    "stream",
    "tap",
    "watch",
    "watches",
]

# The module of each public name.
_HOMES = {
    "StreamlabError": "errors",
    **dict.fromkeys(("arecord", "record", "stream"), "capture.api"),
    **dict.fromkeys(("stop_all", "watch", "watches"), "capture.watch"),
    "attach": "capture.attach",
    "stepper": "live.player",
    "tap": "capture.tap",
    **dict.fromkeys(("concat", "read_parquet", "serve"), "many"),
    "compare": "metrics.compare",
    "lens_many": "metrics.lens_many",
    **dict.fromkeys(("columns", "explain"), "metrics.explain"),
    **dict.fromkeys(("plot_comparison", "plot_delivery", "plot_lanes"), "plots"),
    **dict.fromkeys(
        ("anthropic", "cohere", "gemini", "lmstudio", "ollama", "openai"), "endpoints.providers"
    ),
    **dict.fromkeys(("Recording", "load"), "recording"),
    **dict.fromkeys(("Endpoint", "endpoint"), "endpoints.endpoint"),
}

# Rooms that an expert reaches as ``sl.decode``; they are not listed among the names.
_ROOMS = frozenset(
    {"decode", "dialects", "errors", "formats", "lessons", "metrics", "plots", "tape"}
)

# A type checker gets the names from these imports and not from `__getattr__`, which would
# make every misspelt name an Any.  "import x as x" says that the name is public here.
if TYPE_CHECKING:
    from streamlab.capture.api import arecord, record, stream
    from streamlab.capture.attach import attach
    from streamlab.capture.tap import tap
    from streamlab.capture.watch import stop_all, watch, watches
    from streamlab.endpoints.endpoint import Endpoint, endpoint
    from streamlab.endpoints.providers import anthropic as anthropic
    from streamlab.endpoints.providers import cohere as cohere
    from streamlab.endpoints.providers import gemini as gemini
    from streamlab.endpoints.providers import lmstudio as lmstudio
    from streamlab.endpoints.providers import ollama as ollama
    from streamlab.endpoints.providers import openai as openai
    from streamlab.errors import StreamlabError
    from streamlab.live.player import stepper
    from streamlab.many import concat, read_parquet, serve
    from streamlab.metrics.compare import compare
    from streamlab.metrics.explain import columns, explain
    from streamlab.metrics.lens_many import lens_many
    from streamlab.plots import plot_comparison, plot_delivery, plot_lanes
    from streamlab.recording import Recording, load

    last: Recording | None
else:

    def __getattr__(name: str) -> object:
        if name == "last":
            return import_module("streamlab.capture.api").last()
        if name in _HOMES:
            return getattr(import_module(f"streamlab.{_HOMES[name]}"), name)
        if name in _ROOMS:
            return import_module(f"streamlab.{name}")
        raise AttributeError(f"module 'streamlab' has no attribute {name!r}")


def load_ipython_extension(ipython: Any) -> None:
    """Add the cell magic ``%%sse``; ``%load_ext streamlab`` calls this."""
    sse = import_module("streamlab.live.player").sse
    ipython.register_magic_function(sse, "cell")


def __dir__() -> list[str]:
    return sorted({*__all__, *_HOMES, "last", "__version__"})
