"""The report: one page that needs nothing else, and forbids itself the network."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

import streamlab as sl
from streamlab.recording import Recording
from tests.faces.test_frozen import HOSTILE, tables
from tests.live.growing import DONE, chat

LONG = {"id": "chatcmpl-AWmbogNqdsbF6W5f74CtUtJQr6sWd", "system_fingerprint": "fp_3de1288069"}


def recording(n_events, label="a stream"):
    words = (chat(f" word{n * 7919 % 1000}", **LONG) for n in range(n_events - 1))
    rows = [(5 + n % 37, event) for n, event in enumerate(words)]
    return Recording(tables(*rows, (5, DONE)).tape, "openai_chat", label)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert recording(1_000).to_html(path) == path
    return path.read_text("utf-8")


def test_of_a_thousand_events_it_is_small(page):
    assert len(page.encode()) < 300_000


def test_its_policy_allows_its_own_script_and_no_network(page):
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    [script] = re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    own = b64encode(sha256(script.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; script-src 'sha256-{own}'; style-src 'unsafe-inline'; "
        "img-src data:; form-action 'none'; base-uri 'none'"
    )


def test_nothing_in_it_is_somewhere_else(page):
    visible = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)

    assert set(re.findall(r'(?:src|href|action)="(\w+:?)', visible)) <= {"data:"}
    assert not re.search(r"@import|url\(", visible)


def test_it_has_facts_pictures_numbers_and_the_player(page):
    assert page.count("<img alt=") == 2
    assert "icl_p50_ms" in page
    assert 'id="player"' in page
    assert "<noscript>" in page


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_streamed_text_is_never_markup(text, tmp_path):
    made = Recording(tables((1, chat(text)), label=text).tape, label=text)
    page = made.to_html(tmp_path / "a.html").read_text("utf-8")
    shown = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)

    assert not re.search(r"<img src=x|<svg|<b>out|alert\(1\)</script", shown)
    assert page.count("</script>") == 2


def test_a_key_is_not_in_it(tmp_path, fast_lab):
    endpoint = replace(fast_lab.endpoint("count-to-ten"), headers={"api-key": "sk-secret"})
    rec = sl.record(endpoint, "hi")

    assert rec.text
    assert "sk-secret" not in rec.to_html(tmp_path / "a.html").read_text("utf-8")


@pytest.mark.parametrize("how", ["connect", "reset"])
def test_a_stream_that_brought_nothing_has_a_report(how, tmp_path):
    page = Recording(tables(how=how).tape).to_html(tmp_path / "a.html").read_text("utf-8")

    assert "(no text)" in page


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OSError, match="Choose a file in a folder that exists"):
        recording(2).to_html(tmp_path / "none" / "a.html")
