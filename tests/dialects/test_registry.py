"""The table of dialects, and how ``auto`` chooses among them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from streamlab.dialects import DIALECTS, choose, dialect_named, framing_at, recognise
from streamlab.errors import UnknownNameError


def test_a_dialect_is_found_by_its_name():
    assert {name: dialect_named(name).name for name in DIALECTS} == {n: n for n in DIALECTS}


def test_an_unknown_dialect_is_named_with_those_there_are():
    with pytest.raises(UnknownNameError) as caught:
        dialect_named("antropic")
    assert str(caught.value) == (
        f"no dialect 'antropic'; there are: {', '.join(sorted(DIALECTS))}. "
        "Did you mean 'anthropic'?"
    )


@pytest.mark.parametrize(
    ("path", "framing", "name"),
    [
        ("/v1/chat/completions", "sse", "openai_chat"),
        ("/openai/deployments/x/chat/completions", "sse", "openai_chat"),
        ("/v1/completions", "sse", "openai_completions"),
        ("/v1/responses", "sse", "openai_responses"),
        ("/v1/messages", "sse", "anthropic"),
        ("/v1beta/models/gemini-3-pro:streamGenerateContent", "sse", "gemini"),
        ("/api/chat", "ndjson", "ollama"),
        ("/api/generate", "ndjson", "ollama"),
        ("/v2/chat", "sse", "cohere"),
        ("/api/v1/chat", "sse", "lmstudio_native"),
        ("/sse/steady", "sse", "sse"),
        ("/log", "ndjson", "ndjson"),
        ("/log", "sse", "sse"),
    ],
)
def test_the_path_decides_where_the_first_event_says_nothing(path, framing, name):
    assert choose(path, framing, "message", "[DONE]") == name


def test_the_first_event_wins_over_the_path():
    chunk = json.dumps({"object": "chat.completion.chunk", "choices": []})
    assert choose("/v1/messages", "sse", "message", chunk) == "openai_chat"


def test_a_path_is_not_believed_where_the_framing_speaks_against_it():
    assert choose("/api/chat", "sse", "message", "hello") == "sse"


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
    assert choose("", "sse", *event) == name
    assert recognise(*event) == (None if name == "sse" else name)


def test_a_path_tells_the_framing_that_is_usual_there():
    assert framing_at("/v1/chat/completions") == "sse"
    assert framing_at("/api/chat") == "ndjson"
    assert framing_at("/log") is None


def test_the_room_needs_nothing_but_the_standard_library():
    code = "import sys; import streamlab.dialects; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"httpx", "pandas", "numpy", "asyncio", "typing_extensions"} & set(
        json.loads(loaded.stdout.replace("'", '"'))
    )
