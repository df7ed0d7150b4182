"""The request of each dialect, and the header with its key."""

from __future__ import annotations

import pytest

from streamlab.dialects import DIALECTS, PLAIN, dialect_named
from streamlab.errors import UsageError

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": [{"type": "text", "text": "Count"}]},
]
PROVIDERS = [name for name in DIALECTS if name not in PLAIN]


def ask(name, messages=TALK, **body):
    return dialect_named(name).ask("m", messages, body)


def test_responses_are_asked_with_input_items():
    asked = ask("openai_responses", temperature=0)
    assert asked.path == "/responses"
    assert asked.json == {
        "model": "m",
        "input": [
            *TALK[:3],
            {"role": "user", "content": [{"type": "input_text", "text": "Count"}]},
        ],
        "stream": True,
        "temperature": 0,
    }


def test_anthropic_takes_the_system_apart_and_demands_a_limit():
    asked = ask("anthropic")
    assert asked.path == "/v1/messages"
    assert asked.headers == {"anthropic-version": "2023-06-01"}
    assert asked.json == {
        "model": "m",
        "max_tokens": 4096,
        "messages": TALK[1:],
        "system": "Be brief.",
        "stream": True,
    }
    assert ask("anthropic", max_tokens=5).json["max_tokens"] == 5


def test_gemini_has_the_model_in_its_path_and_contents_in_its_body():
    asked = ask("gemini")
    assert asked.path == "/v1beta/models/m:streamGenerateContent"
    assert asked.params == {"alt": "sse"}
    assert asked.json == {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [{"text": "Hello"}]},
            {"role": "user", "parts": [{"text": "Count"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    }


def test_sampling_of_gemini_goes_where_it_means_something():
    asked = ask("gemini", [], temperature=0, max_tokens=9, generationConfig={"topK": 3})
    config = {"temperature": 0, "maxOutputTokens": 9, "topK": 3}
    assert asked.json == {"contents": [], "generationConfig": config}


def test_what_stands_in_the_config_of_gemini_wins():
    asked = ask("gemini", [], temperature=0, generationConfig={"temperature": 1})
    assert asked.json["generationConfig"] == {"temperature": 1}


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("models/g", "/v1beta/models/g:streamGenerateContent"),
        ("tunedModels/t", "/v1beta/tunedModels/t:streamGenerateContent"),
        ("a b?", "/v1beta/models/a%20b%3F:streamGenerateContent"),
    ],
)
def test_a_model_of_gemini_may_have_a_folder_but_no_query(model, path):
    assert dialect_named("gemini").ask(model, [], {}).path == path


def test_contents_that_are_already_geminis_are_left_alone():
    own = {"role": "user", "parts": [{"inlineData": {}}]}
    assert ask("gemini", [own]).json["contents"] == [own]


def test_ollama_wants_text_and_its_options():
    asked = ask("ollama", temperature=0, options={"num_ctx": 512})
    assert asked.path == "/api/chat"
    assert asked.json == {
        "model": "m",
        "messages": [*TALK[:3], {"role": "user", "content": "Count"}],
        "stream": True,
        "options": {"temperature": 0, "num_ctx": 512},
    }


def test_cohere_takes_messages_as_they_are():
    asked = ask("cohere", temperature=0)
    assert asked.path == "/v2/chat"
    assert asked.json == {"model": "m", "messages": TALK, "stream": True, "temperature": 0}


def test_lmstudio_wants_an_input():
    assert ask("lmstudio_native", TALK[:2]).json == {
        "model": "m",
        "input": "Hi",
        "system_prompt": "Be brief.",
        "stream": True,
    }
    parts = ask("lmstudio_native").json["input"]
    assert [part["content"] for part in parts] == ["Hi", "Hello", "Count"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_asking_changes_neither_messages_nor_body(name):
    messages, body = [dict(message) for message in TALK], {"temperature": 0}
    dialect_named(name).ask("m", messages, body)
    assert (messages, body) == (TALK, {"temperature": 0})


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_key_stands_in_one_header_and_never_in_the_request(name):
    header = dialect_named(name).key_header("k-1")
    own = {"anthropic": {"x-api-key": "k-1"}, "gemini": {"x-goog-api-key": "k-1"}}
    assert header == own.get(name, {"Authorization": "Bearer k-1"})


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_base_url_has_no_slash_at_its_end(name):
    dialect = dialect_named(name)
    assert dialect.base_url.startswith("http")
    assert not dialect.base_url.endswith("/")
    assert dialect.root(f" {dialect.base_url}/ ") == dialect.base_url


def test_keys_and_base_urls_come_from_the_variables_that_the_sdks_read():
    found = {n: (DIALECTS[n].key_variables, DIALECTS[n].base_url_variable) for n in DIALECTS}
    assert found == {
        "openai_chat": (("OPENAI_API_KEY",), "OPENAI_BASE_URL"),
        "openai_responses": (("OPENAI_API_KEY",), "OPENAI_BASE_URL"),
        "openai_completions": (("OPENAI_API_KEY",), "OPENAI_BASE_URL"),
        "anthropic": (("ANTHROPIC_API_KEY",), "ANTHROPIC_BASE_URL"),
        "gemini": (("GEMINI_API_KEY", "GOOGLE_API_KEY"), "GOOGLE_GEMINI_BASE_URL"),
        "ollama": ((), "OLLAMA_HOST"),
        "cohere": (("CO_API_KEY", "COHERE_API_KEY"), "CO_API_URL"),
        "lmstudio_native": ((), None),
        "sse": ((), None),
        "ndjson": ((), None),
        "text": ((), None),
    }


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("box:8080", "http://box:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("https://ollama.example/", "https://ollama.example"),
        ("box/prefix/", "http://box:11434/prefix"),
    ],
)
def test_an_ollama_host_may_be_half_a_url(value, url):
    assert dialect_named("ollama").root(value) == url


def test_an_ollama_host_that_is_none_is_refused_in_one_sentence():
    with pytest.raises(UsageError) as caught:
        dialect_named("ollama").root("box:port")
    assert str(caught.value) == (
        "an Ollama host is a URL, host:port, a host or :port, not 'box:port'. "
        "Set OLLAMA_HOST to one of these, for example 127.0.0.1:11434."
    )
