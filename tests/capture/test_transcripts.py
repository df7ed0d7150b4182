"""Every provider's transcript, played by the lab and recorded by ``sl.record``.

The recording has the same bytes and the expected answer, with the dialect named or found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import streamlab as sl
from streamlab.many import Lab
from streamlab.testing import tape_from
from tests.dialects.streams import NAMES, transcript

ASKED = (
    "text",
    "reasoning",
    "refusal",
    "tool_calls",
    "finish_reason",
    "usage",
    "error",
    "complete",
)


@pytest.fixture(scope="module")
def played() -> Iterator[Lab]:
    """A lab that plays each transcript in reads of 100 bytes, cut anywhere."""
    with sl.serve(*map(recording, NAMES), speed=20) as lab:
        yield lab


def recording(name: str) -> sl.Recording:
    body, expected = transcript(name)
    starts = range(0, len(body), 100)
    pieces = [(10 + at / 100, body[at : at + 100]) for at in starts]
    tape = tape_from(pieces, content_type=expected["content_type"], status=200)
    return sl.Recording(tape, label=name)


def asked_of(rec: sl.Recording) -> dict[str, Any]:
    found = {name: getattr(rec, name) for name in ASKED}
    return {name: dict(v) if isinstance(v, dict) else v for name, v in found.items()}


def found_out(name: str, lab: Lab) -> sl.Endpoint:
    """Return the endpoint of a transcript by its URL alone, without its dialect."""
    asked = lab.endpoint(name, transcript(name).expected["dialect"]).query("Hi", {})
    query = "".join(f"?{key}={value}" for key, value in asked.params.items())
    return sl.endpoint(asked.url + query, model=name)


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_is_understood_named_found_out_and_loaded(
    name: str, played: Lab, tmp_path: Path
) -> None:
    """In the dialect that is named, in the one that is found out, and saved and loaded."""
    body, expected = transcript(name)
    named = sl.record(played.endpoint(name, expected["dialect"]), "Hi")
    auto = sl.record(found_out(name, played), "Hi")
    loaded = sl.load(named.save(tmp_path / "a.parquet"))

    for way, rec in {"named": named, "found out": auto, "loaded": loaded}.items():
        assert rec.body == body, way
        assert rec.dialect == expected["dialect"], way
        assert asked_of(rec) == {key: expected[key] for key in ASKED}, way
    assert list(named.deltas["kind"]) == [delta["kind"] for delta in expected["deltas"]]
    assert (named.problem is None) == (expected["complete"] and not expected["error"])
    assert loaded.tape == named.tape


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gemini_error_unframed", "The model is overloaded. Please try again later"),
        (
            "llamacpp_error_old_field",
            "the request exceeds the available context size. try increasing the context size "
            "or enable context shift",
        ),
    ],
)
def test_an_error_outside_the_framing_is_quoted(name: str, said: str, played: Lab) -> None:
    rec = sl.record(played.endpoint(name, transcript(name).expected["dialect"]), "Hi")

    assert rec.problem == f"the server sent an error outside its events: {said}."
