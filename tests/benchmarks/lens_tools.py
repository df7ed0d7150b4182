"""Our definitions against the tools' own code: each requests the same stream of the lab.

The lab plays the synthetic stream at its times.  Each tool's client streams it with its own
HTTP, its own parser and its own metrics, in an interpreter that has the tool; streamlab records
the stream too, and computes the lens.  The output is the tool's number, our number and the
difference: they are two requests, so a right definition differs by about 1 ms at most.

``python -m tests.benchmarks lens_tools guidellm=PYTHON aiperf=PYTHON`` names the interpreters;
without them, this interpreter must have the tools.  The tools' parts run as this file alone, so
it imports only the standard library at its top.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any

MODEL = "synthetic"
ALLOWED_MS = 25.0
"""How far two requests may be apart on a busy machine; the definitions are 40 ms and more."""

PAIRS = {
    "guidellm": {
        "ttft_ms": "time_to_first_token_ms",
        "ttfo_ms": "time_to_first_output_token_ms",
        "itl_mean_ms": "inter_token_latency_ms",
        "tpot_ms": "time_per_output_token_ms",
        "e2e_ms": "request_latency",
        "tok_s": "output_tokens_per_second",
    },
    "AIPerf": {
        "ttft_ms": "time_to_first_token",
        "ttfo_ms": "time_to_first_output_token",
        "ttst_ms": "time_to_second_token",
        "itl_mean_ms": "icl_mean",
        "itl_max_ms": "icl_max",
        "n_itl": "icl_samples",
        "tpot_ms": "inter_token_latency",
        "e2e_ms": "request_latency",
        "tok_s": "e2e_output_token_throughput",
        "tok_s_user": "output_token_throughput_per_user",
    },
}
"""Our column, and what the tool calls it."""


async def ask_guidellm(base_url: str) -> dict[str, Any]:
    """Stream with guidellm's backend; return its statistics of the request."""
    from guidellm.backends.openai.http import OpenAIHTTPBackend
    from guidellm.schemas import GenerationRequest, RequestInfo
    from guidellm.schemas.backends.openai_http import OpenAIHTTPBackendArgs

    backend = OpenAIHTTPBackend(OpenAIHTTPBackendArgs(target=base_url, model=MODEL))
    await backend.process_startup()
    request = GenerationRequest(columns={"text_column": ["Hi"]})
    info = RequestInfo(request_id=request.request_id)
    response = None
    async for found, _ in backend.resolve(request, info):
        response = found or response
    await backend.process_shutdown()
    info.timings.resolve_end = info.timings.request_end
    stats = response.compile_stats(request, info)
    answer = {name: getattr(stats, name) for name in PAIRS["guidellm"].values()}
    return answer | {"request_latency": 1e3 * stats.request_latency}


async def ask_aiperf(base_url: str) -> dict[str, Any]:
    """Stream with AIPerf's client and parser; return its metrics of the record."""
    import orjson
    from aiperf.common.models.record_models import ParsedResponseRecord, TokenCounts
    from aiperf.endpoints.openai_chat import ChatEndpoint
    from aiperf.transports.aiohttp_client import AioHttpClient

    client = AioHttpClient()
    payload = orjson.dumps({"model": MODEL, "stream": True, "messages": []})
    headers = {"Content-Type": "application/json"}
    record = await client.post_request(f"{base_url}/v1/chat/completions", payload, headers)
    await client.close()
    endpoint = ChatEndpoint(model_endpoint=None)  # its parser needs no configuration
    responses = [
        parsed for each in record.responses if (parsed := endpoint.parse_response(each))
    ]
    texts = [each.data.get_text() for each in responses if each.data]
    counts = TokenCounts(input=1, output=sum(map(len, texts)))
    return aiperf_metrics(ParsedResponseRecord(record, responses, counts))


def aiperf_metrics(record: Any) -> dict[str, Any]:
    """Compute AIPerf's metrics of a parsed record, each after those that it needs."""
    from aiperf.metrics.metric_dicts import MetricRecordDict
    from aiperf.metrics.types import (
        e2e_output_throughput_metric,
        inter_chunk_latency_metric,
        inter_token_latency_metric,
        output_sequence_length_metric,
        output_token_throughput_metrics,
        request_latency_metric,
        time_to_first_output_token_metric,
        ttft_metric,
        ttst_metric,
    )

    found = MetricRecordDict()
    for metric in (
        ttft_metric.TTFTMetric,
        time_to_first_output_token_metric.TimeToFirstOutputTokenMetric,
        ttst_metric.TTSTMetric,
        request_latency_metric.RequestLatencyMetric,
        output_sequence_length_metric.OutputSequenceLengthMetric,
        inter_token_latency_metric.InterTokenLatencyMetric,
        inter_chunk_latency_metric.InterChunkLatencyMetric,
        e2e_output_throughput_metric.E2EOutputTokenThroughputMetric,
        output_token_throughput_metrics.OutputTokenThroughputPerUserMetric,
    ):
        found[metric.tag] = metric().parse_record(record, found)
    icl_ms = [gap_ns / 1e6 for gap_ns in found.pop("inter_chunk_latency")]
    rates = ("e2e_output_token_throughput", "output_token_throughput_per_user")
    answer = {tag: value if tag in rates else value / 1e6 for tag, value in found.items()}
    return answer | {
        "icl_mean": sum(icl_ms) / len(icl_ms),
        "icl_max": max(icl_ms),
        "icl_samples": len(icl_ms),
    }


ASK = {"guidellm": ask_guidellm, "aiperf": ask_aiperf}
PACKAGES = {"guidellm": "guidellm", "AIPerf": "aiperf"}


def has(package: str, python: str) -> bool:
    """Say whether an interpreter has a package."""
    look = f"import importlib.util as u; raise SystemExit(not u.find_spec({package!r}))"
    return subprocess.run([python, "-c", look], capture_output=True).returncode == 0


def asked(package: str, python: str, base_url: str) -> dict[str, float]:
    """Run a tool's part of this file in the interpreter that has the tool."""
    done = subprocess.run(
        [python, str(Path(__file__)), "--ask", package, base_url],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    if done.returncode:
        raise RuntimeError(f"{package} did not answer: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def playing(ask: Callable[[str], Any]) -> tuple[Any, Any]:
    """Let the lab play the synthetic stream; return what was asked, and our recording."""
    import streamlab as sl
    from streamlab.recording import Recording
    from streamlab.testing import tape_from
    from tests.metrics.streams import ELEVEN_ANSWERS

    kind = b'{"object": "chat.completion.chunk", "choices"'  # AIPerf reads no other
    pieces = [(ms, data.replace(b'{"choices"', kind)) for ms, data in ELEVEN_ANSWERS]
    tape = tape_from(pieces, end_ms=1105, dialect="openai_chat", status=200)
    lab = sl.serve(Recording(tape, label=MODEL))
    try:
        ask(lab.url)  # connects, imports and compiles what is made once
        found = ask(lab.url)
        return found, sl.record(lab.endpoint(MODEL), "Hi")
    finally:
        lab.close()


def compared(tool: str, python: str) -> list[tuple[str, str, float, float]]:
    """Return our column, their name, their value and ours, a row a metric."""
    from streamlab.metrics.lens import lens

    theirs, rec = playing(lambda url: asked(PACKAGES[tool], python, url))
    ours = lens(rec.tables, tokenizer=len).loc[tool]
    return [(name, name_, theirs[name_], ours[name]) for name, name_ in PAIRS[tool].items()]


def is_near(name: str, theirs: float, ours: float) -> bool:
    """Say whether two numbers are the same, up to what two requests differ by."""
    if isnan(ours) or name == "n_itl":
        return theirs == ours
    return abs(theirs - ours) <= (ALLOWED_MS if name.endswith("_ms") else 0.1 * ours)


def main(argv: list[str] | None = None) -> int:
    """Print their numbers, ours and the differences; return 1 if one is too large."""
    given = dict(each.split("=", 1) for each in (sys.argv[1:] if argv is None else argv))
    code = 0
    for tool, package in PACKAGES.items():
        python = given.get(package, sys.executable)
        if not has(package, python):
            print(f"{tool}: not in {python}; pass {package}=PYTHON of one that has it")
            code = 1
            continue
        print(f"{tool:14} {'theirs':>34} {'':>9} {'ours':>9} {'diff':>8}")
        for name, name_, theirs, ours in compared(tool, python):
            near = is_near(name, theirs, ours)
            code |= not near
            verdict = "" if near else "  too far"
            numbers = f"{theirs:9.3f} {ours:9.3f} {ours - theirs:+8.3f}"
            print(f"  {name:12} {name_:>34} {numbers}{verdict}")
    return int(code)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ask"]:
        print(json.dumps(asyncio.run(ASK[sys.argv[2]](sys.argv[3]))))
    else:
        raise SystemExit(main())
