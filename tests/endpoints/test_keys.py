"""Keys that a user pasted badly: whitespace is left out, and nothing else is sent or shown."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable

import httpx
import pytest

import streamlab as sl
from streamlab.endpoints import redact
from streamlab.errors import MissingKeyError, UsageError
from tests.servers.raw import raw_server, sends

KEY = "sk-proj-0123456789abcdef"
AROUND = [f"{KEY}\n", f" {KEY}", f"{KEY}\r\n", f"\t{KEY} ", f"\n{KEY}\n\n", f"{KEY}\u00a0"]
INSIDE = [
    f"{KEY}\n{KEY}",
    f"{KEY}\x00x",
    f"a\r\nx-evil: {KEY}",
    f"{KEY}\x7fx",
    f"{KEY}\x1b[0mx",
]
HOME = "http://127.0.0.1:9"


def makers(key: str) -> list[Callable[[], object]]:
    return [
        lambda: sl.openai("m", base_url=HOME, api_key=key),
        lambda: sl.anthropic("m", base_url=HOME, api_key=key),
        lambda: sl.gemini("m", base_url=HOME, api_key=key),
        lambda: sl.endpoint(HOME, api_key=key),
        lambda: sl.endpoint(HOME, headers={"Authorization": f"Bearer {key}"}),
        lambda: sl.openai("m", base_url=HOME, headers={"x-else": key}),
    ]


@pytest.mark.parametrize("key", AROUND)
def test_whitespace_around_a_key_is_left_out_and_told(key: str) -> None:
    seen: list[bytes] = []

    def answer(sock: socket.socket, request: bytes) -> None:
        seen.append(request)
        sends(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")(sock, request)

    with raw_server(answer) as url:
        with pytest.warns(UserWarning, match="whitespace or a line end around it") as told:
            endpoint = sl.openai("m", base_url=url, api_key=key)
        sl.record(endpoint, "hi")

    assert f"authorization: bearer {KEY}\r\n".encode() in seen[0].lower()
    assert len(told) == 1
    assert KEY not in str(told[0].message)
    assert told[0].filename == __file__


@pytest.mark.parametrize("key", AROUND)
def test_a_key_of_the_environment_is_cleaned(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.warns(UserWarning, match="the variable OPENAI_API_KEY has whitespace"):
        endpoint = sl.openai("m")

    assert endpoint.query("hi", {}).headers["Authorization"] == f"Bearer {KEY}"


def test_a_key_of_whitespace_alone_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " \n")
    with pytest.warns(UserWarning, match="OPENAI"), pytest.raises(MissingKeyError):
        sl.openai("m")


@pytest.mark.parametrize("key", INSIDE)
def test_a_control_character_in_a_key_is_misuse_and_the_key_is_not_shown(key: str) -> None:
    for make in makers(key):
        with pytest.raises(UsageError, match="control character or a line end inside") as told:
            make()
        shown = "".join(traceback.format_exception_only(told.value))
        assert KEY not in shown
        assert "evil" not in shown


@pytest.mark.parametrize("key", [b"sk-1", 5, ["sk"]])
def test_a_key_is_text(key: object) -> None:
    with pytest.raises(UsageError, match="the key must be text, and"):
        sl.openai("m", base_url=HOME, api_key=key)


@pytest.mark.usefixtures("without_pixels")
@pytest.mark.parametrize("kind", ["header", "name"])
def test_the_text_of_a_local_protocol_error_is_never_kept(kind: str) -> None:
    headers = {"x": f"{KEY}\n"} if kind == "header" else {f"x {KEY}": "1"}
    with (
        raw_server(sends(b"")) as url,
        httpx.Client(headers=headers) as client,
        sl.tap(client) as tap,
    ):
        with pytest.raises(httpx.LocalProtocolError):
            client.get(url)
        rec = sl.record(sl.endpoint(url, dialect="sse"), client=client)

    for each in (rec, *tap.recordings):
        assert KEY not in repr(each) + str(each) + each._repr_html_() + str(each.end)
        assert each.end.detail == "LocalProtocolError"


@pytest.mark.parametrize(
    "name",
    [
        *("accessToken", "authToken", "sessionToken", "privateKey", "passphrase", "pwd"),
        *("bearer", "AWSAccessKeyId", "refreshToken", "idToken", "clientSecret", "apiKey"),
        *("userPassword", "access_key", "accesstoken", "authtoken", "X-Auth-Token", "apikey"),
        *("PRIVATE_KEY", "X-CSRF-Token", "bearerToken", "PHPSESSID", "sessionId", "cookies"),
        *("otp", "totp", "X-OTP", "sas", "sasToken", "sastoken", "hmac", "hmac_sha256", "sig"),
        *("X-Hub-Signature-256", "X-Amz-Signature", "signature", "X-Amz-Credential"),
        *("passcode", "client_assertion", "code_verifier", "codeVerifier", "pin", "dsn"),
        *("SAMLResponse", "connectionString"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert redact.is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("maxTokens", "max_completion_tokens", "tokens", "topK", "tokenizer", "keyword"),
        *("compass", "author", "keys", "passage", "signal", "code", "stopSequences", "monkey"),
        *("pinned", "spin", "assertions", "connection", "optional"),
        *("model", "stream", "key_count", "key_id", "sv", "se", "sp", "sr", "design", "signed"),
        *("option", "desktop", "laptop", "prototype", "sassy", "class", "verify"),
        *("signatures", "hmacs_checked", "n_otps", "seed", "nonce", "passed"),
    ],
)
def test_names_without_a_secret(name: str) -> None:
    assert not redact.is_secret_name(name)


@pytest.mark.parametrize(
    "query",
    ["accessToken=abc", "code=abc", "Code=abc", "api%5Fkey=abc", "pwd=abc", "a=1&sig=abc"]
    + [f"{name}=abc" for name in ("otp", "sas", "hmac", "x-hub-signature-256", "totp")],
)
def test_a_secret_of_the_query_is_in_no_repr(query: str) -> None:
    shown = repr(sl.endpoint(f"https://h.example/x?{query}&kept=1"))

    assert "abc" not in shown
    assert "=***" in shown
    assert "kept=1" in shown


def test_values_under_a_secret_name_are_masked_whatever_they_are() -> None:
    fields = {
        "token": 1234567890,
        "api_keys": ["a", "b"],
        "auth": {"user": "me", "deep": {"x": [1]}},
        "code": 5,
        "password": None,
        "bearer": False,
    }

    assert redact.body(fields) == {
        "token": "***",
        "api_keys": "***",
        "auth": "***",
        "code": 5,
        "password": None,
        "bearer": False,
    }


def test_the_properties_of_a_schema_are_no_secrets() -> None:
    schema = {
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "which token"},
            "auth": {"type": "object", "properties": {"key": {"type": "string"}}},
        },
        "required": ["token"],
        "$defs": {"password": {"type": "string"}},
    }

    assert redact.body({"tools": [{"parameters": schema}]}) == {
        "tools": [{"parameters": schema}]
    }
    assert redact.body({"properties": {"token": "abc"}}) == {"properties": {"token": "***"}}


def test_urls_in_json_lose_their_secrets() -> None:
    text = "see https://me:pw@h/x?a=1&sessionToken=abc#z and postgres://u:p@db/x, a@b.c, x=1"

    assert redact.body([text]) == [
        "see https://***@h/x?a=1&sessionToken=***#z and postgres://***@db/x, a@b.c, x=1"
    ]


def test_looking_for_secrets_is_linear() -> None:
    for text in ("?" * 200_000, "://" * 100_000, "?a=" * 100_000, "x" * 500_000 + "://?=@"):
        redact.text(text)
        redact.is_secret_name(text)
