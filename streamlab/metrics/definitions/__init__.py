"""How the field defines its metrics: one file a tool, one small function a definition.

A tool is a module of this folder, in `ORDER` or behind it by the alphabet, with
``DEFINITIONS``: one `Definition` for each way in which the tool answers.  To add one,
add its file and its test.

Rule: a definition says what the tool says, wrong or right; what we hold right is `ours`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from streamlab.metrics.chunks import Chunk, Seen, Tokenizer
from streamlab.metrics.definitions.base import Answer, Definition

__all__ = ["DEFINITIONS", "Answer", "Chunk", "Definition", "Seen", "Tokenizer"]

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
