"""``streamlab record``: its request, its output and its files."""

import io
import json
import re
import socket
import subprocess

import pytest

import streamlab as sl
from streamlab.cli import main
from tests.cli.conftest import DONE, event, saved
from tests.cli.prompt import in_terminal, interrupted, piped, start
from tests.servers.raw import raw_server, sends

COUNT = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10\n"
KEPT = re.compile(r"what arrived is in (\S+)\. Next: (?:\S+ -m )?streamlab show \1\n\Z")


def asked(path):
    return sl.load(path).meta["request"]


def test_the_answer_goes_to_standard_output_and_nothing_else(capsys):
    assert main(["record", "--lab", "count-to-ten"]) == 0

    assert capsys.readouterr() == (COUNT, "")


@pytest.mark.parametrize("numbers", [range(4), [1] * 4])
def test_a_choice_is_printed_whatever_its_number(capsys, numbers):
    choices = [{"index": n, "delta": {"content": "abcd"[i]}} for i, n in enumerate(numbers)]
    choices[-1]["finish_reason"] = "stop"
    sent = [b"data: %s\n\n" % json.dumps({"choices": [each]}).encode() for each in choices]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    with raw_server(sends(head + b"".join(sent) + b"data: [DONE]\n\n")) as url:
        assert (
            main(["record", "--url", f"{url}/v1/chat/completions", "--model", "m", "hi"]) == 0
        )

    assert capsys.readouterr().out == "abcd\n"


def test_async_prints_the_same(capsys):
    assert main(["record", "--lab", "count-to-ten", "--async"]) == 0

    assert capsys.readouterr() == (COUNT, "")


def test_what_is_asked_is_what_was_said(fast_lab, here):
    base = ["--base-url", fast_lab.base_url, "--model", "steady"]
    more = ["--temperature", "0.5", "--json", '{"max_tokens": 7, "n": 1}']

    assert main(["record", *base, "Count to 10", *more, "--save", "a.jsonl"]) == 0
    assert asked("a.jsonl") == {
        "model": "steady",
        "messages": [{"role": "user", "content": "Count to 10"}],
        "stream": True,
        "max_tokens": 7,
        "n": 1,
        "temperature": 0.5,
    }


@pytest.mark.parametrize("argument", [["-"], []])
def test_a_prompt_may_be_piped_in(fast_lab, monkeypatch, argument):
    monkeypatch.setattr("sys.stdin", io.StringIO("Count\nto 10\n"))
    base = ["--base-url", fast_lab.base_url, "--model", "steady"]

    assert main(["record", *base, *argument, "--save", "a.jsonl"]) == 0
    assert asked("a.jsonl")["messages"][0]["content"] == "Count\nto 10"


def test_a_body_may_come_from_a_file_and_then_needs_no_prompt(fast_lab, here):
    body = {"model": "steady", "messages": [{"role": "user", "content": "Hi"}]}
    (here / "body.json").write_text(json.dumps(body))
    base = ["--provider", "openai", "--base-url", fast_lab.base_url]

    assert main(["record", *base, "--json", "@body.json", "--save", "a.jsonl"]) == 0
    assert asked("a.jsonl") == {**body, "stream": True}


def test_a_whole_url_is_asked_as_it_is_and_its_events_are_printed(fast_lab, capsys):
    assert main(["record", "--url", f"{fast_lab.url}/sse/steady"]) == 0

    printed = capsys.readouterr().out.splitlines()
    rec = sl.record(sl.endpoint(f"{fast_lab.url}/sse/steady"))
    assert printed == list(rec.events["data"])


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("openai", "/chat/completions"),
        ("openai-responses", "/responses"),
        ("anthropic", "/v1/messages"),
        ("gemini", "/v1beta/models/m:streamGenerateContent?alt=sse"),
        ("ollama", "/api/chat"),
        ("cohere", "/v2/chat"),
        ("lmstudio", "/api/v1/chat"),
    ],
)
def test_each_provider_is_asked_at_its_own_path(listener, provider, path):
    base = ["--provider", provider, "--base-url", listener.url]

    main(["record", *base, "--model", "m", "Hi"])

    assert [request[0] for request in listener.requests] == [path]


def test_the_key_is_sent_and_never_kept(listener, monkeypatch, capsys, here):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    base = ["--base-url", listener.url, "--model", "m", "--api-key-env", "MY_KEY"]

    assert main(["record", *base, "Hi", "--save", "a.jsonl"]) == 0
    assert listener.requests[0][1]["authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in (here / "a.jsonl").read_text() + "".join(capsys.readouterr())


def test_a_header_may_take_its_value_from_the_environment(listener, monkeypatch, here):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    headers = ["-H", "X-Api-Key: $MY_KEY", "-H", "accept-language: de"]

    main(["record", "--url", f"{listener.url}/x", *headers, "--save", "a.jsonl"])

    sent = listener.requests[0][1]
    assert (sent["x-api-key"], sent["accept-language"]) == ("sk-very-secret", "de")
    assert "sk-very-secret" not in (here / "a.jsonl").read_text()


MISUSED = {
    "no-server": (
        ["Hi"],
        "the arguments name no server. Pass --model gpt-4o-mini for OpenAI, --provider and "
        "--model, --url, or --lab count-to-ten for the server on this machine.",
    ),
    "two-servers": (
        ["--lab", "steady", "--url", "http://x/y"],
        "record asks one server, and --lab and --url came. Pass one.",
    ),
    "a-model-of-the-lab": (
        ["--lab", "steady", "--model", "m"],
        "--lab names the scenario, and the lab needs no key. "
        "Leave out --model and --api-key-env.",
    ),
    "no-model": (["--provider", "ollama", "Hi"], "ollama needs a model. Pass --model NAME."),
    "unknown-provider": (
        ["--provider", "opanai", "--model", "m", "Hi"],
        "no provider 'opanai'; there are: anthropic, cohere, gemini, lmstudio, ollama, openai, "
        "openai-completions, openai-responses. Did you mean 'openai'?",
    ),
    "unknown-dialect": (
        ["--url", "http://127.0.0.1:9/x", "--dialect", "ssse"],
        "no dialect 'ssse'; there are: anthropic, cohere, gemini, lmstudio_native, ndjson, "
        "ollama, openai_chat, openai_completions, openai_responses, sse, text. "
        "Did you mean 'sse'?",
    ),
    "a-dialect-of-a-provider": (
        ["--model", "m", "--dialect", "ollama", "Hi"],
        "--dialect is for --url or --lab. A provider has its own dialect: --provider is one of "
        "openai, openai-responses, openai-completions, anthropic, gemini, ollama, cohere, "
        "lmstudio.",
    ),
    "no-key": (
        ["--model", "gpt-4o-mini", "Hi"],
        "OpenAI needs a key and OPENAI_API_KEY is not set. Set it, name another variable by "
        "--api-key-env, or stream from the lab: --lab count-to-ten.",
    ),
    "no-such-variable": (
        ["--model", "m", "--api-key-env", "UNSET_VARIABLE", "Hi"],
        "the environment variable UNSET_VARIABLE is not set. Set it, or name another.",
    ),
    "a-key-in-sight": (
        ["--url", "http://127.0.0.1:9/x", "-H", "Authorization: Bearer sk-1"],
        "all users of this machine could read the value of Authorization among the arguments. "
        "Put it into an environment variable, and pass --header 'Authorization: $NAME'.",
    ),
    "no-header": (
        ["--url", "http://127.0.0.1:9/x", "-H", "accept"],
        "a header is written 'name: value', and 'accept' came.",
    ),
    "no-url": (
        ["--url", "localhost/x"],
        "an endpoint needs a URL such as https://api.openai.com/v1, not 'localhost/x'. "
        "Start it with http:// or https:// and name a host.",
    ),
    "no-json": (
        ["--lab", "steady", "--json", "max_tokens=1"],
        "--json takes a JSON object, and this is not JSON: Expecting value: line 1 column 1 "
        "(char 0). Pass for example '{\"max_tokens\": 100}', or @FILE.",
    ),
    "json-of-another-kind": (
        ["--lab", "steady", "--json", "[1]"],
        "--json takes a JSON object, and a list came. "
        "Pass for example '{\"max_tokens\": 100}', or @FILE.",
    ),
    "no-file-of-json": (
        ["--lab", "steady", "--json", "@nothing.json"],
        "cannot open nothing.json: No such file or directory. Check the path.",
    ),
    "no-prompt": (
        ["--base-url", "http://127.0.0.1:9", "--model", "m"],
        "a prompt is missing. Pass it as an argument, pipe it in, "
        "or pass the messages by --json.",
    ),
    "another-ending": (
        ["--lab", "steady", "--save", "a.csv"],
        "a recording is saved as .jsonl or .parquet, and a.csv came. "
        "Choose one of these endings.",
    ),
    "no-folder": (
        ["--lab", "steady", "--save", "nowhere/a.jsonl"],
        "cannot save to nowhere/a.jsonl: there is no folder nowhere. Make it first.",
    ),
}


@pytest.mark.parametrize(("arguments", "sentence"), MISUSED.values(), ids=MISUSED)
def test_misuse_is_one_sentence_and_nothing_is_sent(
    capsys, monkeypatch, here, arguments, sentence
):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert main(["record", *arguments]) == 2
    assert capsys.readouterr() == ("", f"streamlab: {sentence}\n")
    assert list(here.iterdir()) == []


def test_an_unknown_scenario_is_misuse(capsys):
    assert main(["record", "--lab", "stedy"]) == 2

    said = capsys.readouterr().err
    assert said.startswith("streamlab: no scenario 'stedy'; there are: bursty, count-to-ten, ")
    assert said.endswith(". Did you mean 'steady'?\n")


FAILED = {
    "error-401": (
        "the server answered HTTP 401 Unauthorized: Incorrect API key provided. Check the key."
    ),
    "html": "the server answered with a web page, not with a stream. Check the URL.",
    "not-a-stream": (
        "the server answered with JSON in one piece, not with a stream. Ask it to stream."
    ),
    "error-in-stream": "the server sent an error in its stream: The server had an error.",
    "early-end": (
        "the stream ended without the API's terminal signal, so the answer may be cut short."
    ),
    "reset": "the stream broke off after ",
    "silence": "the stream timed out after ",
}


@pytest.mark.parametrize("mode", [[], ["--async"]], ids=["sync", "async"])
@pytest.mark.parametrize(("fault", "sentence"), FAILED.items(), ids=FAILED)
def test_what_arrived_of_a_stream_that_failed_is_kept_and_named(
    fast_lab, capsys, here, fault, sentence, mode
):
    base = ["--base-url", fast_lab.base_url, "--model", fault, "--timeout", "0.3"]
    more = ["--json", '{"silence_s": 600}'] if fault == "silence" else []

    assert main(["record", *base, *more, "Hi", *mode]) == 1

    out, err = capsys.readouterr()
    kept = KEPT.search(err)[1]
    rec = sl.load(here / kept)
    assert err.startswith(f"streamlab: {sentence}")
    assert kept.startswith("streamlab-failed/failed-")
    assert len(rec.reads) > 0
    assert out.removesuffix("\n") == rec.text


def test_two_failures_in_one_second_are_two_files(capsys, here, fast_lab):
    for _ in range(3):
        main(["record", "--lab", "error-500"])

    assert len(list(here.glob("streamlab-failed/*.jsonl"))) == 3


def test_what_failed_is_not_kept_where_it_is_not_wanted(capsys, here, fast_lab):
    assert main(["record", "--lab", "error-500", "--no-keep"]) == 1

    assert "what arrived" not in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_failed_stream_that_was_saved_is_kept_there_only(fast_lab, capsys, here):
    base = ["--base-url", fast_lab.base_url, "--model", "reset"]

    assert main(["record", *base, "Hi", "--save", "a.jsonl"]) == 1
    assert KEPT.search(capsys.readouterr().err)[1] == "a.jsonl"
    assert [path.name for path in here.iterdir()] == ["a.jsonl"]
    assert sl.load("a.jsonl").end.how == "reset"


@pytest.fixture
def closed_port():
    """A port that refuses connections: it is taken, so no other program can listen on it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.mark.parametrize(
    ("host", "why"),
    [("127.0.0.1", "Connection refused"), ("no-host.invalid", "not known|resolution")],
    ids=["refused", "unknown-host"],
)
def test_without_a_connection_there_is_nothing_to_keep(capsys, here, closed_port, host, why):
    assert main(["record", "--url", f"http://{host}:{closed_port}/x"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("streamlab: no connection to ")
    assert re.search(why, said)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_saved_recording_holds_every_byte_and_when_it_was_sent(fast_lab, name):
    base = ["--base-url", fast_lab.base_url, "--model", "count-to-ten", "--label", "mine"]

    assert main(["record", *base, "Hi", "--save", name]) == 0

    rec = sl.load(name)
    assert (rec.text + "\n", rec.label, len(rec.lines)) == (COUNT, "mine", 62)
    assert rec.reads["server_sent_ns"].notna().all()


def test_max_bytes_ends_the_stream_and_that_is_no_failure(fast_lab, capsys):
    base = ["--base-url", fast_lab.base_url, "--model", "long", "--max-bytes", "5000"]

    assert main(["record", *base, "Hi", "--save", "a.jsonl"]) == 0
    assert len(sl.load("a.jsonl").body) == 5000
    assert capsys.readouterr().err == (
        "streamlab: ended at --max-bytes after 5,000 bytes; what arrived is saved to a.jsonl.\n"
    )


def test_a_stream_that_max_bytes_ended_is_not_saved_without_save(fast_lab, here):
    base = ["--base-url", fast_lab.base_url, "--model", "long"]

    done = piped("record", *base, "--max-bytes", "500", "Hi", cwd=here)

    assert (done.code, done.err) == (
        0,
        "streamlab: ended at --max-bytes after 500 bytes; "
        "what arrived is not saved. To save it, pass --save.\n",
    )
    assert list(here.iterdir()) == []


# in a terminal, and out of it

OURS = re.compile(r"\r\x1b\[K|\x1b\[2m|\x1b\[0m")
"""The only codes that this command sends."""


def test_in_a_terminal_nothing_of_a_hostile_stream_drives_it(hostile_lab, here):
    done = in_terminal("record", "--base-url", hostile_lab, "-m", "hostile", "Hi", cwd=here)

    seen = OURS.sub("", done.out)
    assert done.code == 0
    assert "red␛[31m bell␇ c1�2J bidi�gpj.exe� del␡ back␈\n\ttab ok\n" in seen
    assert [c for c in seen if not c.isprintable() and c not in "\n\t"] == []
    assert "\x1b[2mhm ␛]0;title␇ red␛[31m" in done.out  # reasoning is dim
    assert "\r\x1b[K" in done.out  # the progress line, and its end
    first = r"first text after (up to )?[\d.]+( to [\d.]+)? ms"  # bounds, if reads were merged
    assert re.search(rf"\d reads?, \d+ lines, 4 events, {first}", seen)


def test_in_a_terminal_a_tool_call_stands_on_a_line_of_its_own(here):
    call = {"index": 0, "id": "c1", "type": "function"}
    pieces = [
        (5, event(content="Let me look.")),
        (10, event(tool_calls=[call | {"function": {"name": "weather", "arguments": ""}}])),
        (15, event(tool_calls=[{"index": 0, "function": {"arguments": '{"city": "Ulm"}'}}])),
        (20, DONE),
    ]
    with sl.serve(saved(here / "tool.jsonl", pieces)) as lab:
        done = in_terminal("record", "--base-url", lab.base_url, "-m", "tool", "Hi", cwd=here)

    seen = OURS.sub("", done.out)
    assert 'Let me look.\n→ weather {"city": "Ulm"}\n' in seen


def test_piped_there_are_no_codes_no_reasoning_and_no_remarks(hostile_lab, here):
    done = piped("record", "--base-url", hostile_lab, "-m", "hostile", cwd=here, given="Hi")

    text = "red␛[31m bell␇ c1�2J bidi�gpj.exe� del␡ back␈\n\ttab ok\n"
    assert done == (0, text, "")


@pytest.mark.parametrize("mode", [[], ["--async"]], ids=["sync", "async"])
def test_ctrl_c_keeps_and_names_what_had_arrived(lab, here, mode):
    base = ["--base-url", lab.base_url, "--model", "long", "Hi"]

    done = interrupted("record", *base, *mode, cwd=here, after=b"stream")

    rec = sl.load(here / KEPT.search(done.err)[1])
    assert done.code == 130
    assert re.match(r"streamlab: interrupted after \d+ reads?\.\n", done.err)
    assert rec.end.how in ("interrupted", "cancelled")
    assert done.out == rec.text.rstrip("\n") + "\n"


def test_ctrl_c_leaves_a_whole_journal_where_it_was_to_be_saved(lab, here):
    base = ["--base-url", lab.base_url, "--model", "long", "Hi", "--save", "a.jsonl"]

    done = interrupted("record", *base, cwd=here, after=b"stream")

    assert (done.code, KEPT.search(done.err)[1]) == (130, "a.jsonl")
    assert sl.load(here / "a.jsonl").end.how == "interrupted"


# -- a pipe ------------------------------------------------------------------------------------


def test_a_prompt_that_was_piped_in_reaches_the_lab(fast_lab, here):
    url = ["--url", f"{fast_lab.base_url}/chat/completions", "--dialect", "openai_chat"]

    done = piped("record", *url, "-m", "steady", "-s", "a.jsonl", cwd=here, given="Count")

    assert done.code == 0
    asked = sl.load(here / "a.jsonl").meta["request"]["messages"]
    assert asked == [{"role": "user", "content": "Count"}]


def test_a_prompt_for_which_the_request_has_no_place_is_refused(fast_lab, here):
    done = piped("record", "--url", f"{fast_lab.url}/sse/steady", cwd=here, given="Count")

    assert done.code == 2
    assert done.err.startswith("streamlab: a prompt came, and streamlab does not know where")
    assert done.out == ""


def test_a_pipe_that_stays_open_and_silent_is_not_waited_for(fast_lab, here):
    url = f"{fast_lab.url}/sse/steady"
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with start("record", "--url", url, cwd=here, **streams) as child:
        assert child.wait(30) == 0


def test_a_call_is_labelled_by_what_was_played(fast_lab):
    rec = sl.record(fast_lab.endpoint("steady"), model="bursty")

    assert rec.label == "bursty"
    assert rec.meta["request"]["model"] == "bursty"
