"""curl in a lesson: the real one; and without one, what it wrote, at its times."""

import re
import shutil

import pytest

import streamlab as sl
from streamlab.lessons import curl, numbered
from tests.notebooks.execute import CURLS, committed_curls

ASK = {"model": "count-to-ten", "messages": [], "stream": True}
FAST = ASK | {"speed": 4}
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")


@pytest.fixture
def url():
    return f"{sl.serve().base_url}/chat/completions"


@needs_curl
def test_the_lines_come_numbered_and_the_middle_is_left_out(url, capsys):
    curled = curl("-N", url, json=ASK, headers={"Authorization": "Bearer sk-secret"})
    command, *rows = capsys.readouterr().out.splitlines()

    assert len(curled.lines) == 62
    assert len(curled.pieces) >= 25
    assert [row.split()[0] for row in rows] == [*"0123456", "⋮", *map(str, range(57, 62))]
    assert rows[-2] == "  60  data: [DONE]"
    assert '"delta":{"content":"1"}' in rows[2]
    assert f"curl -N {url} -d '" in command
    assert "secret" not in command


@needs_curl
def test_a_key_is_not_on_the_command_line_and_arrives(url, capsys, tmp_path, monkeypatch):
    real, spy = shutil.which("curl"), tmp_path / "curl"
    spy.write_text(f'#!/bin/sh\necho "args: $*"\nexec {real} -v "$@" 2>&1\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    raw = curl("-N", url, json=FAST, headers={"Authorization": "Bearer sk-secret"}).raw.decode()

    assert re.search("^> Authorization: Bearer sk-secret", raw, re.MULTILINE)
    assert "secret" not in raw.split("\n")[0]


@needs_curl
@pytest.mark.parametrize("flags", CURLS)
def test_what_is_committed_is_what_curl_writes_now(flags, url, capsys):
    again = curl(*flags.split(), url, json=FAST)

    assert "".join(text for _, text in committed_curls()[flags]).encode() == again.raw
    assert (len(again.pieces) < 5) == ("-N" not in flags)


def test_without_curl_the_committed_output_is_played_and_said(url, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    curled = curl("-N", "--raw", "--http1.1", url, json=ASK)

    assert "This machine has no curl." in capsys.readouterr().out
    assert curled.lines[0] == "129"
    assert curled.lines[-2] == "0"
    assert curled.times_ms[-1] > 900


@needs_curl
def test_what_curl_says_of_a_failure_is_shown(capsys):
    curl("-N", "http://127.0.0.1:9/none", json={})

    assert "curl: (7)" in capsys.readouterr().out


@pytest.mark.parametrize("n", [0, 1, 7, 8, 12, 13, 99])
def test_a_short_text_is_whole_and_a_long_one_is_half_a_screen(n):
    rows = numbered([f"line {i}" for i in range(n)]).splitlines()

    assert len(rows) == min(n, 13)
    assert n in (0, 13) or rows[-1].split()[0] == str(n - 1)
