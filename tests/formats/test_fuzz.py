"""2,000 mutants of each format: each is refused with a FormatError, or it is usable."""

import json
from array import array
from dataclasses import replace

import pytest

import streamlab as sl
from streamlab.recording import Recording
from streamlab.tape import End, Read, Sends, Stamp, tape_of
from tests.formats.mutants import journal_mutant, parquet_mutant, refused_or_usable, use_all

MUTANTS = {".jsonl": journal_mutant, ".parquet": parquet_mutant}
N_MUTANTS, N_A_TEST = 2_000, 250

KEPT = {".jsonl": [], ".parquet": [1_005_525, 6_000_500]}
"""Seeds of mutants that once raised something else, or were neither refused nor usable."""


def chunk(text, **more):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None} | more
    return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"


def read(n, data, kind):
    stamp = Stamp(n * 10**7, n * 10**7 + 500, "kernel", n, n * 10**7 - 9, kind)
    return Read(data, stamp, n * 10**7 + 900, n)


def sample():
    """A recording with all that a file can hold."""
    reads = [
        read(1, b": hello\n\n", "single"),
        read(2, chunk("Gr\u00fc\u00dfe"), "burst"),
        read(3, chunk("", finish_reason="stop"), "merged"),
        read(4, b"\xff\n", None),
    ]
    marks = {"called": 10, "connect": 20, "connected": 30, "request_sent": 40, "headers": 50}
    meta = {
        "label": "mine",
        "dialect": "openai_chat",
        "model": "m",
        "status": 200,
        "reason": "OK",
        "url": "http://127.0.0.1:80/v1/chat/completions",
        "method": "POST",
        "http_version": "HTTP/1.1",
        "anchor": {"mono_ns": 1, "wall_ns": 1_750_000_000 * 10**9, "error_ns": 90},
        "content_type": "text/event-stream",
        "content_encoding": "identity",
        "reused": False,
        "headers": [["server", "lab"]],
        "request": {"max_tokens": 9, "stream": True},
    }
    tape = tape_of(reads, End(10**8, "eof", "all"), marks, meta)
    size = len(tape.body)
    sends = Sends(array("q", [9, size]), array("q", [10, 20]), array("q", [9, 21]))
    return replace(tape, chunk_ends=array("q", [9, size]), sends=sends)


@pytest.fixture(scope="module", params=MUTANTS)
def saved(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / f"a{request.param}"
    Recording(sample()).save(path)
    return path, path.read_bytes()


def test_what_is_mutated_is_whole(saved):
    path, whole = saved
    path.write_bytes(whole)
    rec = sl.load(path)
    assert rec.tape == sample()
    use_all(rec, path.parent)


@pytest.mark.parametrize("first", range(0, N_MUTANTS, N_A_TEST))
def test_a_mutant_is_refused_or_usable(saved, first):
    path, whole = saved
    seeds = range(first, first + N_A_TEST)
    usable = [refused_or_usable(path, whole, MUTANTS[path.suffix], seed) for seed in seeds]

    assert 10 < sum(usable) < N_A_TEST - 10  # the mutants are neither hopeless nor harmless


@pytest.mark.parametrize("seed", range(5))
def test_kept_seeds(saved, seed):
    path, whole = saved
    for kept in KEPT[path.suffix][seed::5]:
        refused_or_usable(path, whole, MUTANTS[path.suffix], kept)
