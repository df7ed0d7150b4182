"""``streamlab serve``: the lab in one shell, its clients in others."""

import re
import shlex
import signal
import socket
import subprocess
from contextlib import contextmanager
from itertools import pairwise

import pytest

import streamlab as sl
from streamlab.cli import main
from streamlab.server.parameters import PARAMETERS
from tests.cli.conftest import DONE, event, saved
from tests.cli.prompt import TIMEOUT_S, start
from tests.net.sends import log_of


@contextmanager
def serving(*arguments, cwd):
    """Yield a running ``serve``, its URL and its welcome."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with start("serve", *arguments, cwd=cwd, **streams) as process:
        try:
            welcome = ""
            while "faults" not in welcome:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                welcome += line
            yield process, re.search(r"http://[\d.:]+\d", welcome)[0], welcome
        finally:
            process.kill()


def test_it_says_how_to_reach_it_and_ends_cleanly_by_ctrl_c(here):
    with serving("--port", "0", cwd=here) as (process, url, welcome):
        command = welcome[welcome.index("curl -N") :].partition("}'")[0] + "}'"
        streamed = subprocess.run(command, shell=True, capture_output=True, text=True)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)

    assert f"streamlab record --base-url {url}/v1 -m count-to-ten" in welcome
    assert streamed.stdout.endswith("data: [DONE]\n\n")
    assert (process.returncode, err) == (0, "")
    assert out.endswith("\nThe lab is closed.\n")
    assert max(map(len, welcome.splitlines())) <= 80


def test_a_recording_is_played_by_the_name_of_its_file(here, hello):
    with serving(str(hello), "--port", "0", "--speed", "2", cwd=here) as (_, url, welcome):
        rec = sl.record(sl.openai("hello", base_url=f"{url}/v1"), "Hi")
        due_ns = [at_ns for _, at_ns in log_of(rec, url)["due"]]

    played, kept = rec.events, sl.load(hello)
    assert list(played["data"]) == list(kept.events["data"])
    assert "  recordings  hello\n" in welcome
    assert [b - a for a, b in pairwise(due_ns)] == [10_000_000, 15_250_000, 4_750_000]
    assert played["t_ms"].iloc[-1] > 79  # the last was due after 160 ms, and the speed is 2


def test_every_recording_has_a_line_that_can_be_pasted(here, hello):
    odd = hello.rename(here / "Ada's 1.jsonl")
    saved(here / "b.jsonl", [(5, event(content="b") + DONE)])

    with serving(str(odd), "b.jsonl", "--port", "0", cwd=here) as (_, url, welcome):
        lines = [line.strip() for line in welcome.splitlines() if "record --base" in line]
        command = welcome[welcome.index("curl -N") :].partition("}'")[0] + "}'"
        streamed = subprocess.run(command, shell=True, capture_output=True)

    asked = ["streamlab", "record", "--base-url", f"{url}/v1", "-m"]
    assert [shlex.split(line) for line in lines] == [
        [*asked, "Ada's 1", "Hi"],
        [*asked, "b", "Hi"],
    ]
    assert streamed.stdout == bytes(sl.load(odd).body)


def test_the_help_names_every_parameter(capsys):
    main(["serve", "--help"])

    words = capsys.readouterr().out.split()
    assert set(PARAMETERS) <= set(words)


def test_the_usual_port_is_left_for_a_free_one_if_it_is_taken(here):
    with serving(cwd=here) as (_, first, _), serving(cwd=here) as (_, second, _):
        assert first != second


def test_a_port_that_was_asked_for_and_is_taken_is_misuse(capsys):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]

        assert main(["serve", "--port", str(port)]) == 2

    said = capsys.readouterr().err
    assert said.startswith(f"streamlab: port {port} of 127.0.0.1 is taken. ")


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--speed", "0"], ["no.jsonl"]])
def test_what_cannot_be_served_is_misuse(capsys, arguments):
    assert main(["serve", *arguments]) == 2
    assert capsys.readouterr().out == ""
