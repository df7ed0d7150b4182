"""``streamlab lens``: what each tool would report, readable in a narrow terminal."""

import json
import re

import pytest

import streamlab as sl
from streamlab.cli import main
from streamlab.cli.lens import NAMES
from streamlab.metrics.definitions import DEFINITIONS
from streamlab.metrics.lens import lens
from streamlab.tape import journal
from streamlab.testing import tape_from
from tests.cli import prompt
from tests.metrics.streams import ELEVEN_ANSWERS

ESCAPES = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def eleven(here):
    """The stream on which eleven tools give eleven answers."""
    journal.save(tape_from(ELEVEN_ANSWERS, end_ms=1105), here / "eleven.jsonl")
    return "eleven.jsonl"


def rows(text):
    return {cells[0]: cells[1:] for line in text.splitlines() if (cells := line.split())}


def test_it_prints_a_row_a_tool(capsys, eleven):
    assert main(["lens", eleven]) == 0

    found = rows(capsys.readouterr().out)
    assert found["TTFT"][:7] == ["ITL", "p50", "max", "n", "TPOT", "E2E", "tok/s"]
    assert found["vLLM"][:8] == ["200", "73.6", "20.0", "300", "11", "67.5", "1,010", "12.9"]
    assert found["guidellm"][:8] == ["500", "41.7", "-", "-", "1", "76.9", "1,100", "11.8"]
    assert found["AIPerf"][-2:] == ["24.0", "server"]


def test_it_says_how_far_the_tools_are_apart_and_whose_tokens_are_missing(capsys, eleven):
    main(["lens", eleven])

    *_, spread, given = capsys.readouterr().out.splitlines()
    assert spread.startswith("On one stream TTFT 200–600 ms (3.0×), ITL ")
    assert given == (
        "With the server's token count instead of their own: AIPerf, inference-perf client, "
        "llmperf, MLCommons endpoints, HF inf.-benchmarker."
    )


def test_where_the_server_counts_no_tokens_it_says_how_to_ask(capsys, hello):
    assert main(["lens", str(hello)]) == 0

    assert capsys.readouterr().out.splitlines()[-1] == (
        "The server reported no token count, so metrics per token are undefined. "
        'OpenAI chat reports it if the body has "stream_options": {"include_usage": true}.'
    )


def test_without_the_time_of_the_send_it_says_so_and_prints_no_first_token(capsys, here):
    tape = tape_from(ELEVEN_ANSWERS, end_ms=1105)
    unsent = type(tape)(tape.body, tape.columns, tape.end, {}, tape.meta)
    journal.save(unsent, here / "unsent.jsonl")
    assert main(["lens", "unsent.jsonl"]) == 0

    text = capsys.readouterr().out
    assert rows(text)["vLLM"][:8] == ["-", "73.6", "20.0", "300", "11", "-", "-", "-"]
    assert "The time of the send is unknown, so times since the send are undefined." in text


def test_in_a_terminal_of_80_columns_no_row_is_broken(eleven, here):
    done = prompt.in_terminal("lens", eleven, cwd=here)
    lines = ESCAPES.sub("", done.out).splitlines()

    assert done.code == 0
    assert max(map(len, lines)) <= 80
    table = [line for line in lines if re.search(r"\d  +[\d-]", line)]
    assert len(table) == len(DEFINITIONS)
    assert "NTPOT" not in done.out


@pytest.mark.parametrize("columns", [60, 79, 80, 100, 110, 112, 113, 114, 120])
def test_however_wide_it_is_no_row_is_broken(capsys, monkeypatch, eleven, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["lens", eleven]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    shown = [NAMES.get(made.tool, made.tool) for made in DEFINITIONS]
    for line, name in zip(lines[1:], shown, strict=False):
        assert re.match(rf"{re.escape(name)}  +[\d,.-]+  ", line)
        assert "…" not in line
    assert ("NTPOT" in lines[0]) == (columns >= 114)


def test_json_has_all_columns_and_null_for_what_is_undefined(capsys, eleven):
    assert main(["lens", eleven, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    table = lens(sl.load(eleven).tables)
    assert list(found) == list(table.index)
    assert list(found["vLLM"]) == list(table.columns)
    assert found["vLLM"]["tpot_ms"] == 67.5
    assert found["guidellm"]["itl_p50_ms"] is None


def test_why_tells_formula_clock_difference_and_source(capsys, eleven):
    assert main(["lens", eleven, "--why"]) == 0

    text = capsys.readouterr().out
    told = " ".join(text.split())
    for made in DEFINITIONS:
        assert f"{made.formula} Its clock starts at {made.clock}." in told
        assert made.differs in told
        assert f"Source: {made.source}" in told
    words = text[text.index("\nstreamlab\n") :]
    assert all(len(line) <= 79 or " " not in line.strip() for line in words.splitlines())


def test_it_draws_the_picture_too(capsys, eleven, here):
    assert main(["lens", eleven, "-o", "lens.png"]) == 0

    assert (here / "lens.png").read_bytes().startswith(b"\x89PNG")
    *_, caption, where = capsys.readouterr().out.splitlines()
    assert "the first token came at 3 moments" in caption
    assert where == "lens.png"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["eleven.jsonl", "--json", "-o", "a.png"],
            "lens prints JSON or draws a picture, and both came. Run it twice.",
        ),
        (
            ["eleven.jsonl", "-o", "a.gif"],
            "a picture is a .png, .svg or .pdf file, and a.gif came. "
            "Choose one of these endings.",
        ),
    ],
)
def test_misuse_is_one_sentence(capsys, eleven, arguments, sentence):
    assert main(["lens", *arguments]) == 2
    assert capsys.readouterr().err == f"streamlab: {sentence}\n"


def test_hostile_text_does_not_reach_the_terminal(capsys, hostile):
    assert main(["lens", str(hostile), "--why"]) == 0
    assert "\x1b[31m" not in capsys.readouterr().out
