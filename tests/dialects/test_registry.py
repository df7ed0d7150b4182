"""The table of dialects, and how ``auto`` chooses among them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from streamlab.dialects import DIALECTS, choose, dialect_named
from streamlab.errors import UnknownNameError

SSE = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"


def test_a_dialect_is_found_by_its_name():
    assert {name: dialect_named(name).name for name in DIALECTS} == {n: n for n in DIALECTS}


def test_an_unknown_dialect_is_named_with_those_there_are():
    with pytest.raises(UnknownNameError) as caught:
        dialect_named("antropic")
    assert str(caught.value) == (
        "no dialect 'antropic'; there are: anthropic, cohere, gemini, lmstudio_native, ndjson, "
        "ollama, openai_chat, openai_responses, sse. Did you mean 'anthropic'?"
    )


@pytest.mark.parametrize(
    ("path", "content_type", "name"),
    [
        ("/v1/chat/completions", SSE, "openai_chat"),
        ("/openai/deployments/x/chat/completions", SSE, "openai_chat"),
        ("/v1/completions", SSE, "openai_chat"),
        ("/v1/responses", SSE, "openai_responses"),
        ("/v1/messages", SSE, "anthropic"),
        ("/v1beta/models/gemini-3-pro:streamGenerateContent", SSE, "gemini"),
        ("/api/chat", NDJSON, "ollama"),
        ("/api/generate", NDJSON, "ollama"),
        ("/v2/chat", SSE, "cohere"),
        ("/api/v1/chat", SSE, "lmstudio_native"),
        ("/sse/steady", SSE, "sse"),
        ("/log", NDJSON, "ndjson"),
        ("/log", "application/jsonl", "ndjson"),
        ("/log", "text/plain", "sse"),
        ("/log", "", "sse"),
    ],
)
def test_the_path_decides_where_the_first_event_says_nothing(path, content_type, name):
    assert choose(path, content_type, "message", "[DONE]") == name


def test_the_first_event_wins_over_the_path():
    chunk = json.dumps({"object": "chat.completion.chunk", "choices": []})
    assert choose("/v1/messages", SSE, "message", chunk) == "openai_chat"


def test_a_path_is_not_believed_where_the_content_type_speaks_against_it():
    assert choose("/api/chat", SSE, "message", "hello") == "sse"


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (("message", '{"choices":[]}'), "openai_chat"),
        (("message", '{"type":"response.created"}'), "openai_responses"),
        (("response.created", "{}"), "openai_responses"),
        (("message_start", "{}"), "anthropic"),
        (("message", '{"candidates":[]}'), "gemini"),
        (("message", '{"promptFeedback":{"blockReason":"SAFETY"}}'), "gemini"),
        (("message", '{"response":"a","done":false}'), "ollama"),
        (("message-start", "{}"), "cohere"),
        (("model_load.start", "{}"), "lmstudio_native"),
        (("message", '{"done":true}'), "sse"),
        (("message", "hello"), "sse"),
        (("message", "[1,2]"), "sse"),
    ],
)
def test_the_shape_of_the_first_event_is_enough(event, name):
    assert choose("", "", *event) == name


def test_the_room_needs_nothing_but_the_standard_library():
    code = "import sys; import streamlab.dialects; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"httpx", "pandas", "numpy", "asyncio", "typing_extensions"} & set(
        json.loads(loaded.stdout.replace("'", '"'))
    )
