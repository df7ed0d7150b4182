"""How benchmark tools define their metrics: one file a tool, one function a definition.

A tool is a module of this folder with ``DEFINITIONS``: one `Definition` for each way in
which the tool computes its figures.  To add a tool, add its file and its test; tools that are
not in `ORDER` come last, by the alphabet.

Rule: a definition computes the same as the tool, also where we think the tool is wrong; our own
definition is `ours`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from streamlab.metrics.chunks import Chunk, Seen, Tokenizer
from streamlab.metrics.definitions.base import Definition, Figures

__all__ = ["DEFINITIONS", "Chunk", "Definition", "Figures", "Seen", "Tokenizer"]

ORDER = (
    "ours",
    "vllm",
    "sglang",
    "guidellm",
    "aiperf",
    "inference_perf",
    "evalscope",
    "llmperf",
    "genai_bench",
    "mlcommons",
    "hf_benchmarker",
    "openllmetry",
    "opentelemetry",
)


def _names() -> list[str]:
    found = sorted(found.name for found in iter_modules(__path__))
    others = [name for name in found if name not in (*ORDER, "base")]
    return [*ORDER, *others]


DEFINITIONS: tuple[Definition, ...] = tuple(
    definition
    for name in _names()
    for definition in import_module(f"{__name__}.{name}").DEFINITIONS
)
"""Every definition, ours first."""
