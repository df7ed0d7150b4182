"""A reader of the user's own, over a real socket: paths, and a function."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import streamlab as sl
from streamlab.dialects import Delta
from streamlab.errors import UsageError
from streamlab.many import Lab
from tests.capture.test_reports import sending
from tests.cli.prompt import piped
from tests.servers.raw import raw_server, sends


def case_of(*events: Any, **more: Any) -> dict[str, Any]:
    return {"dialect": "sse", "events": list(events), **more}


LLAMACPP = case_of(
    {"content": "On", "stop": False, "tokens_predicted": 1},
    {"content": "ce", "stop": False, "tokens_predicted": 3},
    {"content": "", "stop": True, "tokens_predicted": 3, "timings": {"predicted_ms": 9.0}},
)
TGI = case_of(
    {"token": {"id": 1, "text": "Hi"}, "generated_text": None, "details": None},
    {
        "token": {"id": 2, "text": "!"},
        "generated_text": "Hi!",
        "details": {"finish_reason": "length", "generated_tokens": 2},
    },
)
WORKERS = case_of(
    {"response": "Hi", "p": "ab"},
    {"response": "", "usage": {"prompt_tokens": 4, "completion_tokens": 1}},
    "[DONE]",
)
READERS = {
    "llama.cpp": (
        LLAMACPP,
        {"text": "$.content", "done": "$.stop", "tokens": "$.tokens_predicted"},
        ("Once", None, 3.0),
    ),
    "TGI": (
        TGI,
        {
            "text": "$.token.text",
            "done": "$.details.finish_reason",
            "tokens": "$.details.generated_tokens",
        },
        ("Hi!", "length", 2.0),
    ),
    "Workers AI": (
        WORKERS,
        {"text": "$.response", "done": "[DONE]", "tokens": "$.usage"},
        ("Hi", None, 1.0),
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_paths_read_a_server_without_a_dialect(name: str, tmp_path: Path) -> None:
    case, paths, right = READERS[name]
    with sending(case) as url:
        rec = sl.record(sl.endpoint(url, **paths), json={"prompt": "Hi", "stream": True})

    for each in (rec, sl.load(rec.save(tmp_path / "a.jsonl"))):
        assert (each.text, each.finish_reason, each.summary["n_tokens"]) == right
        assert (each.complete, each.problem, each.dialect) == (True, None, "custom")
        assert each.meta["reader"] == paths


def test_a_running_number_of_tokens_counts_each_delta() -> None:
    case, paths, _ = READERS["llama.cpp"]
    with sending(case) as url:
        deltas = sl.record(sl.endpoint(url, **paths), json={}).deltas

    assert deltas["n_tokens"].dropna().tolist() == [1, 2]


@pytest.mark.parametrize("cut", [1, 2])
def test_a_stream_that_lacks_its_last_event_is_not_complete(cut: int) -> None:
    case, paths, _ = READERS["llama.cpp"]
    with sending({**case, "events": case["events"][:cut]}) as url:
        rec = sl.record(sl.endpoint(url, **paths), json={})

    assert rec.complete is False
    assert rec.problem is not None
    assert "terminal signal" in rec.problem


def test_a_path_that_finds_nothing_is_a_problem() -> None:
    with sending(WORKERS) as url:
        rec = sl.record(sl.endpoint(url, text="$.respons", done="[DONE]"), json={})

    assert rec.problem is not None
    assert "no event was understood as custom" in rec.problem


@pytest.mark.parametrize("path", ["response", "$.a[", "$response"])
def test_a_text_that_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match=r"text= is a path such as \$\.response"):
        sl.endpoint("http://127.0.0.1:9", text=path)


def words(event: Any) -> Any:
    if event.data == "[DONE]":
        return [Delta("finish", "stop", 0), Delta("done", "[DONE]")]
    return event.json["w"]


SPOKEN = case_of({"w": "a"}, {"w": ""}, {"w": "b"}, "[DONE]")


@pytest.mark.filterwarnings("error")
def test_a_function_reads_and_is_given_again(tmp_path: Path) -> None:
    with sending(SPOKEN) as url:
        endpoint = sl.endpoint(url, reader=words)
        rec = sl.record(endpoint)
        arec = asyncio.run(sl.arecord(endpoint))
        watched = sl.watch(endpoint).wait()
        with sl.stream(endpoint) as s:
            texts = [delta.text for delta in s if delta.kind == "content"]

    assert texts == ["a", "b"]
    path = rec.save(tmp_path / "a.jsonl")
    for each in (rec, arec, watched, s.recording, sl.load(path, reader=words)):
        assert (each.text, each.finish_reason, each.complete) == ("ab", "stop", True)
        assert each.problem is None
    with pytest.warns(UserWarning, match="the function 'words' read the events"):
        assert sl.load(path).complete is None


def test_a_function_that_raises_is_a_problem() -> None:
    with sending(case_of({"w": "a"}, {"x": "b"}, "[DONE]")) as url:
        rec = sl.record(sl.endpoint(url, reader=words))

    assert rec.text == "a"
    assert rec.problem is not None
    assert rec.problem == "the reader raised KeyError('w'), in 1 of 3 events. Mend the reader."


@pytest.mark.parametrize("word", ["none", "null", "false", "NONE"])
def test_a_word_for_nothing_at_the_path_of_done_is_no_end(word: str) -> None:
    events = [{"t": "a", "why": word}, {"t": "b", "why": word}]
    with sending(case_of(*events)) as url:
        rec = sl.record(sl.endpoint(url, text="$.t", done="$.why"), json={})

    assert (rec.text, rec.finish_reason, rec.complete) == ("ab", None, False)


def test_the_whole_event_may_be_the_text() -> None:
    with sending(case_of('"a"', '"b"')) as url:
        rec = sl.record(sl.endpoint(url, text="$"), json={})

    assert (rec.text, rec.problem) == ("ab", None)


def test_a_text_that_is_a_number_is_not_lost_silently() -> None:
    with sending(case_of({"t": 5}, {"t": "a"})) as url:
        rec = sl.record(sl.endpoint(url, text="$.t"), json={})

    assert rec.problem == "1 part of the answer is not read: text=."


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], 0])
def test_a_text_that_has_none_is_not_lost_silently(value: object) -> None:
    with sending(case_of({"t": "a"}, {"t": value}, {"t": ""}, {"t": []})) as url:
        rec = sl.record(sl.endpoint(url, text="$.t"), json={})

    assert (rec.text, rec.problem) == ("a", "1 part of the answer is not read: text=.")


def test_a_text_beside_a_code_is_no_error() -> None:
    with sending(
        case_of({"code": "en", "message": "a"}, {"message": "b", "stop": True})
    ) as url:
        rec = sl.record(sl.endpoint(url, text="$.message", done="$.stop"), json={})

    assert (rec.text, rec.complete, rec.problem) == ("ab", True, None)


@pytest.mark.parametrize("body", ["<html></html>", '{"t":"a"}\n{"t":"b"}\n'])
def test_a_reader_without_events_is_a_problem_also_where_no_stream_was_asked(body: str) -> None:
    kind = b"text/html" if body[0] == "<" else b"application/json"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: " + kind + b"\r\n\r\n"
    with raw_server(sends(head + body.encode())) as url:
        rec = sl.record(sl.endpoint(url, text="$.t"), json={"q": 1})

    assert rec.problem is not None


def test_think_tags_are_an_option_of_every_way_to_read(tmp_path: Path) -> None:
    delta = {"content": "<think>so</think>4"}
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]}
    with sending(case_of(chunk, "[DONE]")) as url:
        endpoint = sl.endpoint(url, dialect="openai_chat", model="m")
        plain = sl.record(endpoint, "hi")
        split = asyncio.run(sl.arecord(endpoint, "hi", think_tags=True))
        file = tmp_path / "a.jsonl"
        command = ("record", "--url", url, "--dialect", "openai_chat", "-m", "m", "hi")
        done = piped(*command, "--think-tags", "--save", str(file), cwd=tmp_path)

    assert plain.text == "<think>so</think>4"
    assert (split.reasoning, split.text, split.meta["think_tags"]) == ("so", "4", True)
    assert done.code == 0
    assert sl.load(file).text == "4"
    assert sl.load(file, think_tags=False).text == plain.text
    assert sl.load(plain.save(tmp_path / "b.jsonl"), think_tags=True).reasoning == "so"
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])


def test_legacy_completions_are_asked_of_the_lab(fast_lab: Lab, tmp_path: Path) -> None:
    rec = sl.record(
        sl.openai("count-to-ten", api="completions", base_url=fast_lab.base_url), "Hi"
    )
    command = ("record", "-p", "openai-completions", "--base-url", fast_lab.base_url)
    done = piped(*command, "-m", "count-to-ten", "Hi", cwd=tmp_path)

    assert (rec.text, rec.dialect, rec.problem) == (
        done.out.strip(),
        "openai_completions",
        None,
    )
    assert rec.meta["request"] == {"model": "count-to-ten", "prompt": "Hi", "stream": True}
