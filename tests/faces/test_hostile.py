"""Numbers, names and phrases from the network: no face raises, and none shows a control."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import streamlab as sl
from streamlab import plots
from streamlab.cli import main
from streamlab.faces import frozen
from streamlab.recording import Recording
from tests.formats.test_fuzz import sample
from tests.servers.raw import raw_server, sends

BAD = "\x1b[2J\x9b\u202e\u200f\u2028\u061c\ud800\x00\x7f"
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
BIG = "9" * 4000


def everything(rec: sl.Recording) -> list[str]:
    return [
        repr(rec),
        str(rec),
        rec._repr_html_(),
        str(rec.problem),
        str(rec.summary),
        str(rec.lens()),
        rec.deltas.to_csv(),
        rec.label,
        str(rec.complete),
        str(rec.finish_detail),
        str(rec.server_times),
    ]


def chunk(usage: str, **more: object) -> bytes:
    frame = {"id": "x", "object": "chat.completion.chunk", "model": "m", **more}
    choice = {"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}
    text = json.dumps({**frame, "choices": [choice], "usage": 0}).replace(
        '"usage": 0', f'"usage": {usage}'
    )
    return b"data: " + text.encode() + b"\n\ndata: [DONE]\n\n"


NUMBERS = [BIG, f"-{BIG}", "1e999", "-1e999", "NaN", "1.5", "-3", "true", '"7"', "[1]"]
NUMBERS += ["9" * 19, "9" * 400]


@pytest.mark.usefixtures("without_pixels")
@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:8])
@pytest.mark.parametrize(
    "field", ["completion_tokens", "prompt_tokens", "total_tokens", "total_time"]
)
def test_any_number_of_tokens_is_shown_or_missing(
    number: str, field: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = chunk(f'{{"{field}": {number}}}')
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n"
    with raw_server(sends(head % len(body) + body)) as url:
        rec = sl.record(sl.openai("m", base_url=url, api_key="sk-0123456789"), "hi")

    for text in everything(rec):
        assert "9" * 30 not in text
    rec.save(tmp_path / "a.parquet")
    rec.save(tmp_path / "a.jsonl")
    monkeypatch.setattr(frozen, "picture_html", lambda *_: "")  # of a tape it is one
    for name in ("a.parquet", "a.jsonl"):
        again = sl.load(tmp_path / name)
        assert everything(again)
    assert main(["show", str(tmp_path / "a.jsonl")]) == 0
    assert rec.text == "hi"


@pytest.mark.parametrize(
    "where", ["reason", "header", "model", "finish", "error", "type", "name"]
)
def test_no_control_character_of_a_phrase_is_shown(
    where: str, capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    status, reason, kind = 200, "OK", "text/event-stream"
    body = chunk("null")
    raw = json.dumps(BAD)[1:-1]
    if where == "reason":
        status, reason = 401, "No\x1b[2J\x9b entry"
    if where == "header":
        kind = "text/\x1b[2Jx\x9b"
    if where == "model":
        body = chunk("null", model=BAD)
    if where == "finish":
        body = body.replace(b'"stop"', f'"{raw}"'.encode())
    if where == "error":
        body = f'data: {{"error": {{"message": "{raw}", "type": "{raw}"}}}}\n\n'.encode()
    if where == "type":
        body = f"event: {BAD[:-3]}x\ndata: 1\n\n".encode("utf-8", "replace")
    if where == "name":
        call = f'"tool_calls": [{{"index": 0, "function": {{"name": "{raw}"}}}}]'
        body = body.replace(b'"hi"', f'"hi", {call}'.encode())
    head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: {kind}\r\n".encode("latin-1")
    with raw_server(sends(head + b"content-length: %d\r\n\r\n" % len(body) + body)) as url:
        rec = sl.record(
            sl.openai("m\x1b[2J\x9b\u202e\u200f\u2028", base_url=url, api_key="sk-0123456789"),
            "hi",
        )

    rec.save(tmp_path / "a.jsonl")
    capsys.readouterr()
    for flags in ([], ["--events"], ["--deltas"], ["--reads"]):
        main(["show", str(tmp_path / "a.jsonl"), *flags])
    shown = capsys.readouterr()
    for text in [
        repr(rec),
        str(rec),
        rec._repr_html_(),
        str(rec.problem),
        shown.out,
        shown.err,
    ]:
        assert UNSEEN.findall(text) == []


NAME = f"a{BAD}\udc00\r\nb<i>"


def named(where: str) -> Recording:
    meta = {**sample().meta, "label": NAME if where == "meta" else ""}
    meta["model"] = NAME if where == "model" else "m"
    tape = replace(sample(), meta=meta)
    return Recording(tape, label=NAME if where == "label" else "")


def written(figure: Figure) -> list[str]:
    """Return all texts of a figure, of its legends too."""
    figure.canvas.draw()
    return [plots.alt(figure), plots.to_html(figure)] + [
        text.get_text() for text in figure.findobj(Text)
    ]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("where", ["label", "meta", "model", "key"])
def test_no_control_character_of_a_name_is_shown(where: str, tmp_path) -> None:
    one, two = named(where), named(where)
    given = {NAME: one, f"{NAME}2": two} if where == "key" else [one, two]
    by_name = {NAME: one, f"{NAME}2": two}
    compared, many = sl.compare(given), sl.lens_many(given)
    for ending in ("jsonl", "parquet"):
        one.save(tmp_path / f"a.{ending}")
    joined = sl.concat(given)
    with sl.serve(one) as lab:
        shown = [repr(lab), str(lab.scenarios), repr(lab.endpoint()), lab.endpoint().url]

    shown += [*compared.index, repr(compared), compared._repr_html_(), many._repr_html_()]
    shown += [repr(joined), *joined.reads["recording"]]
    shown += [(tmp_path / "a.jsonl").read_text("utf-8")]
    shown += [str(sl.load(tmp_path / f"a.{each}")) for each in ("jsonl", "parquet")]
    for picture in (sl.plot_comparison(by_name), sl.plot_delivery(given), one.plot()):
        shown += written(getattr(picture, "figure", picture))
    for text in shown:
        assert UNSEEN.findall(text) == []
    assert len(compared) == len(set(compared.index)) == 2


def test_half_a_character_in_the_name_of_a_header_is_mended() -> None:
    tape = replace(sample(), meta={**sample().meta, "headers": [[f"{NAME}-ms", "5"]]})

    assert Recording(tape).server_times["ms"].tolist() == [5.0]


def test_names_that_look_alike_stay_two() -> None:
    one, two = named("label"), named("label")

    assert [*sl.compare({"a\x1b": one, "a␛": two}).index] == ["a␛", "a␛-2"]
